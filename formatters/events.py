"""The words of `!events`: each warning with its message, what is normal in one line."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.core.events import Event
from commands.events import EventReport
from commands.surveys import Unasked
from formatters.document import (
    Block,
    Bullets,
    Code,
    Document,
    Glyph,
    Inline,
    Item,
    Line,
    Mark,
    Paragraph,
    glyph_of,
    line,
)
from formatters.words import age, ago, count

_NORMAL_SHOWN = 6


def event_report(report: EventReport) -> Document:
    """Say what Kubernetes noted."""
    items = [*map(gap_item, report.gaps), *(event_item(each, report.as_of) for each in report.warnings)]
    blocks: list[Block] = [Bullets(tuple(items))] if items else []
    if normal := normal_line(report.events):
        blocks.append(Paragraph(line(normal)))
    return Document(report.verdict, _title(report), tuple(blocks))


def event_item(event: Event, now: datetime) -> Item:
    """Say one event: about what, why, how often, when; its message below."""
    kind: tuple[Inline, ...] = () if event.kind in {"", "Pod"} else (f"{event.kind} ",)
    sign: tuple[Inline, ...] = (Mark(Glyph.WARN), " ") if event.warning else ()
    return Item(
        (*kind, Code(event.place), " ", *sign, _words(event, now)), (line(event.message),) * bool(event.message)
    )


def event_line(event: Event, now: datetime) -> Line:
    """Say one event about what is known."""
    sign: tuple[Inline, ...] = (Mark(Glyph.WARN), " ") if event.warning else ()
    return (*sign, f"{_words(event, now)} — {event.message}" if event.message else _words(event, now))


def normal_line(events: Iterable[Event]) -> str:
    """Say in one line what is normal: `Normal: Pulled 12 · Started 12`."""
    times: Counter[str] = Counter()
    for event in events:
        if not event.warning:
            times[event.reason] += event.times
    if not times:
        return ""
    told = [f"{reason} {number}" for reason, number in times.most_common(_NORMAL_SHOWN)]
    more = len(times) - len(told)
    return f"Normal: {' · '.join(told)}" + (f" · {more} more" if more else "")


def gap_item(part: Unasked) -> Item:
    """Say what could not be asked."""
    where = (Code(part.namespace), " ") if part.namespace else ("Kubernetes ",)
    return Item((*where, Mark(Glyph.UNKNOWN), f" {part.reason}"))


def _words(event: Event, now: datetime) -> str:
    often = f" ×{event.times}" if event.times > 1 else ""
    return f"{event.reason}{often} · {ago(now - event.last)}"


def _title(report: EventReport) -> Line:
    return (Mark(glyph_of(report.verdict)), " ", *_headline(report))


def _headline(report: EventReport) -> Iterator[Inline]:
    if report.warnings:
        yield count(sum(event.times for event in report.warnings), "warning")
    elif report.gaps:
        yield "Warnings are not known"
    else:
        yield "No warnings"
    yield f" in {age(report.within)}"
    if report.target:
        yield from (" — ", Code(str(report.target)))
