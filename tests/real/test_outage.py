"""Ten minutes in which nothing got through, with the distribution's Alertmanager: afterwards the room has it right."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.demo.homeserver import Homeserver
from bot.demo.loopback import HOST, free_port
from bot.demo.openbao import OpenBao
from bot.demo.proxy import FaultyProxy
from bot.demo.stage import Stage
from tests.real.arrivals import Arrivals
from tests.real.servers import GROUP_INTERVAL, Alertmanager, alert, bearer

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

EVERY, GONE = 0.5, 1.5
"""Seconds between two comparisons, and until an alert that is missing is gone."""
SOON = (0.0, 15.0)
QUIET = 2 * GROUP_INTERVAL
RETRIED = 10 + 4 * GROUP_INTERVAL
"""Seconds after which Alertmanager has tried again whatever it could not tell: with pauses that grow to ten."""
_NUMBERS = itertools.count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, alertmanager_binary: Path, homeserver: Homeserver, openbao: OpenBao
) -> AsyncIterator[Stage]:
    """A bot that compares often."""
    settings = {
        "limits": {"reconcile": EVERY, "gone": GONE},
        "alertmanager": {"url": f"http://{HOST}:{free_port()}"},
    }
    directory = tmp_path_factory.mktemp("outage")
    name = f"outage{next(_NUMBERS)}"
    async with Stage(directory, homeserver=homeserver, openbao=openbao, name=name, settings=settings) as stage:
        await stage.start_bot()
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def path(stage: Stage) -> AsyncIterator[FaultyProxy]:
    """The way that webhooks take; the bot's own questions take another."""
    path = FaultyProxy(stage.url)
    await path.start()
    yield path
    await path.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def alertmanager(
    stage: Stage, path: FaultyProxy, alertmanager_binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Alertmanager]:
    port = int(str(stage.settings["alertmanager"]["url"]).rpartition(":")[2])
    server = Alertmanager(
        alertmanager_binary,
        tmp_path_factory.mktemp("alertmanager"),
        f"{path.url}/alerts/ops",
        bearer(stage.webhook_token),
        port=port,
    )
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


@pytest_asyncio.fixture(loop_scope="module")
async def room(stage: Stage) -> Arrivals:
    arrivals = Arrivals(stage)
    await asyncio.wait_for(arrivals.open(), 10)
    return arrivals


def labels(name: str) -> dict[str, str]:
    return {"alertname": name, "severity": "warning", "namespace": "data", "pod": "postgres-1"}


def began(name: str, minutes: float) -> Mapping[str, Any]:
    """Return an alert that began so long ago."""
    return {**alert(labels(name)), "startsAt": (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()}


async def happens(alertmanager: Alertmanager, name: str) -> None:
    """Let ten minutes' worth of things happen: one alert ends, one begins and stays, one comes and goes."""
    alertmanager.post(alert(labels(f"{name}Ends"), ended=True), began(f"{name}Stays", 10), began(f"{name}Passes", 8))
    await asyncio.sleep(QUIET)
    alertmanager.post(alert(labels(f"{name}Passes"), ended=True))
    await asyncio.sleep(QUIET)


async def seen_through(room: Arrivals, seconds: float) -> None:
    """Look for so long, whatever comes."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        await room.view.look(left)


def story(room: Arrivals, name: str) -> tuple[int, str]:
    """Return how many messages are about an alert, edits not counted, and how it stands by the last word."""
    about = [seen for seen in room.about(name) if seen.kind == "alert-card"]
    return sum(seen.edits is None for seen in about), about[-1].verdict if about else ""


async def test_what_fired_and_ended_while_the_bot_was_down_is_right_when_it_is_back(
    stage: Stage, alertmanager: Alertmanager, room: Arrivals
) -> None:
    alertmanager.post(began("DownEnds", 20))
    await room.expect("DownEnds", between=SOON)

    await stage.kill_bot()
    await happens(alertmanager, "Down")
    await stage.start_bot()
    await room.expect("DownStays", between=SOON)
    await room.expect("DownEnds", between=SOON)
    await seen_through(room, RETRIED)

    assert (story(room, "DownEnds"), story(room, "DownStays")) == ((1, "ok"), (1, "warn"))
    # Alertmanager may tell its end, as the only thing about it, or nothing any more.
    assert story(room, "DownPasses") in {(1, "ok"), (0, "")}


async def test_what_fired_and_ended_while_no_webhook_came_through_is_told_all_the_same(
    alertmanager: Alertmanager, path: FaultyProxy, room: Arrivals
) -> None:
    alertmanager.post(began("CutEnds", 20))
    await room.expect("CutEnds", between=SOON)

    path.down = True
    await happens(alertmanager, "Cut")
    for name in ("CutStays", "CutPasses", "CutEnds"):
        await room.expect(name, between=SOON)
    await seen_through(room, 4 * GONE)
    meanwhile = [story(room, f"Cut{which}") for which in ("Ends", "Stays", "Passes")]
    path.down = False
    await seen_through(room, RETRIED)

    assert meanwhile == [(1, "ok"), (1, "warn"), (1, "ok")]
    assert [story(room, f"Cut{which}") for which in ("Ends", "Stays", "Passes")] == meanwhile
