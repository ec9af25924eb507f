"""Where an alert goes: the first route that it meets, or where it was posted; a webhook is split accordingly."""

from datetime import UTC, datetime

import pytest

from bot.core.matchers import read
from bot.core.names import RoomId
from bot.core.routing import Route, destination, split
from bot.core.webhook import Alert, Status, Webhook

DATA, STORAGE, QUIET = "data", "storage", "quiet"
ROUTES = (
    Route(DATA, read(('namespace="data"', 'severity="critical"'))),
    Route(STORAGE, read(('namespace=~"storage|data"',))),
    Route(QUIET, read(('severity!="critical"',)), receiver="grafana"),
    Route("web", receiver="web"),
)


@pytest.mark.parametrize(
    ("labels", "receiver", "room"),
    [
        ({"namespace": "data", "severity": "critical"}, "ops", DATA),
        # All matchers of a route, not any; and the first route, not the last.
        ({"namespace": "data", "severity": "warning"}, "ops", STORAGE),
        ({"namespace": "data", "severity": "warning"}, "grafana", STORAGE),
        # What a card calls critical is critical.
        ({"namespace": "data", "severity": "disaster"}, "ops", DATA),
        # Receiver and labels together.
        ({"namespace": "ory", "severity": "warning"}, "grafana", QUIET),
        ({"namespace": "ory", "severity": "critical"}, "grafana", None),
        ({"namespace": "ory", "severity": "warning"}, "ops", None),
        # A receiver alone, by its exact name.
        ({}, "web", "web"),
        ({}, "website", None),
        # A pattern fits the whole label; a label that is not there is empty.
        ({"namespace": "storage2"}, "ops", None),
        ({}, "grafana", QUIET),
    ],
)
def test_the_first_route_that_an_alert_meets_counts(labels: dict[str, str], receiver: str, room: str | None) -> None:
    assert destination(ROUTES, labels, receiver) == room


def alert(name: str) -> Alert:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    return Alert(Status.FIRING, {"alertname": name}, {}, now, None, "", fingerprint=name)


def webhook(*names: str, truncated: int = 0) -> Webhook:
    return Webhook("ops", Status.FIRING, tuple(map(alert, names)), "{}", {}, {}, {}, "", "4", truncated, "")


def room_of(alert: Alert) -> RoomId:
    return RoomId(alert.fingerprint[0])


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        ([], {}),
        (["a1", "a2"], {"a": ["a1", "a2"]}),
        (["b1", "a1", "b2", "c1"], {"b": ["b1", "b2"], "a": ["a1"], "c": ["c1"]}),
    ],
    ids=["nothing", "one room", "three rooms"],
)
def test_a_webhook_is_split_so_that_each_room_has_its_part(names: list[str], parts: dict[str, list[str]]) -> None:
    found = split(webhook(*names), room_of)

    assert {room: [each.fingerprint for each in part.alerts] for room, part in found.items()} == parts
    assert {part.group_key for part in found.values()} <= {"{}"}


def test_what_the_sender_left_out_is_counted_once_where_most_of_it_went() -> None:
    found = split(webhook("a1", "b1", "b2", truncated=7), room_of)

    assert {room: part.truncated for room, part in found.items()} == {"a": 0, "b": 7}
