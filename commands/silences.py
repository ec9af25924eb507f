"""`!silences`, `!silence`, `!silence extend`, `!silence expire`: what is muted, until when and by whom."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter

from bot.command import ActionContext, Context, action, command
from bot.core import durations
from bot.core.durations import For
from bot.core.errors import UsageError
from bot.core.facts import Verdict
from bot.core.firing import FiringAlert
from bot.core.matchers import Breadth, Matcher, too_broad
from bot.core.names import UserId
from bot.core.policy import Risk
from bot.core.silences import LONGEST, Silence, State, Wish, clocked, mark, pick, wish
from commands.parameters import near

DurationOption = Annotated[str | None, Parameter(name=["--duration", "-d"])]
CommentOption = Annotated[str, Parameter(name=["--comment", "-c"])]

_NOT_SO_BROAD = {
    Breadth.EVERYTHING: "that would mute everything",
    Breadth.WATCHDOG: "that would mute the Watchdog, which tells us that alerts get through",
}


class Show(StrEnum):
    """Which silences are asked for."""

    ACTIVE = "active"
    PENDING = "pending"
    EXPIRED = "expired"
    STALE = "stale"
    """Active, but muting nothing."""


@dataclass(frozen=True, slots=True)
class Muted:
    """A silence, and how many alerts it mutes now."""

    silence: Silence
    mutes: int


@dataclass(frozen=True, slots=True)
class SilenceList:
    """Silences of one sort."""

    as_of: datetime
    zone: str
    show: Show
    silences: tuple[Muted, ...]
    """The one that ends first before the others; of those that are over, the one that ended last."""


@dataclass(frozen=True, slots=True)
class Silenced:
    """That something is muted now."""

    as_of: datetime
    zone: str
    silence: Silence
    mutes: tuple[FiringAlert, ...]
    """What fired when it was made, and is muted by it."""
    near: tuple[str, ...]
    """Names of alerts that fire and are spelled almost so, where it mutes nothing."""
    by: UserId
    verdict: Verdict = Verdict.OK


@dataclass(frozen=True, slots=True)
class Extended:
    """That a silence lasts longer."""

    as_of: datetime
    zone: str
    before: Silence
    after: Silence
    verdict: Verdict = Verdict.OK


@dataclass(frozen=True, slots=True)
class Ended:
    """That silences are over."""

    silences: tuple[Silence, ...]
    loud: int
    """How many alerts fire that nothing else silences: they will be told again."""
    verdict: Verdict = Verdict.OK


@command(
    "silences",
    summary="What is muted, until when and by whom",
    examples=("!silences", "!silences stale", "!silences expired"),
    aliases=("silence list", "silence query"),
)
async def silences(ctx: Context, which: Show = Show.ACTIVE) -> SilenceList:
    """List the silences that are active, pending, expired, or stale: active and muting nothing."""
    found, firing = await asyncio.gather(
        ctx.neighbours.alertmanager.silences(), ctx.neighbours.alertmanager.alerts(active=False)
    )
    mutes = Counter(identity for alert in firing for identity in set(alert.muting.silenced_by))
    state = State.ACTIVE if which is Show.STALE else State(which.value)
    shown = [Muted(each, mutes[each.id]) for each in found if each.state is state]
    if which is Show.STALE:
        shown = [each for each in shown if not each.mutes]
    return SilenceList(ctx.clock(), ctx.settings.timezone, which, tuple(sorted(shown, key=_ending(which))))


def _readable(*what: str, duration: str | None = None, **_: object) -> None:
    _narrow(wish(what, duration))


@action(
    "silence",
    summary="Mute alerts for a while",
    risk=Risk.REVERSIBLE,
    examples=(
        "!silence 2h PostgresDown -- new disk",
        '!silence until 16:00 namespace=data pod=~"postgres.*"',
        "!silence PostgresDown -d 30m -c maintenance",
    ),
    repeatable=True,
    aliases=("silence add",),
    trailing="comment",
    check=_readable,
)
async def silence(
    ctx: ActionContext, *what: str, duration: DurationOption = None, comment: CommentOption = ""
) -> Silenced:
    """Make a silence in Alertmanager, for an hour unless told otherwise; the words may stand in any order."""
    asked = wish(what, duration)
    _narrow(asked)
    # Whole seconds, which Alertmanager gives back as they were.
    now = ctx.clock().replace(microsecond=0)
    until = durations.end(asked.duration, now, ZoneInfo(ctx.settings.timezone))
    _not_too_long(now, until)
    muted, firing = await asyncio.gather(
        ctx.neighbours.alertmanager.alerts(asked.matchers), ctx.neighbours.alertmanager.alerts()
    )
    if any(alert.name == "Watchdog" for alert in muted):
        raise _refused(Breadth.WATCHDOG)
    by = ctx.request.sender
    made = await ctx.neighbours.alertmanager.create_silence(
        asked.matchers, now, until, created_by=by, comment=comment, action=ctx.action
    )
    close = () if muted else _near(asked.matchers, firing)
    return Silenced(now, ctx.settings.timezone, made, muted, close, by)


def _readable_extension(_: str, *how_long: str) -> None:
    clocked(durations.read(" ".join(how_long)))


@action(
    "silence extend",
    summary="Let a silence last longer",
    risk=Risk.REVERSIBLE,
    examples=("!silence extend 1a2b3c4d 2h", "!silence extend 1a2b3c4d until 18:00"),
    repeatable=True,
    aliases=("silence update",),
    check=_readable_extension,
)
async def extend(ctx: ActionContext, id: str, *how_long: str) -> Extended:  # noqa: A002 - its usage
    """Move a silence's end in Alertmanager: so much later than it was, or to a time of day."""
    found = await ctx.neighbours.alertmanager.silences()
    known, now, zone = pick(found, id), ctx.clock(), ZoneInfo(ctx.settings.timezone)
    # After a crash in the middle: it must not be moved by the same span again.
    if done := next((each for each in found if mark(ctx.action) in each.comment), None):
        return Extended(now, zone.key, known, done)
    asked = clocked(durations.read(" ".join(how_long)))
    until = durations.end(asked, known.ends_at if isinstance(asked, For) else now, zone)
    _not_too_long(now, until)
    if known.state is State.EXPIRED:
        raise UsageError(f"silence {known.short} is over", hint="make it anew with !silence")
    later = await ctx.neighbours.alertmanager.extend(known.id, until, action=ctx.action)
    return Extended(now, zone.key, known, later)


