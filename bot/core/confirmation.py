"""Whether an answer confirms a proposal: bound to person, action, target and time; pure."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.names import EventId, Key, RequestId, RoomId, UserId
from bot.core.policy import Risk

LIFE = timedelta(seconds=120)
"""How long a prompt can be answered."""
UNDO = timedelta(minutes=15)
"""How long `!undo` takes an action back: later the world has moved on."""
ALONE = timedelta(seconds=60)
"""How long a team of one waits before it may confirm what is dangerous."""
TRIES = 3
"""Wrong codes that void a proposal."""

_YES = re.compile(r"(?:!)?(?:yes|confirm)(?:\s+(\d{4}))?", re.IGNORECASE)
_NO = re.compile(r"(?:!)?(?:no|cancel)", re.IGNORECASE)
_THUMBS = {"👍", "✅"}
_CROSSES = {"👎", "❌"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action that waits for its confirmation."""

    id: RequestId
    """Also the action's id, which every effect of it carries."""
    event: EventId
    """The message that asked."""
    room: RoomId
    requester: UserId
    verb: str
    tokens: tuple[str, ...]
    risk: Risk
    target: str
    """What exactly is meant, with the object's UID where there is one: a confirmation holds for nothing else."""
    code_hash: str
    tries: int
    boot: str
    """Which boot of the machine the two clocks below count from."""
    not_before: float
    """Monotonic seconds."""
    deadline: float
    """Monotonic seconds."""
    sent_at: datetime
    created_at: datetime
    """When it was stored, by the wall clock: the time that its effects carry."""
    about: Key | None = None
    """The message of ours that the request was about."""
    beneath: EventId | None = None
    """Where its answer belongs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody said to a prompt."""

    agrees: bool
    code: str | None = None
    tapped: bool = False
    """By a reaction: not authenticated even in an encrypted room, so enough for class 1 only (research §0.8)."""


class Outcome(StrEnum):
    """What an answer comes to."""

    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    WRONG_CODE = "wrong-code"
    NEEDS_CODE = "needs-code"
    NEEDS_OTHER = "needs-other"
    """Somebody else must type it."""
    TOO_EARLY = "too-early"
    IGNORED = "ignored"
    """Not this person's to answer."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, by the clock that does not jump."""

    monotonic: float
    boot: str


def heard_as_answer(body: str) -> Answer | None:
    """Read `yes`, `yes 4821` or `no`; None when the words are something else."""
    words = body.strip()
    if match := _YES.fullmatch(words):
        return Answer(agrees=True, code=match[1])
    return Answer(agrees=False) if _NO.fullmatch(words) else None


def tapped_as_answer(emoji: str) -> Answer | None:
    """Read a reaction; None when it means nothing."""
    # Clients add a variation selector or a skin tone to what is the same thumb.
    bare = re.sub("[\ufe0f\U0001f3fb-\U0001f3ff]", "", emoji)
    if bare in _THUMBS | _CROSSES:
        return Answer(agrees=bare in _THUMBS, tapped=True)
    return None


def code_hash(proposal: str, code: str) -> str:
    """Return what is kept of a code: worthless for any other proposal."""
    return hashlib.sha256(f"{proposal}|{code}".encode()).hexdigest()


def expired(proposal: Proposal, now: Moment) -> bool:
    """Tell whether a prompt's time is over; jumps of the wall clock do not matter, and a reboot ends every prompt.

    Only the machine's own count of seconds is believed, and that begins anew with each start.
    """
    return proposal.boot != now.boot or now.monotonic >= proposal.deadline


def judge(proposal: Proposal, answer: Answer, sender: UserId, now: Moment, *, may_act: bool, solo: bool) -> Outcome:
    """Decide what an answer does to a pending proposal; `may_act`: the sender's role admits actions."""
    # Who lost the right to act since may still leave it.
    if not may_act and (answer.agrees or sender != proposal.requester):
        return Outcome.IGNORED
    if expired(proposal, now):
        return Outcome.EXPIRED
    if not answer.agrees:
        return Outcome.CANCELLED
    return _judge_consent(proposal, answer, sender, now, solo=solo)


def _judge_consent(proposal: Proposal, answer: Answer, sender: UserId, now: Moment, *, solo: bool) -> Outcome:
    own = sender == proposal.requester
    if proposal.risk is Risk.DANGEROUS and own and not solo:
        return Outcome.NEEDS_OTHER
    if not own and (proposal.risk is not Risk.DANGEROUS or solo):
        return Outcome.IGNORED
    if proposal.risk >= Risk.AFFECTING:
        if answer.tapped or answer.code is None:
            return Outcome.NEEDS_CODE
        if not hmac.compare_digest(code_hash(proposal.id, answer.code), proposal.code_hash):
            return Outcome.WRONG_CODE
    if proposal.risk is Risk.DANGEROUS and solo and now.monotonic < proposal.not_before:
        return Outcome.TOO_EARLY
    return Outcome.CONFIRMED
