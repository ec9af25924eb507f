"""The words of `!silences` and of what makes, extends and ends them."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.alerts import where
from bot.core.facts import Verdict
from bot.core.firing import FiringAlert
from bot.core.matchers import write
from bot.core.names import UserId
from bot.core.silences import Silence, State
from commands.silences import Ended, Extended, Muted, Show, Silenced, SilenceList
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, Person, line
from formatters.words import age, ago, count, moment

_SHOWN = 10
_NAMED = 5


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
    title = line(Mark(Glyph.SILENCED), " Silenced ", *_until(result.silence.ends_at, result), f" — {_how_many(result)}")
    blocks: list[Block] = [Paragraph(line(Code(write(result.silence.matchers))))]
    if result.mutes:
        blocks.append(Bullets(tuple(_named(alert) for alert in result.mutes[:_NAMED])))
    if (more := len(result.mutes) - _NAMED) > 0:
        blocks.append(Paragraph(line(f"…and {more} more")))
    if result.near:
        names = ", ".join(result.near)
        blocks.append(Paragraph(line("Nothing of that name fires. Near: ", Code(names))))
    undo = Code(f"!silence expire {result.silence.short}")
    blocks.append(Paragraph(line("by ", Person(result.by), *_why(result.silence), " · undo: ", undo)))
    return Document(result.verdict, title, tuple(blocks))


def extended(result: Extended) -> Document:
    """Say how much longer it lasts."""
    was = moment(result.before.ends_at, result.as_of, ZoneInfo(result.zone))
    title = line(
        Mark(Glyph.SILENCED), " Silence ", Code(result.after.short), " now ", *_until(result.after.ends_at, result)
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
        line(Code(silence.short), " ", *_when(silence, muted.mutes, result)),
        (line(Code(write(silence.matchers))), line("by ", by, *_why(silence))),
    )


def _when(silence: Silence, mutes: int, result: SilenceList) -> Iterator[str]:
    zone = ZoneInfo(result.zone)
    match result.show:
        case Show.EXPIRED:
            yield f"ended {ago(result.as_of - silence.ends_at)}"
        case Show.PENDING:
            begins, ends = (moment(at, result.as_of, zone) for at in (silence.starts_at, silence.ends_at))
            yield f"from {begins} until {ends}"
        case _:
            yield from _until(silence.ends_at, result)
            yield f" · mutes {mutes or 'nothing'}"


def _until(at: datetime, result: SilenceList | Silenced | Extended) -> tuple[str]:
    return (f"until {moment(at, result.as_of, ZoneInfo(result.zone))} ({age(at - result.as_of)})",)


def _how_many(result: Silenced) -> str:
    return f"mutes {count(len(result.mutes), 'alert')}" if result.mutes else "nothing of it fires now"


def _named(alert: FiringAlert) -> Item:
    place = where((alert,))
    return Item(line(Code(alert.name), f" — {place}" if place else ""))


def _why(silence: Silence) -> Line:
    return (f" · {silence.why}",) if silence.why else ()
