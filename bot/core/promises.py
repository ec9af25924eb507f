"""How long a promised message may wait; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.message import Priority
from bot.core.names import Key, RoomId

CRITICAL = timedelta(seconds=60)
OTHER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is promised and not delivered yet."""

    room: RoomId
    key: Key
    rev: int
    priority: Priority
    since: datetime


def late(waiting: Iterable[Waiting], now: datetime, answers_since: datetime | None) -> tuple[Waiting, ...]:
    """Return what waits longer than it may; none while the homeserver does not answer (None).

    While it was away nothing could be delivered, so that time is not counted.
    """
    if answers_since is None:
        return ()
    return tuple(each for each in waiting if now - max(each.since, answers_since) > deadline(each.priority))


def deadline(priority: Priority) -> timedelta:
    """Return how long a message may wait."""
    return CRITICAL if priority is Priority.CRITICAL else OTHER
