"""What a graph is made of: which expression is asked for, of whom, and what is said when there is none."""

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clients.plot import Plotter
from bot.clients.store import cards as store
from bot.command import Context
from bot.core.alerts import Card, Member
from bot.core.errors import Rejected, Unreachable, UsageError
from bot.core.facts import Unknown
from bot.core.graphs import Picture
from bot.core.names import Key, RoomId
from bot.core.promql import Threshold
from bot.core.webhook import Status
from bot.demo.monitoring.prometheus import Rule
from commands.graph import CardGraph, Lacking, NoGraph, graph
from tests.commands.conftest import House

LABELS = {"alertname": "VolumeFull", "severity": "critical", "namespace": "data", "pod": "postgres-1"}
RANGE = "/monitoring/prometheus/api/v1/query_range"
RULES = "/monitoring/prometheus/api/v1/rules"


# A picture of one pixel's worth of header: what is drawn is the business of tests/clients/test_plot.py.
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x03\x20\x00\x00\x01\xf4"
DRAWS = (sys.executable, "-S", "-c", f"import sys; sys.stdin.read(); sys.stdout.buffer.write({PNG!r})")


@pytest.fixture
async def ctx(house: House, tmp_path: Path) -> AsyncIterator[Context]:
    async with house.open() as ctx:
        yield replace(ctx, neighbours=replace(ctx.neighbours, plotter=Plotter(tmp_path, program=DRAWS)))


def member(house: House, generator_url: str = "", **labels: str) -> Member:
    name = labels.get("pod", "none")
    return Member(name, Status.FIRING, LABELS | labels, {}, house.now, None, generator_url, house.now)


async def opened(ctx: Context, house: House, *members: Member) -> Card:
    """Make a card of alerts, and let Alertmanager have them too."""
    for each in members:
        house.monitoring.alertmanager.fire(dict(each.labels), {})
    place = (Key("alert:1"), RoomId("!abc:example.org"), "ops", "{}", 1)
    card = Card(*place, {}, members, "", 0, house.now, handle="k7")
    await house.database.write(lambda tx: store.save(tx, card, house.now))
    return card


async def drawn(ctx: Context, *words: str) -> CardGraph:
    found = await graph.handler(ctx, "#k7", *words)
    assert isinstance(found, CardGraph)
    return found


async def test_the_rules_expression_is_drawn_for_the_cards_own_alert(ctx: Context, house: House) -> None:
    card = await opened(ctx, house, member(house))

    found = await drawn(ctx)

    assert (found.card, found.expr, found.threshold) == (card, "volume_used_ratio", Threshold(">", 0.95))
    assert [curve.last for curve in found.curves] == [pytest.approx(0.97, abs=0.001)]
    assert (found.more, found.crossed, found.own, found.whole) == (0, 1, True, True)
    assert found.over.end - found.over.start == timedelta(hours=1)
    assert found.picture == Picture(PNG, 800, 500)


async def test_nobody_but_the_prometheus_of_the_configuration_is_asked(ctx: Context, house: House) -> None:
    await opened(ctx, house, member(house, f"{house.monitoring.url('evil', 'x')}/graph?g0.expr=up&g0.tab=1"))
    house.monitoring.request_log.clear()

    await drawn(ctx)

    assert [path for _, path in house.monitoring.request_log] == [RULES, RANGE]


async def test_where_prometheus_has_no_such_rule_the_alert_names_its_expression(ctx: Context, house: House) -> None:
    url = "http://elsewhere.example.org/graph?g0.expr=volume_used_ratio+%3C+0.7"
    await opened(ctx, house, member(house, url, alertname="FromAfar", pod="postgres-2"))

    found = await drawn(ctx)

    assert (found.expr, found.threshold) == ("volume_used_ratio", Threshold("<", 0.7))
    # No rule says which labels are the series', so all are asked for, and those that contradict are left out.
    assert [curve.last for curve in found.curves] == [pytest.approx(0.61, abs=0.001)]


async def test_what_only_speaks_promql_has_no_rules_and_is_asked_all_the_same(ctx: Context, house: House) -> None:
    house.monitoring.answer(RULES, 404)
    await opened(ctx, house, member(house, "http://x/graph?g0.expr=up"))

    assert (await drawn(ctx)).expr == "up"


async def test_an_expression_that_nobody_knows_is_said(ctx: Context, house: House) -> None:
    card = await opened(ctx, house, member(house, "https://grafana.example.org/alerting/x/view", alertname="Other"))

    assert await graph.handler(ctx, "#k7") == NoGraph(card, Lacking.RULE, timedelta(hours=1))


async def test_nothing_to_draw_is_said_and_not_drawn(ctx: Context, house: House) -> None:
    card = await opened(ctx, house, member(house, "http://x/graph?g0.expr=gone+%3E+1", alertname="Other"))

    assert await graph.handler(ctx, "#k7", "2d") == NoGraph(card, Lacking.VALUES, timedelta(days=2), "gone")


async def test_of_many_series_the_worst_are_drawn_and_the_rest_is_counted(ctx: Context, house: House) -> None:
    pods = [f"worker-{number}" for number in range(30)]
    for number, pod in enumerate(pods):
        house.monitoring.prometheus.set("queue", float(number), namespace="data", pod=pod)
    house.monitoring.prometheus.rules.append(Rule("QueueGrows", "queue > 20", {"severity": "critical"}))
    await opened(ctx, house, *(member(house, alertname="QueueGrows", pod=pod) for pod in pods))

    found = await drawn(ctx, "5", "min")

    assert [curve.last for curve in found.curves] == [29, 28, 27, 26, 25, 24, 23, 22]
    assert (found.more, found.crossed) == (22, 9)


async def test_where_none_is_surely_the_alerts_all_are_drawn_and_that_is_said(ctx: Context, house: House) -> None:
    # As after a relabelling on the way to Alertmanager; without a rule to tell which labels were there before.
    await opened(ctx, house, member(house, "http://x/graph?g0.expr=volume_used_ratio", alertname="Far", namespace="eu"))

    found = await drawn(ctx)

    assert (found.own, len(found.curves)) == (False, 2)


async def test_a_picture_that_cannot_be_drawn_takes_no_numbers_along(ctx: Context, house: House) -> None:
    await opened(ctx, house, member(house))
    broken = replace(ctx.neighbours, plotter=Plotter(house.directory, program=("/missing",)))

    found = await drawn(replace(ctx, neighbours=broken))

    assert found.picture == Unknown("no process to draw with")
    assert found.curves[0].last == pytest.approx(0.97, abs=0.001)


@pytest.mark.parametrize(
    ("path", "status", "error"), [(RULES, 500, Unreachable), (RANGE, 503, Unreachable), (RANGE, 400, Rejected)]
)
async def test_a_prometheus_that_does_not_answer_is_a_failure_and_not_an_empty_graph(
    ctx: Context, house: House, path: str, status: int, error: type[Exception]
) -> None:
    await opened(ctx, house, member(house))
    house.monitoring.answer(path, status)

    with pytest.raises(error):
        await graph.handler(ctx, "#k7")


@pytest.mark.parametrize("words", ["soon", "until 16:00", "until resolved", "1m", "400d", "2 weeks 30 days"])
async def test_a_time_that_cannot_be_drawn_is_said(ctx: Context, house: House, words: str) -> None:
    await opened(ctx, house, member(house))

    with pytest.raises(UsageError) as caught:
        await graph.handler(ctx, "#k7", *words.split())

    assert caught.value.hint
