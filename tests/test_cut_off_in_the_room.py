"""Actions that a killed bot had begun, as the room and the cluster see them: none is done twice, none is forgotten."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.demo.cluster import ExecAnswer
from bot.demo.cluster.controllers.databases import Databases
from bot.demo.homeserver import Homeserver
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from bot.demo.transcript import Player

pytestmark = pytest.mark.real

_NUMBERS = itertools.count(1)
BEGUN = """
anna> !backup now
bot< ⏳ Back data/postgres up now?
…
anna> yes <code>
"""
ENDED = """
bot= ✅ data/postgres backed up in * — by @anna*
…
"""
RUNNING = """
~ barman there
anna> !k8s exec data/barman-0 -- barman check postgres
bot< ⏳ Run barman check postgres in data/barman-0?
…
anna> yes <code>
"""
UNSURE = """
bot= ❔ I was cut off in the middle of !k8s exec *
…
"""


@pytest.fixture
async def player(tmp_path: Path, homeserver: Homeserver, openbao: OpenBao) -> AsyncIterator[Player]:
    """A bot in a cluster whose backups take their time."""
    async with Stage(tmp_path, homeserver=homeserver, openbao=openbao, name=f"cutoff{next(_NUMBERS)}") as stage:
        for controller in stage.cluster.controllers.running:
            if isinstance(controller, Databases):
                controller.interval = 3.0
        await stage.start_bot()
        player = Player(stage)
        await player.open()
        yield player


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - the simulated cluster tells nobody of its changes
            await asyncio.sleep(0.02)


async def test_a_backup_goes_on_over_a_crash_and_is_followed_to_its_end(player: Player) -> None:
    store = player.stage.cluster.store
    before = len(store.list("Backup", "data"))
    await player.play(BEGUN)
    await until(lambda: len(store.list("Backup", "data")) > before)

    await player.stage.kill_bot()
    await player.stage.start_bot()
    await player.play(ENDED)

    assert len(store.list("Backup", "data")) == before + 1


async def test_a_command_in_a_container_is_not_run_again_after_a_crash(player: Player) -> None:
    execs = player.stage.cluster.execs
    execs.answer("data", "barman-0", ("barman", "…"), ExecAnswer("late", seconds=30))
    await player.play(RUNNING)
    await until(lambda: bool(execs.spoken))

    await player.stage.kill_bot()
    await player.stage.start_bot()
    await player.play(UNSURE)

    assert len(execs.spoken) == 1
