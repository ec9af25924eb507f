"""What the room sees when a webhook is lost, when an end is never told, and when the Watchdog falls silent."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from bot.demo.homeserver import Homeserver
from bot.demo.monitoring.alertmanager import Alertmanager
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from bot.demo.transcript import Player

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

SETTINGS = {"limits": {"reconcile": 0.3, "gone": 2}, "alerts": {"watchdog_every": 4}}
WATCHDOG = {"alertname": "Watchdog", "severity": "none"}


def labels(name: str, severity: str = "warning") -> dict[str, str]:
    return {"alertname": name, "severity": severity, "namespace": "data", "pod": "postgres-1"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, homeserver: Homeserver, openbao: OpenBao
) -> AsyncIterator[Stage]:
    """A bot that compares often and misses a Watchdog after seconds."""
    directory = tmp_path_factory.mktemp("truth")
    async with Stage(directory, homeserver=homeserver, openbao=openbao, name="truthful", settings=SETTINGS) as stage:
        await stage.start_bot()
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def player(stage: Stage) -> Player:
    player = Player(stage)
    await player.open()
    return player


def unheard(alertmanager: Alertmanager, burning: dict[str, str]) -> None:
    """Let an alert fire whose webhook is lost, two minutes ago."""
    listeners, alertmanager.listeners = alertmanager.listeners, []
    alertmanager.fire(burning, {"summary": "Not told"}, alertmanager.clock() - timedelta(minutes=2))
    alertmanager.listeners = listeners


async def test_an_alert_whose_webhook_was_lost_is_told_and_ends_on_its_card(stage: Stage, player: Player) -> None:
    unheard(stage.monitoring.alertmanager, labels("Unheard", "critical"))
    await player.play("bot< 🔥 CRITICAL Unheard — data/postgres-1 *\nNot told\n…")
    assert player.last
    card = player.last

    await player.play("~ resolve Unheard critical data/postgres-1\nbot= ✅ RESOLVED Unheard — data/postgres-1 *\n…")

    assert (card.msgtype, card.mentions) == ("m.text", (stage.user_of("anna"),))
    assert player.last.edits == card.event_id


async def test_an_end_under_a_silence_is_said_to_be_concluded(stage: Stage, player: Player) -> None:
    alertmanager = stage.monitoring.alertmanager
    await player.play("~ fire Hushed warning data/postgres-1\nbot< ⚠️ WARNING Hushed *\n…")
    alertmanager.silence({"alertname": "Hushed"}, timedelta(hours=1))
    await player.play("bot= 🔕 until *\n…")

    alertmanager.resolve(labels("Hushed"))

    await player.play("bot= ✅ RESOLVED Hushed *\nLasted *\nAlertmanager no longer knows it*")


async def test_a_silent_watchdog_is_a_page_that_is_edited_when_it_is_back(stage: Stage, player: Player) -> None:
    stage.monitoring.alertmanager.fire(WATCHDOG)
    await player.play("bot!")

    await player.play("bot< 🔥 CRITICAL Watchdog not heard for *\n…")
    assert player.last
    page = player.last
    stage.monitoring.alertmanager.fire(WATCHDOG)
    await player.play("bot= ✅ RESOLVED Watchdog is back\n…")

    assert (page.msgtype, page.mentions) == ("m.text", (stage.user_of("anna"),))
    assert (player.last.edits, player.last.mentions) == (page.event_id, ())
