"""The columns of an object, put into words."""

from collections.abc import Iterator
from datetime import datetime

from bot.core.facts import Verdict
from bot.core.rows import Cell, Many, Row, When
from formatters.document import Code, Inline, Line, Mark, glyph_of
from formatters.words import age, ago, count


def row_line(row: Row, now: datetime, *, place: bool) -> Line:
    """Say an object on one line: its name (`place`: with its namespace), how it is, how old."""
    sign: tuple[Inline, ...] = () if row.verdict is Verdict.NONE else (" ", Mark(glyph_of(row.verdict)))
    told = columns(row, now)
    return (Code(row.place if place else row.name), *sign, f" {told}" if told else "")


def columns(row: Row, now: datetime) -> str:
    """Say all columns, and how old the object is."""
    return " · ".join(_columns(row, now))


def cell(value: Cell, now: datetime) -> str:
    """Say one column; a moment as how long ago it was, or until it is."""
    match value:
        case When(word, at):
            span = f"in {age(at - now)}" if at > now else ago(now - at)
            return f"{word} {span}".strip()
        case Many(number, noun):
            return count(number, noun)
        case _:
            return value


def _columns(row: Row, now: datetime) -> Iterator[str]:
    yield from (cell(each, now) for each in row.cells)
    if row.created:
        yield age(now - row.created)
