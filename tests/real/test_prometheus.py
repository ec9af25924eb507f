"""The whole way: a number gets worse, the distribution's Prometheus notices, Alertmanager posts, the room reads it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.clients.http import Http
from bot.clients.prometheus import PrometheusApi
from bot.core.names import EventId
from bot.demo.stage import Stage
from tests.real.arrivals import Arrivals
from tests.real.servers import Alertmanager, Prometheus

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

RULE = {
    "alert": "RealDiskFull",
    "expr": "demo_free_ratio < 0.1",
    "labels": {"severity": "critical", "namespace": "storage"},
    "annotations": {"summary": "Only {{ $value | humanizePercentage }} left on {{ $labels.volume }}"},
}
GROUPED_RULE = {
    "alert": "RealSlow",
    "expr": "demo_seconds > 1",
    "labels": {"severity": "warning", "namespace": "ory"},
    "annotations": {"summary": "{{ $labels.pod }} takes {{ $value }} s"},
}
LATER_RULE = {"alert": "RealLater", "expr": "demo_free_ratio > 9", "for": "90s"}
ODD = 'a "b" \\ $1 }) or vector(1)'
ODD_RULE = {"alert": "RealOdd", "expr": "demo_odd < 1 and on (volume) demo_odd", "labels": {"severity": "warning"}}
WITHIN = 12.0
"""Seconds from the change of a number to the room: a scrape, an evaluation and a group's turn, at most one each, and
what a busy machine may add (4 s were measured)."""


COMPARED = 25.0
"""Seconds until the bot has compared its cards with Alertmanager."""


class Volume:
    """Serves a few numbers, as an exporter would."""

    free = 0.5
    seconds: tuple[float, float] = (0.1, 0.1)
    """How long each of two pods takes."""
    odd = 5.0
    """Of the volume whose name is made to be mistaken for an expression."""

    async def metrics(self, _: web.Request) -> web.Response:
        name = ODD.replace("\\", "\\\\").replace('"', '\\"')
        numbers = {'free_ratio{volume="data-0"}': self.free, 'free_ratio{volume="data-1"}': 0.7}
        numbers |= {f'seconds{{pod="hydra-{pod}"}}': took for pod, took in enumerate(self.seconds)}
        numbers |= {f'odd{{volume="{name}"}}': self.odd, 'odd{volume="even"}': 3.0}
        return web.Response(text="".join(f"demo_{name} {value}\n" for name, value in numbers.items()))


@pytest.fixture(scope="module")
def volume() -> Volume:
    return Volume()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prometheus(
    prometheus_binary: Path,
    alertmanager: Alertmanager,
    volume: Volume,
    ports: tuple[int, int],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Prometheus]:
    app = web.Application()
    app.router.add_get("/metrics", volume.metrics)
    async with TestServer(app, host="127.0.0.1") as exporter:
        server = Prometheus(
            prometheus_binary,
            tmp_path_factory.mktemp("prometheus"),
            target=f"127.0.0.1:{exporter.port}",
            rules=[RULE, GROUPED_RULE, ODD_RULE, LATER_RULE],
            alertmanager_url=alertmanager.url,
            port=ports[1],
        )
        await asyncio.to_thread(server.start)
        try:
            yield server
        finally:
            await asyncio.to_thread(server.stop)


async def test_a_number_that_gets_worse_and_better_is_one_card(
    prometheus: Prometheus, volume: Volume, room: Arrivals
) -> None:
    volume.free = 0.04
    card = await room.expect("RealDiskFull", between=(0.0, WITHIN))

    volume.free = 0.6
    end = await room.expect("RealDiskFull", between=(0.0, WITHIN))

    assert (card.verdict, card.msgtype) == ("bad", "m.text")
    assert "Only 4% left on data-0" in card.body
    assert (end.verdict, end.edits) == ("ok", card.event_id)
    assert len(room.about("RealDiskFull")) == 2


async def test_a_rule_over_two_pods_is_one_card_and_is_seen_through_a_silence(
    prometheus: Prometheus, alertmanager: Alertmanager, volume: Volume, room: Arrivals
) -> None:
    volume.seconds = (4.0, 0.1)
    card = await room.expect("RealSlow", between=(0.0, WITHIN))
    volume.seconds = (4.0, 3.0)
    grown = await room.expect("RealSlow", between=(0.0, WITHIN))

    silence = alertmanager.silence("RealSlow")
    muted = await room.expect("RealSlow", between=(0.0, COMPARED))
    volume.seconds = (4.0, 0.1)
    await room.nothing("RealSlow", WITHIN / 2)
    alertmanager.expire(silence)
    shrunk = await room.expect("RealSlow", between=(0.0, COMPARED))
    volume.seconds = (0.1, 0.1)
    while (end := await room.expect("RealSlow", between=(0.0, COMPARED))).verdict != "ok":
        pass

    assert "hydra-0 takes 4 s" in card.body
    assert "hydra-1" in grown.body
    assert "🔕 until" in muted.body
    assert {each.edits for each in (grown, muted, shrunk, end)} == {card.event_id}
    assert end.verdict == "ok"
    assert len([seen for seen in room.about("RealSlow") if seen.edits is None]) == 1


async def test_a_graph_shows_the_series_of_the_alert_and_its_threshold(
    prometheus: Prometheus, volume: Volume, room: Arrivals, stage: Stage
) -> None:
    volume.odd = 0.25
    card = await room.expect("RealOdd", between=(0.0, WITHIN))

    await room.view.say("graph 5m", card.event_id)
    answer = await room.expect("demo_odd", between=(0.0, 25.0))
    shown = await room.expect("RealOdd", between=(0.0, 10.0))

    assert answer.body.startswith("ℹ️ Now 0.25, threshold < 1 — RealOdd #")
    assert "Lowest 0.25 · highest 5" in answer.body
    assert shown.msgtype == "m.image"
    assert png(stage, shown.event_id).startswith(b"\x89PNG")
    # What drew it is gone, and took its memory along.
    assert not {"matplotlib", "numpy"} & mapped(stage.pid)


def mapped(pid: int) -> set[str]:
    """Return all names on the paths of the files that a process has in its memory."""
    return set(Path(f"/proc/{pid}/maps").read_text().replace("/", " ").split())


def png(stage: Stage, event: EventId) -> bytes:
    assert stage.homeserver
    anna = stage.sessions["anna"]
    path = f"/_matrix/client/v3/rooms/{stage.room}/event/{event}"
    url = stage.homeserver.call("GET", path, by=anna)["content"]["url"]
    return stage.homeserver.download(anna, url)[1]


async def test_a_rule_is_told_with_how_long_it_must_hold(prometheus: Prometheus) -> None:
    async with Http() as http:
        api = PrometheusApi(http, prometheus.url)
        later, full, unknown = [await api.rules(name) for name in ("RealLater", "RealDiskFull", "NoSuchRule")]

    assert [(rule.expr, rule.holds) for rule in later] == [("demo_free_ratio > 9", timedelta(seconds=90))]
    assert [(rule.expr, rule.holds) for rule in full] == [("demo_free_ratio < 0.1", timedelta(0))]
    assert unknown == ()


async def test_status_finds_the_real_ones_well(
    prometheus: Prometheus, alertmanager: Alertmanager, room: Arrivals
) -> None:
    await room.view.say("!status")

    answer = await room.expect("Alertmanager", between=(0.0, 20.0))

    assert "Prometheus ✅" in answer.body
    assert "Alertmanager ✅" in answer.body
