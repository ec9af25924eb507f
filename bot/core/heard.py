"""What the homeserver told us, stripped to what the bot acts on."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.core.names import EventId, RoomId, UserId


class Sort(StrEnum):
    """Which kind of event was heard."""

    MESSAGE = "message"
    """m.text only: notices, edits and everything else are not heard."""
    REACTION = "reaction"
    """`body` is the emoji, `target` the event it was put on."""
    REDACTION = "redaction"
    """`target` is the event that was taken back."""
    NOTICE = "notice"
    """m.notice: kept for the words of known bots, never obeyed."""
    LEAK = "leak"
    """Something nobody should have typed, whatever kind of event it stood in: `body` says only what it was."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One timeline event of a room we are in, not our own."""

    event_id: EventId
    room: RoomId
    sender: UserId
    sort: Sort
    body: str
    sent_at: datetime
    """origin_server_ts, aware UTC: the sender's server's claim, not proof."""
    target: EventId | None = None
    """The event replied to, reacted to or redacted."""
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Confided:
    """A share that stood in an encrypted `!unseal SHARE`; its event is heard as a leak, without it."""

    event_id: EventId
    share: bytearray = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole before a room's timeline: fill it backwards from `prev_batch` to the `since` we asked with."""

    room: RoomId
    prev_batch: str


@dataclass(frozen=True, slots=True)
class Invite:
    """Somebody invites us into a room."""

    room: RoomId
    sender: UserId


@dataclass(frozen=True, slots=True)
class Batch:
    """One answer of /sync."""

    next_batch: str
    heard: tuple[Heard, ...]
    gaps: tuple[Gap, ...]
    invites: tuple[Invite, ...]
    unreadable: int = 0
    """Events that could not be parsed or decrypted: counted, never fatal."""
    changed: tuple[RoomId, ...] = ()
    """Rooms whose members or rules changed: what was known of them is old."""
    confided: tuple[Confided, ...] = ()
    """Only where the configuration lets people confide shares."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of /messages, newest first; `end` is None at the beginning of history."""

    heard: tuple[Heard, ...]
    end: str | None


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """An event of ours found in a room's history, by the key and revision it carries."""

    event_id: EventId
    key: str
    rev: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """What decides whether a room is fit for dangerous commands; each None where it could not be read."""

    join_rule: str | None
    """`invite`, `public`, `knock` …"""
    guest_access: str | None
    history_visibility: str | None
    encrypted: bool
    members: tuple[UserId, ...]

    @property
    def open_to_anybody(self) -> bool:
        """Whether somebody who was never let in may read along or join."""
        return (
            self.join_rule == "public" or self.guest_access == "can_join" or self.history_visibility == "world_readable"
        )
