"""The words of `!seal`: what follows from it, how to take it back, and what was seen when it was done."""

from collections.abc import Iterator

from bot.core.facts import Unknown, Verdict
from bot.core.keys import KeysReport
from commands.seal import SealPlan, SealReport
from formatters.document import Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, Person, line
from formatters.findings import keys_words
from formatters.unseal import pod_words
from formatters.words import age, count

_GLYPHS = {Verdict.OK: Glyph.OK, Verdict.UNKNOWN: Glyph.UNKNOWN}


def seal_plan(plan: SealPlan) -> Document:
    """Ask, with what follows."""
    title = line(f"Seal OpenBao, {count(plan.pods, 'pod')}?")
    return Document(Verdict.NONE, title, tuple(map(Paragraph, _consequences(plan))))


def _consequences(plan: SealPlan) -> Iterator[Line]:
    yield line("Nobody gets a secret and no password is rotated until it is open again")
    if plan.opens_itself:
        yield line("It opens by itself when its pods restart")
    else:
        yield line(Code("!unseal"), f" opens it: {plan.threshold} of {count(plan.shares, 'share')} needed")
    if isinstance(plan.keys, KeysReport) and plan.keys.verdict is Verdict.BAD:
        lost = ": it stays shut for good unless people hold its shares"
        yield line(Mark(Glyph.CRITICAL), " ", *keys_words(plan.keys), lost)
    elif plan.keys:
        yield keys_words(plan.keys)


def seal_report(report: SealReport) -> Document:
    """Say whether every pod was seen sealed."""
    glyph = Mark(_GLYPHS.get(report.verdict, Glyph.FAILED))
    by: Line = (" — by ", Person(report.by), " · ", Code("!unseal"), " opens it")
    if report.verdict is Verdict.OK:
        title = line(glyph, f" OpenBao sealed in {age(report.took)}", *by)
    elif report.verdict is Verdict.UNKNOWN:
        silent = sum(isinstance(pod.status, Unknown) for pod in report.pods)
        title = line(glyph, f" OpenBao sealed, but {count(silent, 'pod')} did not say", *by)
    else:
        title = line(glyph, " OpenBao is NOT sealed", " — by ", Person(report.by))
    items = tuple(Item(line(Code(pod.name), " ", *pod_words(pod))) for pod in report.pods)
    return Document(report.verdict, title, (Bullets(items),))
