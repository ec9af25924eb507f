"""Who is paged, and what is handed over to them."""

from bot.core.facts import Verdict
from bot.core.names import UserId
from commands.oncall import HandedOver, Handover, OnCall, OnCallSet
from formatters.document import Code, Document, Glyph, Line, Mark, Paragraph, Person, line
from formatters.standing import blocks, numbers


def on_call(result: OnCall) -> Document:
    """Say who is paged, and who would be next."""
    if not result.people:
        title = line(Mark(Glyph.WARN), " Nobody is on call: what is critical rings for nobody")
        return Document(Verdict.WARN, title, (Paragraph(line("next: ", Code("!oncall @anna"))),))
    following = line(Code("!handover"), " would hand over to ", *_people(result.following))
    below = (Paragraph(following),) if result.following else ()
    return Document(Verdict.NONE, line(Mark(Glyph.INFO), " On call: ", *_people(result.people)), below)


def on_call_set(result: OnCallSet) -> Document:
    """Say who is paged from now on, and who was before."""
    before = line("before: ", *(_people(result.before) or ("nobody",)), " · by ", Person(result.by))
    return Document(
        result.verdict, line(Mark(Glyph.OK), " On call now: ", *_people(result.people)), (Paragraph(before),)
    )


def handover(result: Handover) -> Document:
    """Say what they take over."""
    title = line(Mark(Glyph.INFO), " ", *_people(result.people), " on call now — ", *numbers(result.standing))
    by = Paragraph(line("handed over by ", Person(result.by)))
    return Document(Verdict.NONE, title, (*blocks(result.standing), by))


def handed_over(result: HandedOver) -> Document:
    """Say that it is done."""
    return Document(result.verdict, line(Mark(Glyph.OK), " Handed over to ", *_people(result.people)))


def _people(people: tuple[UserId, ...]) -> Line:
    found: Line = ()
    for user in people:
        found = (*found, *((", ",) if found else ()), Person(user))
    return found
