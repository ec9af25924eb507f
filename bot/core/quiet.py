"""Quiet hours, like `22:00-07:00` or `sat-sun 00:00-24:00`: read from a line, and when they end; pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.core.errors import UsageError

_HINT = "write them like 22:00-07:00, mon-fri 20:00-08:00 or sat,sun 00:00-24:00"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_WEEK = 7 * _DAY
_LINE = re.compile(r"(?:([a-z,-]+)\s+)?(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)")


@dataclass(frozen=True, slots=True)
class Hours:
    """Quiet hours of some days of the week."""

    days: frozenset[int]
    """On which they begin; Monday is 0."""
    begin: int
    """Minutes after midnight, on the clock on the wall."""
    end: int
    """The same; 1440 is midnight, and what is not after the beginning is on the next day."""


def read(line: str) -> Hours:
    """Read a line of the configuration; raise UsageError."""
    match = _LINE.fullmatch(line.strip().lower().replace("–", "-"))
    if match is None:
        raise UsageError(f"“{line[:40]}” are no hours", hint=_HINT)
    begin, end = _minutes(match[2], match[3]), _minutes(match[4], match[5])
    if begin is None or end is None or begin == _DAY:
        raise UsageError(f"“{line[:40]}” holds no time of day", hint=_HINT)
    if begin == end:
        raise UsageError(f"“{line[:40]}” end when they begin", hint="the whole day is 00:00-24:00")
    return Hours(_days(match[1]) if match[1] else frozenset(range(7)), begin, end)


def never_end(hours: Sequence[Hours]) -> bool:
    """Tell whether no minute of the week is left in which anything could be told."""
    quiet = {
        (day * _DAY + minute) % _WEEK
        for each in hours
        for day in each.days
        for minute in range(each.begin, each.end if each.end > each.begin else each.end + _DAY)
    }
    return len(quiet) == _WEEK


def until(hours: Sequence[Hours], zone: str, now: datetime) -> datetime | None:
    """Return when the quiet hours end that it is now, those that follow at once included; None when it is not quiet."""
    end = now
    # Not for ever: what a change of the clocks joins to a whole week is told all the same.
    while end < now + timedelta(days=8):
        later = max((last for first, last in _spans(hours, zone, end) if first <= end < last), default=None)
        if later is None:
            break
        end = later
    return end if end > now else None


def _spans(hours: Iterable[Hours], zone: str, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Give beginning and end of the hours that may hold a moment: they began on its day or the one before."""
    today = now.astimezone(ZoneInfo(zone)).date()
    for day in (today - timedelta(days=1), today):
        midnight = datetime.combine(day, time(), ZoneInfo(zone))
        for each in hours:
            if day.weekday() in each.days:
                last = each.end if each.end > each.begin else each.end + _DAY
                yield _at(midnight, each.begin), _at(midnight, last)


def _at(midnight: datetime, minutes: int) -> datetime:
    # Added on the wall's clock, then compared in UTC: two moments of one zone would be compared by the wall's clock.
    return (midnight + timedelta(minutes=minutes)).astimezone(UTC)


def _minutes(hour: str, minute: str) -> int | None:
    total = int(hour) * 60 + int(minute)
    return total if int(minute) < 60 and total <= _DAY else None  # noqa: PLR2004 - minutes of an hour


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise UsageError(f"“{part[:20]}” is no day of the week", hint=_HINT)
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        found |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    return frozenset(found)
