"""How the bot itself is: whether it is fit to serve, in named parts, and what it says of itself in the room."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.facts import Unknown
from bot.core.names import UserId


@dataclass(frozen=True, slots=True)
class Check:
    """One part that must hold; `words` say how it stands, in ours only, since anybody may read them."""

    ok: bool
    words: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """All parts by name: `database`, `sync`, `outbox` and the like."""

    checks: Mapping[str, Check]

    @property
    def ready(self) -> bool:
        """Whether every part holds; of no part at all, False: an empty check is not a passed one."""
        return bool(self.checks) and all(check.ok for check in self.checks.values())

    @property
    def lacking(self) -> dict[str, str]:
        """What does not hold, and how it stands."""
        return {name: check.words for name, check in self.checks.items() if not check.ok}


@dataclass(frozen=True, slots=True)
class OutboxState:
    """What waits to be delivered."""

    waiting: int
    oldest: timedelta
    """Age of the oldest waiting parcel; zero when none waits."""


@dataclass(frozen=True, slots=True)
class SelfReport:
    """The bot's own health, for `!ping` and the last lines of `!status`."""

    version: str
    started: datetime
    outbox: OutboxState
    sync_age: timedelta | None
    """Since the last answer of /sync; None before the first."""
    database: Unknown | None
    """Why the database cannot be written, if so."""
    strangers: tuple[UserId, ...]
    """Members of our rooms who are in neither `people` nor `bots`."""
