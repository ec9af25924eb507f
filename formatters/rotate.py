"""The words of `!rotate`: what it would touch, how far it is, and who has the new value."""

from collections.abc import Iterable, Iterator

from bot.core.facts import Verdict
from bot.core.syncs import Outcome
from commands.rotating import RotationPlan, RotationReport
from formatters.document import (
    Bullets,
    Code,
    Document,
    Glyph,
    Inline,
    Item,
    Line,
    Mark,
    Paragraph,
    Person,
    glyph_of,
    line,
)
from formatters.pickup import pickup_items, restarted
from formatters.words import age, undo_words


def rotation_plan(plan: RotationPlan) -> Document:
    """Ask, with who picks it up, what is restarted, and what people will feel."""
    lines = []
    if plan.warning:
        lines.append(line(Mark(Glyph.WARN), f" {plan.warning}"))
    if plan.syncs:
        lines.append(line("Picked up by ", *_names(sync.place for sync in plan.syncs)))
    else:
        lines.append(line(Mark(Glyph.WARN), " No secret of the operator reads it: nothing is restarted"))
    places = sorted({f"{sync.namespace}/{name}" for sync in plan.syncs for _, name in sync.targets})
    if places:
        lines.append(line("Restarts ", *_names(places)))
    title = line("Rotate ", *_what(plan.what, plan.key), "?")
    return Document(Verdict.NONE, title, tuple(map(Paragraph, lines)))


def rotation_report(report: RotationReport) -> Document:
    """Tell how far it is, step by step, or how it ended and who asked."""
    return Document(report.verdict, _title(report), (Bullets(tuple(_steps(report))),))


def _title(report: RotationReport) -> Line:
    what, number = _what(report.what, report.key), restarted(report.pickup)
    if not report.over:
        rolling = f", restarts {number}" if number else ""
        return line(Mark(Glyph.RUNNING), " Rotating ", *what, f"{rolling} · {age(report.took)}")
    undo: Line = (" · ", Code(undo_words(report.undo))) if report.undo else ()
    return line(Mark(glyph_of(report.verdict)), " ", *what, f" {_ending(report)}", " — by ", Person(report.by), *undo)


def _ending(report: RotationReport) -> str:
    if report.verdict is Verdict.OK:
        return f"rotated in {age(report.took)}"
    if not report.pickup.syncs:
        return "rotated, and nothing picks it up"
    missed = sum(each.outcome is not Outcome.NEW for each in report.pickup.syncs)
    if missed:
        return f"rotated, not picked up by {missed} of {len(report.pickup.syncs)}"
    return "rotated, but not everything restarted"


def _steps(report: RotationReport) -> Iterator[Item]:
    if not report.made:
        yield Item(line(Mark(Glyph.RUNNING), " OpenBao is asked for it"))
        return
    new = f"version {report.version} written" if report.version else "OpenBao and the database have it"
    yield Item(line(Mark(Glyph.OK), f" {new}"))
    yield from pickup_items(report.pickup)


def _what(what: str, key: str) -> Line:
    return line(Code(what), " ", Code(key)) if key else line("database role ", Code(what))


def _names(names: Iterable[str]) -> Line:
    parts: list[Inline] = []
    for name in names:
        parts += [*([", "] if parts else []), Code(name)]
    return tuple(parts)
