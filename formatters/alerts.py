"""Alert cards: one message about one group, as it stands now."""

from collections import Counter
from zoneinfo import ZoneInfo

from bot.core.alerts import AlertCard, Card, Member, Severity, where
from bot.core.facts import Verdict
from bot.core.webhook import Status
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, line
from formatters.words import age, clock, count

_SHOWN = 5
"""Members named on a card; the rest are counted."""
_WORD = {
    Severity.CRITICAL: (Glyph.CRITICAL, "CRITICAL", Verdict.BAD),
    Severity.WARNING: (Glyph.WARN, "WARNING", Verdict.WARN),
    Severity.INFO: (Glyph.INFO, "INFO", Verdict.NONE),
    Severity.NONE: (Glyph.WARN, "ALERT", Verdict.WARN),
}
_TELLING = ("pod", "instance", "persistentvolumeclaim", "node", "device", "container", "service", "job")
"""Labels that tell the members of a group apart, the most telling first."""


def alert_card(view: AlertCard) -> Document:
    """Say what burns, where and since when; or that it is over, and how long it lasted."""
    return _firing(view) if view.card.firing else _resolved(view)


def _firing(view: AlertCard) -> Document:
    card = view.card
    glyph, word, verdict = _WORD[card.severity]
    burning = tuple(member for member in card.members if member.status is Status.FIRING)
    blocks: list[Block] = [Paragraph((summary,)) for summary in _summary(burning)]
    blocks.append(Bullets(tuple(_item(member, burning, view) for member in burning[:_SHOWN])))
    if more := max(0, len(burning) - _SHOWN) + card.truncated:
        blocks.append(Paragraph((f"…and {more} more",)))
    if over := len(card.members) - len(burning):
        blocks.append(Paragraph((Mark(Glyph.OK), f" {over} of {len(card.members)} resolved")))
    title = (Mark(glyph), f" {word} {_name(card)}", *_how_many(burning, card), *_where(burning))
    return Document(verdict, title, tuple(blocks))


def _resolved(view: AlertCard) -> Document:
    card, zone = view.card, ZoneInfo(view.zone)
    since = min(member.starts_at for member in card.members)
    until = max(member.ends_at or member.changed_at for member in card.members)
    lasted = f"Lasted {age(until - since)} ({clock(since, zone)}–{clock(until, zone)})"
    title = (Mark(Glyph.OK), f" RESOLVED {_name(card)}", *_how_many(card.members, card), *_where(card.members))
    return Document(Verdict.OK, title, (Paragraph((lasted,)),))


def _name(card: Card) -> str:
    names = Counter(member.name for member in card.members)
    most, _ = names.most_common(1)[0]
    return most if len(names) == 1 else f"{most} and {count(len(names) - 1, 'other')}"


def _how_many(members: tuple[Member, ...], card: Card) -> Line:
    number = len(members) + card.truncated
    return (f" ({number})",) if number > 1 else ()


def _where(members: tuple[Member, ...]) -> Line:
    place = where(members)
    return (f" — {place}",) if place else ()


def _summary(members: tuple[Member, ...]) -> tuple[str, ...]:
    """Return what all members say of themselves; where each says something else, their items do."""
    words = {_words(member) for member in members}
    return tuple(words) if len(words) == 1 and words != {""} else ()


def _words(member: Member) -> str:
    notes = member.annotations
    return notes.get("summary") or notes.get("message") or notes.get("description") or ""


def _item(member: Member, members: tuple[Member, ...], view: AlertCard) -> Item:
    since = f"since {clock(member.starts_at, ZoneInfo(view.zone))}"
    name = next((value for label in _TELLING if (value := member.labels.get(label))), "")
    shown: Line = (Code(name), f" · {since}") if name else line(since.capitalize())
    own = () if _summary(members) or not _words(member) else ((_words(member),),)
    return Item(shown, own)
