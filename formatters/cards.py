"""What is said about a card beside the card itself."""

from zoneinfo import ZoneInfo

from bot.core.alerts import Card, Member, lasted
from bot.core.facts import Unknown, Verdict
from commands.cards import CardHistory, CardReasons, Looked
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, Person, line
from formatters.words import age, clock, count

_SHOWN = 3
_LISTED = 10
_EXPRESSION = 600
"""Characters of an expression."""


def card_reasons(result: CardReasons) -> Document:
    """Show labels and annotations, one alert after the other."""
    card = result.card
    blocks: list[Block] = [Paragraph(_rule(rule, several=len(result.rules) > 1)) for rule in result.rules]
    blocks += [block for member in card.counted[:_SHOWN] for block in _reasons(member)]
    if more := max(0, len(card.counted) - _SHOWN) + card.truncated:
        blocks.append(Paragraph((f"…and {more} more",)))
    return Document(Verdict.NONE, line(Mark(Glyph.INFO), f" Why {which(card)}"), tuple(blocks))


def card_history(result: CardHistory) -> Document:
    """Show when it burned before, and how long."""
    number = len(result.earlier)
    title = line(Mark(Glyph.INFO), f" {which(result.card)}: {count(number, 'time')} before in 30 days")
    items = tuple(_earlier(card, result) for card in result.earlier[:_LISTED])
    return Document(Verdict.NONE, title, (Bullets(items),) if items else ())


def which(card: Card) -> str:
    """Return a card's name and handle."""
    return f"{card.names[0]} #{card.handle}" if card.handle else card.names[0]


def _rule(rule: Looked | Unknown, *, several: bool) -> Line:
    if isinstance(rule, Unknown):
        return line("Rule ", Mark(Glyph.UNKNOWN), f" not known, Prometheus did not say: {rule.reason}")
    whose: Line = ("Rule of ", Code(rule.name)) if several else ("Rule",)
    expr = rule.expr if len(rule.expr) <= _EXPRESSION else f"{rule.expr[:_EXPRESSION]}…"
    return line(*whose, ": ", Code(expr), f" for {age(rule.holds)}" if rule.holds else "")


def _reasons(member: Member) -> tuple[Paragraph | Bullets, ...]:
    notes = tuple(Item((f"{name}: {value}",)) for name, value in member.annotations.items())
    labels: Line = ()
    for name, value in member.labels.items():
        labels = (*labels, *((" ",) if labels else ()), Code(f"{name}={value}"))
    return (Paragraph(labels), Bullets(notes)) if notes else (Paragraph(labels),)


def _earlier(card: Card, result: CardHistory) -> Item:
    zone = ZoneInfo(result.zone)
    day = card.opened_at.astimezone(zone).strftime("%d %b")
    length = "still burns" if card.firing else f"lasted {age(lasted(card))}"
    taken: Line = (" · ", Person(card.taken.by)) if card.taken else ()
    return Item(line(f"{day} {clock(card.opened_at, zone)} · {length}", *taken))
