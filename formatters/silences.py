"""The words of `!silences` and of what makes, extends and ends them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.ending import SilenceEnds
from bot.core.facts import Verdict
from bot.core.matchers import write
from bot.core.names import UserId
from bot.core.renewal import CAP
from bot.core.silences import Silence, State
from commands.silences import Ended, Extended, Muted, Show, Silenced, SilenceList
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, Person, line
from formatters.muting import close, named
from formatters.words import age, ago, clock, count, moment

_SHOWN = 10


def silence_list(result: SilenceList) -> Document:
    """Say what is muted, by whom and until when."""
    blocks: list[Block] = []
    if shown := result.silences[:_SHOWN]:
        blocks.append(Bullets(tuple(_listed(each, result) for each in shown)))
    if more := len(result.silences) - _SHOWN:
        blocks += [Paragraph(line(f"…and {more} more"))] if more > 0 else []
    if result.silences and result.show is Show.STALE:
        first = result.silences[0].silence.short
        blocks.append(Paragraph(line("next: ", Code(f"!silence expire {first}"))))
    verdict = Verdict.WARN if result.show is Show.STALE and result.silences else Verdict.NONE
    return Document(verdict, _title(result), tuple(blocks))


def silenced(result: Silenced) -> Document:
    """Say what is muted from now on, how much of it fires, and how to undo it."""
    until = f"until resolved ({age(CAP)} at most)" if result.cap else _until(result.silence.ends_at, result)
    title = line(Mark(Glyph.SILENCED), f" Silenced {until} — {_how_many(result)}")
    blocks: list[Block] = [Paragraph(line(Code(write(result.silence.matchers))))]
    blocks += named(result.mutes)
    if result.near:
        blocks.append(close(result.near))
    undo = Code(f"!silence expire {result.silence.short}")
    blocks.append(Paragraph(line("by ", Person(result.by), *_why(result.silence), " · undo: ", undo)))
    return Document(result.verdict, title, tuple(blocks))


def extended(result: Extended) -> Document:
    """Say how much longer it lasts."""
    was = moment(result.before.ends_at, result.as_of, ZoneInfo(result.zone))
    title = line(
        Mark(Glyph.SILENCED), " Silence ", Code(result.after.short), f" now {_until(result.after.ends_at, result)}"
    )
    below = line(Code(write(result.after.matchers)), f" · was until {was}")
    return Document(result.verdict, title, (Paragraph(below),))


def ended(result: Ended) -> Document:
    """Say what is told again."""
    number = len(result.silences)
    what: Line = ("Silence ", Code(result.silences[0].short)) if number == 1 else (count(number, "silence"),)
    muted = "it muted nothing" if number == 1 else "they muted nothing"
    loud = f"{count(result.loud, 'alert')} will be told again" if result.loud else f"{muted} that fires"
    items = tuple(_over(each) for each in result.silences[:_SHOWN])
    return Document(result.verdict, line(Mark(Glyph.OK), " ", *what, f" ended — {loud}"), (Bullets(items),))


def silence_ends(result: SilenceEnds) -> Document:
    """Say what is about to be told again, and how to mute it for longer."""
    silence = result.silence
    end = clock(result.at, ZoneInfo(result.zone))
    again = f"{count(len(result.alerts), 'alert')} will be told again"
    title = line(Mark(Glyph.SILENCED), f" A silence ends in {age(result.at - result.as_of)}, at {end} — {again}")
    more = Code(f"!silence extend {silence.short} 2h")
    below = line("by ", Person(UserId(silence.created_by)), *_why(silence), " · longer: ", more)
    return Document(Verdict.NONE, title, (*named(result.alerts), Paragraph(below)))


def _over(silence: Silence) -> Item:
    before = " · was over already" if silence.state is State.EXPIRED else ""
    return Item(line(Code(silence.short), " ", Code(write(silence.matchers)), before))


def _title(result: SilenceList) -> Line:
    number = len(result.silences)
    match result.show:
        case Show.STALE if number:
            return line(Mark(Glyph.WARN), f" {count(number, 'silence')} {'mutes' if number == 1 else 'mute'} nothing")
        case Show.STALE:
            return line(Mark(Glyph.INFO), " No silence is stale: each mutes something")
        case Show.ACTIVE if number:
            muted = sum(each.mutes for each in result.silences)
            return line(Mark(Glyph.SILENCED), f" {count(number, 'silence')} active — muting {count(muted, 'alert')}")
        case show:
            some = count(number, "silence") if number else "No silence"
            return line(Mark(Glyph.INFO), f" {some} {show.value}")


def _listed(muted: Muted, result: SilenceList) -> Item:
    silence = muted.silence
    by = Person(UserId(silence.created_by))
    return Item(
        line(Code(silence.short), f" {_when(muted, result)}"),
        (line(Code(write(silence.matchers))), line("by ", by, *_why(silence))),
    )


def _when(muted: Muted, result: SilenceList) -> str:
    silence, zone = muted.silence, ZoneInfo(result.zone)
    match result.show:
        case Show.EXPIRED:
            return f"ended {ago(result.as_of - silence.ends_at)}"
        case Show.PENDING:
            begins, ends = (moment(at, result.as_of, zone) for at in (silence.starts_at, silence.ends_at))
            return f"from {begins} until {ends}"
        case _ if muted.cap:
            until = f"until resolved, {moment(muted.cap, result.as_of, zone)} at the latest"
        case _:
            until = _until(silence.ends_at, result)
    return f"{until} · mutes {muted.mutes or 'nothing'}"


def _until(at: datetime, result: SilenceList | Silenced | Extended) -> str:
    return f"until {moment(at, result.as_of, ZoneInfo(result.zone))} ({age(at - result.as_of)})"


def _how_many(result: Silenced) -> str:
    return f"mutes {count(len(result.mutes), 'alert')}" if result.mutes else "nothing of it fires now"


def _why(silence: Silence) -> Line:
    return (f" · {silence.why}",) if silence.why else ()
