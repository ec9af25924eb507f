"""The words of `!rollout` and `!scale`."""

from datetime import timedelta

from bot.core.facts import Verdict
from bot.core.restarts import Part
from bot.core.revisions import Revision
from commands.following import RolloutState
from commands.rollout import RolledBack, RolloutHistory, RolloutStatus, Scaled, ScalePlan, UndoPlan
from formatters.document import (
    Bullets,
    Code,
    Document,
    Glyph,
    Item,
    Line,
    Mark,
    Paragraph,
    Person,
    glyph_of,
    line,
)
from formatters.restart import evidence
from formatters.words import age, ago, count, undo_words

_SHOWN = 8


def rollout_status(result: RolloutStatus) -> Document:
    """Tell how far each is."""
    first = result.states[0]
    if len(result.states) > 1:
        items = tuple(Item(line(Code(each.place), " ", *_how(each))) for each in result.states)
        title = line(Mark(_glyph(result.verdict)), f" {count(len(items), 'workload')}")
        return Document(result.verdict, title, (Bullets(items),))
    blocks = tuple(Paragraph(words) for words in (evidence(first.stuck) if first.stuck else ()))
    return Document(
        result.verdict, line(Mark(_glyph(result.verdict)), " ", Code(first.place), " ", *_how(first)), blocks
    )


def rollout_history(result: RolloutHistory) -> Document:
    """List revisions, newest first."""
    title = line(Mark(Glyph.INFO), " ", Code(result.place), f": {count(len(result.revisions), 'revision')}")
    items = tuple(Item(_revision(each, result)) for each in result.revisions[:_SHOWN])
    blocks = (Bullets(items),) if items else ()
    return Document(
        Verdict.NONE, title, (*blocks, Paragraph(line(Code(f"!rollout undo {result.place}"), " goes back")))
    )


def undo_plan(plan: UndoPlan) -> Document:
    """Ask, with what would be different."""
    title = line("Take ", Code(plan.blast.place), f" back to revision {plan.then.number}?")
    if plan.now.images == plan.then.images:
        return Document(Verdict.NONE, title, (Paragraph(("Same images, other settings or restart time",)),))
    below = line(Code(", ".join(plan.now.images)), " becomes ", Code(", ".join(plan.then.images)))
    return Document(Verdict.NONE, title, (Paragraph(below),))


def rolled_back(result: RolledBack) -> Document:
    """Tell how far going back is."""
    done = f" is back at what revision {result.to} was"
    return _rolling(result.state, done, result.verdict, result.took, result.over, line(" — by ", Person(result.by)))


def scale_plan(plan: ScalePlan) -> Document:
    """Ask, with what would serve."""
    title = line("Scale ", Code(plan.blast.place), f" from {plan.blast.pods} to {count(plan.to, 'pod')}?")
    words = []
    if plan.to == 0:
        words.append("Nothing of it serves then")
    if plan.blast.part is Part.OPENBAO:
        words.append("Every pod of it comes back sealed")
    elif plan.blast.keeps_state and plan.to > 1:
        words.append("It keeps state: several pods may not share it")
    return Document(Verdict.NONE, title, tuple(Paragraph((each,)) for each in words))


def scaled(result: Scaled) -> Document:
    """Tell how far another number of pods is."""
    undo: Line = (" · ", Code(undo_words(result.undo))) if result.undo else ()
    by: Line = (" — by ", Person(result.by), *undo)
    return _rolling(
        result.state, f" scaled from {result.before} to {result.to}", result.verdict, result.took, result.over, by
    )


def _rolling(state: RolloutState, done: str, verdict: Verdict, took: timedelta, over: bool, by: Line) -> Document:
    glyph = Mark(_glyph(verdict) if over else Glyph.RUNNING)
    blocks = tuple(Paragraph(words) for words in (evidence(state.stuck) if state.stuck else ()))
    if over and verdict is Verdict.OK:
        return Document(verdict, line(glyph, " ", Code(state.place), f"{done} in {age(took)}", *by), blocks)
    tail: Line = by if over else (f" · {age(took)}",)
    return Document(verdict, line(glyph, " ", Code(state.place), " ", *_how(state), *tail), blocks)


def _how(state: RolloutState) -> Line:
    number = f"{state.updated}/{state.wanted}"
    if state.stuck:
        return line(f"stuck {number}: ", Code(state.stuck.reason))
    if state.done:
        return line(f"{number} up to date")
    return line(f"could not ask: {state.unknown.reason}") if state.unknown else line(f"rolling {number}")


def _glyph(verdict: Verdict) -> Glyph:
    return Glyph.RUNNING if verdict is Verdict.NONE else glyph_of(verdict)


def _revision(each: Revision, result: RolloutHistory) -> Line:
    since = f" · {ago(result.as_of - each.since)}" if each.since else ""
    return line(f"{each.number} ", Code(", ".join(each.images)), since)
