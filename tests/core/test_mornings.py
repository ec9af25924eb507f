"""The digest comes once a day at its hour in the room's zone, and not hours late."""

from datetime import UTC, date, datetime, time

import pytest

from bot.core.mornings import due

DAY = date(2026, 10, 25)


@pytest.mark.parametrize(
    ("moment", "zone", "last", "what"),
    [
        ("2026-10-20T07:59:59", "UTC", None, None),
        ("2026-10-20T08:00:00", "UTC", None, date(2026, 10, 20)),
        ("2026-10-20T08:01:00", "UTC", date(2026, 10, 20), None),
        ("2026-10-20T09:59:59", "UTC", date(2026, 10, 19), date(2026, 10, 20)),
        ("2026-10-20T10:00:00", "UTC", date(2026, 10, 19), None),
        # Summer time in Lisbon, and the morning of the day on which it ends.
        ("2026-10-20T07:00:00", "Europe/Lisbon", None, date(2026, 10, 20)),
        ("2026-10-25T07:00:00", "Europe/Lisbon", None, None),
        ("2026-10-25T08:00:00", "Europe/Lisbon", None, DAY),
        # Another day there already.
        ("2026-10-24T23:30:00", "Asia/Tokyo", None, DAY),
    ],
)
def test_when_the_digest_is_due(moment: str, zone: str, last: date | None, what: date | None) -> None:
    assert due(time(8), zone, last, datetime.fromisoformat(moment).replace(tzinfo=UTC)) == what
