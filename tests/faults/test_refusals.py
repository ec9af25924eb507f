"""A homeserver that says no for a while: the bot comes through, and does not hammer on the door meanwhile."""

import asyncio
import time

import pytest

from bot.demo.proxy import FaultyProxy
from bot.demo.stage import Stage
from tests.faults.conftest import Witness

pytestmark = pytest.mark.real


async def test_a_bot_whose_first_attempt_to_join_had_no_answer_joins_all_the_same(
    stage: Stage, proxy: FaultyProxy, witness: Witness
) -> None:
    proxy.refuse("/join/", 502, times=3)
    await stage.start_bot()

    await witness.posts.tell("Disk", {"pod-1": True})
    verdict = await witness.until_kept(15)

    assert verdict.breaches == {}


async def test_a_login_that_is_worth_nothing_is_not_asked_for_in_a_hot_loop(
    stage: Stage, proxy: FaultyProxy, witness: Witness
) -> None:
    await stage.start_bot()
    proxy.refuse("/sync", 401, "M_UNKNOWN_TOKEN", times=1000)
    proxy.down = True
    proxy.down = False
    before, began = len(proxy.asked), time.monotonic()

    await asyncio.sleep(4)
    asked = len(proxy.asked) - before
    proxy.forgive()
    await witness.say("!audit 1")
    verdict = await witness.until_kept()

    assert verdict.breaches == {}
    assert asked <= 6 * (time.monotonic() - began)


async def test_a_connection_that_is_cut_under_a_waiting_sync_costs_no_command(
    stage: Stage, proxy: FaultyProxy, witness: Witness
) -> None:
    await stage.start_bot()

    for _ in range(3):
        await witness.say("!audit 1")
        proxy.down = True
        await asyncio.sleep(0.3)
        proxy.down = False
    verdict = await witness.until_kept()

    assert verdict.breaches == {}
