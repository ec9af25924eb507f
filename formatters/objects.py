"""The words of `!k8s get` and `!k8s describe`: one line an object, or one object with what matters about it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from bot.core.facts import Unknown
from bot.core.portraits import Condition
from commands.objects import ObjectReport, ObjectTable
from formatters.cells import cell, columns, row_line
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
from formatters.events import event_line, gap_item, normal_line
from formatters.words import age, count

_EVENTS_SHOWN = 5


def object_table(table: ObjectTable) -> Document:
    """Say what there is of a kind."""
    items = [Item(row_line(row, table.as_of, place=not table.namespace)) for row in table.rows]
    items += map(gap_item, table.gaps)
    return Document(table.verdict, _title(table), (Bullets(tuple(items)),) if items else ())


def object_report(report: ObjectReport) -> Document:
    """Say all that matters about one object: facts, conditions, and what was noted lately."""
    now, portrait = report.as_of, report.portrait
    row = portrait.row
    title = (Mark(glyph_of(row.verdict)), f" {portrait.kind.singular} ", Code(row.place), f" {columns(row, now)}")
    items = [Item(line(f"{name}: ", Code(cell(value, now)))) for name, value in portrait.facts]
    items += _conditions([each for each in portrait.conditions if not each.well], now)
    blocks: list[Block] = [Bullets(tuple(items))] if items else []
    if well := [each.type for each in portrait.conditions if each.well]:
        blocks.append(Paragraph(line(f"Fine: {' · '.join(well)}")))
    return Document(row.verdict, title, (*blocks, *_events(report)))


def _conditions(ill: list[Condition], now: datetime) -> Iterator[Item]:
    """Say what is not well; conditions that follow from one another say the same and share a line."""
    groups: dict[tuple[bool | None, str, str], list[Condition]] = defaultdict(list)
    for each in ill:
        groups[each.holds, each.reason, each.message].append(each)
    for (holds, reason, message), group in groups.items():
        since = f" for {age(now - group[0].since)}" if group[0].since else ""
        why = f": {reason}" if reason else ""
        glyph = Glyph.UNKNOWN if holds is None else Glyph.WARN
        names = ", ".join(each.type for each in group)
        words = line(f"{names} ", Mark(glyph), f" {'Unknown' if holds is None else holds}{since}{why}")
        yield Item(words, (line(message),) * bool(message))


def _events(report: ObjectReport) -> Iterator[Block]:
    if isinstance(report.events, Unknown):
        yield Paragraph(line("Events ", Mark(Glyph.UNKNOWN), f" {report.events.reason}"))
        return
    warnings = [event for event in report.events if event.warning]
    if warnings:
        yield Bullets(tuple(Item(event_line(event, report.as_of)) for event in warnings[:_EVENTS_SHOWN]))
    if normal := normal_line(report.events):
        yield Paragraph(line(normal))


def _title(table: ObjectTable) -> Line:
    number = count(len(table.rows), table.kind.singular) if table.rows else f"No {table.kind.plural}"
    where: tuple[Inline, ...] = (" in ", Code(table.namespace)) if table.namespace else ()
    which: tuple[Inline, ...] = (" with ", Code(table.selector)) if table.selector else ()
    ill = f", {table.troubled} not well" if table.troubled else ""
    part = ", not all could be asked" if table.gaps else ""
    return (Mark(glyph_of(table.verdict)), f" {number}", *where, *which, f"{ill}{part}")
