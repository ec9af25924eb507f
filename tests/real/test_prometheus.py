"""The whole way: a number gets worse, the distribution's Prometheus notices, Alertmanager posts, the room reads it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.real.arrivals import Arrivals
from tests.real.servers import Alertmanager, Prometheus

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

RULE = {
    "alert": "RealDiskFull",
    "expr": "demo_free_ratio < 0.1",
    "labels": {"severity": "critical", "namespace": "storage"},
    "annotations": {"summary": "Only {{ $value | humanizePercentage }} left on {{ $labels.volume }}"},
}
WITHIN = 12.0
"""Seconds from the change of a number to the room: a scrape, an evaluation and a group's turn, at most one each, and
what a busy machine may add (4 s were measured)."""


class Volume:
    """Serves one number, as an exporter would."""

    free = 0.5

    async def metrics(self, _: web.Request) -> web.Response:
        return web.Response(text=f'demo_free_ratio{{volume="data-0"}} {self.free}\n')


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
            rules=[RULE],
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


async def test_status_finds_the_real_ones_well(
    prometheus: Prometheus, alertmanager: Alertmanager, room: Arrivals
) -> None:
    await room.view.say("!status")

    answer = await room.expect("Alertmanager", between=(0.0, 20.0))

    assert "Prometheus ✅" in answer.body
    assert "Alertmanager ✅" in answer.body
