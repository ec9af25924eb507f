"""Refusals, prompts and apologies: what the bot says when it is not a command's own result."""

from typing import assert_never

from bot.core.confirmation import ALONE, Outcome
from bot.core.errors import UsageError
from bot.core.facts import Verdict
from bot.core.policy import Reason, Risk
from bot.core.replies import (
    Broken,
    Changed,
    CutOff,
    Failure,
    Misread,
    NotRecorded,
    Nudge,
    Prompt,
    PromptHint,
    PromptOver,
    Refusal,
    StrangerSeen,
    StrangerTried,
    TookTooLong,
    Unsure,
)
from formatters import failures
from formatters.document import Code, Document, Glyph, Line, Mark, Paragraph, Person, line
from formatters.plans import planned
from formatters.words import age, count


def misread(reply: Misread) -> Document:
    """Say what was not understood and what was likely meant."""
    return failures.usage(UsageError(reply.problem, hint=reply.hint, near=reply.near), "", reply.request)


def refusal(reply: Refusal) -> Document:
    """Say why not, and what would help."""
    title, below = _no(reply)
    return Document(Verdict.NONE, line(Mark(Glyph.REFUSED), " ", *title), (Paragraph((*below, *_id(reply.request))),))


def failure(reply: Failure) -> Document:
    """Say which neighbour failed us."""
    return failures.neighbour(reply.error, f"!{reply.verb}", reply.request, changes=reply.changes)


def took_too_long(reply: TookTooLong) -> Document:
    """Say that time ran out, and whether something may have changed."""
    below = (
        "Done or not is not known · look before you try again"
        if reply.changes
        else "Nothing was changed · ask again, or for less"
    )
    title = line(Mark(Glyph.UNKNOWN), " ", Code(f"!{reply.verb}"), f" had no answer in {age(reply.limit)}")
    return Document(Verdict.UNKNOWN, title, (Paragraph((below, *_id(reply.request))),))


def broken(reply: Broken) -> Document:
    """Say that a fault of ours stopped it."""
    return failures.broken(reply.request)


def not_recorded(reply: NotRecorded) -> Document:
    """Say that nothing is done while nothing can be recorded."""
    return failures.unrecorded(reply.request)


def prompt(reply: Prompt) -> Document:
    """Ask, with what it touches and how to say yes."""
    glyph = Glyph.CRITICAL if reply.risk is Risk.DANGEROUS else Glyph.RUNNING
    asked = planned(reply.plan) if reply.plan is not None else Document(Verdict.NONE, line(Code(f"!{reply.what}"), "?"))
    how = Paragraph((*_how(reply), f" · {age(reply.life)}"))
    return Document(Verdict.NONE, line(Mark(glyph), " ", *asked.title), (*asked.blocks, how))


def prompt_over(reply: PromptOver) -> Document:
    """Say that a prompt was not confirmed."""
    by = (" by ", Person(reply.by)) if reply.by else ()
    match reply.outcome:
        case Outcome.CANCELLED:
            words: Line = (Mark(Glyph.FAILED), " Cancelled", *by, " — ")
        case Outcome.WRONG_CODE:
            words = (Mark(Glyph.REFUSED), " Three wrong codes, left alone — ")
        case _:
            words = (Mark(Glyph.EXPIRED), " Expired, nothing done — ")
    return Document(Verdict.NONE, (*words, Code(f"!{reply.what}")))


def prompt_hint(reply: PromptHint) -> Document:
    """Say why an answer to a prompt did not count."""
    words = {
        Outcome.WRONG_CODE: f"That is not its code, {count(reply.tries_left, 'try')} left",
        Outcome.NEEDS_CODE: "That one takes the code: type yes and the four digits",
        Outcome.NEEDS_OTHER: "That one takes somebody else's word",
        Outcome.TOO_EARLY: f"Alone you wait {age(ALONE)} first",
    }.get(reply.outcome, "That did not count")
    return Document(
        Verdict.NONE,
        line(Mark(Glyph.REFUSED), f" {words} — ", Code(f"!{reply.what}")),
        (Paragraph(_id(reply.request)[1:]),),
    )


