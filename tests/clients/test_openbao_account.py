"""The bot's own login, against the real OpenBao and a cluster that is asked whose token it is."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.clients.http import Http
from bot.clients.openbao import OpenBao
from bot.clients.openbao_account import Account
from bot.clients.openbao_threads import Threads
from bot.config.secrets import secret
from bot.core.errors import Denied, Rejected, Sealed, Unreachable
from bot.core.identity import LONGEST
from bot.demo.loopback import free_port
from bot.demo.monitoring import SimulatedMonitoring
from tests.clients.conftest import Vault

pytestmark = pytest.mark.real


def listing(client: Any) -> Any:
    return client.secrets.kv.v2.list_secrets("", mount_point="secret")


async def test_the_service_account_logs_in_once_with_its_role_for_an_hour(vaulted: Vault) -> None:
    identity = await vaulted.account.identity()
    await vaulted.account.ask("list secret", listing)

    assert (identity.role, identity.policies) == ("opsbot", ("opsbot",))
    assert identity.lives == LONGEST
    assert not identity.lasting
    assert vaulted.logins == 1


async def test_a_token_is_renewed_after_two_thirds_of_its_life_and_not_before(vaulted: Vault) -> None:
    ends = (await vaulted.account.identity()).ends_at
    first = token(vaulted)
    vaulted.now += timedelta(minutes=39)
    before = (await vaulted.account.identity()).ends_at
    await asyncio.sleep(1.1)
    vaulted.now += timedelta(minutes=2)
    after = (await vaulted.account.identity()).ends_at

    assert before == ends
    assert after
    assert ends
    assert after > ends
    assert token(vaulted) == first


async def test_a_token_that_ended_is_followed_by_a_new_login(vaulted: Vault) -> None:
    await vaulted.account.identity()
    first = token(vaulted)
    vaulted.now += timedelta(minutes=61)

    await vaulted.account.identity()

    assert token(vaulted) != first


async def test_a_token_that_may_not_be_renewed_is_followed_by_a_new_login(vaulted: Vault) -> None:
    await vaulted.account.identity()
    first = token(vaulted)
    revoke(vaulted)
    vaulted.now += timedelta(minutes=41)

    await vaulted.account.identity()

    assert token(vaulted) != first


async def test_a_token_that_was_revoked_is_followed_by_a_new_login_within_the_same_question(vaulted: Vault) -> None:
    await vaulted.account.identity()
    revoke(vaulted)

    names = await vaulted.account.ask("list secret", listing)

    assert "messages" in names["data"]["keys"]
    assert vaulted.logins == 2


async def test_what_is_not_granted_is_refused_after_one_more_login(vaulted: Vault) -> None:
    await vaulted.account.identity()

    with pytest.raises(Denied, match="may not list the mounts"):
        await vaulted.account.ask("list the mounts", lambda client: client.sys.list_mounted_secrets_engines())

    assert vaulted.logins == 2


async def test_many_questions_at_once_log_in_once(vaulted: Vault) -> None:
    await asyncio.gather(*(vaulted.account.ask("list secret", listing) for _ in range(20)))

    assert vaulted.logins == 1


async def test_an_account_the_cluster_does_not_know_gets_in_nowhere(vaulted: Vault) -> None:
    vaulted.cluster.access.accounts.clear()

    with pytest.raises(Denied, match="may not log in with the role opsbot"):
        await vaulted.account.identity()


async def test_a_static_token_is_read_again_when_it_is_refused(vaulted: Vault, tmp_path: Path) -> None:
    file = tmp_path / "token"
    static = Account(
        vaulted.pods, vaulted.threads, role=None, credential=lambda: secret(None, file) or "", now=lambda: vaulted.now
    )
    file.write_text("s.obviously-not-a-token")
    with pytest.raises(Denied):
        await static.identity()
    made = vaulted.root("POST", "auth/token/create", {"policies": ["opsbot"], "ttl": "48h"})
    file.write_text(str(made["auth"]["client_token"]))  # type: ignore[index]

    identity = await static.identity()

    assert (identity.role, identity.lasting, identity.almighty) == (None, True, False)
    assert vaulted.logins == 0


async def test_no_token_is_in_what_is_printed_raised_or_logged(
    vaulted: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        await vaulted.account.identity()
        with pytest.raises(Denied) as refused:
            await vaulted.account.ask("list the mounts", lambda client: client.sys.list_mounted_secrets_engines())

    shown = (vaulted.account._held, vaulted.account, refused.value, refused.value.__cause__)
    for text in (*map(repr, shown), caplog.text):
        assert token(vaulted) not in text
        assert vaulted.jwt not in text


async def test_nothing_is_taken_from_the_environment(vaulted: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    for name, value in {"VAULT_ADDR": dead, "VAULT_TOKEN": "s.wrong", "HTTP_PROXY": dead, "http_proxy": dead}.items():
        monkeypatch.setenv(name, value)

    identity = await vaulted.account.identity()

    assert identity.role == "opsbot"
    with pytest.raises(Denied):
        # Without a token of ours, none is found elsewhere.
        await vaulted.threads.ask(vaulted.bao.url, "", "list secret", listing)


async def test_sealed_in_the_middle_is_said_as_such(vaulted: Vault) -> None:
    def sealing(client: Any) -> Any:
        vaulted.bao.seal()
        return listing(client)

    try:
        with pytest.raises(Sealed):
            await vaulted.account.ask("list secret", sealing)
        with pytest.raises(Sealed):
            await vaulted.account.ask("list secret", listing)
    finally:
        await asyncio.to_thread(vaulted.bao.unseal, vaulted.bao.keys.shares[:3])

    assert await vaulted.account.ask("list secret", listing)


@pytest.fixture
async def elsewhere() -> AsyncIterator[tuple[str, list[str]]]:
    """A pod that sends everybody to another host, and what that one saw."""
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        if request.path.startswith("/other"):
            seen.append(request.path)
            return web.json_response({"data": {"keys": ["stolen"]}})
        return web.Response(status=307, headers={"Location": f"http://{request.host}/other{request.path}"})

    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", answer)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    await runner.cleanup()


async def test_a_redirect_is_refused_and_nothing_follows_it(elsewhere: tuple[str, list[str]]) -> None:
    url, seen = elsewhere
    threads = Threads(limit=timedelta(seconds=5))

    with pytest.raises(Rejected, match="elsewhere"):
        await threads.ask(url, "s.obviously-fake", "list secret", listing)
    with pytest.raises(Rejected, match="elsewhere"):
        await threads.ask(url, "", "log in", lambda client: client.auth.kubernetes.login("r", "j", use_token=False))

    threads.close()
    assert seen == []


async def test_a_pod_that_hangs_costs_its_limit() -> None:
    threads = Threads(limit=timedelta(milliseconds=300))

    # It takes connections and answers nothing.
    with socket.create_server(("127.0.0.1", 0)) as pod, pytest.raises(Unreachable, match=r"no answer|no connection"):
        await threads.ask(f"http://127.0.0.1:{pod.getsockname()[1]}", "", "list secret", listing)

    threads.close()


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ({"standby": True}, {}, "second"),
        ({}, {"standby": True}, "first"),
        ({"sealed": True, "standby": True}, {}, "second"),
        ({"sealed": True, "standby": True}, {"sealed": True, "standby": True}, "sealed"),
        ({"sealed": True, "standby": True}, {"standby": True}, "no pod is active"),
        ({"sealed": True, "standby": True}, None, "connection cut"),
        ({"initialized": False, "sealed": True, "standby": True}, {"sealed": True, "standby": True}, "sealed"),
    ],
)
async def test_the_pod_that_serves_is_asked(
    first: dict[str, bool] | None, second: dict[str, bool] | None, found: str
) -> None:
    monitoring = SimulatedMonitoring()
    await monitoring.start()
    for pod, said in {"first": first, "second": second}.items():
        if said is None:
            monitoring.down.add(("data", pod))
        else:
            told = {"initialized": True, "sealed": False, "standby": False} | said
            monitoring.answer(f"/data/{pod}/v1/sys/health", json=told)
    async with Http() as http:
        pods = OpenBao(http, (monitoring.url("data", "first"), monitoring.url("data", "second")))
        try:
            answer = await pods.active()
        except Sealed:
            answer = "sealed"
        except Unreachable as error:
            answer = error.reason
    await monitoring.stop()

    assert answer.endswith(found)


def token(vaulted: Vault) -> str:
    held = vaulted.account._held
    assert held
    return held.value


def revoke(vaulted: Vault) -> None:
    """Let our token be taken away, as an operator may."""
    vaulted.root("POST", "auth/token/revoke", {"token": token(vaulted)})
