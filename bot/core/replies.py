"""What the bot answers when it is not a command's own result: refusals, prompts, and things that went wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.core import confirmation
from bot.core.errors import NeighbourError
from bot.core.leaks import Leak
from bot.core.names import RequestId, UserId
from bot.core.once import Outcome
from bot.core.policy import Reason, Risk, Role


@dataclass(frozen=True, slots=True)
class Misread:
    """A line that was not understood."""

    problem: str
    hint: str
    near: tuple[str, ...]
    request: RequestId


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that its sender may not run, or not here, or not now."""

    verb: str
    reason: Reason
    role: Role | None
    needs: Role | None
    age: timedelta
    request: RequestId


@dataclass(frozen=True, slots=True)
class Failure:
    """A neighbour did not do what it was asked."""

    verb: str
    error: NeighbourError
    changes: bool
    """Whether it may have changed something all the same."""
    request: RequestId


@dataclass(frozen=True, slots=True)
class TookTooLong:
    """A command that did not end within its limit."""

    verb: str
    limit: timedelta
    changes: bool
    request: RequestId


@dataclass(frozen=True, slots=True)
class Broken:
    """A fault of our own; the log has the rest under the request id."""

    verb: str
    request: RequestId


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """The database cannot be written, so nothing is done."""

    verb: str
    request: RequestId


@dataclass(frozen=True, slots=True)
class Prompt:
    """Asks for the confirmation of an action."""

    what: str
    """The command as understood."""
    plan: Any
    """What it would touch, as its preview found out; None where there is none."""
    risk: Risk
    code: str
    requester: UserId
    others: tuple[UserId, ...]
    """Who may confirm besides, for what needs a second person."""
    solo: bool
    life: timedelta


@dataclass(frozen=True, slots=True)
class PromptOver:
    """A prompt that was not confirmed."""

    what: str
    outcome: confirmation.Outcome
    by: UserId | None


@dataclass(frozen=True, slots=True)
class PromptHint:
    """Says why an answer to a prompt did not count."""

    what: str
    outcome: confirmation.Outcome
    tries_left: int
    request: RequestId


@dataclass(frozen=True, slots=True)
class Unsure:
    """An action that was cut off: whether it happened is not known."""

    what: str
    request: RequestId


@dataclass(frozen=True, slots=True)
class CutOff:
    """An action that was cut off before it changed anything, and is not begun now."""

    what: str
    request: RequestId


@dataclass(frozen=True, slots=True)
class Changed:
    """What was confirmed is not what is there any more, so it was left alone."""

    what: str
    request: RequestId


@dataclass(frozen=True, slots=True)
class Nudge:
    """Tells the one who asked that long or failed work is over; the card has the rest."""

    what: str
    asker: UserId
    failed: bool
    took: timedelta


@dataclass(frozen=True, slots=True)
class StrangerTried:
    """Somebody who is not in `people` tried commands."""

    who: UserId
    as_of: datetime


@dataclass(frozen=True, slots=True)
class StrangerSeen:
    """A member of a room is in neither `people` nor `bots`."""

    who: UserId


@dataclass(frozen=True, slots=True)
class Whispered:
    """What became of a share that was typed to us alone."""

    outcome: Outcome
    removed: bool


@dataclass(frozen=True, slots=True)
class Leaked:
    """Somebody typed what others must not read."""

    leaks: tuple[Leak, ...]
    by: UserId
    removed: bool
    """Whether it could be taken out of the room."""
    request: RequestId
