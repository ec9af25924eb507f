"""Silences until resolved: renewed while what they mute burns, ended once it is over; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.silences import Silence, State

SPAN = timedelta(minutes=15)
"""How far a renewal reaches: were the bot gone, what is muted would be told again after so long."""
EARLY = timedelta(minutes=10)
"""It is renewed once less than this is left, so that an Alertmanager which is away for some minutes loses none."""
CAP = timedelta(hours=24)
"""The longest, whatever burns: what was muted a day ago is on nobody's mind any more."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class UntilResolved:
    """A silence that lasts until what it mutes is over."""

    silence: str
    """Alertmanager's id of it."""
    until: datetime
    """The end it was last given; written down before it is given, so that a crash in between is made good."""
    cap: datetime
    """The end that it never passes."""


class Next(StrEnum):
    """What is to be done about one of them."""

    NOTHING = "nothing"
    RENEW = "renew"
    END = "end"
    FORGET = "forget"
    """It is over, or somebody gave it another end: from then on it is theirs."""


def due(order: UntilResolved, known: Silence | None, now: datetime, *, burns: bool, over: bool) -> Next:
    """Tell what is to be done; `known`: as Alertmanager has it, `over`: nothing of it has burned for long enough."""
    if known is None:
        # The other Alertmanager of a pair may not have heard of it yet.
        return Next.FORGET if now >= order.until else Next.NOTHING
    if known.state is State.EXPIRED or _is_theirs(order, known):
        return Next.FORGET
    if over:
        return Next.END
    if burns and known.ends_at < order.cap and known.ends_at - now < EARLY:
        return Next.RENEW
    return Next.NOTHING


def caps(orders: Iterable[UntilResolved], silences: Iterable[Silence]) -> dict[str, datetime]:
    """Return, by id, the silences that last until resolved, and the end that they never pass."""
    known = {order.silence: order for order in orders}
    return {
        each.id: known[each.id].cap for each in silences if each.id in known and not _is_theirs(known[each.id], each)
    }


def first_end(now: datetime) -> datetime:
    """Return when a silence until resolved ends unless it is renewed."""
    return now + SPAN


def next_end(order: UntilResolved, now: datetime) -> datetime:
    """Return the end that a renewal gives."""
    return min(now + SPAN, order.cap)


def _is_theirs(order: UntilResolved, known: Silence) -> bool:
    """Tell whether somebody extended it."""
    return known.ends_at - order.until > _SECOND
