"""Who may do what: roles, risk classes and rooms; pure, so that every case stands in a table of tests."""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum

STALE_AFTER = timedelta(minutes=5)
"""A command older than this when it arrives is answered, not run: the world has moved on (design §5)."""


class Role(StrEnum):
    """What a person is trusted with."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Risk(IntEnum):
    """How much harm a command can do, and so what it takes to run it (design §5)."""

    READ = 0
    """At once."""
    REVERSIBLE = 1
    """👍 or `yes` by the requester; `--yes` skips."""
    AFFECTING = 2
    """The prompt's code typed by the requester."""
    DANGEROUS = 3
    """The code typed by a second person; alone (access.solo): by the requester after 60 s."""


_RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.ADMIN: 2}
_NEEDS = {
    Risk.READ: Role.VIEWER,
    Risk.REVERSIBLE: Role.OPERATOR,
    Risk.AFFECTING: Role.OPERATOR,
    Risk.DANGEROUS: Role.OPERATOR,
}


class Reason(StrEnum):
    """Why something is refused; the words stand in the formatter."""

    STRANGER = "stranger"
    BOT = "bot"
    ROLE = "role"
    STALE = "stale"
    PUBLIC_ROOM = "public-room"
    PLAINTEXT = "plaintext"
    TOO_FAST = "too-fast"


@dataclass(frozen=True, slots=True)
class Attempt:
    """All that the decision depends on."""

    risk: Risk
    role: Role | None
    """None: not in `people`."""
    is_bot: bool
    age: timedelta
    """How old the command was when it arrived."""
    room_is_open: bool
    """Whether the room lets anybody join or read (unknown counts as open)."""
    plaintext_in_encrypted_room: bool
    recent: int
    """Commands of this person within the last minute, this one not counted."""
    per_minute: int
    skip_prompt: bool
    """`--yes` stood in the line."""
    least: Role = Role.VIEWER
    """What the command asks for, where that is more than its class does."""
    approves_itself: bool = False
    """What is done needs no other confirmation: one tap undoes it, or the shares of several people are one."""


@dataclass(frozen=True, slots=True)
class Allow:
    """Run it now."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Show a prompt and wait for the confirmation its risk demands."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Do not run it; `needs` names the role for `Reason.ROLE`."""

    reason: Reason
    needs: Role | None = None


Ruling = Allow | Ask | Refuse


def decide(attempt: Attempt) -> Ruling:
    """Rule on one attempt: default deny, then the checks from the cheapest certainty to the finest."""
    refusal = _refusal(attempt)
    if refusal:
        return refusal
    skips = attempt.risk is Risk.REVERSIBLE and attempt.skip_prompt
    return Allow() if attempt.risk is Risk.READ or attempt.approves_itself or skips else Ask()


def _refusal(attempt: Attempt) -> Refuse | None:  # noqa: PLR0911 - one way out per reason
    if attempt.is_bot:
        return Refuse(Reason.BOT)
    if attempt.role is None:
        return Refuse(Reason.STRANGER)
    if attempt.plaintext_in_encrypted_room:
        return Refuse(Reason.PLAINTEXT)
    if abs(attempt.age) > STALE_AFTER:
        return Refuse(Reason.STALE)
    if attempt.recent >= attempt.per_minute:
        return Refuse(Reason.TOO_FAST)
    if not may(attempt.role, attempt.risk, attempt.least):
        return Refuse(Reason.ROLE, needed(attempt.risk, attempt.least))
    if attempt.room_is_open and attempt.risk >= Risk.AFFECTING:
        return Refuse(Reason.PUBLIC_ROOM)
    return None


def may(role: Role, risk: Risk, least: Role = Role.VIEWER) -> bool:
    """Tell whether a role admits a command of a class that asks for a role of its own."""
    return _RANK[role] >= _RANK[needed(risk, least)]


def needed(risk: Risk, least: Role) -> Role:
    """Return the role that a command takes: what its class asks for, or it itself."""
    return max(_NEEDS[risk], least, key=_RANK.__getitem__)
