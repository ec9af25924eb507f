"""Alertmanager's API v2: the simulated one, and servers that say what real ones say on a bad day."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.clients.alertmanager import AlertmanagerApi
from bot.clients.http import Http
from bot.clients.prometheus import PrometheusApi
from bot.core.errors import Denied, Missing, NeighbourError, Rejected, Unreachable
from bot.core.matchers import Matcher, Operator
from bot.core.names import RequestId
from bot.core.silences import State
from bot.demo.monitoring import SimulatedMonitoring

API = "/monitoring/alertmanager/api/v2"
NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DOWN = {"alertname": "PostgresDown", "namespace": "data", "severity": "critical", "pod": 'odd "pod"\\'}
FULL = {"alertname": "DiskFull", "namespace": "storage", "severity": "warning"}
IS_DOWN = (Matcher("alertname", "PostgresDown"),)
ACTION = RequestId("x7k2p")


class Clock:
    """A clock that stands until it is moved."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Desk:
    """The client, the server it asks, and the time."""

    api: AlertmanagerApi
    monitoring: SimulatedMonitoring
    clock: Clock

    async def create(self, action: RequestId = ACTION, matchers: tuple[Matcher, ...] = IS_DOWN) -> str:
        made = await self.api.create_silence(
            matchers, NOW, NOW + HOUR, created_by="@anna:example.org", comment="new disk", action=action
        )
        return made.id


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = Clock()
    monitoring = SimulatedMonitoring(clock=clock)
    async with Http() as http:
        await monitoring.start()
        yield Desk(AlertmanagerApi(http, monitoring.url("monitoring", "alertmanager")), monitoring, clock)
        await monitoring.stop()


