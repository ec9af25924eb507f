"""The distribution's Alertmanager drops what is silenced, the end included: the room is told all the same."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.demo.homeserver import Homeserver
from bot.demo.loopback import HOST, free_port
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from bot.demo.transcript import Player
from tests.real.arrivals import Arrivals
from tests.real.servers import Alertmanager, alert, bearer

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

EVERY, GONE = 0.5, 1.5
"""Seconds between two comparisons, and until an alert that is missing is gone."""
SOON = (0.0, 10.0)
YOUNG = 2.5 * GONE
"""Seconds that Alertmanager must run before anything is closed."""
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
    directory = tmp_path_factory.mktemp("truth")
    name = f"truth{next(_NUMBERS)}"
    async with Stage(directory, homeserver=homeserver, openbao=openbao, name=name, settings=settings) as stage:
        await stage.start_bot()
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def alertmanager(
    stage: Stage, alertmanager_binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Alertmanager]:
    port = int(str(stage.settings["alertmanager"]["url"]).rpartition(":")[2])
    server = Alertmanager(
        alertmanager_binary,
        tmp_path_factory.mktemp("alertmanager"),
        f"{stage.url}/alerts/ops",
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


async def test_an_alert_that_ends_while_it_is_silenced_is_closed(alertmanager: Alertmanager, room: Arrivals) -> None:
    alertmanager.post(alert(labels("TruthSilenced")))
    card = await room.expect("TruthSilenced", between=SOON)
    alertmanager.silence("TruthSilenced")
    muted = await room.expect("TruthSilenced", between=SOON)

    alertmanager.post(alert(labels("TruthSilenced"), ended=True))
    closed = await room.expect("TruthSilenced", between=(0.0, YOUNG + SOON[1]))

    assert (muted.edits, closed.edits) == (card.event_id, card.event_id)
    assert "🔕 until" in muted.body
    assert "RESOLVED TruthSilenced" in closed.body
    assert "Alertmanager no longer knows it" in closed.body
    assert closed.verdict == "ok"


async def test_what_burns_and_what_is_told_of_it_stay_one(alertmanager: Alertmanager, room: Arrivals) -> None:
    """The API cuts an alert's start to milliseconds, the webhook does not: it is the same alert."""
    alertmanager.post(alert(labels("TruthSame")))
    await room.expect("TruthSame", between=SOON)

    await room.nothing("TruthSame", 4 * EVERY)


async def test_a_restarted_alertmanager_closes_nothing(alertmanager: Alertmanager, room: Arrivals) -> None:
    alertmanager.post(alert(labels("TruthKept")))
    await room.expect("TruthKept", between=SOON)

    await asyncio.to_thread(alertmanager.stop)
    await asyncio.to_thread(alertmanager.start)
    await room.nothing("TruthKept", YOUNG / 2)
    alertmanager.post(alert(labels("TruthKept")))

    await room.nothing("TruthKept", YOUNG)


async def test_our_own_alert_comes_back_and_has_no_card(
    stage: Stage, alertmanager: Alertmanager, room: Arrivals
) -> None:
    """Neither the webhook nor the comparison makes a card of it."""
    player = Player(stage)
    await player.open()

    await player.play("anna> !check monitoring/alert-path\nbot= ✅ monitoring/alert-path: 1 of 1 fine\n…")
    await asyncio.sleep(4 * EVERY)

    await player.play("bot!")
