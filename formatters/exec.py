"""The words of `!k8s exec`: how it ended, and the end of what it printed; the whole in a file."""

from bot.core.facts import Verdict
from bot.core.message import File
from commands.exec import ExecPlan, ExecReport
from formatters.document import Block, Code, Document, Glyph, Mark, Paragraph, Person, Pre, glyph_of, line
from formatters.words import age

_LINES, _WIDTH = 12, 120


def exec_plan(plan: ExecPlan) -> Document:
    """Ask, with the very words that would be run."""
    title = line("Run ", Code(plan.words), " in ", Code(plan.place), "?")
    below = line("Container ", Code(plan.container), f" · {age(plan.limit)} at most")
    return Document(Verdict.NONE, title, (Paragraph(below),))


def exec_report(report: ExecReport) -> Document:
    """Tell that it runs, or how it ended and who asked."""
    what = (Code(report.words), " in ", Code(report.place))
    if not report.over:
        return Document(Verdict.NONE, line(Mark(Glyph.RUNNING), " Running ", *what))
    how = "did not say how it ended" if report.exit_code is None else f"exit {report.exit_code}"
    title = line(
        Mark(glyph_of(report.verdict)), " ", *what, f": {how} after {age(report.took)} — by ", Person(report.by)
    )
    blocks: list[Block] = []
    for name, text in (("", report.stdout), ("On stderr", report.stderr)):
        if words := text.strip():
            blocks += [Paragraph((name,))] if name else []
            blocks.append(Pre(_end(words)))
    if report.exit_code is None:
        blocks.append(Paragraph(("Look whether it was done before you run it again",)))
    return Document(report.verdict, title, tuple(blocks), file=_whole(report))


def _end(text: str) -> str:
    """Return the last lines, each no longer than a phone can bear."""
    rows = [row if len(row) <= _WIDTH else f"{row[: _WIDTH - 1]}…" for row in text.splitlines()]
    left_out = len(rows) - _LINES
    return "\n".join([f"… {left_out} lines before", *rows[-_LINES:]] if left_out > 0 else rows)


def _whole(report: ExecReport) -> File | None:
    """Return all that was printed, where not all of it is shown."""
    texts = [text.strip() for text in (report.stdout, report.stderr) if text.strip()]
    if all(_end(text) == text for text in texts):
        return None
    return File("exec.txt", "\n\n".join(texts))
