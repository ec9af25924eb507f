"""What the Secret with OpenBao's keys amounts to, and what a report about it is worth."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.facts import Unknown, Verdict
from bot.core.keys import KeysReport, KeysState, judge, read_report, report

NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"key": b"c2hhcmU=", "root-token": b"s.x"}, KeysState.PRESENT),
        ({"key": b"c2hhcmU="}, KeysState.PRESENT),
        ({}, KeysState.EMPTY),
        ({"key": b"", "root-token": b""}, KeysState.EMPTY),
        ({"key": b" \n"}, KeysState.EMPTY),
        ({"key": b"", "root-token": b"s.x"}, KeysState.EMPTY),
        ({"key": b"placeholder", "root-token": b"placeholder"}, KeysState.PLACEHOLDER),
        ({"key": b"Placeholder\n", "root-token": b"s.x"}, KeysState.PLACEHOLDER),
        ({"key": b"placeholder", "root-token": b""}, KeysState.PLACEHOLDER),
    ],
)
def test_one_bad_field_makes_the_secret_bad(values: dict[str, bytes], state: KeysState) -> None:
    assert judge(values) is state


def test_what_was_written_is_read() -> None:
    written = {"data": report(KeysState.PLACEHOLDER, NOW - timedelta(minutes=119))}

    read = read_report(written, NOW)

    assert read == KeysReport(KeysState.PLACEHOLDER, NOW - timedelta(minutes=119), NOW)
    assert isinstance(read, KeysReport)
    assert read.verdict is Verdict.BAD


@pytest.mark.parametrize(
    ("config_map", "why"),
    [
        ({}, "keys-check has not run yet"),
        ({"data": None}, "keys-check has not run yet"),
        ({"data": {"state": "present"}}, "keys-check has not run yet"),
        ({"data": {"state": "fine", "checked-at": NOW.isoformat()}}, "keys-check has not run yet"),
        ({"data": {"state": "present", "checked-at": "soon"}}, "keys-check has not run yet"),
        ({"data": {"state": "present", "checked-at": "2026-11-25T14:00:00"}}, "keys-check has not run yet"),
        ({"data": report(KeysState.PRESENT, NOW - timedelta(hours=3))}, "keys-check last ran 3 h ago"),
        ({"data": report(KeysState.PRESENT, NOW + timedelta(days=1))}, "keys-check ran at an impossible time"),
    ],
)
def test_an_old_or_broken_report_is_unknown_and_never_green(config_map: dict[str, Any], why: str) -> None:
    assert read_report(config_map, NOW) == Unknown(why)
