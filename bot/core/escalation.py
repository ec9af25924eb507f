"""What was asked of the second channel about a card, and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MOST_PAGES = 6
"""So often a card rings before the second channel is asked."""


class Cause(StrEnum):
    """Why a page goes another way than through the room."""

    UNDELIVERED = "undelivered"
    """The homeserver did not take it."""
    UNANSWERED = "unanswered"
    """It rang as often as it may, and nobody took it."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """An attempt to reach somebody by the second channel."""

    cause: Cause
    tried_at: datetime
    tries: int = 1
    done: bool = False
    """It went out, or there is no second channel: it is not tried again."""