@action(
    "silence expire",
    summary="End silences before their time",
    risk=Risk.REVERSIBLE,
    examples=("!silence expire 1a2b3c4d", "!unsilence PostgresDown"),
    repeatable=True,
    aliases=("silence del", "silence rm", "unsilence"),
)
async def expire(ctx: ActionContext, id: str, *more: str) -> Ended:  # noqa: A002 - its usage
    """End silences in Alertmanager; those that are over already stay over."""
    known, firing = await asyncio.gather(
        ctx.neighbours.alertmanager.silences(), ctx.neighbours.alertmanager.alerts(active=False)
    )
    # All are found before the first is ended: a slip in the third must not leave half of it done.
    chosen = {each.id: each for each in (pick(known, typed) for typed in (id, *more))}
    for identity in chosen:
        await ctx.neighbours.alertmanager.expire(identity)
    loud = [alert for alert in firing if alert.muting.silenced_by and set(alert.muting.silenced_by) <= chosen.keys()]
    return Ended(tuple(chosen.values()), len(loud))


def _narrow(asked: Wish) -> None:
    """Raise UsageError for what would hide too much."""
    if breadth := too_broad(asked.matchers):
        raise _refused(breadth)


def _refused(breadth: Breadth) -> UsageError:
    return UsageError(_NOT_SO_BROAD[breadth], hint="name an alert or a namespace: !silence 2h PostgresDown")


def _not_too_long(now: datetime, until: datetime) -> None:
    if until - now > LONGEST:
        raise UsageError(f"that is more than {LONGEST.days} days from now", hint="extend it again when it is nearer")


def _near(matchers: Sequence[Matcher], firing: Sequence[FiringAlert]) -> tuple[str, ...]:
    typed = [matcher.value for matcher in matchers if matcher.name == "alertname" and matcher.is_equal]
    by_letters = {alert.name.casefold(): alert.name for alert in firing if alert.name != "Watchdog"}
    close = near(typed[0].casefold(), tuple(by_letters)) if typed else ()
    return tuple(by_letters[each] for each in close)


def _ending(which: Show) -> Callable[[Muted], float]:
    if which is Show.EXPIRED:
        return lambda each: -each.silence.ends_at.timestamp()
    return lambda each: each.silence.ends_at.timestamp()
