"""Quiet hours: which lines can be read, and when it is quiet, on the clock on the wall of the team's zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.errors import UsageError
from bot.core.quiet import Hours, never_end, read, until

LISBON = ZoneInfo("Europe/Lisbon")
WEEK = frozenset(range(7))


@pytest.mark.parametrize(
    ("line", "hours"),
    [
        ("22:00-07:00", Hours(WEEK, 1320, 420)),
        ("12:30-13:00", Hours(WEEK, 750, 780)),
        ("mon-fri 20:00-8:00", Hours(frozenset(range(5)), 1200, 480)),
        ("Sat,Sun 00:00 - 24:00", Hours(frozenset((5, 6)), 0, 1440)),
        ("fri-mon 18:00–06:00", Hours(frozenset((4, 5, 6, 0)), 1080, 360)),
        ("wed 00:00-00:30", Hours(frozenset((2,)), 0, 30)),
    ],
)
def test_hours_are_read(line: str, hours: Hours) -> None:
    assert read(line) == hours


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "“” are no hours"),
        ("at night", "“at night” are no hours"),
        ("22-7", "“22-7” are no hours"),
        ("22:00-24:01", "“22:00-24:01” holds no time of day"),
        ("22:60-07:00", "“22:60-07:00” holds no time of day"),
        ("08:00-08:00", "“08:00-08:00” end when they begin"),
        ("24:00-07:00", "“24:00-07:00” holds no time of day"),
        ("mo-fr 22:00-07:00", "“mo-fr” is no day of the week"),
        ("mon- 22:00-07:00", "“mon-” is no day of the week"),
    ],
)
def test_what_cannot_be_read_is_said(line: str, problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(line)

    assert raised.value.problem == problem


NIGHT, WEEKEND = "22:00-07:00", "sat-sun 00:00-24:00"


@pytest.mark.parametrize(
    ("lines", "now", "end"),
    [
        # Friday the 27th of November 2026.
        ((NIGHT,), "2026-11-27 21:59", None),
        ((NIGHT,), "2026-11-27 22:00", "2026-11-28 07:00"),
        ((NIGHT,), "2026-11-28 06:59", "2026-11-28 07:00"),
        ((NIGHT,), "2026-11-28 07:00", None),
        # The night that began on Friday is Friday's, though it is Saturday.
        (("fri 22:00-07:00",), "2026-11-28 06:00", "2026-11-28 07:00"),
        (("fri 22:00-07:00",), "2026-11-27 06:00", None),
        # What follows at once is one: Friday's night, the weekend, Sunday's night.
        ((NIGHT, WEEKEND), "2026-11-27 23:00", "2026-11-30 07:00"),
        ((NIGHT, WEEKEND), "2026-11-29 12:00", "2026-11-30 07:00"),
        ((WEEKEND,), "2026-11-29 23:59", "2026-11-30 00:00"),
        ((), "2026-11-27 23:00", None),
    ],
)
def test_it_is_quiet_until_they_end(lines: tuple[str, ...], now: str, end: str | None) -> None:
    found = until([read(line) for line in lines], "Europe/Lisbon", datetime.fromisoformat(now).replace(tzinfo=LISBON))

    assert found == (datetime.fromisoformat(end).replace(tzinfo=LISBON) if end else None)


def test_the_clock_on_the_wall_counts_also_when_it_is_changed() -> None:
    """On the 25th of October 2026 Lisbon's clocks went back at two: that night has ten hours."""
    hours = [read(NIGHT)]
    begins = datetime(2026, 10, 24, 21, tzinfo=UTC)

    assert until(hours, "Europe/Lisbon", begins - timedelta(minutes=1)) is None
    assert until(hours, "Europe/Lisbon", begins) == begins + timedelta(hours=10)


@pytest.mark.parametrize(
    ("lines", "never"),
    [
        ((NIGHT, WEEKEND), False),
        (("00:00-24:00",), True),
        (("22:00-07:00", "07:00-22:00"), True),
        (("07:00-22:00", "mon-sat 22:00-07:00", "sun 22:00-06:59"), False),
    ],
)
def test_hours_that_never_end_are_known(lines: tuple[str, ...], never: bool) -> None:
    assert never_end([read(line) for line in lines]) is never


def test_what_never_ends_is_not_asked_for_ever() -> None:
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)

    assert until([read("00:00-24:00")], "UTC", now)
