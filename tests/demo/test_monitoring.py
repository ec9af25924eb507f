"""Asks the simulated monitoring as the bot will: over plain HTTP."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.demo.monitoring import Alert, Notifier, SimulatedMonitoring, webhook_body
from bot.demo.monitoring.grafana import Rule
from bot.demo.monitoring.payloads import fingerprint, stamp

NOW = datetime(2026, 4, 1, 14, 0, tzinfo=UTC)
DOWN = {"alertname": "PostgresDown", "namespace": "data", "severity": "critical", "pod": "postgres-1"}


class Clock:
    """A clock that stands until it is moved."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def monitoring(clock: Clock) -> AsyncIterator[SimulatedMonitoring]:
    made = SimulatedMonitoring(clock=clock)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def http(monitoring: SimulatedMonitoring) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{monitoring.port}", connector=connector) as session:
        yield session


async def get(http: aiohttp.ClientSession, path: str, **query: Any) -> Any:
    async with http.get(path, params=query) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json() if answer.content_type == "application/json" else await answer.text()


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/devtools/gitea/api/v1/version", {"version": "1.23.4"}),
        ("/ory/kratos/health/ready", {"status": "ok"}),
        ("/ory/hydra/health/ready", {"status": "ok"}),
        ("/vpn/headscale/health", {"status": "pass"}),
        ("/media/livekit-server/", "OK"),
        ("/media/livekit-server", "OK"),
        ("/storage/seaweedfs-filer/healthz", "ok"),
        ("/monitoring/loki/ready", "ready\n"),
        ("/monitoring/prometheus/-/ready", "Prometheus Server is Ready.\n"),
        ("/monitoring/alertmanager/-/ready", "OK"),
    ],
)
async def test_a_healthy_service_says_so_in_its_own_words(http: aiohttp.ClientSession, path: str, wanted: Any) -> None:
    assert await get(http, path) == wanted


@pytest.mark.parametrize(
    ("path", "field", "wanted"),
    [
        ("/data/opensearch/_cluster/health", "status", "green"),
        ("/data/opensearch/_cluster/health", "number_of_nodes", 1),
        ("/storage/seaweedfs-master/cluster/status", "IsLeader", True),
        ("/ory/hydra/.well-known/openid-configuration", "issuer", "https://auth.demo.test/"),
        ("/monitoring/grafana/api/health", "database", "ok"),
    ],
)
async def test_a_healthy_service_tells_its_state(
    http: aiohttp.ClientSession, path: str, field: str, wanted: Any
) -> None:
    assert (await get(http, path))[field] == wanted


async def test_the_volume_server_says_how_much_is_free(http: aiohttp.ClientSession) -> None:
    found = await get(http, "/storage/seaweedfs-volume/status")

    disk = found["DiskStatuses"][0]
    assert disk["used"] + disk["free"] == disk["all"]


@pytest.mark.parametrize("app", ["hive", "docs", "people-backend", "messages-backend"])
async def test_every_app_of_the_suite_answers_any_path(http: aiohttp.ClientSession, app: str) -> None:
    assert "ok" in await get(http, f"/lasuite/{app}/any/path")


