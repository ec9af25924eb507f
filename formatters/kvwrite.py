"""The words of `!vault kv patch|put|rollback`: keys and versions, never a value."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from bot.core.facts import Verdict
from commands.kvwrite import RollbackPlan, WritePlan
from commands.storing import ValueAwaited, ValueWanted, Written
from formatters.document import Block, Code, Document, Glyph, Inline, Line, Mark, Paragraph, Person, line
from formatters.once import page_link
from formatters.words import clock, count, undo_words

_SHOWN = 12


def write_plan(plan: WritePlan) -> Document:
    """Ask, with what becomes of the keys."""
    what = "Replace" if plan.whole and plan.version else "Write" if plan.whole else "Patch"
    at = f" (version {plan.version})? " if plan.version else "? It is new. "
    title = line(f"{what} ", Code(plan.path), at, f"{_value(plan)}")
    blocks = [Paragraph(words) for words in _effects(plan)]
    if plan.whole and plan.change.vanishes:
        blocks.append(Paragraph(line(Code("!vault kv patch"), " would keep them")))
    return Document(Verdict.NONE, title, tuple(blocks))


def _value(plan: WritePlan) -> str:
    keys = count(len(plan.change.sets), "key")
    return f"{keys}, {plan.length} characters {plan.encoding} made inside me" if plan.length else f"{keys}, on a page"


def _effects(plan: WritePlan) -> Iterator[Line]:
    new, sets = plan.change.new, tuple(key for key in plan.change.sets if key not in plan.change.new)
    if sets:
        yield line("New value: ", *_names(sets))
    if new and plan.version:
        yield line("New key: ", *_names(new))
    elif new:
        yield line("Keys: ", *_names(new))
    if plan.change.stays:
        yield line("Stays: ", *_names(plan.change.stays))
    if plan.change.vanishes:
        yield line(Mark(Glyph.WARN), f" {_vanishing(plan.change.vanishes)}: ", *_names(plan.change.vanishes))
    if plan.gone:
        yield line(f"Version {plan.version} is deleted: nothing of it stays")


def _vanishing(names: tuple[str, ...]) -> str:
    return f"{count(len(names), 'key')} {'vanishes' if len(names) == 1 else 'vanish'}"


def rollback_plan(plan: RollbackPlan) -> Document:
    """Ask, with which keys go and come."""
    title = line("Take ", Code(plan.path), f" from version {plan.version} back to what {plan.to} was?")
    blocks: list[Block] = []
    if plan.change.vanishes:
        words = line(Mark(Glyph.WARN), f" {_vanishing(plan.change.vanishes)}: ", *_names(plan.change.vanishes))
        blocks.append(Paragraph(words))
    if plan.change.new:
        blocks.append(Paragraph(line("Comes back: ", *_names(plan.change.new))))
    return Document(Verdict.NONE, title, tuple(blocks))


def value_wanted(letter: ValueWanted) -> Document:
    """Ask for a value."""
    until = clock(letter.until, ZoneInfo(letter.zone))
    title = line(Mark(Glyph.RUNNING), " The new value, please — ", Code(letter.about))
    below = line("For you alone, once, until ", until, ": ", page_link(letter.address))
    return Document(Verdict.NONE, title, (Paragraph(below), Paragraph(("Never type a value into a chat",))))


def value_awaited(result: ValueAwaited) -> Document:
    """Tell whose page waits, or that no value came."""
    about: Line = (Code(result.path), " ", Code(result.key))
    if not result.reached:
        title = line(Mark(Glyph.WARN), " Could not send a page to ", Person(result.by), ", nothing written — ", *about)
        return Document(result.verdict, title)
    if result.over:
        return Document(result.verdict, line(Mark(Glyph.EXPIRED), " No value came, nothing written — ", *about))
    until = clock(result.until, ZoneInfo(result.zone))
    title = line(Mark(Glyph.RUNNING), " Waiting for a value — ", *about)
    below = line(Person(result.by), f", the page is in your direct messages · until {until}")
    return Document(result.verdict, title, (Paragraph(below),))


def written(result: Written) -> Document:
    """Say which version it is now, and what takes it back."""
    undo: Line = (" · ", Code(undo_words(result.undo))) if result.undo else ()
    what = f" is back at what version {result.back_to} was" if result.back_to else ""
    title = line(
        Mark(Glyph.OK), " ", Code(result.path), f"{what} — version {result.version}, by ", Person(result.by), *undo
    )
    blocks: list[Block] = []
    if result.keys:
        blocks.append(Paragraph(line("New value: ", *_names(result.keys))))
    if result.vanished:
        blocks.append(Paragraph(line("Gone: ", *_names(result.vanished))))
    if not result.undo:
        blocks.append(Paragraph(("Nothing to go back to: no version was before it",)))
    return Document(result.verdict, title, tuple(blocks))


def _names(names: tuple[str, ...]) -> Line:
    parts: list[Inline] = []
    for name in names[:_SHOWN]:
        parts += [", "] * bool(parts) + [Code(name)]
    more = len(names) - _SHOWN
    return (*parts, f" and {more} more") if more > 0 else tuple(parts)
