"""The real time: the clock of everything simulated that was not given another."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present moment, aware."""


def now_utc() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)
