"""What Kubernetes noted lately, folded."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.events import fold, read_event

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
Object = dict[str, Any]


def event(reason: str = "BackOff", name: str = "docs-1", minutes_ago: int = 5, **other: Any) -> Object:
    at = (NOW - timedelta(minutes=minutes_ago)).isoformat()
    about = {"kind": "Pod", "namespace": "lasuite", "name": name}
    told = {"metadata": {"name": "e"}, "involvedObject": about, "type": "Warning", "reason": reason, "message": reason}
    return {**told, "lastTimestamp": at, "count": 1, **other}


def test_one_reason_about_one_object_is_told_once_with_its_last_words() -> None:
    objects = [event(minutes_ago=9, count=4, message="old"), event(minutes_ago=2, count=5, message="new")]

    (folded,) = fold([*objects, event(minutes_ago=5)], NOW, HOUR)

    assert (folded.times, folded.message, folded.last) == (10, "new", NOW - timedelta(minutes=2))


def test_warnings_come_first_and_then_the_newest() -> None:
    objects = [
        event("Pulled", minutes_ago=1, type="Normal"),
        event("Failed", minutes_ago=9),
        event("BackOff", minutes_ago=3),
        event("BackOff", "docs-2", minutes_ago=2),
    ]

    assert [(each.reason, each.name) for each in fold(objects, NOW, HOUR)] == [
        ("BackOff", "docs-2"),
        ("BackOff", "docs-1"),
        ("Failed", "docs-1"),
        ("Pulled", "docs-1"),
    ]


def test_what_is_older_than_asked_for_is_left_out() -> None:
    assert fold([event(minutes_ago=61)], NOW, HOUR) == ()


@pytest.mark.parametrize(
    ("times", "minute"),
    [
        ({"lastTimestamp": "2026-05-01T13:01:00Z"}, 1),
        ({"lastTimestamp": None, "eventTime": "2026-05-01T13:02:00.123456Z"}, 2),
        ({"eventTime": "2026-05-01T13:02:00Z", "series": {"count": 7, "lastObservedTime": "2026-05-01T13:03:00Z"}}, 3),
        ({"lastTimestamp": None, "firstTimestamp": "2026-05-01T13:04:00Z"}, 4),
        ({"lastTimestamp": None, "metadata": {"name": "e", "creationTimestamp": "2026-05-01T13:05:00Z"}}, 5),
    ],
)
def test_the_time_is_found_where_the_reporter_wrote_it(times: Object, minute: int) -> None:
    found = read_event({**event(), **times})

    assert found
    assert found.last.minute == minute


def test_an_event_without_any_time_is_left_out() -> None:
    assert read_event(event() | {"lastTimestamp": None}) is None


def test_a_secret_in_a_message_is_masked() -> None:
    found = read_event(event(message="failed to log in with password=hunter2"))

    assert found
    assert found.message == "failed to log in with password=[secret]"
