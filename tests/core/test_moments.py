"""Moments as neighbours write them."""

from datetime import UTC, datetime

import pytest

from bot.core.moments import epoch, moment


@pytest.mark.parametrize("text", ["", None, 0, "yesterday", "0001-13-01T00:00:00Z"])
def test_what_is_no_moment_is_none(text: object) -> None:
    assert moment(text) is None


@pytest.mark.parametrize("value", [0, "0", "", None, True, -5, "x", 10**30, 1.5])
def test_what_is_no_epoch_is_none(value: object) -> None:
    assert epoch(value) is None


def test_moments_are_utc() -> None:
    assert moment("2026-05-01T14:00:00+02:00") == datetime(2026, 5, 1, 12, tzinfo=UTC)
