"""Counts, ages, sizes and times of day, said the same way everywhere."""

from datetime import datetime, timedelta, tzinfo

import humanize

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_KIB = 1024
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Say how many: "1 certificate", "3 certificates", "2 entries"; give a plural where English is odd."""
    return f"{humanize.intcomma(number)} {noun if number == 1 else plural or _plural(noun)}"


def age(span: timedelta) -> str:
    """Say how long, in one unit and never longer than it was: "3 ms", "40 s", "6 min", "90 min", "4 h", "3 d"."""
    seconds = int(span.total_seconds())
    if seconds <= 0:
        milliseconds = max(span, timedelta(0)) // timedelta(milliseconds=1)
        return f"{milliseconds} ms" if milliseconds else "0 s"
    # A larger unit from two of it on, so that "1 h" never hides 59 minutes; exactly one of it is said as one.
    for size_s, unit in _UNITS:
        if seconds >= 2 * size_s or seconds == size_s:
            return f"{seconds // size_s} {unit}"
    return f"{seconds} s"


def ago(span: timedelta) -> str:
    """Say how long since: "3 min ago"; less than a second, or a clock that runs ahead, is "just now"."""
    return f"{age(span)} ago" if span >= timedelta(seconds=1) else "just now"


def size(amount_bytes: int) -> str:
    """Say how much, in the powers of 1024 that Kubernetes counts in: "512 B", "4.7 GiB", "20 GiB"."""
    # humanize says "512 Bytes" and "20.0 GiB": longer than a phone's line can spare.
    if amount_bytes < _KIB:
        return f"{amount_bytes} B"
    return humanize.naturalsize(amount_bytes, binary=True).replace(".0 ", " ")


def clock(moment: datetime, zone: tzinfo) -> str:
    """Say the time of day where the team is: "14:02"; `moment` must be aware."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone has no time of day elsewhere")
    return moment.astimezone(zone).strftime("%H:%M")


def moment(at: datetime, now: datetime, zone: tzinfo) -> str:
    """Say when, with the day where it is another: "16:02", "tomorrow 09:00", "Mon 4 May 09:00", "4 May 2027 09:00"."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    days = (local.date() - today).days
    near = {0: "", 1: "tomorrow ", -1: "yesterday "}
    if days in near:
        return near[days] + clock(at, zone)
    # Not by strftime, whose names depend on the machine.
    day = f"{local.day} {_MONTHS[local.month - 1]}"
    if local.year != today.year:
        return f"{day} {local.year} {clock(at, zone)}"
    return f"{_WEEKDAYS[local.weekday()]} {day} {clock(at, zone)}"


def undo_words(action: str) -> str:
    """Return what takes an action back: as much of its id as tells it from the others of a quarter of an hour."""
    return f"!undo {action[:4]}"


def sparkle(*, plain: bool) -> str:
    """Return a little light for an opening or a closing, never for data or a critical page; nothing where `plain`."""
    return "" if plain else " ✨"


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in set("aeiou"):
        return f"{noun[:-1]}ies"
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return f"{noun}es"
    return f"{noun}s"
