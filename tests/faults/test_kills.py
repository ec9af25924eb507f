"""SIGKILL at random points while alerts and commands rain and a fifth of what is sent goes wrong."""

import pytest

from bot.demo.ordeal import Ordeal
from bot.demo.proxy import HARSH, Fault, FaultyProxy, Odds
from bot.demo.stage import Stage

pytestmark = [pytest.mark.real, pytest.mark.slow]


async def test_nothing_is_lost_or_doubled_when_the_bot_is_killed_again_and_again(
    stage: Stage, proxy: FaultyProxy
) -> None:
    proxy.odds = HARSH
    ordeal = Ordeal(stage, seed=7, kills=6)

    verdict = await ordeal.run()

    assert verdict.breaches == {}
    assert ordeal.promised.alerts > 30
    assert len(ordeal.promised.commands) > 10
    assert any(asked.fault is Fault.CUT for asked in proxy.asked)


async def test_nothing_is_doubled_on_a_homeserver_that_forgets_transaction_ids(
    stage: Stage, proxy: FaultyProxy
) -> None:
    """Synapse forgets them after a day, Dendrite with each restart: only a look into the room can tell."""
    proxy.odds = Odds(bad_gateway=0.05, cut=0.25)
    proxy.forgets = True
    ordeal = Ordeal(stage, seed=11, kills=2)

    verdict = await ordeal.run()

    assert verdict.breaches == {}
    assert sum(asked.fault is Fault.CUT for asked in proxy.asked) >= 5
