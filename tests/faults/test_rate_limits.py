"""A homeserver that takes a few messages a second: nothing is lost, the urgent goes first, what waits is merged."""

import pytest

from bot.demo.homeserver import Homeserver
from bot.demo.ledgers import first_shown
from bot.demo.ordeal import storm
from bot.demo.proxy import FaultyProxy
from bot.demo.stage import Stage
from tests.faults.conftest import Witness

pytestmark = [pytest.mark.real, pytest.mark.slow]
GROUPS, ROUNDS, CRITICAL = 40, 8, 4


async def test_a_storm_under_rate_limits_is_merged_and_the_critical_comes_first(
    homeserver: Homeserver, stage: Stage, proxy: FaultyProxy, witness: Witness
) -> None:
    homeserver.register(f"{stage.name}-root", stage.password, admin=True)
    root = homeserver.login(f"{stage.name}-root", stage.password)
    homeserver.override_rate_limit(root, stage.user, 5, 10)
    await stage.start_bot()
    before = len(proxy.asked)

    await storm(witness.posts, groups=GROUPS, rounds=ROUNDS, critical=CRITICAL)
    verdict = await witness.until_kept(40)
    order = first_shown(witness.promised, witness.view.seen, stage.user)
    attempts = proxy.sends(before)
    refused = [asked for asked in attempts if asked.status == 429]

    assert verdict.breaches == {}
    assert witness.promised.alerts == GROUPS * ROUNDS
    assert verdict.events <= 2 * GROUPS
    # Accepted last in every round, told before half of the rest.
    assert max(order.index(f"Storm{number}") for number in range(GROUPS - CRITICAL, GROUPS)) < GROUPS // 2
    assert refused
    assert len(attempts) <= 2.5 * verdict.events