@pytest.mark.parametrize(
    "path", ["/nowhere/nothing/", "/data/opensearch/_nodes", "/monitoring/prometheus/api/v1/nothing"]
)
async def test_what_nobody_answers_is_not_found(http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(path) as answer:
        assert answer.status == 404


async def test_what_is_down_gives_no_answer_and_the_others_go_on(
    monitoring: SimulatedMonitoring, http: aiohttp.ClientSession
) -> None:
    monitoring.down.add(("data", "opensearch"))

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await http.get("/data/opensearch/_cluster/health")
    assert await get(http, "/ory/kratos/health/ready") == {"status": "ok"}


async def test_an_answer_can_be_set_for_a_path_and_what_is_below(
    monitoring: SimulatedMonitoring, http: aiohttp.ClientSession
) -> None:
    monitoring.answer("/data/opensearch", 503, text="starting")
    monitoring.answer("/data/opensearch/_cluster", json={"status": "red", "number_of_nodes": 1})

    found = await get(http, "/data/opensearch/_cluster/health")
    async with http.get("/data/opensearch/") as root:
        pass
    monitoring.heal()

    assert (found["status"], root.status) == ("red", 503)
    assert (await get(http, "/data/opensearch/_cluster/health"))["status"] == "green"


async def test_a_slow_answer_takes_its_time(monitoring: SimulatedMonitoring, http: aiohttp.ClientSession) -> None:
    monitoring.answer("/ory/kratos", delay=30)

    with pytest.raises(TimeoutError):
        await http.get("/ory/kratos/health/ready", timeout=aiohttp.ClientTimeout(total=0.1))


async def test_another_process_can_set_everything(monitoring: SimulatedMonitoring, http: aiohttp.ClientSession) -> None:
    answer = {"path": "/ory/kratos", "status": 500, "text": "no"}
    await http.post("/_control", json={"down": ["data/opensearch"], "answer": [answer], "fire": [{"labels": DOWN}]})

    async with http.get("/ory/kratos/health/ready") as kratos:
        pass
    firing = len(monitoring.alertmanager.firing())
    await http.post("/_control", json={"heal": True, "resolve": [DOWN]})

    assert (kratos.status, firing) == (500, 1)
    assert (monitoring.down, monitoring.alertmanager.firing()) == (set(), [])


async def test_what_fires_is_listed_filtered_and_grouped(
    monitoring: SimulatedMonitoring, http: aiohttp.ClientSession
) -> None:
    monitoring.alertmanager.fire(DOWN, {"summary": "Primary has not answered for 2 min."})
    monitoring.alertmanager.fire({"alertname": "DiskFull", "namespace": "storage", "severity": "warning"})

    both = await get(http, "/monitoring/alertmanager/api/v2/alerts")
    critical = await get(http, "/monitoring/alertmanager/api/v2/alerts", filter='severity=~"crit.*"')
    groups = await get(http, "/monitoring/alertmanager/api/v2/alerts/groups")

    assert len(both) == 2
    assert [each["labels"] for each in critical] == [DOWN]
    assert critical[0]["status"] == {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []}
    assert [group["labels"]["alertname"] for group in groups] == ["DiskFull", "PostgresDown"]


async def test_a_silence_hides_an_alert_until_it_is_ended(
    monitoring: SimulatedMonitoring, http: aiohttp.ClientSession
) -> None:
    monitoring.alertmanager.fire(DOWN)
    silence = {
        "matchers": [{"name": "alertname", "value": "PostgresDown", "isRegex": False, "isEqual": True}],
        "startsAt": stamp(NOW),
        "endsAt": stamp(NOW + timedelta(hours=2)),
        "createdBy": "@anna:demo.test",
        "comment": "op 7f3",
    }

    async with http.post("/monitoring/alertmanager/api/v2/silences", json=silence) as answer:
        identity = (await answer.json())["silenceID"]
    hidden = await get(http, "/monitoring/alertmanager/api/v2/alerts")
    shown = await get(http, "/monitoring/alertmanager/api/v2/alerts", silenced="false")
    async with http.delete(f"/monitoring/alertmanager/api/v2/silence/{identity}") as ended:
        pass
    after = await get(http, f"/monitoring/alertmanager/api/v2/silence/{identity}")

    assert hidden[0]["status"]["silencedBy"] == [identity]
    assert shown == []
    assert (ended.status, after["status"]["state"], after["createdBy"]) == (200, "expired", "@anna:demo.test")
    assert monitoring.alertmanager.silenced_by(DOWN) == []


async def test_a_silence_ends_by_itself(
    monitoring: SimulatedMonitoring, clock: Clock, http: aiohttp.ClientSession
) -> None:
    matcher = {"name": "namespace", "value": "data", "isRegex": False}
    silence = {"matchers": [matcher], "startsAt": stamp(NOW), "endsAt": stamp(NOW + timedelta(hours=2))}
    await http.post("/monitoring/alertmanager/api/v2/silences", json=silence)
    clock.now = NOW + timedelta(hours=3)

    found = await get(http, "/monitoring/alertmanager/api/v2/silences")

    assert [each["status"]["state"] for each in found] == ["expired"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"matchers": []}, 422),
        ({"matchers": [{"name": "a", "value": ".*", "isRegex": True}]}, 400),
        ({"endsAt": stamp(NOW - timedelta(hours=1))}, 400),
        ({"id": "unknown"}, 404),
    ],
)
async def test_a_silence_that_makes_no_sense_is_refused(
    http: aiohttp.ClientSession, change: dict[str, Any], status: int
) -> None:
    matcher = {"name": "alertname", "value": "X", "isRegex": False}
    silence = {"matchers": [matcher], "startsAt": stamp(NOW), "endsAt": stamp(NOW + timedelta(hours=1))}

    async with http.post("/monitoring/alertmanager/api/v2/silences", json=silence | change) as answer:
        assert answer.status == status


