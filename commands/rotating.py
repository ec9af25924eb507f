"""What every rotation shows: what is new, who picked it up, and what was restarted for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.core.facts import Verdict, worst
from bot.core.names import RequestId, UserId
from bot.core.syncs import Outcome, Sync
from commands.finding import Found
from commands.pickup import Pickup, sync_of


@dataclass(frozen=True, slots=True)
class RotationPlan:
    """What a rotation would touch."""

    what: str
    """The secret with its mount, or the database role."""
    key: str
    """Of a secret, which key of it; empty for a role."""
    syncs: tuple[Sync, ...]
    """Who picks it up."""
    warning: str
    """What people will feel; empty: nothing that is known."""


@dataclass(frozen=True, slots=True)
class RotationReport:
    """How far a rotation is, or how it ended."""

    what: str
    key: str
    version: int
    """Of the secret; 0: not written yet, or a role."""
    made: bool
    """Whether the new value is there."""
    pickup: Pickup
    by: UserId
    took: timedelta
    over: bool
    undo: RequestId | None

    @property
    def verdict(self) -> Verdict:
        """What is rotated and not picked up is worth a look: what runs has the old value."""
        if not self.over:
            return Verdict.NONE
        missed = not self.pickup.syncs or any(each.outcome is not Outcome.NEW for each in self.pickup.syncs)
        return worst((self.pickup.verdict, Verdict.WARN if missed else Verdict.OK))


def reading(known: Sequence[Found], path: str) -> tuple[Found, ...]:
    """Return the operator's objects that read a path of OpenBao, the mount before it."""
    return tuple(each for each in known if sync_of(each).path == path)
