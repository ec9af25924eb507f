"""The words of `!logs`: the lines as they were written, each with its time; what could not be heard below."""

from collections.abc import Iterator
from datetime import tzinfo
from zoneinfo import ZoneInfo

from commands.logs import Following, LogReport
from commands.speakers import Said
from formatters.document import Block, Bullets, Code, Document, Glyph, Inline, Item, Line, Mark, Paragraph, Pre, line
from formatters.words import age, clock, count

# While somebody follows, every step is one message and no file.
_LONGEST_STEP, _LONGEST_LINE = 3000, 300


def log_report(report: LogReport) -> Document:
    """Say what was said."""
    zone = ZoneInfo(report.zone)
    rows = [_row(said, zone) for said in report.lines]
    if report.following is Following.GOING:
        rows = _end_of(rows)
    blocks: list[Block] = [Pre("\n".join(rows))] if rows else []
    if silent := tuple(Item((Code(each.pod), " ", Mark(Glyph.UNKNOWN), f" {each.reason}")) for each in report.silent):
        blocks.append(Bullets(silent))
    return Document(report.verdict, _title(report, zone), (*blocks, *map(Paragraph, _below(report))))


def _row(said: Said, zone: tzinfo) -> str:
    at = said.at.astimezone(zone).strftime("%H:%M:%S") if said.at else ""
    return " ".join(part for part in (at, said.pod, said.text) if part)


def _end_of(rows: list[str]) -> list[str]:
    """Return the last rows, as many as fit into one message."""
    kept: list[str] = []
    left = _LONGEST_STEP
    for row in reversed(rows):
        short = row if len(row) <= _LONGEST_LINE else f"{row[: _LONGEST_LINE - 1]}…"
        left -= len(short) + 1
        if left < 0:
            break
        kept.append(short)
    return kept[::-1]


def _title(report: LogReport, zone: tzinfo) -> Line:
    place = Code(report.place)
    match report.following:
        case Following.GOING:
            return (Mark(Glyph.RUNNING), " Following ", place, f" since {clock(report.began, zone)} · ", Code("!stop"))
        case Following.STOPPED | Following.TIME_UP:
            why = " and no longer" if report.following is Following.TIME_UP else ""
            span = age(report.as_of - report.began)
            return (Mark(Glyph.INFO), " Followed ", place, f" for {span}{why}: ", *_number(report))
    if report.silent and not report.lines:
        return (Mark(Glyph.UNKNOWN), " Nothing to be heard of ", place)
    return (Mark(Glyph.INFO), " ", place, ": ", *_number(report), *_when(report))


def _number(report: LogReport) -> Line:
    number = len(report.lines)
    if report.filter:
        return (f"{number or 'none'} of {count(report.looked_at, 'line')} with ", Code(report.filter))
    return (count(number, "line") if number else "no lines",)


def _when(report: LogReport) -> Iterator[Inline]:
    if report.previous:
        yield " of the run before"
    if report.since:
        yield f" in {age(report.since)}"


def _below(report: LogReport) -> Iterator[Line]:
    if report.others:
        asked, others = " ".join(report.containers), " ".join(report.others)
        yield line("Container ", Code(asked), " · ", Code("-c"), " takes ", Code(others))
    if report.more_pods:
        yield line(f"{count(report.more_pods, 'pod')} more: name one")
