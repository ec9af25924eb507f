"""Round trips of alerts: what is ours is taken out and known to be back; what only looks like it is an alert."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.trips import LABEL, Trips, alert
from bot.core.webhook import Alert, Status, Webhook

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


def webhook(*trips: str) -> Webhook:
    """Return a webhook with an alert for each of these, as Alertmanager posts what we sent."""
    alerts = tuple(
        Alert(Status.FIRING, alert(trip, NOW)["labels"], {}, NOW, None, "", fingerprint=f"f-{trip}") for trip in trips
    )
    return Webhook("ops", Status.FIRING, alerts, "{}", {}, {}, {}, "", "4", 0, "")


def test_what_was_sent_is_taken_out_and_is_back() -> None:
    trips = Trips()
    trips.begin("r1", NOW)

    left = trips.hear(webhook("r1"), NOW + timedelta(seconds=3))

    assert left is None
    assert trips.back("r1") == NOW + timedelta(seconds=3)


def test_the_first_time_counts_and_its_end_is_taken_out_too() -> None:
    trips = Trips()
    trips.begin("r1", NOW)
    trips.hear(webhook("r1"), NOW + timedelta(seconds=3))

    assert trips.hear(webhook("r1"), NOW + timedelta(minutes=2)) is None
    assert trips.back("r1") == NOW + timedelta(seconds=3)


def test_an_alert_that_nobody_here_sent_is_an_alert() -> None:
    trips = Trips()
    trips.begin("r1", NOW)
    posted = webhook("r1", "forged")

    left = trips.hear(posted, NOW)

    assert left == replace(posted, alerts=posted.alerts[1:])
    assert trips.back("forged") is None
    assert not trips.owns({LABEL: "forged"})
    assert not trips.owns({LABEL: "r1", "alertname": "PostgresDown"})


def test_old_trips_are_forgotten() -> None:
    trips = Trips()
    trips.begin("old", NOW)
    trips.begin("new", NOW + timedelta(hours=2))

    assert not trips.owns(alert("old", NOW)["labels"])
    assert trips.owns(alert("new", NOW)["labels"])


def test_each_trip_is_a_group_of_its_own() -> None:
    one, two = alert("r1", NOW), alert("r2", NOW)

    assert one["labels"]["alertname"] != two["labels"]["alertname"]
    assert one["labels"]["namespace"] != two["labels"]["namespace"]