@asynccontextmanager
async def serving(*routes: web.RouteDef) -> AsyncIterator[str]:
    """Answer these routes on loopback."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_alerts_are_told_with_what_mutes_them(desk: Desk) -> None:
    desk.monitoring.alertmanager.fire(DOWN, {"summary": "down"}, NOW - HOUR)
    identity = await desk.create()

    (alert,) = await desk.api.alerts()

    assert (alert.name, alert.namespace, alert.severity) == ("PostgresDown", "data", "critical")
    assert (alert.annotations["summary"], alert.starts_at) == ("down", NOW - HOUR)
    assert alert.muting.silenced_by == (identity,)


async def test_alerts_are_asked_for_by_state_matchers_and_receiver(desk: Desk) -> None:
    desk.monitoring.alertmanager.fire(DOWN)
    desk.monitoring.alertmanager.fire(FULL)
    await desk.create()

    async def names(*matchers: Matcher, **asked: Any) -> list[str]:
        return [alert.name for alert in await desk.api.alerts(matchers, **asked)]

    assert await names(silenced=False) == ["DiskFull"]
    assert await names(active=False) == ["PostgresDown"]
    assert await names(Matcher("namespace", "data|x", Operator.LIKE)) == ["PostgresDown"]
    assert await names(Matcher("pod", 'odd "pod"\\'), Matcher("severity", "warning", Operator.NOT_EQUAL)) == [
        "PostgresDown"
    ]
    assert await names(receiver="matri.") == []
    assert len(await names(receiver="matrix")) == 2


async def test_groups_and_status_are_told(desk: Desk) -> None:
    desk.monitoring.alertmanager.fire(DOWN)
    desk.monitoring.alertmanager.fire(DOWN | {"pod": "b"})
    desk.monitoring.alertmanager.fire(FULL)

    groups = await desk.api.groups()
    status = await desk.api.status()

    assert {(group.labels["alertname"], len(group.alerts)) for group in groups} == {
        ("PostgresDown", 2),
        ("DiskFull", 1),
    }
    assert (status.cluster.status, status.version.version) == ("ready", "0.31.1")
    assert "receiver" not in repr(status)


async def test_what_is_known_comes_without_labels_and_all_else_with_them(desk: Desk) -> None:
    down = desk.monitoring.alertmanager.fire(DOWN, {"summary": "It is down"})
    desk.monitoring.alertmanager.fire(DOWN | {"pod": "b"}, {"summary": "It is down"})

    mark = down.fingerprint

    (group,) = await desk.api.groups(known=lambda receiver, alert: (receiver, alert.fingerprint) == ("matrix", mark))
    known, new = sorted(group.alerts, key=lambda alert: alert.fingerprint != mark)

    assert (known.labels, known.annotations, known.starts_at) == ({}, {}, new.starts_at)
    assert (new.labels["pod"], new.annotations) == ("b", {"summary": "It is down"})


async def test_groups_are_read_however_their_list_is_laid_out(desk: Desk) -> None:
    group = '{"labels": {"a": "]["}, "receiver": {"name": "ops"}, "alerts": null}'

    for body, number in (("[]", 0), (" [ ]\n", 0), (f"[{group}]", 1), (f"\n[\n  {group} ,\n\t{group}\n]\n", 2)):
        desk.monitoring.answer(API, text=body)

        assert len(await desk.api.groups()) == number


async def test_receivers_and_the_start_are_told(desk: Desk) -> None:
    desk.clock.now = NOW + HOUR
    desk.monitoring.alertmanager.restart()
    desk.clock.now += HOUR

    assert await desk.api.receivers() == ("matrix",)
    assert (await desk.api.status()).uptime == NOW + HOUR


async def test_a_silence_is_made_told_and_ended(desk: Desk) -> None:
    odd = (Matcher("pod", 'a"b\\.c|d', Operator.LIKE), Matcher("severity", "info", Operator.NOT_EQUAL))
    identity = await desk.create(matchers=odd)

    found = await desk.api.silence(identity)
    await desk.api.expire(identity)

    assert (found.matchers, found.state, found.ends_at) == (odd, State.ACTIVE, NOW + HOUR)
    assert (found.created_by, found.why) == ("@anna:example.org", "new disk")
    assert [each.state for each in await desk.api.silences()] == [State.EXPIRED]


async def test_an_action_makes_its_silence_once_even_when_it_was_ended_since(desk: Desk) -> None:
    first = await desk.create()
    second = await desk.create()
    await desk.api.expire(first)
    third = await desk.create()
    other = await desk.create(RequestId("another"))

    assert first == second == third != other
    assert len(desk.monitoring.alertmanager.silences) == 2


async def test_a_silence_ends_twice_without_harm(desk: Desk) -> None:
    identity = await desk.create()

    await desk.api.expire(identity)
    await desk.api.expire(identity)

    assert (await desk.api.silence(identity)).state is State.EXPIRED


@pytest.mark.parametrize("identity", ["00000000-0000-0000-0000-000000000000", "..", "a/b", "", "x" * 65, "é"])
async def test_an_unknown_silence_is_said_to_be_unknown(desk: Desk, identity: str) -> None:
    for question in (desk.api.expire(identity), desk.api.silence(identity)):
        with pytest.raises(Missing):
            await question
    with pytest.raises(Missing):
        await desk.api.extend(identity, NOW + HOUR, action=ACTION)


async def test_an_action_extends_a_silence_once_and_keeps_the_rest_of_it(desk: Desk) -> None:
    identity = await desk.create()
    before = await desk.api.silence(identity)

    first = await desk.api.extend(identity, NOW + 2 * HOUR, action=RequestId("later"))
    again = await desk.api.extend(identity, NOW + 9 * HOUR, action=RequestId("later"))

    assert (first.id, first.ends_at, again.ends_at) == (identity, NOW + 2 * HOUR, NOW + 2 * HOUR)
    assert (again.matchers, again.created_by, again.why) == (before.matchers, before.created_by, before.why)


async def test_a_silence_that_is_over_is_not_extended(desk: Desk) -> None:
    identity = await desk.create()
    desk.clock.now += 2 * HOUR

    with pytest.raises(Rejected, match="that silence is over"):
        await desk.api.extend(identity, NOW + 9 * HOUR, action=RequestId("later"))


async def test_what_we_do_not_know_of_a_silence_survives_its_extension() -> None:
    row = {
        "id": "abc",
        "matchers": [{"name": "a", "value": "b", "isRegex": False}],
        "startsAt": "2026-05-01T13:00:00.123456789Z",
        "endsAt": "2026-05-01T15:00:00Z",
        "updatedAt": "2026-05-01T13:00:00Z",
        "comment": "by hand",
        "createdBy": "ben",
        "annotations": {"new": "field"},
    }
    posted: dict[str, Any] = {}

    async def tell(_: web.Request) -> web.Response:
        return web.json_response([row | {"status": {"state": "active"}}])

    async def take(request: web.Request) -> web.Response:
        posted.update(await request.json())
        return web.json_response({"silenceID": "def"})

    async with Http() as http, serving(web.get("/api/v2/silences", tell), web.post("/api/v2/silences", take)) as url:
        later = await AlertmanagerApi(http, url).extend("abc", NOW + 2 * HOUR, action=ACTION)

    kept = {name: value for name, value in row.items() if name not in {"updatedAt", "endsAt", "comment"}}
    assert posted == kept | {"endsAt": "2026-05-01T16:00:00.000Z", "comment": "by hand [ops x7k2p]"}
    assert (later.id, later.why) == ("def", "by hand")


async def test_a_silence_that_alertmanager_would_refuse_is_refused_in_our_words(desk: Desk) -> None:
    with pytest.raises(Rejected, match="that would match everything"):
        await desk.create(matchers=(Matcher("a", ".*", Operator.LIKE),))
    with pytest.raises(Rejected):
        await desk.create(matchers=())
    desk.clock.now -= 2 * HOUR
    late = desk.api.create_silence(IS_DOWN, NOW, NOW - HOUR, created_by="", comment="", action=ACTION)
    with pytest.raises(Rejected, match="it would end before it begins"):
        await late


QUESTIONS: dict[str, Callable[[AlertmanagerApi], Awaitable[Any]]] = {
    "alerts": lambda api: api.alerts(),
    "groups": lambda api: api.groups(),
    "silences": lambda api: api.silences(),
    "silence": lambda api: api.silence("abc"),
    "status": lambda api: api.status(),
    "create": lambda api: api.create_silence(IS_DOWN, NOW, NOW, created_by="", comment="", action=ACTION),
    "extend": lambda api: api.extend("abc", NOW, action=ACTION),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize(
    "body",
    ["", "<html>", "null", "[1]", "{}", '[{"labels": {"a": 1}}]', '[{"id": "x", "matchers": [{}], "status": 1}]', "7"],
)
async def test_an_answer_that_cannot_be_read_is_no_answer(
    desk: Desk, question: Callable[[AlertmanagerApi], Awaitable[Any]], body: str
) -> None:
    desk.monitoring.answer(API, text=body)

    with pytest.raises(Unreachable, match="unreadable answer"):
        await question(desk.api)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize(
    ("status", "text", "wanted"),
    [
        (500, "unexpected secret-internal-name", Unreachable),
        (503, "Limit of concurrent GET requests reached", Unreachable),
        (500, "silence not found", Missing),
        (404, "404 page not found", Missing),
        (403, "", Denied),
        (400, '"bad matcher format: secret-internal-name"', Rejected),
        (422, '{"code": 612, "message": "matchers in body should have at least 1 items"}', Rejected),
        (302, "", Rejected),
    ],
)
async def test_a_refusal_is_told_in_our_words(
    desk: Desk, question: Callable[[AlertmanagerApi], Awaitable[Any]], status: int, text: str, wanted: type
) -> None:
    desk.monitoring.answer(API, status, text=text)

    with pytest.raises(NeighbourError) as refused:
        await question(desk.api)

    assert type(refused.value) is wanted
    assert "secret-internal-name" not in str(refused.value)


async def test_a_silence_that_is_over_already_counts_as_ended(desk: Desk) -> None:
    desk.monitoring.answer(f"{API}/silence", 500, text="silence abc already expired")

    await desk.api.expire("abc")


async def test_prometheus_tells_what_fires_but_not_what_waits(desk: Desk) -> None:
    prometheus = PrometheusApi(desk.api._http, desk.monitoring.url("monitoring", "prometheus"))
    rows = [
        {"labels": FULL, "annotations": {}, "state": state, "activeAt": "2026-05-01T13:00:00.123456789Z", "value": "1"}
        for state in ("firing", "pending")
    ]
    desk.monitoring.answer("/monitoring/prometheus/api", json={"status": "success", "data": {"alerts": rows}})

    (alert,) = await prometheus.alerts()

    assert (alert.name, alert.starts_at.replace(microsecond=0)) == ("DiskFull", NOW - HOUR)


@pytest.mark.parametrize(
    "body", [{}, {"data": 1}, {"data": {"alerts": [{"state": "firing"}]}}, {"data": {"alerts": 1}}]
)
async def test_alerts_of_prometheus_that_cannot_be_read_are_no_answer(desk: Desk, body: dict[str, Any]) -> None:
    prometheus = PrometheusApi(desk.api._http, desk.monitoring.url("monitoring", "prometheus"))
    desk.monitoring.answer("/monitoring/prometheus/api", json={"status": "success"} | body)

    with pytest.raises(Unreachable, match="unreadable answer"):
        await prometheus.alerts()
