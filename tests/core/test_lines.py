"""Lines of a log: read, broken apart, and joined where the line was cut."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.lines import Breaker, LogLine, Seam, read_line, read_lines

AT = datetime(2026, 5, 1, 14, 2, 7, 123456, UTC)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"2026-05-01T14:02:07.123456789Z ready", LogLine(AT, "ready")),
        (b"2026-05-01T16:02:07.123456+02:00   indented ", LogLine(AT, "  indented ")),
        (b"2026-05-01T14:02:07.123456Z ", LogLine(AT, "")),
        (b"2026-05-01T14:02:07.123456Z caf\xc3 \r", LogLine(AT, "caf\ufffd ")),
        (b"unable to retrieve container logs", LogLine(None, "unable to retrieve container logs")),
        (b"2026-05-01 no zone", LogLine(None, "2026-05-01 no zone")),
    ],
)
def test_a_line_has_its_time_and_its_text(raw: bytes, line: LogLine) -> None:
    assert read_line(raw) == line


def test_the_last_line_counts_though_no_break_ends_it() -> None:
    assert [line.text for line in read_lines(b"one\n\ntwo")] == ["one", "", "two"]


def test_a_line_may_arrive_in_pieces() -> None:
    breaker = Breaker()

    told = [line.text for chunk in (b"on", b"e\ntw", b"o\n", b"thr") for line in breaker.feed(chunk)]

    assert told == ["one", "two"]
    assert [line.text for line in breaker.rest()] == ["thr"]
    assert not list(breaker.rest())


def test_what_never_ends_a_line_does_not_pile_up() -> None:
    breaker = Breaker()

    told = [line for _ in range(100) for line in breaker.feed(b"x" * 10_000)]

    assert sum(len(line.text) for line in told) > 900_000


def test_after_a_cut_no_line_comes_twice_and_none_is_lost() -> None:
    first = [LogLine(AT, "a"), LogLine(AT + timedelta(seconds=1), "b"), LogLine(AT + timedelta(seconds=1), "b")]
    again = [*first, LogLine(AT + timedelta(seconds=1), "b"), LogLine(AT + timedelta(seconds=2), "c")]
    seam = Seam(first[:1])

    shown = [line for line in first if seam.is_new(line)]
    seam.cut()
    shown += [line for line in again if seam.is_new(line)]

    assert [line.text for line in shown] == ["b", "b", "b", "c"]


def test_lines_that_arrive_out_of_order_are_all_new_while_nothing_was_cut() -> None:
    seam = Seam()

    shown = [seam.is_new(LogLine(AT + timedelta(seconds=second), "x")) for second in (2, 1, 3)]

    assert all(shown)
