"""More groups at once than a room can read: one card counts them through kills and rate limits, and none is lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.homeserver import Homeserver
from bot.demo.ledgers import first_shown
from bot.demo.openbao import OpenBao
from bot.demo.ordeal import storm
from bot.demo.proxy import FaultyProxy
from bot.demo.stage import Stage
from tests.faults.conftest import Witness

pytestmark = [pytest.mark.real, pytest.mark.slow]
GROUPS, ALERTS, CRITICAL = 30, 3, 2


@pytest.fixture
async def stage(tmp_path: Path, homeserver: Homeserver, openbao: OpenBao, proxy: FaultyProxy) -> AsyncIterator[Stage]:
    """As for the others, but with storms, and calm soon."""
    settings = {"limits": {"storm": 4}}
    async with Stage(
        tmp_path, homeserver=homeserver, openbao=openbao, homeserver_url=proxy.url, name="storms", settings=settings
    ) as stage:
        homeserver.register("storms-root", stage.password, admin=True)
        homeserver.override_rate_limit(homeserver.login("storms-root", stage.password), stage.user, 5, 10)
        yield stage


async def test_a_storm_is_counted_by_one_card_and_nothing_of_it_is_lost(stage: Stage, witness: Witness) -> None:
    await stage.start_bot()

    await storm(witness.posts, groups=GROUPS, rounds=ALERTS, critical=CRITICAL)
    raging = await witness.until_kept(40)
    ringing = {seen.key for seen in witness.view.seen if seen.mentions}
    own = first_shown(witness.promised, witness.view.seen, stage.user)
    await stage.kill_bot()
    await stage.start_bot()
    for number in range(3):
        await witness.posts.tell(f"Late{number}", {f"late{number}-0end": True})
    for number in range(20):
        pods = {f"g{number}-{pod}end": False for pod in range(ALERTS)}
        await witness.posts.tell(f"Storm{number}", pods)
    await witness.until(lambda: any(" storm over: " in body for body in witness.bodies()), 40)
    over = await witness.until_kept(40)

    assert raging.breaches == over.breaches == {}
    # Eight came before it was a storm; the rest had no message of their own while it lasted, but for what rings.
    assert sorted(own) == sorted(f"Storm{number}" for number in (*range(8), 28, 29))
    assert len(ringing) == CRITICAL
    assert {f"Storm{number}" for number in range(20, 30)} <= set(
        first_shown(witness.promised, witness.view.seen, stage.user)
    )
