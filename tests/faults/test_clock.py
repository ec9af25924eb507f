"""The machine's clock is set while the bot runs: it goes on, and what may have arrived is not sent again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.app import App
from bot.clients.system import System
from bot.config import load
from bot.demo.proxy import CALM, Fault, FaultyProxy, Odds
from bot.demo.stage import Stage
from tests.faults.conftest import Witness

pytestmark = pytest.mark.real
BOTH_WAYS = pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)], ids=["forwards", "back"])
NOTICED = 1.5
"""Seconds by which it is noticed."""


@dataclass
class Wall:
    """The clock on the wall of the machine."""

    wrong: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.wrong


@pytest.fixture
async def wall(stage: Stage) -> AsyncIterator[Wall]:
    """The bot runs in this process, by a clock that can be set."""
    wall = Wall()
    app = App(load(stage.config), replace(System(), now=wall.now))
    running = asyncio.create_task(app.run())
    await stage.until_ready()
    yield wall
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@BOTH_WAYS
async def test_alerts_are_told_and_commands_answered_as_before(
    stage: Stage, witness: Witness, wall: Wall, step: timedelta
) -> None:
    await witness.posts.tell("Before", {"pod-beforeend": True}, severity="critical")
    await witness.until_kept()

    wall.wrong = step
    await asyncio.sleep(NOTICED)
    await witness.posts.tell("Before", {"pod-beforeend": False}, severity="critical")
    await witness.posts.tell("After", {"pod-afterend": True}, severity="critical")
    await witness.say("!audit 1")
    await witness.say("!announce lunch --yes")
    verdict = await witness.until_kept()

    assert verdict.breaches == {}
    assert not [body for body in witness.bodies() if "send it again" in body]
    assert [body for body in witness.bodies() if "lunch" in body]


@BOTH_WAYS
async def test_what_may_have_arrived_is_looked_for_though_the_clocks_are_apart(
    stage: Stage, witness: Witness, wall: Wall, proxy: FaultyProxy, step: timedelta
) -> None:
    """The homeserver dates a message by its own clock."""
    wall.wrong = step
    await asyncio.sleep(NOTICED)
    proxy.forgets, proxy.odds = True, Odds(cut=1.0)

    await witness.posts.tell("Doubtful", {"podend": True})
    await witness.until(lambda: any(asked.fault is Fault.CUT for asked in proxy.asked))
    proxy.odds = CALM
    await witness.posts.tell("Next", {"nextend": True})
    verdict = await witness.until_kept()

    assert verdict.breaches == {}