async def test_a_posted_alert_fires_and_ends_with_its_end(
    monitoring: SimulatedMonitoring, http: aiohttp.ClientSession
) -> None:
    await http.post("/monitoring/alertmanager/api/v2/alerts", json=[{"labels": DOWN}])
    started = monitoring.alertmanager.firing()
    ended = {"labels": DOWN, "endsAt": stamp(NOW)}
    await http.post("/monitoring/alertmanager/api/v2/alerts", json=[ended])

    assert [alert.labels for alert in started] == [DOWN]
    assert monitoring.alertmanager.firing() == []


def test_a_webhook_body_is_what_alertmanager_sends() -> None:
    other = DOWN | {"pod": "postgres-2"}
    alerts = [
        Alert(DOWN, NOW, {"summary": "down"}),
        Alert(other, NOW, {"summary": "down"}, ends_at=NOW + timedelta(minutes=3)),
    ]

    body = webhook_body(alerts)

    assert body["groupKey"] == '{}:{alertname="PostgresDown", namespace="data"}'
    assert (body["version"], body["status"], body["truncatedAlerts"]) == ("4", "firing", 0)
    assert body["commonLabels"] == {key: value for key, value in DOWN.items() if key != "pod"}
    assert body["commonAnnotations"] == {"summary": "down"}
    first, second = body["alerts"]
    assert (first["status"], first["endsAt"]) == ("firing", "0001-01-01T00:00:00Z")
    assert (second["status"], second["endsAt"]) == ("resolved", "2026-04-01T14:03:00.000Z")


def test_a_webhook_body_can_leave_alerts_out_and_says_how_many() -> None:
    alerts = [Alert(DOWN | {"pod": f"p{number}"}, NOW) for number in range(10)]

    body = webhook_body(alerts, max_alerts=3)

    assert (len(body["alerts"]), body["truncatedAlerts"]) == (3, 7)


def test_a_fingerprint_is_the_one_prometheus_computes() -> None:
    # FNV-1a, 64 bits, of an empty label set: the offset basis.
    assert fingerprint({}) == "cbf29ce484222325"
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"}) != fingerprint({"a": "1b", "": "2"})


async def test_the_webhook_is_told_again_until_it_was_heard(monitoring: SimulatedMonitoring) -> None:
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    statuses = iter([503, 200, 200])

    async def webhook(request: web.Request) -> web.Response:
        heard.put_nowait(await request.json())
        return web.Response(status=next(statuses))

    app = web.Application()
    app.router.add_post("/alerts/ops", webhook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    notifier = Notifier(monitoring.alertmanager, f"http://127.0.0.1:{runner.addresses[0][1]}/alerts/ops", group_wait=0)
    await notifier.start()

    monitoring.alertmanager.fire(DOWN)
    told = [await asyncio.wait_for(heard.get(), 5) for _ in range(2)]
    monitoring.alertmanager.resolve(DOWN)
    told.append(await asyncio.wait_for(heard.get(), 5))
    await notifier.stop()
    await runner.cleanup()

    assert [body["status"] for body in told] == ["firing", "firing", "resolved"]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("sum(cnpg_backends_total)", ["61"]),
        ('cnpg_pg_settings_setting{name="max_connections"}', ["100"]),
        ('sum by (usename) (cnpg_backends_total{usename=~"gitea|messages"})', ["9", "11"]),
        ("max(cnpg_backends_total) by (state)", ["12", "4", "3"]),
        ("up == 0", []),
        ("count(up)", ["8"]),
        ('up{namespace="ingress"}', ["1"]),
        ("sum(nothing)", []),
    ],
)
async def test_a_query_is_answered_from_the_table(http: aiohttp.ClientSession, query: str, values: list[str]) -> None:
    found = await get(http, "/monitoring/prometheus/api/v1/query", query=query)

    assert [row["value"][1] for row in found["data"]["result"]] == values


