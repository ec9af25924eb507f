"""Durations as people type them on a phone, and the moments they end at."""

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.durations import At, Day, Duration, For, Until, end, leading, read
from bot.core.errors import UsageError

LISBON = ZoneInfo("Europe/Lisbon")
NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
"""15:00 in Lisbon."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2h", For(2 * HOUR)),
        ("2H", For(2 * HOUR)),
        ("90m", For(90 * MINUTE)),
        ("1h30m", For(90 * MINUTE)),
        ("1d12h", For(36 * HOUR)),
        ("1w", For(7 * DAY)),
        ("45s", For(timedelta(seconds=45))),
        ("1.5h", For(90 * MINUTE)),
        ("1,5h", For(90 * MINUTE)),
        ("2 hours", For(2 * HOUR)),
        ("1 hour 30 minutes", For(90 * MINUTE)),
        ("1 hour and 30 min", For(90 * MINUTE)),
        ("1h, 30m", For(90 * MINUTE)),
        ("  2   days ", For(2 * DAY)),
        ("for 2h", For(2 * HOUR)),
        ("until 16:00", At(time(16))),
        ("till 9:05", At(time(9, 5))),
        ("until 4pm", At(time(16))),
        ("until 12:30 am", At(time(0, 30))),
        ("until 12pm", At(time(12))),
        ("tomorrow 9:00", At(time(9), Day.TOMORROW)),
        ("until tomorrow at 9:00", At(time(9), Day.TOMORROW)),
        ("today 18:00", At(time(18), Day.TODAY)),
        ("until resolved", Until.RESOLVED),
        ("Until it's resolved", Until.RESOLVED),
    ],
)
def test_a_duration_is_read_as_it_was_meant(text: str, wanted: Duration) -> None:
    assert read(text) == wanted


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("90", "“90” of what?", "90m, 90h or 90d"),
        ("", "no duration", "write 2h"),
        ("soon", "no duration", "write 2h"),
        ("2 fortnights", "no duration", "write 2h"),
        ("2h30", "no duration", "write 2h"),
        ("h", "no duration", "write 2h"),
        ("-2h", "no duration", "write 2h"),
        ("0h", "too short", "write 2h"),
        ("9999w", "too long", "write 2h"),
        ("until 25:00", "no duration", "until 16:00"),
        ("until 13pm", "no duration", "until 16:00"),
        ("until 16", "no duration", "until 16:00"),
        ("16:00", "no duration", "until 16:00"),
        ("until tomorrow", "at what time?", "tomorrow 9:00"),
        ("tomorrow", "at what time?", "tomorrow 9:00"),
        ("until", "at what time?", "until 16:00"),
        ("until until 16:00", "no duration", "until 16:00"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_way_out(text: str, problem: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(text)

    assert problem in refused.value.problem
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("words", "wanted", "taken"),
    [
        ("2h PostgresDown", For(2 * HOUR), 1),
        ("2 hours PostgresDown", For(2 * HOUR), 2),
        ("1h 30m PostgresDown", For(90 * MINUTE), 2),
        ("until 16:00 PostgresDown", At(time(16)), 2),
        ("until tomorrow 9:00 x=y", At(time(9), Day.TOMORROW), 3),
        ("2h 5xxErrors", For(2 * HOUR), 1),
        ("for 1 day 2 hours and 30 minutes X", For(DAY + 2 * HOUR + 30 * MINUTE), 8),
    ],
)
def test_a_duration_at_the_beginning_of_a_line_ends_where_other_words_begin(
    words: str, wanted: Duration, taken: int
) -> None:
    assert leading(words.split()) == (wanted, taken)


@pytest.mark.parametrize("words", ["PostgresDown 2h", "x=2h", "5xxErrors", "Until2h", ""])
def test_other_words_begin_no_duration(words: str) -> None:
    assert leading(words.split()) is None


@pytest.mark.parametrize("words", ["90 PostgresDown", "until late PostgresDown", "tomorrow PostgresDown", "2x A"])
def test_a_duration_that_begins_and_cannot_be_read_is_not_taken_for_a_name(words: str) -> None:
    with pytest.raises(UsageError):
        leading(words.split())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2h", NOW + 2 * HOUR),
        ("until 16:00", datetime(2026, 5, 1, 15, 0, tzinfo=UTC)),
        ("until 15:00", datetime(2026, 5, 2, 14, 0, tzinfo=UTC)),
        ("until 9:00", datetime(2026, 5, 2, 8, 0, tzinfo=UTC)),
        ("today 18:00", datetime(2026, 5, 1, 17, 0, tzinfo=UTC)),
        ("tomorrow 9:00", datetime(2026, 5, 2, 8, 0, tzinfo=UTC)),
        ("tomorrow 18:00", datetime(2026, 5, 2, 17, 0, tzinfo=UTC)),
    ],
)
def test_a_time_of_day_is_where_the_team_is_and_still_to_come(text: str, wanted: datetime) -> None:
    duration = read(text)
    assert not isinstance(duration, Until)

    assert end(duration, NOW, LISBON) == wanted


def test_a_time_that_has_passed_today_is_refused_where_today_was_said() -> None:
    with pytest.raises(UsageError) as refused:
        end(At(time(9), Day.TODAY), NOW, LISBON)

    assert refused.value.hint == "write tomorrow 09:00"


def test_the_night_the_clocks_change_is_as_long_as_it_is() -> None:
    before = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)

    assert end(At(time(9)), before, LISBON) - before == 9 * HOUR


@given(
    st.text(max_size=80) | st.from_regex(r"(until |for |tomorrow )?[0-9:., ]{1,8}(h|m|am|pm| hours)?", fullmatch=True)
)
def test_any_line_is_read_or_refused_and_nothing_else(text: str) -> None:
    with suppress(UsageError):
        duration = read(text)
        if not isinstance(duration, Until):
            assert end(duration, NOW, LISBON) > NOW
    with suppress(UsageError):
        leading(text.split())


@given(st.integers(1, 300), st.integers(0, 23), st.integers(0, 59))
def test_what_is_written_in_gos_way_is_read_back(days: int, hours: int, minutes: int) -> None:
    assert read(f"{days}d{hours}h{minutes}m") == For(timedelta(days=days, hours=hours, minutes=minutes))
