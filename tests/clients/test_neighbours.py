"""OpenBao, Prometheus and Alertmanager: the real OpenBao, and servers that answer nonsense."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.clients.alertmanager import AlertmanagerApi
from bot.clients.http import Http
from bot.clients.openbao import OpenBao, pod_names
from bot.clients.prometheus import PrometheusApi
from bot.core.errors import Rejected, Unreachable
from bot.core.facts import Unknown
from bot.core.graphs import window
from bot.core.promql import quoted
from bot.core.seal import SealStatus
from bot.demo import openbao as demo
from bot.demo.monitoring import SimulatedMonitoring

HOUR = window(datetime(2026, 11, 23, 14, 2, tzinfo=UTC), timedelta(hours=1))


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


@pytest.fixture
def prometheus(http: Http, monitoring: SimulatedMonitoring) -> PrometheusApi:
    return PrometheusApi(http, monitoring.url("monitoring", "prometheus"))


@pytest.mark.real
async def test_a_real_openbao_tells_its_seal(http: Http, openbao: demo.OpenBao) -> None:
    status = await OpenBao(http, (openbao.url,)).seal_status(openbao.url)

    assert (status.initialized, status.sealed, status.threshold, status.shares) == (True, False, 3, 5)
    assert status.type == "shamir"
    assert status.version


async def test_every_pod_is_told_by_name_whether_it_answers_or_not(http: Http, monitoring: SimulatedMonitoring) -> None:
    pods = tuple(monitoring.url("data", name) for name in ("openbao-0", "openbao-1"))
    told = {"initialized": True, "sealed": True, "t": 3, "n": 5, "progress": 1, "new_field": 1}
    monitoring.answer("/data/openbao-0/", json=told)
    monitoring.down.add(("data", "openbao-1"))

    first, second = (await OpenBao(http, pods).all()).values()

    assert isinstance(first, SealStatus)
    assert (first.sealed, first.progress, first.threshold) == (True, 1, 3)
    assert second == Unknown("connection cut")


@pytest.mark.parametrize("body", [{}, [], {"sealed": False}, {"initialized": True, "sealed": "?", "t": 1, "n": 1}])
async def test_a_seal_that_cannot_be_read_is_not_taken_for_open(
    http: Http, monitoring: SimulatedMonitoring, body: object
) -> None:
    monitoring.answer("/data/openbao-0/", json=body)

    with pytest.raises(Unreachable, match="unreadable answer"):
        await OpenBao(http, ()).seal_status(monitoring.url("data", "openbao-0"))


@pytest.mark.parametrize(
    ("pods", "names"),
    [
        (("http://openbao-0.openbao-internal.data.svc:8200",), ("openbao-0",)),
        (("https://openbao-0.x:8200", "https://openbao-1.x:8200"), ("openbao-0", "openbao-1")),
        (("http://127.0.0.1:8200",), ("127.0.0.1",)),
        (("http://127.0.0.1:1", "http://127.0.0.1:2"), ("127.0.0.1:1", "127.0.0.1:2")),
    ],
)
def test_pods_go_by_their_short_names_where_these_tell_them_apart(
    pods: tuple[str, ...], names: tuple[str, ...]
) -> None:
    assert pod_names(pods) == names


async def test_a_query_returns_labels_and_values(prometheus: PrometheusApi) -> None:
    (sample,) = await prometheus.query('cnpg_pg_settings_setting{name="max_connections"}')

    assert (sample.labels["namespace"], sample.value) == ("data", 100.0)


async def test_a_query_without_series_returns_nothing(prometheus: PrometheusApi) -> None:
    assert await prometheus.query("nobody_scrapes_this") == ()


async def test_a_query_that_makes_no_sense_is_rejected(prometheus: PrometheusApi) -> None:
    with pytest.raises(Rejected):
        await prometheus.query("sum(")


@pytest.mark.parametrize(
    "body", [{}, [], {"status": "success"}, {"status": "success", "data": {"resultType": "vector"}}]
)
async def test_a_result_that_cannot_be_read_is_no_number(
    prometheus: PrometheusApi, monitoring: SimulatedMonitoring, body: object
) -> None:
    monitoring.answer("/monitoring/prometheus/api", json=body)

    with pytest.raises((Rejected, Unreachable)):
        await prometheus.query("up")


@pytest.mark.parametrize(
    "data",
    [
        *([], {}, {"result": [1]}, {"result": [{}]}, {"result": [{"metric": []}]}),
        {"result": [{"metric": {}, "values": [[1]]}]},
        {"result": [{"metric": {}, "values": [[1, "much"]]}]},
    ],
)
async def test_curves_that_cannot_be_read_are_none(
    prometheus: PrometheusApi, monitoring: SimulatedMonitoring, data: object
) -> None:
    monitoring.answer("/monitoring/prometheus/api", json={"status": "success", "data": data})

    with pytest.raises(Unreachable, match="unreadable"):
        await prometheus.query_range("up", HOUR)


@pytest.mark.parametrize(
    "rule",
    [
        *(1, {}, {"type": "alerting", "name": "Full"}),
        *({"type": "alerting", "name": "Full", "query": "up"} | odd for odd in ({"labels": [1]}, {"alerts": [1]})),
        {"type": "alerting", "name": "Full", "query": "up", "duration": "long"},
    ],
)
async def test_a_rule_that_cannot_be_read_is_none(
    prometheus: PrometheusApi, monitoring: SimulatedMonitoring, rule: object
) -> None:
    found = {"status": "success", "data": {"groups": [{"rules": [rule]}]}}
    monitoring.answer("/monitoring/prometheus/api", json=found)

    with pytest.raises(Unreachable, match="unreadable"):
        await prometheus.rules("Full")


async def test_curves_have_labels_without_the_name_and_a_histogram_has_no_points(
    prometheus: PrometheusApi, monitoring: SimulatedMonitoring
) -> None:
    rows = [
        {"metric": {"__name__": "up", "job": "x"}, "values": [[1.5, "2"], [2.5, "NaN"]]},
        {"metric": {}, "histograms": [[1, {"count": "5"}]]},
    ]
    monitoring.answer("/monitoring/prometheus/api", json={"status": "success", "data": {"result": rows}})

    first, histogram = await prometheus.query_range("up", HOUR)

    assert (first.labels, first.points[0]) == ({"job": "x"}, (1.5, 2.0))
    assert histogram.points == ()


async def test_more_curves_than_can_be_looked_at_are_refused(
    prometheus: PrometheusApi, monitoring: SimulatedMonitoring
) -> None:
    monitoring.answer("/monitoring/prometheus/api", text=" " * (4 * 1024 * 1024 + 1))

    with pytest.raises(Rejected, match="more than 4096 KiB"):
        await prometheus.query_range("up", HOUR)


async def test_a_scalar_is_one_sample(prometheus: PrometheusApi, monitoring: SimulatedMonitoring) -> None:
    scalar = {"resultType": "scalar", "result": [1_777_636_800.0, "42"]}
    monitoring.answer("/monitoring/prometheus/api", json={"status": "success", "data": scalar})

    assert [sample.value for sample in await prometheus.query("42")] == [42.0]


def test_a_label_value_cannot_leave_its_quotes() -> None:
    assert quoted('a"} or up{x="\\\n') == '"a\\"} or up{x=\\"\\\\\\n"'


async def test_prometheus_and_alertmanager_say_when_they_are_not_ready(
    http: Http, prometheus: PrometheusApi, monitoring: SimulatedMonitoring
) -> None:
    alertmanager = AlertmanagerApi(http, monitoring.url("monitoring", "alertmanager"))
    await prometheus.ready()
    await alertmanager.ready()
    monitoring.answer("/monitoring/", 503)

    for question in (prometheus.ready(), alertmanager.ready()):
        with pytest.raises(Unreachable, match="HTTP 503"):
            await question


async def test_alertmanager_tells_what_fires(http: Http, monitoring: SimulatedMonitoring) -> None:
    monitoring.alertmanager.fire({"alertname": "PostgresDown", "severity": "critical"})

    (alert,) = await AlertmanagerApi(http, monitoring.url("monitoring", "alertmanager")).alerts()

    assert alert.labels["alertname"] == "PostgresDown"
