"""A storm: how much of what and where, on one card."""

from collections import Counter
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from bot.core.alerts import Severity, where
from bot.core.facts import Verdict
from bot.core.storm import StormCard
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, line
from formatters.words import age, clock, count

_SHOWN = 3
_WORDS = {Severity.NONE: "without severity"}


def storm_card(result: StormCard) -> Document:
    """Say how much it is, where, and what became of it."""
    burning = [group for group in result.groups if group.burns]
    critical = Severity.CRITICAL in {group.severity for group in burning}
    verdict = Verdict.BAD if critical else Verdict.WARN if burning else Verdict.OK
    title = _over(result, len(burning)) if result.storm.over_at else _raging(result, critical=critical)
    return Document(verdict, title, tuple(_blocks(result)))


def _raging(result: StormCard, *, critical: bool) -> Line:
    glyph = Glyph.CRITICAL if critical else Glyph.WARN
    counted = Counter(group.severity for group in result.groups)
    severities = ", ".join(f"{counted[each]} {_WORDS.get(each, each)}" for each in Severity if counted[each])
    return line(Mark(glyph), f" STORM {_size(result)} — {severities}")


def _over(result: StormCard, burning: int) -> Line:
    glyph = Glyph.INFO if burning else Glyph.OK
    end = f"{burning} still burn{'' if burning > 1 else 's'}" if burning else "all of them ended"
    return line(Mark(glyph), f" storm over: {_size(result)}, {end}")


def _size(result: StormCard) -> str:
    span = result.groups[-1].opened_at - result.groups[0].opened_at
    return f"{count(len(result.groups), 'group')} in {age(span)}"


def _blocks(result: StormCard) -> Iterator[Block]:
    places = Counter(group.namespace or "elsewhere" for group in result.groups)
    yield Bullets((Item((_most(places),)),))
    alerts, ended = sum(group.alerts for group in result.groups), [each for each in result.groups if not each.burns]
    if alerts > len(result.groups):
        yield Paragraph((f"{count(alerts, 'alert')} in all",))
    if ended:
        yield Paragraph((Mark(Glyph.OK), f" ended: {_most(Counter(group.name for group in ended))}"))
    if cause := result.cause:
        since = clock(cause.starts_at, ZoneInfo(result.zone))
        place = f" — {where((cause,))}" if where((cause,)) else ""
        yield Paragraph((f"Common cause? {cause.name}{place} since {since}",))
    if not result.storm.over_at:
        yield Paragraph(line("What rings keeps its own card. ", Code("!alerts"), " lists all."))
    elif len(ended) < len(result.groups):
        yield Paragraph(("What still burns gets its own card.",))


def _most(counted: Counter[str]) -> str:
    """Return the most frequent with their numbers, and how many others there are."""
    shown = [f"{what} {number}" for what, number in counted.most_common(_SHOWN)]
    others = [f"{len(counted) - _SHOWN} more"] if len(counted) > _SHOWN else []
    return " · ".join((*shown, *others))
