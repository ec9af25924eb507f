"""The audit trail's rows and the chain that ties each to the one before; pure."""

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum

GENESIS = "0" * 64
"""What the first row calls its predecessor's hash."""


class Phase(StrEnum):
    """Which moment of an action a row records."""

    INTENT = "intent"
    """Written before anything is done; without it nothing is."""
    OUTCOME = "outcome"
    REFUSED = "refused"
    PROMPTED = "prompted"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is recorded: words and ids only, never a secret's value."""

    at: str
    """ISO 8601, UTC."""
    request: str
    phase: Phase
    actor: str
    """The Matrix ID."""
    room: str
    command: str
    """The verb and its arguments as understood; of a refused line the verb alone."""
    risk: int
    result: str = ""
    """A verdict or a reason, one word or two."""


@dataclass(frozen=True, slots=True)
class Link:
    """A row of the trail as stored."""

    seq: int
    entry: Entry
    previous: str
    hash: str


def chain(previous: str, seq: int, entry: Entry) -> str:
    """Return the hash of a row: SHA-256 over its predecessor's hash, its number and its canonical JSON."""
    canonical = json.dumps(asdict(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{seq}\n{canonical}".encode()).hexdigest()


def broken_at(links: tuple[Link, ...]) -> int | None:
    """Return the number of the first row of the whole trail that does not follow from the one before; None: it holds.

    Rows missing at the end are not found, since nothing follows from them: keep what `!audit` told the room.
    """
    previous, seq = GENESIS, 0
    for link in links:
        follows = link.previous == previous and link.seq == seq + 1
        if not follows or chain(link.previous, link.seq, link.entry) != link.hash:
            return link.seq
        previous, seq = link.hash, link.seq
    return None
