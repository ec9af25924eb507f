"""Too much at once for a card each: when one storm card counts it instead, and what that card says; pure."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.alerts import Card, Member, Severity
from bot.core.names import Key, RoomId
from bot.core.webhook import Status

MOST = 8
"""New groups within the window that have a card each; one more is a storm."""
CALM = 2
"""So many windows long it must have been calm before a storm is over."""
# What everything else stands on: a sealed OpenBao or a node that is gone takes the rest with it.
_CAUSES = re.compile(r"sealed|node\w*?(notready|unreachable|down)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Storm:
    """Many new groups in one room, from the first of them until it is calm."""

    key: Key
    room: RoomId
    since: datetime
    """When the first of its groups came."""
    over_at: datetime | None = None
    told: str = ""
    """What its card last said; empty: nothing yet."""
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Struck:
    """One group of a storm, as much of it as is counted."""

    name: str
    namespace: str
    """Empty: its alerts have none in common."""
    severity: Severity
    alerts: int
    burns: bool
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class StormCard:
    """A storm as it is to be told now."""

    storm: Storm
    groups: tuple[Struck, ...]
    """All that came since it began, also those with a card of their own; oldest first."""
    cause: Member | None
    """What burned before all this and may be why."""
    zone: str


def breaks_out(earlier: Sequence[datetime]) -> bool:
    """Tell whether one more new group is a storm; `earlier`: when those before it in the window came."""
    return len(earlier) >= MOST


def begun(card: Card, earlier: Sequence[datetime]) -> Storm:
    """Return the storm that a card sets off; its key follows from the card's, so that it is one however often made."""
    digest = hashlib.sha256(card.key.encode()).hexdigest()[:24]
    return Storm(Key(f"storm:{digest}"), card.room, min((*earlier, card.opened_at)))


def calm(opened: Sequence[datetime], window: timedelta) -> bool:
    """Tell whether a storm is over; `opened`: when groups came in the last `CALM` windows, oldest first."""
    return not any(last - first < window for first, last in zip(opened, opened[MOST - 1 :], strict=False))


def just_told(storm: Storm, now: datetime, pause: timedelta) -> bool:
    """Tell whether its card is too new to be edited: an outbreak needs what the homeserver lets pass for what rings."""
    return bool(storm.told) and storm.told_at is not None and timedelta(0) <= now - storm.told_at < pause


def suspected(names: Iterable[str]) -> bool:
    """Tell whether alerts of these names could be what others follow from."""
    return any(_CAUSES.search(name) for name in names)


def cause(cards: Iterable[Card], storm: Storm) -> Member | None:
    """Return the first that burned of what others follow from, if it did so before the storm."""
    members = (member for card in cards for member in card.members if member.status is Status.FIRING)
    earlier = [each for each in members if suspected((each.name,)) and each.starts_at <= storm.since]
    return min(earlier, key=lambda each: each.starts_at, default=None)
