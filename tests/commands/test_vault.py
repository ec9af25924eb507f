"""`!vault status` and `!vault kv` with the real OpenBao; the cluster and what the pods lack is simulated."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.command import Command, Context
from bot.core.errors import Denied, Sealed, UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.identity import Identity
from bot.core.keys import KeysReport, KeysState, report
from bot.core.seal import HaRole, Pod
from bot.demo import openbao as demo
from bot.demo import vault as furnished
from bot.demo.cluster import Object
from commands.check import check
from commands.kv import KvList, KvSecret, kv_get, kv_list
from commands.vault import VaultStatus, vault_status
from tests.commands.conftest import House

pytestmark = pytest.mark.real


async def told(ctx: Context, command: Command, line: str = "") -> Any:
    """Run a command as the room would type it."""
    bound = command.bind(tuple(line.split()))
    return await command.handler(ctx, *bound.args, **bound.kwargs)


def config_map(**data: str) -> Object:
    metadata = {"name": "openbao-keys-check", "namespace": "data"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@pytest.fixture
async def at_home(house: House, openbao: demo.OpenBao) -> AsyncIterator[Context]:
    """The house with the real OpenBao in it."""
    house.bao_urls = (openbao.url,)
    async with house.open() as ctx:
        house.jwt = await asyncio.to_thread(furnished.furnish, openbao, house.cluster)
        # Its client takes seconds to load, and here it is part of every answer.
        await ctx.neighbours.kubernetes.open()
        yield ctx


async def test_an_open_openbao_with_its_keys_kept_and_our_login_good_is_fine(at_home: Context) -> None:
    status: VaultStatus = await told(at_home, vault_status)

    (pod,) = status.pods.values()
    assert isinstance(pod, Pod)
    assert (pod.role, pod.seal.serves, pod.seal.threshold, pod.seal.shares) == (HaRole.ACTIVE, True, 3, 5)
    assert isinstance(status.me, Identity)
    assert (status.me.role, status.me.lives) == ("opsbot", timedelta(hours=1))
    assert status.keys == KeysReport(KeysState.PRESENT, at_home.clock() - timedelta(minutes=12), at_home.clock())
    assert status.verdict is Verdict.OK


@pytest.mark.parametrize("state", [KeysState.EMPTY, KeysState.PLACEHOLDER])
async def test_keys_that_are_lost_while_it_serves_are_an_emergency_everywhere(
    house: House, at_home: Context, state: KeysState
) -> None:
    house.cluster.store.put(config_map(**report(state, house.now)))

    status, checked = await told(at_home, vault_status), await told(at_home, check, "data/openbao")

    assert status.keys_lost
    assert status.serving
    assert (status.verdict, checked.verdict) == (Verdict.BAD, Verdict.BAD)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "keys-check has not run yet"),
        ({}, "keys-check has not run yet"),
        ("old", "keys-check last ran 2 h ago"),
    ],
)
async def test_keys_that_nobody_looked_at_lately_are_unknown(
    house: House, at_home: Context, data: dict[str, str] | str | None, why: str
) -> None:
    old = report(KeysState.PRESENT, house.now - timedelta(hours=2, seconds=1))
    if data is None:
        house.cluster.store.delete("ConfigMap", "data", "openbao-keys-check")
    else:
        house.cluster.store.put(config_map(**(old if isinstance(data, str) else data)))

    status, checked = await told(at_home, vault_status), await told(at_home, check, "data/openbao")

    assert status.keys == Unknown(why)
    assert (status.verdict, checked.verdict) == (Verdict.UNKNOWN, Verdict.UNKNOWN)


async def test_a_cluster_that_does_not_answer_is_named_as_the_silent_one(house: House, at_home: Context) -> None:
    house.cluster.access.deny("get", "configmaps")

    status: VaultStatus = await told(at_home, vault_status)

    assert isinstance(status.keys, Unknown)
    assert status.keys.reason.startswith("Kubernetes: may not get configmaps")


async def test_where_nobody_checks_the_keys_nothing_is_said_of_them(house: House, openbao: demo.OpenBao) -> None:
    house.bao_urls = (openbao.url,)
    house.settings["openbao"] = {"keys_report": None}
    async with house.open() as ctx:
        house.jwt = await asyncio.to_thread(furnished.furnish, openbao, house.cluster)
        await ctx.neighbours.kubernetes.open()
        status = await told(ctx, vault_status)

    assert status.keys is None
    assert status.verdict is Verdict.OK
    assert not [path for _, path in house.cluster.request_log if "configmaps" in path]


async def test_a_sealed_openbao_tells_its_progress_and_knows_nobody(at_home: Context, openbao: demo.OpenBao) -> None:
    openbao.seal()
    try:
        await asyncio.to_thread(openbao.unseal, openbao.keys.shares[:1])
        status: VaultStatus = await told(at_home, vault_status)
    finally:
        await asyncio.to_thread(openbao.unseal, openbao.keys.shares[1:4])

    (pod,) = status.pods.values()
    assert isinstance(pod, Pod)
    assert (pod.seal.sealed, pod.seal.progress, pod.role) == (True, 1, None)
    assert status.me == Unknown("sealed")
    assert status.verdict is Verdict.BAD


async def test_the_list_tells_versions_and_folders(at_home: Context, openbao: demo.OpenBao) -> None:
    listed: KvList = await told(at_home, kv_list)

    names = {entry.name: entry.history for entry in listed.entries}
    assert listed.path == "secret"
    assert names["sol-tokens/"] is None
    assert not isinstance(names["docs"], Unknown | None)


async def test_a_list_of_a_secret_tells_the_secret(at_home: Context) -> None:
    assert isinstance(await told(at_home, kv_list, "secret/docs"), KvSecret)


@pytest.mark.parametrize(
    ("typed", "path", "meant"),
    [
        ("secret/docs", "secret/docs", None),
        ("docs", "secret/docs", None),
        ("secret/docs/django-secret", "secret/docs", "django-secret-key"),
        ("secret/docs/DJANGO_SECRET_KEY", "secret/docs", "django-secret-key"),
        ("secret/sol-tokens/anna", "secret/sol-tokens/anna", None),
    ],
)
async def test_both_layouts_are_understood(at_home: Context, typed: str, path: str, meant: str | None) -> None:
    found: KvSecret = await told(at_home, kv_get, typed)

    assert (found.path, found.meant) == (path, meant)


async def test_where_both_layouts_stand_the_path_itself_is_meant(at_home: Context, openbao: demo.OpenBao) -> None:
    root = openbao.keys.root_token
    openbao.call("POST", "/v1/secret/data/both", {"data": {"django-secret-key": "x"}}, token=root)
    openbao.call("POST", "/v1/secret/data/both/django-secret", {"data": {"DJANGO_SECRET_KEY": "x"}}, token=root)

    found: KvSecret = await told(at_home, kv_get, "secret/both/django-secret")

    assert (found.path, found.fields, found.meant) == ("secret/both/django-secret", ("DJANGO_SECRET_KEY",), None)


async def test_a_deleted_secret_is_told_with_its_end_and_without_keys(
    house: House, at_home: Context, openbao: demo.OpenBao
) -> None:
    root = openbao.keys.root_token
    openbao.call("POST", "/v1/secret/data/over", {"data": {"a": "x"}}, token=root)
    openbao.call("DELETE", "/v1/secret/data/over", token=root)
    house.now += timedelta(minutes=1)

    found: KvSecret = await told(at_home, kv_get, "secret/over")

    assert found.fields == ()
    assert found.history.newest
    assert found.history.newest.is_gone(house.now)


@pytest.mark.parametrize(
    ("typed", "problem", "near"),
    [
        ("secret/mesages", "No secret “secret/mesages”", ("secret/messages",)),
        ("secret/docs/nothing", "No secret “secret/docs/nothing”", ()),
        ("secret/sol-tokens", "“secret/sol-tokens” is a folder", ()),
        ("secret/../sys", "“secret/../sys” is not a path of secrets", ()),
        ("secret", "Which secret?", ()),
    ],
)
async def test_a_path_without_a_secret_says_what_was_likely_meant(
    at_home: Context, typed: str, problem: str, near: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError) as refused:
        await told(at_home, kv_get, typed)

    assert refused.value.problem == problem
    assert refused.value.near == near


async def test_a_login_that_is_refused_and_a_seal_are_said_as_such(
    house: House, at_home: Context, openbao: demo.OpenBao
) -> None:
    house.cluster.access.accounts.clear()
    with pytest.raises(Denied, match="may not log in with the role opsbot"):
        await told(at_home, kv_get, "secret/docs")

    openbao.seal()
    try:
        with pytest.raises(Sealed):
            await told(at_home, kv_get, "secret/docs")
    finally:
        await asyncio.to_thread(openbao.unseal, openbao.keys.shares[:3])


async def test_several_pods_are_told_each_by_itself(house: House, openbao: demo.OpenBao) -> None:
    house.bao_urls = (openbao.url, "http://127.0.0.1:1")
    async with house.open() as ctx:
        house.jwt = await asyncio.to_thread(furnished.furnish, openbao, house.cluster)
        await ctx.neighbours.kubernetes.open()
        status = await told(ctx, vault_status)

    first, second = status.pods.values()
    assert isinstance(first, Pod)
    assert second == Unknown("connection refused")
    assert replace(status, pods={}).verdict is Verdict.OK
    assert status.verdict is Verdict.UNKNOWN
