"""Grafana against the simulated one: rules as they stand, a token that is read anew, nonsense that is no quiet."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.clients.grafana import GrafanaApi
from bot.clients.http import Http
from bot.core.errors import Denied, Unreachable
from bot.core.rules import GrafanaRule
from bot.demo.monitoring import SimulatedMonitoring
from bot.demo.monitoring.grafana import Rule

RULES = "/monitoring/grafana/api/prometheus/grafana/api/v1/rules"
SINCE = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with Http() as client:
        yield client


@pytest.fixture
async def monitoring() -> AsyncIterator[SimulatedMonitoring]:
    server = SimulatedMonitoring()
    await server.start()
    yield server
    await server.stop()


def grafana(http: Http, monitoring: SimulatedMonitoring, **given: Any) -> GrafanaApi:
    return GrafanaApi(http, monitoring.url("monitoring", "grafana"), **given)


async def test_each_rule_says_where_it_is_and_how_it_stands(http: Http, monitoring: SimulatedMonitoring) -> None:
    monitoring.grafana.rules = [
        Rule("Mail queue", "mail", "queues", {"severity": "critical"}, firing_since=SINCE),
        Rule("Sync is slow", health="error", paused=True),
    ]

    assert await grafana(http, monitoring).rules() == (
        GrafanaRule("Mail queue", "mail", "queues", {"severity": "critical"}, "firing", "ok", False, 1, SINCE),
        GrafanaRule("Sync is slow", "dashboards-infrastructure", "house", {}, "inactive", "error", True, 0, None),
    )


async def test_the_token_is_read_for_each_question(http: Http, monitoring: SimulatedMonitoring) -> None:
    monitoring.grafana.token = "obviously-fake-2"
    tokens = iter(("obviously-fake-1", "obviously-fake-2"))
    api = grafana(http, monitoring, token=lambda: next(tokens))

    with pytest.raises(Denied):
        await api.rules()
    assert len(await api.rules()) == 2
    with pytest.raises(Denied):
        await grafana(http, monitoring).rules()


RULE = {"name": "r", "state": "firing"}


@pytest.mark.parametrize(
    "rules",
    [
        ["r"],
        [{"name": "r"}],
        [RULE | {"labels": ["x"]}],
        [RULE | {"alerts": [{"state": "x"}, 5]}],
        [RULE | {"alerts": [{"state": "Alerting", "activeAt": "now"}]}],
        {"r": RULE},
        None,
    ],
)
async def test_rules_that_cannot_be_read_are_no_answer(http: Http, monitoring: SimulatedMonitoring, rules: Any) -> None:
    monitoring.answer(RULES, json={"data": {"groups": [{"name": "g", "rules": rules}]}})

    with pytest.raises(Unreachable, match="unreadable answer"):
        await grafana(http, monitoring).rules()


@pytest.mark.parametrize("nonsense", [[], {}, {"data": None}, {"data": {"groups": [{}]}}, "x"])
async def test_nonsense_is_no_answer(http: Http, monitoring: SimulatedMonitoring, nonsense: Any) -> None:
    monitoring.answer(RULES, json=nonsense)

    with pytest.raises(Unreachable, match="unreadable answer"):
        await grafana(http, monitoring).rules()
