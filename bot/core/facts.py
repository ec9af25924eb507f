"""Verdicts, and answers that may be missing: "could not ask" is a value, never a green light."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a thing is; the word goes into the event for programs to read."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"
    NONE = "none"
    """Says nothing about health: help, an audit list, a refusal."""


# What an operator must see first. Not having asked outranks a warning: it may hide something worse.
_URGENCY = {Verdict.NONE: 0, Verdict.OK: 1, Verdict.WARN: 2, Verdict.UNKNOWN: 3, Verdict.BAD: 4}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the most urgent verdict; of nothing at all, `UNKNOWN`: an empty check is not a passed one."""
    return max(verdicts, key=_URGENCY.__getitem__, default=Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A question that got no answer, and why, in words for the room."""

    reason: str
