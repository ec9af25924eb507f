"""When it is a storm, when it is over, which cards it tells of, and what may be behind it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.alerts import Card, Member
from bot.core.names import Key, RoomId
from bot.core.storm import Storm, begun, breaks_out, calm, cause, just_told
from bot.core.webhook import Status

ROOM = RoomId("!ops:example.org")
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(seconds=60)
STORM = Storm(Key("storm:1"), ROOM, NOW)


def at(*seconds: float) -> list[datetime]:
    return [NOW + each * SECOND for each in seconds]


def card(*names: str, since: datetime = NOW, status: Status = Status.FIRING, **changed: Any) -> Card:
    members = tuple(Member(name, status, {"alertname": name}, {}, since, None, "", since) for name in names)
    return replace(Card(Key("alert:1"), ROOM, "ops", "{}", 1, {}, members, "", 0, NOW), **changed)


def test_the_ninth_new_group_within_the_window_is_a_storm() -> None:
    assert not breaks_out(at(*range(7)))
    assert breaks_out(at(*range(8)))


def test_a_storm_is_counted_from_its_first_group_and_is_one_however_often_it_is_begun() -> None:
    ninth = card("Down", opened_at=NOW + 9 * SECOND)

    assert begun(ninth, at(*range(8))).since == NOW
    assert begun(ninth, at(*range(8))).key == begun(ninth, at(*range(8))).key
    assert begun(ninth, at(*range(8))).key != begun(replace(ninth, key=Key("alert:2")), at(*range(8))).key


@pytest.mark.parametrize(
    ("opened", "is_calm"),
    [
        pytest.param([], True, id="nothing new"),
        pytest.param(at(*range(7)), True, id="seven at once"),
        pytest.param(at(*range(8)), False, id="eight at once"),
        pytest.param(at(*(9 * each for each in range(8))), True, id="eight, over more than the window"),
        pytest.param(at(*(8.5 * each for each in range(8))), False, id="eight, in just less than the window"),
        pytest.param(at(*(9 * each for each in range(7)), 100, *range(110, 117)), False, id="eight of them at the end"),
    ],
)
def test_it_is_calm_when_fewer_than_eight_came_in_any_window(opened: list[datetime], is_calm: bool) -> None:
    assert calm(opened, MINUTE) is is_calm


@pytest.mark.parametrize(
    ("told", "seconds", "just"),
    [("STORM", 0, True), ("STORM", 4, True), ("STORM", 5, False), ("STORM", -1, False), ("", 0, False)],
)
def test_a_card_is_not_edited_right_after_it_was_told(told: str, seconds: int, just: bool) -> None:
    assert just_told(replace(STORM, told=told, told_at=NOW), NOW + seconds * SECOND, 5 * SECOND) is just


@pytest.mark.parametrize(
    ("name", "may_be_it"),
    [
        ("VaultSealed", True),
        ("OpenBaoIsSealed", True),
        ("KubeNodeNotReady", True),
        ("KubeNodeUnreachable", True),
        ("NodeDown", True),
        ("NodeFilesystemAlmostOutOfSpace", False),
        ("PostgresDown", False),
    ],
)
def test_what_others_stand_on_may_be_the_cause(name: str, may_be_it: bool) -> None:
    assert (cause([card(name, since=NOW - SECOND)], STORM) is not None) is may_be_it


def test_only_what_burned_first_and_still_burns_may_be_the_cause() -> None:
    late = card("VaultSealed", since=NOW + SECOND)
    over = card("VaultSealed", since=NOW - MINUTE, status=Status.RESOLVED)
    earlier, earliest = card("NodeDown", since=NOW - SECOND), card("VaultSealed", since=NOW - MINUTE)

    assert cause([late, over], STORM) is None
    assert cause([earlier, earliest, late], STORM) == earliest.members[0]
