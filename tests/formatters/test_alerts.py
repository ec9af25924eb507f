"""What a card shows of many alerts: a few by name, all of them counted."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.alerts import AlertCard, merge
from bot.core.names import RoomId
from bot.core.webhook import Alert, Status, Webhook
from formatters import FORMATTERS
from formatters.render import render

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


def shown(count: int, truncated: int, *, status: Status = Status.FIRING) -> list[str]:
    labels = {"alertname": "Down", "severity": "warning", "namespace": "data"}
    over = NOW if status is Status.RESOLVED else None
    start = NOW - timedelta(minutes=6)
    alerts = tuple(
        Alert(status, {**labels, "pod": f"p{number}"}, {"summary": "Gone"}, start, over, "", str(number))
        for number in range(count)
    )
    webhook = Webhook("ops", status, alerts, "{}:{}", {}, {}, {}, "", "4", truncated, "")
    card, _ = merge(None, webhook, RoomId("!ops:example.org"), NOW)
    return render(AlertCard(card, "Europe/Lisbon", NOW), formatters=FORMATTERS).body.splitlines()


@pytest.mark.parametrize(
    ("count", "truncated", "title", "last"),
    [
        (1, 0, "⚠️ WARNING Down — data/p0", "• p0 · since 12:54"),
        (2, 0, "⚠️ WARNING Down (2) — data", "• p1 · since 12:54"),
        (2, 3, "⚠️ WARNING Down (5) — data", "…and 3 more"),
        (5, 0, "⚠️ WARNING Down (5) — data", "• p4 · since 12:54"),
        (7, 0, "⚠️ WARNING Down (7) — data", "…and 2 more"),
        (7, 9, "⚠️ WARNING Down (16) — data", "…and 11 more"),
    ],
)
def test_none_of_many_is_left_uncounted(count: int, truncated: int, title: str, last: str) -> None:
    lines = shown(count, truncated)

    assert (lines[0], lines[1], lines[-1]) == (title, "Gone", last)


def test_the_end_says_how_long_it_lasted() -> None:
    assert shown(1, 0, status=Status.RESOLVED) == ["✅ RESOLVED Down — data/p0", "Lasted 6 min (12:54–13:00)"]
