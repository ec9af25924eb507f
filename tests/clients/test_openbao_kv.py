"""Secrets without their values, against the real OpenBao; and what the policy grants, to the letter."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.core.errors import Denied, Missing, NeighbourError, Rejected
from bot.core.grants import Grant, grants, missing
from bot.demo.openbao import OpenBaoRefused
from tests.clients.conftest import Vault

pytestmark = pytest.mark.real
VALUE = "canary-value-5b1f"


async def test_names_versions_and_keys_are_told(vaulted: Vault) -> None:
    vaulted.root("POST", "secret/data/tea/green", {"data": {"kind": VALUE}})
    vaulted.root("POST", "secret/data/tea/green", {"data": {"kind": VALUE, "deep": {"inside": VALUE}}})

    names, below = await vaulted.kv.list(""), await vaulted.kv.list("tea")
    history, fields = await vaulted.kv.history("tea/green"), await vaulted.kv.fields("tea/green")

    assert {"messages", "tea/"} <= set(names)
    assert below == ("green",)
    assert [version.number for version in history.versions] == [2, 1]
    assert set(fields) == {"deep", "kind"}


async def test_a_version_that_was_deleted_or_destroyed_is_told_as_gone(vaulted: Vault) -> None:
    for _ in range(2):
        vaulted.root("POST", "secret/data/gone", {"data": {"kind": VALUE}})
    vaulted.root("DELETE", "secret/data/gone")
    vaulted.root("PUT", "secret/destroy/gone", {"versions": [1]})

    newest, first = (await vaulted.kv.history("gone")).versions

    assert (newest.is_gone(vaulted.now.replace(year=2200)), newest.destroyed) == (True, False)
    assert first.destroyed
    with pytest.raises(Missing, match="that version is deleted"):
        await vaulted.kv.fields("gone")


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda kv: kv.list("nowhere"), Missing, "cannot list secret/nowhere: nothing there"),
        (lambda kv: kv.history("no/where"), Missing, "cannot read the versions of secret/no/where: nothing there"),
        (lambda kv: kv.fields("nowhere"), Missing, "cannot read the key names of secret/nowhere: nothing there"),
        (lambda kv: kv.write("messages", {"a": "b"}, cas=0), Rejected, "secret/messages: somebody wrote it meanwhile"),
        (
            lambda kv: kv.account.ask("read sys/x", lambda client: client.adapter.get("/v1/sys/mounts")),
            Denied,
            "may not read sys/x",
        ),
    ],
)
async def test_each_refusal_is_a_clear_sentence(
    vaulted: Vault, ask: Callable[[Any], Awaitable[Any]], error: type[NeighbourError], words: str
) -> None:
    with pytest.raises(error) as refused:
        await ask(vaulted.kv)

    assert type(refused.value) is error
    assert refused.value.reason.endswith(words)


async def test_a_write_says_which_version_it_became_and_replaces_the_whole(vaulted: Vault) -> None:
    first = await vaulted.kv.write("written", {"a": VALUE, "b": VALUE}, cas=0)
    second = await vaulted.kv.write("written", {"a": VALUE}, cas=1)

    assert (first, second) == (1, 2)
    assert await vaulted.kv.fields("written") == ("a",)


async def test_what_a_policy_lacks_is_found_by_asking(vaulted: Vault) -> None:
    granted = grants("secret")
    asked = (*granted, Grant("secret/destroy/*", ("update",), "nothing of ours"))

    found = await vaulted.account.capabilities(tuple(each.sample for each in asked))

    assert missing(granted, found) == ()
    assert missing(asked, found) == (asked[-1],)


async def test_every_grant_is_given_and_nothing_more(vaulted: Vault) -> None:
    await vaulted.account.identity()

    for grant in grants("secret"):
        path = grant.path.replace("*", "messages").replace("+", "messages")
        assert set(capabilities(vaulted, path)) == set(grant.capabilities), path


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "secret/data/messages"),
        ("DELETE", "secret/metadata/messages"),
        ("PUT", "secret/destroy/messages"),
        ("GET", "secret/config"),
        ("GET", "database/static-creds/messages"),
        ("GET", "database/creds/messages"),
        ("PUT", "database/rotate-root/messages"),
        ("POST", "auth/token/create"),
        ("GET", "auth/kubernetes/role/opsbot"),
        ("PUT", "sys/policies/acl/opsbot"),
        ("PUT", "sys/step-down"),
        ("GET", "sys/mounts"),
        ("POST", "sys/generate-root-token/attempt"),
        ("LIST", "sys/policies/acl"),
    ],
)
async def test_what_is_not_granted_is_refused(vaulted: Vault, method: str, path: str) -> None:
    await vaulted.account.identity()

    with pytest.raises(OpenBaoRefused, match=r": 40[35]"):
        vaulted.bao.call(method, f"/v1/{path}", {}, token=token(vaulted))


async def test_no_value_comes_with_any_answer(vaulted: Vault) -> None:
    vaulted.root("POST", "secret/data/canary", {"data": {"kind": VALUE}})
    answers: list[str] = []

    def kept(answer: Any) -> Any:
        answers.append(str(answer))
        return answer

    await vaulted.account.ask("…", lambda client: kept(client.adapter.get("/v1/secret/subkeys/canary")))
    await vaulted.account.ask("…", lambda client: kept(client.adapter.get("/v1/secret/metadata/canary")))

    assert all("version" in answer and VALUE not in answer for answer in answers)


def token(vaulted: Vault) -> str:
    held = vaulted.account._held
    assert held
    return held.value


def capabilities(vaulted: Vault, path: str) -> list[str]:
    """Return what OpenBao says our token may do."""
    answer = vaulted.bao.call("POST", "/v1/sys/capabilities-self", {"paths": [path]}, token=token(vaulted))
    found: list[str] = answer["data"][path]
    return found
