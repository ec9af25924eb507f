"""Power levels, as rooms of all ages write them."""

from typing import Any

import pytest

from bot.core.names import UserId
from bot.core.powers import Lack, Power, lacking

BOT = UserId("@opsbot:example.org")
ALL = tuple(Power)


@pytest.mark.parametrize(
    ("levels", "lacks"),
    [
        ({}, [Lack(Power.REDACT, 50, 0), Lack(Power.PIN, 50, 0)]),
        ({"users": {BOT: 50}}, []),
        ({"users": {BOT: "50"}}, []),
        ({"users": {"@opsbot:elsewhere.org": 100}}, [Lack(Power.REDACT, 50, 0), Lack(Power.PIN, 50, 0)]),
        ({"users_default": 50}, []),
        ({"redact": 0, "state_default": 0}, []),
        ({"redact": 0, "events": {"m.room.pinned_events": 0}}, []),
        ({"users": {BOT: 50}, "events": {"m.room.redaction": 60}}, [Lack(Power.REDACT, 60, 50)]),
        (
            {"users": {BOT: 50}, "events_default": 100},
            [Lack(Power.POST, 100, 50), Lack(Power.REACT, 100, 50), Lack(Power.REDACT, 100, 50)],
        ),
        (
            {
                "users": {BOT: 50},
                "events_default": 100,
                "events": {"m.room.message": 0, "m.reaction": 0, "m.room.redaction": 0},
            },
            [],
        ),
        ({"users": {BOT: 50}, "events": {"m.reaction": 51}}, [Lack(Power.REACT, 51, 50)]),
        (
            {"users": None, "events": [], "redact": "much", "state_default": None},
            [Lack(Power.REDACT, 50, 0), Lack(Power.PIN, 50, 0)],
        ),
    ],
)
def test_what_takes_more_power_than_there_is_lacks(levels: dict[str, Any], lacks: list[Lack]) -> None:
    assert list(lacking(levels, BOT, ALL)) == lacks


def test_only_what_is_wanted_is_told() -> None:
    assert lacking({}, BOT, (Power.POST, Power.REACT)) == ()
