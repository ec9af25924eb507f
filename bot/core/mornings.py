"""When the digest is due: once a day, at its hour in the room's zone, and not in the evening; pure."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_LATEST = timedelta(hours=2)
"""After an outage of so long it is no digest of the morning any more."""


def due(at: time, zone: str, last: date | None, now: datetime) -> date | None:
    """Return the day whose digest is due now, None when none is."""
    local = now.astimezone(ZoneInfo(zone))
    today = local.date()
    since = now - datetime.combine(today, at, ZoneInfo(zone))
    return today if last != today and timedelta(0) <= since < _LATEST else None
