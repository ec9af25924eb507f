"""`!seal` with the real OpenBao: what it asks, what it refuses, and that it believes only what it sees."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bot.command import Context, Plan
from bot.core.errors import Denied, UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.keys import KeysState
from bot.core.policy import Risk, Role
from bot.demo import openbao as demo
from bot.demo import vault as furnished
from commands.ceremony import PodSeal
from commands.seal import SealReport, seal
from formatters import FORMATTERS
from formatters.plans import planned
from formatters.render import render, write
from tests.commands.conftest import ANNA, House, acting
from tests.commands.test_restart import config_map

pytestmark = pytest.mark.real


@pytest.fixture
def bao(openbao: demo.OpenBao) -> Iterator[demo.OpenBao]:
    """Unsealed before and after."""
    yield openbao
    if openbao.status()["sealed"]:
        openbao.unseal(openbao.keys.shares[:3])


@pytest.fixture
async def at_home(house: House, bao: demo.OpenBao) -> AsyncIterator[Context]:
    house.bao_urls = (bao.url,)
    async with house.open() as ctx:
        house.jwt = await asyncio.to_thread(furnished.furnish, bao, house.cluster)
        await ctx.neighbours.kubernetes.open()
        yield ctx


async def previewed(ctx: Context) -> Plan:
    assert seal.preview
    found: Plan = await seal.preview(ctx)
    return found


def words(result: Any) -> str:
    return render(result, formatters=FORMATTERS).body


def test_it_takes_an_admin_and_a_second_person() -> None:
    assert (seal.risk, seal.least, seal.asks, seal.repeatable) == (Risk.DANGEROUS, Role.ADMIN, True, False)


async def test_it_says_what_follows_and_how_it_is_opened_again(at_home: Context) -> None:
    plan = await previewed(at_home)

    assert write("plan", planned(plan.what)).body.splitlines() == [
        "Seal OpenBao, 1 pod?",
        "Nobody gets a secret and no password is rotated until it is open again",
        "!unseal opens it: 3 of 5 shares needed",
        "keys Secret ok",
    ]


async def test_it_warns_that_lost_keys_make_it_final_and_seals_all_the_same(house: House, at_home: Context) -> None:
    house.cluster.store.put(config_map(KeysState.EMPTY, house.now))

    plan = await previewed(at_home)

    last = write("plan", planned(plan.what)).body.splitlines()[-1]
    assert last == "🔥 keys Secret EMPTY: it stays shut for good unless people hold its shares"


async def test_sealed_is_what_was_seen_sealed(house: House, at_home: Context, bao: demo.OpenBao) -> None:
    result: SealReport = await seal.handler(acting(at_home))

    assert bao.status()["sealed"]
    assert result.verdict is Verdict.OK
    assert words(result).startswith("✅ OpenBao sealed in ")
    assert "!unseal opens it" in words(result)
    with pytest.raises(UsageError, match="sealed already"):
        await previewed(at_home)


async def test_without_the_right_nothing_is_sealed_and_the_room_is_told_what_to_grant(
    at_home: Context, bao: demo.OpenBao
) -> None:
    policy = {"policy": 'path "secret/metadata/*" { capabilities = ["list"] }'}
    bao.call("PUT", "/v1/sys/policies/acl/opsbot", policy, token=bao.keys.root_token)

    with pytest.raises(Denied, match="may not seal OpenBao"):
        await seal.handler(acting(at_home))

    assert not bao.status()["sealed"]


async def test_a_pod_that_does_not_say_is_not_taken_for_sealed(house: House, at_home: Context) -> None:
    result = SealReport((PodSeal("openbao-0", Unknown("no answer in 5 s")),), ANNA, house.now - house.now)

    assert result.verdict is Verdict.UNKNOWN
    assert words(result).startswith("❔ OpenBao sealed, but 1 pod did not say")
