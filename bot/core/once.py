"""One-time pages: who may give what, until when, and what became of it; the value itself is nowhere here."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core.names import UserId


class Want(StrEnum):
    """What a page asks for."""

    SHARE = "share"
    """A share of OpenBao's unseal key."""
    VALUE = "value"
    """A secret's new value."""


class Fate(StrEnum):
    """What became of what somebody gave."""

    COUNTED = "counted"
    """A share more."""
    OPENED = "opened"
    """The share that opened it."""
    REPEATED = "repeated"
    """The same share as before: it does not count twice."""
    WRONG = "wrong"
    """The shares did not fit together: one of them was wrong, and all are discarded."""
    MALFORMED = "malformed"
    """No share could look so: it was not used, and may be given again."""
    UNREACHABLE = "unreachable"
    """Nobody took it: it may be given again."""
    STORED = "stored"
    """A value that is written."""
    REFUSED = "refused"
    """A value that was not taken."""
    OVER = "over"
    """The page was used, is too old, or never was."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fate of a gift, with the count where there is one."""

    fate: Fate
    progress: int = 0
    threshold: int = 0

    @property
    def again(self) -> bool:
        """Whether the page may be used once more: nothing of it was used, or it is the share of somebody else."""
        return self.fate in {Fate.MALFORMED, Fate.UNREACHABLE, Fate.REPEATED}


@dataclass(frozen=True, slots=True)
class OncePage:
    """A page as its reader finds it."""

    person: UserId
    want: Want
    about: str
    """What it is for: `openbao-0`, `secret/messages DJANGO_SECRET_KEY`."""
    until: datetime
    outcome: Outcome | None
    """What became of it; None: it waits."""
