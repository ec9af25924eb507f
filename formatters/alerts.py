"""Alert cards: one message about one group, as it stands now."""

from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.core.alerts import AlertCard, Card, Member, Severity, flapping, severity, where
from bot.core.facts import Verdict
from bot.core.paging import muted
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Link, Mark, Paragraph, Person, line
from formatters.foreign import address
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
_SUMMARIES = ("summary", "message", "description")
"""Annotations that say what is wrong, the best first."""
_LINKS = (("Runbook", ("runbook_url", "runbook")), ("Graph", ("dashboard_url", "dashboard", "graph_url")))
_GRAFANA = "1"
"""The version of its webhooks."""
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def alert_card(view: AlertCard) -> Document:
    """Say what burns, where and since when; or that it is over, and how long it lasted."""
    return _firing(view) if view.card.firing else _resolved(view)


def headline(view: AlertCard) -> Line:
    """Return how urgent a card that burns is, and what it is about."""
    return (*_state(view), *_subject(view.card, view.card.counted))


def _firing(view: AlertCard) -> Document:
    card = view.card
    burning = card.counted
    blocks: list[Block] = [Paragraph((summary,)) for summary in _summary(burning, view)]
    blocks.append(Bullets(tuple(_item(member, burning, view) for member in burning[:_SHOWN])))
    if more := max(0, len(burning) - _SHOWN) + card.truncated:
        blocks.append(Paragraph((f"…and {more} more",)))
    if over := len(card.members) - len(burning):
        blocks.append(Paragraph((Mark(Glyph.OK), f" {over} of {len(card.members)} resolved")))
    blocks += [Paragraph(each) for each in (_remembered(view), _links(view), _choices(view)) if each]
    verdict = _WORD[card.severity][2]
    return Document(verdict, headline(view), tuple(blocks))


def _state(view: AlertCard) -> Line:
    """Return how a burning card begins: who is on it, that it is muted, or how urgent it is."""
    card = view.card
    if card.muted and muted(card, view.as_of):
        until = "resolved" if card.muted.resolved else clock(card.muted.until, ZoneInfo(view.zone))
        taken: Line = (" · ", Mark(Glyph.ACKED), " ", Person(card.taken.by)) if card.taken else ()
        return (Mark(Glyph.SILENCED), f" until {until}", *taken, " — ")
    if card.taken:
        return (Mark(Glyph.ACKED), " ", Person(card.taken.by), " on it — ")
    glyph, word, _ = _WORD[card.severity]
    return (Mark(glyph), f" {word} ")


def _resolved(view: AlertCard) -> Document:
    card, zone = view.card, ZoneInfo(view.zone)
    since = min(member.starts_at for member in card.members)
    until = max(member.ends_at or member.changed_at for member in card.members)
    lasted: Line = (f"Lasted {age(until - since)} ({clock(since, zone)}–{clock(until, zone)})",)
    if card.taken:
        lasted = (*lasted, " · ", Person(card.taken.by), f" took it after {age(card.taken.at - card.opened_at)}")
    blocks = [Paragraph(lasted)]
    if card.gone:
        blocks.append(Paragraph(("Alertmanager no longer knows it; its end was never told",)))
    title = (Mark(Glyph.OK), " RESOLVED ", *_subject(card, card.members))
    return Document(Verdict.OK, title, tuple(blocks))


def _subject(card: Card, members: tuple[Member, ...]) -> Line:
    """Return what it is about, after the state: name, number, place, handle."""
    number = len(members) + card.truncated
    many = f" ({number})" if number > 1 else ""
    place = where(members)
    return (
        f"{_name(card, members)}{many}",
        *((f" — {place}",) if place else ()),
        f" #{card.handle}" if card.handle else "",
    )


def _name(card: Card, members: tuple[Member, ...]) -> str:
    """Return the most frequent name among the most urgent members: the title's urgency is theirs."""
    worst = card.severity
    urgent = Counter(member.name for member in members if severity(member.labels) is worst)
    others = len({member.name for member in members}) - 1
    name = max(urgent, key=urgent.__getitem__, default=members[0].name)
    return f"{name} and {count(others, 'other')}" if others else name


def _summary(members: tuple[Member, ...], view: AlertCard) -> tuple[str, ...]:
    """Return what all members say of themselves; where each says something else, their items do."""
    words = {_words(member, view) for member in members}
    return tuple(words) if len(words) == 1 and words != {""} else ()


def _words(member: Member, view: AlertCard) -> str:
    preferred = [member.annotations.get(name) or member.labels.get(name) for name in view.summary]
    usual = [member.annotations.get(name) for name in _SUMMARIES]
    return next(filter(None, (*preferred, *usual)), "")


def _item(member: Member, members: tuple[Member, ...], view: AlertCard) -> Item:
    since = f"since {clock(member.starts_at, ZoneInfo(view.zone))}"
    name = next((value for label in _TELLING if (value := member.labels.get(label))), "")
    value = member.annotations.get("value", "")
    shown: Line = (Code(name), f" · {since}") if name else line(since.capitalize())
    words = _words(member, view)
    own = () if _summary(members, view) or not words else ((words,),)
    return Item((*shown, " · ", Code(value)) if value else shown, own)


def _remembered(view: AlertCard) -> Line:
    """Return what is known from before: how often, how long, who; nothing for a first time."""
    past, card = view.card.past, view.card
    words: list[str] = []
    if past and past.week:
        words.append(f"{_ordinal(past.week + 1)} this week")
        words += [f"usually over after {age(past.usual)}"] if past.usual else []
    if flapping(card, view.as_of):
        words.append("flapping, so it does not ring")
    found: Line = (" · ".join(words),) if words else ()
    if past and past.taken_by and not card.taken:
        found = (*found, " · " if found else "", "last taken by ", Person(past.taken_by))
    return found


def _ordinal(number: int) -> str:
    teen = 10 < number % 100 < 20  # noqa: PLR2004 - 11th to 19th
    return f"{number}{'th' if teen else _ENDINGS.get(number % 10, 'th')}"


def _links(view: AlertCard) -> Line:
    """Return the addresses that lead to a host of ours, as words."""
    found: Line = ()
    for word, url in dict(_addresses(view.card)).items():
        if (safe := address(_outside(url, view.external_urls))) and urlsplit(safe).hostname in view.hosts:
            found = (*found, " · " if found else "", Link(word, safe))
    return found


def _addresses(card: Card) -> Iterator[tuple[str, str]]:
    first = card.members[0]
    for word, names in _LINKS:
        yield from ((word, first.annotations[name]) for name in names if name in first.annotations)
    yield ("Grafana" if card.version == _GRAFANA else "Alertmanager"), card.external_url
    yield "Source", first.generator_url


def _outside(url: str, known: Mapping[str, str]) -> str:
    """Return an address as it is outside: the longest known beginning counts, up to the end of a part of it."""
    for inside in sorted(known, key=len, reverse=True):
        rest = url.removeprefix(inside)
        if url.startswith(inside) and rest[:1] in {"", "/", "?", "#"}:
            return known[inside] + rest
    return url


def _choices(view: AlertCard) -> Line:
    card = view.card
    if card.taken or muted(card, view.as_of) or not card.handle:
        return ()
    return (Mark(Glyph.ACKED), " take · ", Mark(Glyph.SILENCED), " 2h · reply: ack, silence 2h, why")
