"""Counts, ages and sizes, as a table of what is said."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from formatters.words import age, ago, clock, count, moment, size, sparkle


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "certificate", "0 certificates"),
        (1, "certificate", "1 certificate"),
        (3, "certificate", "3 certificates"),
        (12_345, "line", "12,345 lines"),
        (2, "entry", "2 entries"),
        (2, "key", "2 keys"),
        (2, "ingress", "2 ingresses"),
        (2, "patch", "2 patches"),
    ],
)
def test_count(number: int, noun: str, said: str) -> None:
    assert count(number, noun) == said


def test_count_takes_a_plural_that_english_makes_up() -> None:
    assert count(2, "person", "people") == "2 people"
    assert count(1, "person", "people") == "1 person"


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=-5), "0 s"),
        (timedelta(milliseconds=3), "3 ms"),
        (timedelta(seconds=1.9), "1 s"),
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(seconds=90), "90 s"),
        (timedelta(minutes=6, seconds=59), "6 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(minutes=80), "80 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=4, minutes=59), "4 h"),
        (timedelta(days=1), "1 d"),
        (timedelta(hours=30), "30 h"),
        (timedelta(days=3, hours=23), "3 d"),
        (timedelta(days=400), "400 d"),
    ],
)
def test_age(span: timedelta, said: str) -> None:
    assert age(span) == said


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(milliseconds=900), "just now"),
        (timedelta(seconds=-30), "just now"),
    ],
)
def test_ago(span: timedelta, said: str) -> None:
    assert ago(span) == said


@pytest.mark.parametrize(
    ("amount_bytes", "said"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (20 * 2**30, "20 GiB"),
        (int(4.7 * 2**30), "4.7 GiB"),
    ],
)
def test_size(amount_bytes: int, said: str) -> None:
    assert size(amount_bytes) == said


def test_clock_is_the_time_where_the_team_is() -> None:
    moment = datetime(2026, 7, 1, 13, 2, tzinfo=UTC)

    assert clock(moment, ZoneInfo("Europe/Lisbon")) == "14:02"
    assert clock(moment, timezone(timedelta(hours=-5))) == "08:02"


def test_clock_refuses_a_moment_without_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        clock(datetime(2026, 7, 1, 13, 2), UTC)  # noqa: DTZ001 - the very thing that is refused


def test_plain_does_not_sparkle() -> None:
    assert sparkle(plain=False) == " ✨"
    assert sparkle(plain=True) == ""


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 5, 1, 15, 2, tzinfo=UTC), "16:02"),
        (datetime(2026, 5, 1, 23, 30, tzinfo=UTC), "tomorrow 00:30"),
        (datetime(2026, 4, 30, 14, 0, tzinfo=UTC), "yesterday 15:00"),
        (datetime(2026, 5, 4, 8, 0, tzinfo=UTC), "Mon 4 May 09:00"),
        (datetime(2027, 5, 4, 8, 0, tzinfo=UTC), "4 May 2027 09:00"),
    ],
)
def test_a_moment_names_its_day_where_it_is_another(at: datetime, said: str) -> None:
    assert moment(at, datetime(2026, 5, 1, 14, 0, tzinfo=UTC), ZoneInfo("Europe/Lisbon")) == said
