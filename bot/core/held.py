"""Why a card has no message of its own yet."""

from enum import StrEnum


class Held(StrEnum):
    """What holds a card back; what becomes urgent is not held any more."""

    NO = ""
    """It is told by its own message."""
    STORM = "storm"
    """Until it is calm: the storm's card counts it."""
    QUIET = "quiet"
    """Until the quiet hours are over."""
    NAMED = "named"
    """For good: it was over before its turn, and somebody else's message named it."""
