"""What all that mutes has in common: what it would mute is asked first, and what hides too much is refused."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter

from bot.command import ActionContext, Context
from bot.core import alerts, durations
from bot.core.alerts import Card
from bot.core.durations import Duration, Until
from bot.core.errors import UsageError
from bot.core.firing import FiringAlert
from bot.core.matchers import Breadth, Matcher, all_hold, too_broad
from bot.core.paging import muted
from bot.core.renewal import CAP, UntilResolved, first_end
from bot.core.silences import LONGEST, Silence, State, possible
from bot.core.truth import identity

DurationOption = Annotated[str | None, Parameter(name=["--duration", "-d"])]
CommentOption = Annotated[str, Parameter(name=["--comment", "-c"])]
"""amtool's flags."""

_NOT_SO_BROAD = {
    Breadth.EVERYTHING: "that would mute everything",
    Breadth.WATCHDOG: "that would mute the Watchdog, which tells us that alerts get through",
}


@dataclass(frozen=True, slots=True)
class Muting:
    """What a silence would be, and what it would mute as things stand."""

    matchers: tuple[Matcher, ...]
    since: datetime
    until: datetime
    cap: datetime | None
    """It lasts until what it mutes is resolved, and no longer than that; None: until its end."""
    mutes: tuple[FiringAlert, ...]


@dataclass(frozen=True, slots=True)
class MutePlan:
    """What a silence that is asked for would mute."""

    muting: Muting
    zone: str
    near: tuple[str, ...] = ()
    """Names of alerts that fire and are spelled almost so, where it mutes nothing."""
    card: Card | None = None
    """The card it is about."""
    others: tuple[FiringAlert, ...] = ()
    """What it would mute that is not on that card."""


async def weigh(ctx: Context, matchers: Sequence[Matcher], duration: Duration) -> Muting:
    """Find out what a silence would mute; raise UsageError where it would hide too much or cannot be."""
    watchdog = ctx.settings.alerts.watchdog
    if breadth := too_broad(matchers, watchdog):
        raise _refused(breadth)
    # Whole seconds, which Alertmanager gives back as they were.
    now = ctx.clock().replace(microsecond=0)
    until = _end(ctx, possible(duration), now)
    found = await ctx.neighbours.alertmanager.alerts(matchers)
    if any(alert.name == watchdog for alert in found):
        raise _refused(Breadth.WATCHDOG)
    if isinstance(duration, Until) and not found:
        raise UsageError("nothing of it fires, so it cannot be over", hint="give it a time, like 2h or until 16:00")
    return Muting(tuple(matchers), now, until, now + CAP if isinstance(duration, Until) else None, found)


async def make(ctx: ActionContext, muting: Muting, comment: str) -> Silence:
    """Make the silence in Alertmanager, have it renewed where it lasts until resolved, and tell the cards it mutes."""
    made = await ctx.neighbours.alertmanager.create_silence(
        muting.matchers,
        muting.since,
        muting.until,
        created_by=ctx.request.sender,
        comment=comment,
        action=ctx.action,
    )
    if muting.cap:
        ctx.renew(UntilResolved(made.id, made.ends_at, muting.cap))
    if made.state is not State.EXPIRED:
        told = alerts.Muted(made.id, ctx.request.sender, made.ends_at, made.why, muting.cap is not None)
        await _tell_cards(ctx, muting, told)
    return made


async def loud_again(ctx: ActionContext, silences: Collection[str], loud: Collection[FiringAlert]) -> None:
    """Tell the cards that something of theirs is no longer held back by these silences, nor by any other."""
    marks = set(map(identity, loud))
    for card in await ctx.cards.burning():
        holds = card.muted is not None and card.muted.silence in silences
        if holds and any(member.fingerprint in marks for member in card.counted):
            ctx.amend(card.key, lambda now: replace(now, muted=None))


def not_too_long(now: datetime, until: datetime) -> None:
    """Raise UsageError for an end that is too far away."""
    if until - now > LONGEST:
        raise UsageError(f"that is more than {LONGEST.days} days from now", hint="extend it again when it is nearer")


def zone(ctx: Context) -> ZoneInfo:
    """Return the time zone that people mean."""
    return ZoneInfo(ctx.settings.timezone)


def _end(ctx: Context, duration: Duration, now: datetime) -> datetime:
    if isinstance(duration, Until):
        return first_end(now)
    until = durations.end(duration, now, zone(ctx))
    not_too_long(now, until)
    return until


async def _tell_cards(ctx: ActionContext, muting: Muting, told: alerts.Muted) -> None:
    """Note on each card of which it holds back all that burns, unless something else does so for longer."""
    for card in await ctx.cards.burning():
        longer = card.muted and muted(card, muting.since) and card.muted.until >= told.until
        if not longer and all(all_hold(muting.matchers, member.labels) for member in card.counted):
            ctx.amend(card.key, lambda now: replace(now, muted=told))


def _refused(breadth: Breadth) -> UsageError:
    return UsageError(_NOT_SO_BROAD[breadth], hint="name an alert or a namespace: !silence 2h PostgresDown")