def unsure(reply: Unsure) -> Document:
    """Say that an action was cut off."""
    title = line(Mark(Glyph.UNKNOWN), " I was cut off in the middle of ", Code(f"!{reply.what}"))
    return Document(
        Verdict.UNKNOWN, title, (Paragraph(("Done or not is not known · look, then ask again", *_id(reply.request))),)
    )


def cut_off(reply: CutOff) -> Document:
    """Say that nothing came of an action."""
    title = line(Mark(Glyph.EXPIRED), " I was cut off before I began, nothing was changed — ", Code(f"!{reply.what}"))
    return Document(Verdict.NONE, title, (Paragraph(("Ask again if it is still wanted", *_id(reply.request))),))


def changed(reply: Changed) -> Document:
    """Say that what was confirmed is not what is there any more."""
    title = line(Mark(Glyph.REFUSED), " Changed since you were asked, so left alone — ", Code(f"!{reply.what}"))
    return Document(Verdict.NONE, title, (Paragraph(("Ask again to see what it is now", *_id(reply.request))),))


def nudge(reply: Nudge) -> Document:
    """Tell the one who asked that it is over."""
    glyph = Glyph.FAILED if reply.failed else Glyph.OK
    words = "failed" if reply.failed else f"done after {age(reply.took)}"
    verdict = Verdict.BAD if reply.failed else Verdict.OK
    return Document(verdict, line(Mark(glyph), " ", Code(f"!{reply.what}"), f" {words} — ", Person(reply.asker)))


def stranger_tried(reply: StrangerTried) -> Document:
    """Tell the room that somebody unknown tried."""
    title = line(Mark(Glyph.REFUSED), " ", Person(reply.who), " tried commands and is not in people")
    return Document(Verdict.WARN, title, (Paragraph(line("Not answered, in the audit trail · said once an hour")),))


def stranger_seen(reply: StrangerSeen) -> Document:
    """Tell the room who is in it unknown to the configuration."""
    title = line(Mark(Glyph.WARN), " ", Person(reply.who), " is here and in neither people nor bots")
    return Document(Verdict.WARN, title, (Paragraph(line("They read along and may do nothing · said once")),))


def _no(reply: Refusal) -> tuple[Line, Line]:
    verb = Code(f"!{reply.verb}")
    needs = reply.needs.value if reply.needs else "operator"
    match reply.reason:
        case Reason.ROLE:
            role = reply.role.value if reply.role else "nobody"
            return line(verb, f" needs role {needs}, you are {role}"), line(Code("!help"), " lists what you may do")
        case Reason.STALE:
            return line(f"That was {age(abs(reply.age))} ago: send it again"), line(verb, " was not run")
        case Reason.PUBLIC_ROOM:
            return line(verb, " is not run in a room that anybody may join"), line(
                "Make the room invite-only, with joined history, then ask again"
            )
        case Reason.PLAINTEXT:
            return line(verb, " came unencrypted into an encrypted room"), line(
                "Send it again from a client that encrypts"
            )
        case Reason.TOO_FAST:
            return line("Slow down, please"), line("Too many commands within a minute · ", verb, " was not run")
        case Reason.STRANGER | Reason.BOT:
            return line(verb, " is not for you"), line("Not in people")
        case _:
            assert_never(reply.reason)


def _how(reply: Prompt) -> Line:
    match reply.risk:
        case Risk.DANGEROUS if not reply.solo:
            return line("Someone else types: ", Code(f"yes {reply.code}"))
        case Risk.DANGEROUS:
            return line(f"In {age(ALONE)} type: ", Code(f"yes {reply.code}"))
        case Risk.AFFECTING:
            return line("Type: ", Code(f"yes {reply.code}"), ", or no")
        case _:
            return line("👍 to go, ", Mark(Glyph.FAILED), " to leave it")


def _id(request: str) -> Line:
    return line(" · id ", Code(request))
