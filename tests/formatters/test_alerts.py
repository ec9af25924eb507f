"""What a card shows of many alerts: a few by name, all of them counted."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

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


def test_ten_thousand_alerts_in_one_group_are_taken_and_told_in_a_moment() -> None:
    """Where each is held against all others, that takes minutes, and nothing else is taken meanwhile."""
    began = time.process_time()

    assert shown(10_000, 0)[0] == "⚠️ WARNING Down (10000) — data"
    assert time.process_time() - began < 10


def test_the_end_says_how_long_it_lasted() -> None:
    assert shown(1, 0, status=Status.RESOLVED) == ["✅ RESOLVED Down — data/p0", "Lasted 6 min (12:54–13:00)"]


def said(annotations: Mapping[str, str], *, urls: tuple[str, str] = ("", ""), **view: Any) -> list[str]:
    """Return the lines of a card of one alert; `urls`: Alertmanager's own and the rule's."""
    labels = {"alertname": "Down", "severity": "warning", "team": "db"}
    alert = Alert(Status.FIRING, labels, annotations, NOW, None, urls[1], "1")
    webhook = Webhook("ops", Status.FIRING, (alert,), "{}:{}", {}, {}, {}, urls[0], "4", 0, "")
    card, _ = merge(None, webhook, RoomId("!ops:example.org"), NOW)
    return render(AlertCard(card, "UTC", NOW, **view), formatters=FORMATTERS).body.splitlines()


NOTES = {"summary": "Gone", "description": "It is gone", "impact": "Nobody can log in"}


@pytest.mark.parametrize(
    ("annotations", "preferred", "line"),
    [
        (NOTES, (), "Gone"),
        ({"description": "It is gone"}, (), "It is gone"),
        ({"message": "So it is", "description": "It is gone"}, (), "So it is"),
        (NOTES, ("impact",), "Nobody can log in"),
        (NOTES, ("runbook", "description", "impact"), "It is gone"),
        # A label, where no annotation has the name.
        (NOTES, ("team",), "db"),
        (NOTES | {"team": "the database's"}, ("team",), "the database's"),
        # Preferred, not demanded.
        (NOTES, ("effect",), "Gone"),
        ({"impact": ""} | {"summary": "Gone"}, ("impact",), "Gone"),
        # Text, and nothing that is carried out.
        ({"impact": "{{ .Labels }} ${HOME}"}, ("impact",), "{{ .Labels }} ${HOME}"),
    ],
)
def test_the_summary_is_the_first_that_is_preferred(
    annotations: Mapping[str, str], preferred: tuple[str, ...], line: str
) -> None:
    assert said(annotations, summary=preferred)[1] == line


OUTSIDE = {
    "http://am:9093": "https://am.example.org",
    "http://prometheus:9090": "https://metrics.example.org/prometheus",
    "http://prometheus:9090/odd": "https://odd.example.org",
    "alertmanager:9093": "https://am.example.org",
}
HOSTS = ("am.example.org", "metrics.example.org", "odd.example.org")


@pytest.mark.parametrize(
    ("urls", "links"),
    [
        (("http://am:9093", ""), "Alertmanager <https://am.example.org>"),
        (("http://am:9093/#/alerts", ""), "Alertmanager <https://am.example.org/#/alerts>"),
        (("alertmanager:9093", ""), "Alertmanager <https://am.example.org>"),
        (
            ("", "http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1"),
            "Source <https://metrics.example.org/prometheus/graph?g0.expr=up+%3D%3D+0&g0.tab=1>",
        ),
        # The longest beginning counts.
        (("", "http://prometheus:9090/odd/graph"), "Source <https://odd.example.org/graph>"),
        # A beginning ends where a part of the address does.
        (("http://am:90931/", ""), None),
        (("", "http://prometheus:9090/oddly"), "Source <https://metrics.example.org/prometheus/oddly>"),
        # What leads elsewhere once it is put together is no link.
        (("http://am:9093@evil.test/", ""), None),
        (("http://am:9093.evil.test/", ""), None),
        (("http://elsewhere:9093/", ""), None),
    ],
)
def test_links_lead_outside_by_the_beginnings_of_the_configuration(urls: tuple[str, str], links: str | None) -> None:
    lines = said({}, urls=urls, external_urls=OUTSIDE, hosts=HOSTS)

    assert lines[2:] == ([links] if links else [])
