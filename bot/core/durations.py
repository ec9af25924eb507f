"""How long, as people type it: "2h", "1h30m", "2 hours", "until 16:00", "tomorrow 9:00", "until resolved"; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import Enum, StrEnum
from typing import TypeAlias

from bot.core.errors import UsageError

LONGEST = timedelta(days=365)
"""More is a slip of the thumb."""

_HINT = "write 2h, 1h30m, 2 hours, until 16:00 or tomorrow 9:00"
_CHARACTERS = 60
_WORDS = 8
"""The longest phrase: `for 1 day 2 hours and 30 minutes`."""

_SECOND, _MINUTE, _HOUR, _DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), _SECOND),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), _MINUTE),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), _HOUR),
    **dict.fromkeys(("d", "day", "days"), _DAY),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 7 * _DAY),
}
# Twelve and a half hours are 12.5h to some and 12,5h to others; a comma that parts two amounts has a unit before it.
_AMOUNT = re.compile(r"\s*(?:,|and\b)?\s*([0-9]{1,6}(?:[.,][0-9]{1,3})?)\s*([a-z]+)")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*(am|pm)?|([0-9]{1,2})\s*(am|pm)")
_UNTIL = ("until", "till", "til")
_BEGINNINGS = frozenset((*_UNTIL, "for", "today", "tomorrow"))
_RESOLVED = re.compile(r"(?:it is |it's |its )?(?:resolved|over)")
_NUMBER = re.compile(r"[0-9][0-9.,:]*[a-z]{0,3}")
_NOON = 12


class Day(StrEnum):
    """Which day a time of day is meant for."""

    NEXT = "next"
    """Whichever comes first."""
    TODAY = "today"
    TOMORROW = "tomorrow"


class Until(Enum):
    """Ends that no clock tells."""

    RESOLVED = "until resolved"


@dataclass(frozen=True, slots=True)
class For:
    """A span from now on."""

    span: timedelta


@dataclass(frozen=True, slots=True)
class At:
    """A time of day, where the team is."""

    time: time
    day: Day = Day.NEXT


Clocked: TypeAlias = For | At
Duration: TypeAlias = Clocked | Until


def read(text: str) -> Duration:
    """Read a whole phrase; raise UsageError."""
    words = " ".join(text.casefold().split())
    if not words or len(words) > _CHARACTERS:
        raise _unreadable(text)
    first, _, rest = words.partition(" ")
    if first in _UNTIL and _RESOLVED.fullmatch(rest):
        return Until.RESOLVED
    if first in _UNTIL:
        return _at(rest, text)
    if first in {Day.TODAY, Day.TOMORROW}:
        return _at(words, text)
    return _for(rest if first == "for" else words, text)


def leading(words: Sequence[str]) -> tuple[Duration, int] | None:
    """Return the duration that a line begins with and how many words it takes; None where none begins.

    Raises UsageError where one begins and cannot be read.
    """
    if not words or not _begins(words[0].casefold()):
        return None
    for length in range(min(_WORDS, len(words)), 0, -1):
        try:
            return read(" ".join(words[:length])), length
        except UsageError:
            continue
    read(" ".join(words[: 2 if words[0].casefold() in _BEGINNINGS else 1]))
    return None


def end(duration: Clocked, now: datetime, zone: tzinfo) -> datetime:
    """Return when it is over, aware UTC; raise UsageError for a time of today that has passed."""
    if isinstance(duration, For):
        return now + duration.span
    today = now.astimezone(zone).date()
    days = (0, 1) if duration.day is Day.NEXT else (int(duration.day is Day.TOMORROW),)
    # Compared in UTC: within one zone, Python compares what the clocks show and not what they mean.
    moments = (datetime.combine(today + ahead * _DAY, duration.time, zone).astimezone(UTC) for ahead in days)
    found = next((moment for moment in moments if moment > now), None)
    if found is None:
        raise UsageError(f"{duration.time:%H:%M} is over for today", hint=f"write tomorrow {duration.time:%H:%M}")
    return found


def _begins(word: str) -> bool:
    return word in _BEGINNINGS or _NUMBER.fullmatch(word) is not None


def _for(words: str, text: str) -> For:
    if words.isdecimal() and words.isascii():
        raise UsageError(f"“{words[:20]}” of what?", hint=f"give it a unit: {words[:6]}m, {words[:6]}h or {words[:6]}d")
    span, at = timedelta(0), 0
    while at < len(words):
        match = _AMOUNT.match(words, at)
        if match is None or match[2] not in _UNITS:
            raise _unreadable(text)
        span += float(match[1].replace(",", ".")) * _UNITS[match[2]]
        at = match.end()
    if not _SECOND <= span <= LONGEST:
        raise UsageError(f"“{text[:40]}” is too {'long' if span > LONGEST else 'short'}", hint=_HINT)
    return For(span)


def _at(words: str, text: str) -> At:
    first, _, rest = words.partition(" ")
    day = Day(first) if first in {Day.TODAY, Day.TOMORROW} else Day.NEXT
    clock = (words if day is Day.NEXT else rest).removeprefix("at ")
    if not clock:
        raise UsageError(f"“{text[:40]}”, but at what time?", hint="write until 16:00 or tomorrow 9:00")
    match = _CLOCK.fullmatch(clock)
    if match is None:
        raise _unreadable(text)
    return At(_time(int(match[1] or match[4]), int(match[2] or 0), match[3] or match[5], text), day)


def _time(hour: int, minute: int, half: str | None, text: str) -> time:
    if half and not 1 <= hour <= _NOON:
        raise _unreadable(text)
    if half:
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        raise _unreadable(text) from None


def _unreadable(text: str) -> UsageError:
    return UsageError(f"“{text[:40]}” is no duration", hint=_HINT)
