"""The words of `!mon loki logs`: of few lines all; of many what is said most often and the last, all in a file."""

from datetime import tzinfo
from zoneinfo import ZoneInfo

from bot.core.facts import Verdict
from bot.core.message import File
from bot.core.wordings import Line as LogLine
from bot.core.wordings import Wording
from commands.loki import LokiReport
from formatters import foreign
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, Pre, line
from formatters.words import age, clock, count

_FEW = 12
_LAST, _OFTEN = 6, 5
_LABELS = 12


def loki_report(report: LokiReport) -> Document:
    """Say what was found."""
    zone = ZoneInfo(report.zone)
    several = len({each.source for each in report.lines}) > 1
    rows = [_row(each, zone, several=several) for each in report.lines]
    blocks: list[Block] = []
    file = None
    if len(rows) > _FEW:
        blocks += [Bullets(tuple(_often(each, zone) for each in report.wordings[:_OFTEN]))] if report.wordings else []
        blocks.append(Paragraph((f"The last {_LAST}, all in the file:",)))
        file = File("loki.txt", "\n".join(foreign.pre("\n".join(rows))))
        rows = rows[-_LAST:]
    blocks += [Pre("\n".join(rows))] if rows else []
    blocks += [Paragraph(each) for each in _below(report)]
    return Document(Verdict.NONE, _title(report), tuple(blocks), file)


def _title(report: LokiReport) -> Line:
    number = len(report.lines)
    if report.filtered and report.looked_at:
        found = f"{number or 'none'} of {count(report.looked_at, 'line')}"
    else:
        found = count(number, "line") if number else "no lines"
    return line(Mark(Glyph.INFO), f" {found} in {age(report.since)}: ", Code(report.query))


def _row(each: LogLine, zone: tzinfo, *, several: bool) -> str:
    at = each.at.astimezone(zone).strftime("%H:%M:%S")
    return f"{at} {each.source} {each.text}" if several and each.source else f"{at} {each.text}"


def _often(wording: Wording, zone: tzinfo) -> Item:
    source = f" — {wording.source}" if wording.source else ""
    return Item(line(f"{wording.number}× ", Code(wording.text), f"{source}, last {clock(wording.last, zone)}"))


def _below(report: LokiReport) -> list[Line]:
    below: list[Line] = []
    if not report.is_all:
        newest = count(report.looked_at, "line")
        below.append(line(f"Only the newest {newest} were looked at · name more labels, or ", Code("--limit 5000")))
    if report.strange:
        strange, known = ", ".join(report.strange), ", ".join(report.known[:_LABELS])
        below.append(line("Loki knows no label ", Code(strange), ", but ", Code(known)))
    return below
