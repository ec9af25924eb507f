"""Moments as neighbours write them: RFC 3339 text, or seconds since 1970."""

from datetime import UTC, datetime


def moment(text: object) -> datetime | None:
    """Return the aware UTC moment of an RFC 3339 text; None for anything else, an empty one included."""
    if not isinstance(text, str) or not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def epoch(value: object) -> datetime | None:
    """Return the moment of whole seconds since 1970, given as a number or as text; None for 0 and anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        seconds = int(value)
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None
