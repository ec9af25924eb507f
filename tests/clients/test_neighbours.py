"""OpenBao, Prometheus and Alertmanager: the real OpenBao, and servers that answer nonsense."""

from collections.abc import AsyncIterator

import pytest

from bot.clients.alertmanager import AlertmanagerApi
from bot.clients.http import Http
from bot.clients.openbao import OpenBao, pod_names
from bot.clients.prometheus import PrometheusApi
from bot.core.errors import Rejected, Unreachable
from bot.core.facts import Unknown
from bot.core.promql import quoted
from bot.core.seal import SealStatus
from bot.demo import openbao as demo
from bot.demo.monitoring import SimulatedMonitoring


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
