"""How things stand: as numbers for the board, as a list for the morning and for who takes over."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.alerts import Card, Severity, lasted, where
from bot.core.facts import Unknown, Verdict
from bot.core.matchers import write
from bot.core.silences import Silence
from bot.core.standing import Board, BoardNotPinned, Digest, QuietOver, Standing
from formatters.cards import which
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, Person, line
from formatters.words import age, clock, moment, sparkle

_SHOWN = 10
_LISTED = 5


def numbers(standing: Standing) -> Line:
    """Return what burns as numbers: critical, the rest, silenced, acked."""
    critical, muted, acked = standing.critical, len(standing.silenced), len(standing.acked)
    counted = ((Glyph.CRITICAL, critical), (Glyph.WARN, len(standing.open) - critical))
    shown = [*counted, (Glyph.SILENCED, muted), (Glyph.ACKED, acked)]
    found: Line = ()
    for glyph, number in shown:
        found = (*found, *((" · ",) if found else ()), Mark(glyph), f" {number}")
    return found


def blocks(standing: Standing) -> tuple[Block, ...]:
    """Return what is open, acked and silenced, card by card, and the silences that end today."""
    items = [*_items(standing.open, standing), *_items(standing.acked, standing), *_items(standing.silenced, standing)]
    shown: list[Block] = [Bullets(tuple(items[:_SHOWN]))] if items else []
    if more := len(items) - _SHOWN:
        shown += [Paragraph((f"…and {more} more · !alerts lists all",))] if more > 0 else []
    return (*shown, *_ending(standing))


def digest(result: Digest) -> Document:
    """Say how things stand this morning."""
    standing = result.standing
    light = sparkle(plain=not result.sparkle)
    shown = blocks(standing)
    if result.went:
        heading = Paragraph(line("Came and went in the quiet hours:"))
        shown = (*shown, heading, *_went(result.went, standing.as_of, standing.zone))
    if not (standing.open or standing.acked or standing.silenced):
        title = line(Mark(Glyph.OK), f" Good morning — no card is open{light}")
        return Document(Verdict.OK, title, shown)
    verdict = Verdict.BAD if standing.critical else Verdict.WARN if standing.open else Verdict.NONE
    return Document(verdict, line(Mark(Glyph.INFO), " Good morning — ", *numbers(standing), light), shown)


def quiet_over(result: QuietOver) -> Document:
    """Name what came and went; what still burns has a card of its own below."""
    burning = f", {result.burning} still {'burns' if result.burning == 1 else 'burn'}" if result.burning else ""
    title = line(Mark(Glyph.INFO), f" Quiet hours are over — {len(result.went)} came and went{burning}")
    return Document(Verdict.NONE, title, _went(result.went, result.as_of, result.zone))


def board(result: Board) -> Document:
    """Say it in numbers alone."""
    verdict = Verdict.BAD if result.standing.critical else Verdict.WARN if result.standing.open else Verdict.OK
    return Document(verdict, numbers(result.standing))


def board_not_pinned(_: BoardNotPinned) -> Document:
    """Say what is missing."""
    title = line(Mark(Glyph.WARN), " I may not pin the board here")
    return Document(
        Verdict.WARN, title, (Paragraph(line("Let me send ", Code("m.room.pinned_events"), " · said once")),)
    )


def _items(cards: Iterable[Card], standing: Standing) -> Iterator[Item]:
    zone = ZoneInfo(standing.zone)
    for card in cards:
        place = f" — {where(card.members)}" if where(card.members) else ""
        about = f" {which(card)}{place}"
        since = f" · {age(standing.as_of - min(member.starts_at for member in card.members))}"
        if card in standing.silenced and card.muted:
            yield Item(line(Mark(Glyph.SILENCED), about, f" · until {clock(card.muted.until, zone)}"))
        elif card.taken:
            yield Item(line(Mark(Glyph.ACKED), about, since, " · ", Person(card.taken.by)))
        else:
            glyph = Glyph.CRITICAL if card.severity is Severity.CRITICAL else Glyph.WARN
            yield Item(line(Mark(glyph), about, since, " · held back" if card.held else ""))


def _went(cards: Sequence[Card], as_of: datetime, zone: str) -> tuple[Block, ...]:
    items = tuple(_over(card, as_of, ZoneInfo(zone)) for card in cards[:_SHOWN])
    more = len(cards) - _SHOWN
    return (Bullets(items), *((Paragraph((f"…and {more} more",)),) if more > 0 else ()))


def _over(card: Card, as_of: datetime, zone: ZoneInfo) -> Item:
    place = f" — {where(card.members)}" if where(card.members) else ""
    since = min(member.starts_at for member in card.members)
    return Item(line(f"{which(card)}{place} · {moment(since, as_of, zone)}, lasted {age(lasted(card))}"))


def _ending(standing: Standing) -> tuple[Block, ...]:
    if isinstance(standing.ending, Unknown):
        return (Paragraph(line(Mark(Glyph.UNKNOWN), f" Silences: Alertmanager {standing.ending.reason}")),)
    items = tuple(_silence(each, standing) for each in standing.ending[:_LISTED])
    return (Paragraph(line("Silences that end today:")), Bullets(items)) if items else ()


def _silence(silence: Silence, standing: Standing) -> Item:
    until = clock(silence.ends_at, ZoneInfo(standing.zone))
    return Item(line(Mark(Glyph.SILENCED), " ", Code(write(silence.matchers)), f" · until {until}"))
