"""The words of `!restart`: what it would touch, how far it is, how it ended."""

from collections.abc import Iterator

from bot.core.facts import Verdict
from bot.core.restarts import Blast, Part
from commands.following import RolloutState, Stuck
from commands.restart import RestartPlan, RestartReport
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, Person, line
from formatters.words import age, count, undo_words

_GLYPHS = {Verdict.OK: Glyph.OK, Verdict.BAD: Glyph.FAILED, Verdict.UNKNOWN: Glyph.UNKNOWN, Verdict.WARN: Glyph.WARN}
_COMES_BACK = {
    Part.OPENBAO: "It comes back sealed: key holders must be at hand for !unseal",
    Part.HOMESERVER: "I cannot say a word until it is back, and tell you then",
    Part.MYSELF: "That is me: I go, come back, and tell you then",
}


def restart_plan(plan: RestartPlan) -> Document:
    """Ask, with what would be touched."""
    first = plan.blasts[0]
    if len(plan.blasts) == 1:
        title = line("Restart ", Code(first.place), "? ", _reach(first))
        return Document(Verdict.NONE, title, tuple(Paragraph(line(words)) for words in _consequences(first)))
    pods = sum(each.pods for each in plan.blasts)
    title = line(f"Restart {count(len(plan.blasts), 'workload')}, {count(pods, 'pod')}?")
    items = tuple(Item(line(Code(each.place), f" {_reach(each)}")) for each in plan.blasts)
    return Document(Verdict.NONE, title, (Bullets(items),))


def _reach(each: Blast) -> str:
    if each.part is Part.DATABASE:
        return "Single instance" if each.gap else f"Postgres, {count(each.pods, 'instance')}, the primary last"
    how = "nothing of it serves meanwhile" if each.gap else "one at a time"
    return f"{each.word}, {count(each.pods, 'pod')}, {how}"


def _consequences(each: Blast) -> Iterator[str]:
    waiting = f", {count(each.waiting, 'app')} {'waits' if each.waiting == 1 else 'wait'}" if each.waiting else ""
    if each.part is Part.DATABASE and each.gap:
        yield f"The database is down for about 30 s{waiting}"
    elif waiting:
        yield f"{count(each.waiting, 'app')} {'depends' if each.waiting == 1 else 'depend'} on it"
    if each.part in _COMES_BACK:
        yield _COMES_BACK[each.part]


def restart_report(report: RestartReport) -> Document:
    """Tell how far it is, or how it ended and who asked."""
    states = report.states
    blocks: list[Block] = []
    if len(states) > 1:
        blocks.append(Bullets(tuple(Item(line(Code(each.place), " ", *_state(each))) for each in states)))
    blocks += [Paragraph(words) for each in states if each.stuck for words in evidence(each.stuck)]
    blocks += [Paragraph(words) for words in _confirmation(report)]
    if report.goes_mute and not report.over:
        blocks.append(Paragraph(("The homeserver restarts: I am mute until it is back",)))
    return Document(report.verdict, _title(report), tuple(blocks))


def _title(report: RestartReport) -> Line:
    states = report.states
    name = Code(states[0].place) if len(states) == 1 else Code(count(len(states), "workload"))
    updated, wanted = sum(each.updated for each in states), sum(each.wanted for each in states)
    number = f" {updated}/{wanted}" if wanted else ""
    if not report.over:
        unknown = next((each.unknown for each in states if each.unknown), None)
        doubt = f" · could not ask: {unknown.reason}" if unknown else ""
        return line(Mark(Glyph.RUNNING), " ", name, f" rolling{number} · {age(report.took)}{doubt}")
    glyph = Mark(_GLYPHS[report.verdict])
    undo: Line = (" · ", Code(undo_words(report.undo))) if report.undo else ()
    by: Line = (" — by ", Person(report.by), *undo)
    if stuck := next((each.stuck for each in states if each.stuck), None):
        return line(glyph, " ", name, f" stuck{number}: ", Code(stuck.reason), *by)
    if report.verdict is Verdict.UNKNOWN:
        return line(glyph, " ", name, f" asked to restart{number}, how it went could not be asked", *by)
    return line(glyph, " ", name, f" restarted{number} in {age(report.took)}", *by)


def _state(state: RolloutState) -> Line:
    if state.stuck:
        return line(Mark(Glyph.FAILED), f" {state.updated}/{state.wanted}: ", Code(state.stuck.reason))
    if state.unknown and not state.done:
        return line(Mark(Glyph.UNKNOWN), f" {state.unknown.reason}")
    glyph = Glyph.OK if state.done else Glyph.RUNNING
    return line(Mark(glyph), f" {state.updated}/{state.wanted}")


def evidence(stuck: Stuck) -> Iterator[Line]:
    """Yield the lines that say why a rollout is stuck."""
    if stuck.pod:
        code = f" · last exit {stuck.exit_code}" if stuck.exit_code is not None else ""
        yield line(Code(stuck.pod), code)
    for event in stuck.events:
        yield line(f"{event.reason}: {event.message}")


def _confirmation(report: RestartReport) -> Iterator[Line]:
    if report.confirmed is None:
        return
    said = report.confirmed
    if said.heard:
        yield line(Person(said.by), f" said {said.says} after {age(said.after)}")
    else:
        yield line(Mark(Glyph.UNKNOWN), " ", Person(said.by), f" did not say {said.says} within {age(said.after)}")
