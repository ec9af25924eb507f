"""`!silences`, `!silence`, `!silence extend`, `!silence expire`: what is muted, until when and by whom."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.command import ActionContext, Context, Plan, action, command
from bot.core import durations
from bot.core.durations import For
from bot.core.errors import UsageError
from bot.core.facts import Verdict
from bot.core.firing import FiringAlert
from bot.core.matchers import Matcher
from bot.core.names import UserId
from bot.core.policy import Risk
from bot.core.renewal import caps
from bot.core.silences import Silence, State, clocked, mark, pick, wish
from commands.muting import (
    CommentOption,
    DurationOption,
    MutePlan,
    Muting,
    loud_again,
    make,
    not_too_long,
    weigh,
    zone,
)
from commands.parameters import near


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
    cap: datetime | None = None
    """It lasts until what it mutes is resolved, and no longer than that; None: as long as the silence says."""


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
    cap: datetime | None = None
    """It lasts until what it mutes is resolved, and no longer than that; None: as long as the silence says."""
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
    found, firing, orders = await asyncio.gather(
        ctx.neighbours.alertmanager.silences(), ctx.neighbours.alertmanager.alerts(active=False), ctx.orders.all()
    )
    lasting = caps(orders, found)
    number = Counter(identity for alert in firing for identity in set(alert.muting.silenced_by))
    state = State.ACTIVE if which is Show.STALE else State(which.value)
    shown = [Muted(each, number[each.id], lasting.get(each.id)) for each in found if each.state is state]
    if which is Show.STALE:
        shown = [each for each in shown if not each.mutes]
    return SilenceList(ctx.clock(), ctx.settings.timezone, which, tuple(sorted(shown, key=_ending(which))))


def _readable(*what: str, duration: str | None = None, **_: object) -> None:
    wish(what, duration)


async def _would_silence(ctx: Context, *what: str, duration: str | None = None, **_: object) -> Plan:
    muting, close = await _weigh(ctx, what, duration)
    return Plan(MutePlan(muting, ctx.settings.timezone, close))


@action(
    "silence",
    summary="Mute alerts for a while",
    risk=Risk.REVERSIBLE,
    examples=(
        "!silence 2h PostgresDown -- new disk",
        '!silence until 16:00 namespace=data pod=~"postgres.*"',
        "!silence until resolved PostgresDown",
        "!silence PostgresDown -d 30m -c maintenance",
    ),
    repeatable=True,
    aliases=("silence add",),
    trailing="comment",
    check=_readable,
    preview=_would_silence,
)
async def silence(
    ctx: ActionContext, *what: str, duration: DurationOption = None, comment: CommentOption = ""
) -> Silenced:
    """Make a silence in Alertmanager, for an hour unless told otherwise; the words may stand in any order."""
    muting, close = await _weigh(ctx, what, duration)
    made = await make(ctx, muting, comment)
    ctx.undo_by("silence", "expire", made.id)
    return Silenced(muting.since, ctx.settings.timezone, made, muting.mutes, close, ctx.request.sender, muting.cap)


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
    known, now = pick(found, id), ctx.clock()
    # After a crash in the middle: it must not be moved by the same span again.
    if done := next((each for each in found if mark(ctx.action) in each.comment), None):
        return Extended(now, ctx.settings.timezone, known, done)
    asked = clocked(durations.read(" ".join(how_long)))
    until = durations.end(asked, known.ends_at if isinstance(asked, For) else now, zone(ctx))
    not_too_long(now, until)
    if known.state is State.EXPIRED:
        raise UsageError(f"silence {known.short} is over", hint="make it anew with !silence")
    later = await ctx.neighbours.alertmanager.extend(known.id, until, action=ctx.action)
    for card in await ctx.cards.burning():
        if card.muted and card.muted.silence == known.id:
            told = replace(card.muted, silence=later.id, until=later.ends_at, resolved=False)
            ctx.amend(card.key, lambda then, told=told: replace(then, muted=told))  # type: ignore[misc]
    return Extended(now, ctx.settings.timezone, known, later)


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
    await loud_again(ctx, chosen, loud)
    return Ended(tuple(chosen.values()), len(loud))


async def _weigh(ctx: Context, what: Sequence[str], duration: str | None) -> tuple[Muting, tuple[str, ...]]:
    """Return what would be muted; where it is nothing, also the names that were likely meant."""
    asked = wish(what, duration)
    muting = await weigh(ctx, asked.matchers, asked.duration)
    return muting, () if muting.mutes else await _near(ctx, asked.matchers)


async def _near(ctx: Context, matchers: Sequence[Matcher]) -> tuple[str, ...]:
    firing = await ctx.neighbours.alertmanager.alerts()
    typed = [matcher.value for matcher in matchers if matcher.name == "alertname" and matcher.is_equal]
    watchdog = ctx.settings.alerts.watchdog
    by_letters = {alert.name.casefold(): alert.name for alert in firing if alert.name != watchdog}
    close = near(typed[0].casefold(), tuple(by_letters)) if typed else ()
    return tuple(by_letters[each] for each in close)


def _ending(which: Show) -> Callable[[Muted], float]:
    if which is Show.EXPIRED:
        return lambda each: -each.silence.ends_at.timestamp()
    return lambda each: each.silence.ends_at.timestamp()