async def test_a_target_that_goes_down_shows_in_query_and_targets(
    monitoring: SimulatedMonitoring, http: aiohttp.ClientSession
) -> None:
    monitoring.prometheus.set("up", 0, namespace="devtools", job="gitea")

    found = await get(http, "/monitoring/prometheus/api/v1/query", query="up == 0")
    targets = await get(http, "/monitoring/prometheus/api/v1/targets")

    assert [row["metric"]["job"] for row in found["data"]["result"]] == ["gitea"]
    assert [row["labels"]["job"] for row in targets["data"]["activeTargets"] if row["health"] == "down"] == ["gitea"]


async def test_prometheus_knows_what_fires(monitoring: SimulatedMonitoring, http: aiohttp.ClientSession) -> None:
    monitoring.alertmanager.fire(DOWN)

    series = await get(http, "/monitoring/prometheus/api/v1/query", query='ALERTS{alertstate="firing"}')
    alerts = await get(http, "/monitoring/prometheus/api/v1/alerts")

    assert series["data"]["result"][0]["metric"] == {"__name__": "ALERTS", "alertstate": "firing"} | DOWN
    assert alerts["data"]["alerts"][0]["activeAt"] == "2026-04-01T14:00:00.000Z"


async def test_a_query_it_cannot_read_is_bad_data(http: aiohttp.ClientSession) -> None:
    async with http.post("/monitoring/prometheus/api/v1/query", data={"query": "sum(up"}) as answer:
        found = await answer.json()

    assert (answer.status, found["errorType"]) == (400, "bad_data")


async def test_loki_answers_newest_first_and_keeps_streams_apart(
    monitoring: SimulatedMonitoring, http: aiohttp.ClientSession
) -> None:
    monitoring.loki.add({"app": "a", "level": "error"}, "second", NOW - timedelta(seconds=1))
    monitoring.loki.add({"app": "a", "level": "error"}, "first", NOW - timedelta(seconds=2))
    monitoring.loki.add({"app": "b", "level": "error"}, "too old", NOW - timedelta(hours=9))

    query = '{level="error", app=~"a|b"} |= "s" != "third"'
    found = await get(http, "/monitoring/loki/loki/api/v1/query_range", query=query)

    assert [row["stream"]["app"] for row in found["data"]["result"]] == ["a"]
    assert [line for _, line in found["data"]["result"][0]["values"]] == ["second", "first"]
    assert found["data"]["result"][0]["values"][0][0] == "1775051999000000000"


async def test_loki_takes_a_span_and_a_limit(monitoring: SimulatedMonitoring, http: aiohttp.ClientSession) -> None:
    start = int((NOW - timedelta(minutes=30)).timestamp()) * 10**9

    found = await get(
        http,
        "/monitoring/loki/loki/api/v1/query_range",
        query='{level="error"}',
        limit=3,
        start=start,
        direction="forward",
    )

    moments = [int(at) for row in found["data"]["result"] for at, _ in row["values"]]
    assert len(moments) == 3
    assert min(moments) >= start


@pytest.mark.parametrize(
    ("path", "query", "words"),
    [
        ("query", '{level="error"}', "not supported as an instant query"),
        ("query_range", 'level="error"', "parse error"),
        ("query_range", '{app=~".*"}', "at least one regexp or equality matcher"),
        ("query_range&limit=6000", '{level="error"}', "max entries limit"),
    ],
)
async def test_loki_explains_what_it_refuses(http: aiohttp.ClientSession, path: str, query: str, words: str) -> None:
    name, _, limit = path.partition("&limit=")
    asked = {"query": query} | ({"limit": limit} if limit else {})
    async with http.get(f"/monitoring/loki/loki/api/v1/{name}", params=asked) as answer:
        told = await answer.text()

    assert answer.status == 400
    assert words in told


async def test_grafana_lists_the_rules_it_was_given(
    monitoring: SimulatedMonitoring, http: aiohttp.ClientSession
) -> None:
    monitoring.grafana.rules = [Rule("Mail queue")]

    found = await get(http, "/monitoring/grafana/api/v1/provisioning/alert-rules")
    dashboards = await get(http, "/monitoring/grafana/api/search")

    assert found == [{"uid": "mail-queue", "title": "Mail queue", "labels": {}}]
    assert {row["folderTitle"] for row in dashboards} == {"dashboards-infrastructure"}


async def test_the_log_of_requests_says_method_and_path(
    monitoring: SimulatedMonitoring, http: aiohttp.ClientSession
) -> None:
    await get(http, "/ory/kratos/health/ready", since="1")

    assert monitoring.request_log == [("GET", "/ory/kratos/health/ready")]
