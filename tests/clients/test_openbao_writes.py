"""Writing secrets, against the real OpenBao: what stays, what a version must still be, and what comes back."""

import pytest

from bot.core.errors import Missing, Rejected
from tests.clients.conftest import Vault

pytestmark = pytest.mark.real
OLD, NEW = "canary-old-5b1f", "canary-new-77c0"


def values(vaulted: Vault, path: str) -> dict[str, str]:
    """Return what stands there, as root."""
    found: dict[str, str] = vaulted.root("GET", f"secret/data/{path}")["data"]["data"]  # type: ignore[index]
    return found


async def test_a_patch_sets_its_keys_and_leaves_the_others(vaulted: Vault) -> None:
    vaulted.root("POST", "secret/data/patched", {"data": {"a": OLD, "b": OLD}})

    version = await vaulted.kv.patch("patched", {"a": NEW, "c": NEW}, cas=1)

    assert version == 2
    assert values(vaulted, "patched") == {"a": NEW, "b": OLD, "c": NEW}


async def test_nothing_is_written_over_what_somebody_wrote_meanwhile(vaulted: Vault) -> None:
    for _ in range(2):
        vaulted.root("POST", "secret/data/raced", {"data": {"a": OLD}})

    for attempt in (
        vaulted.kv.patch("raced", {"a": NEW}, cas=1),
        vaulted.kv.write("raced", {"a": NEW}, cas=1),
        vaulted.kv.put_back("raced", 1, cas=1),
    ):
        with pytest.raises(Rejected, match="somebody wrote it meanwhile"):
            await attempt

    assert values(vaulted, "raced") == {"a": OLD}


async def test_what_is_not_there_or_deleted_is_not_patched(vaulted: Vault) -> None:
    vaulted.root("POST", "secret/data/away", {"data": {"a": OLD}})
    vaulted.root("DELETE", "secret/data/away")

    with pytest.raises(Missing, match="nothing there"):
        await vaulted.kv.patch("never-was", {"a": NEW}, cas=0)
    with pytest.raises(Missing, match="that version is deleted"):
        await vaulted.kv.patch("away", {"a": NEW}, cas=1)


async def test_an_earlier_version_comes_back_whole_as_a_new_one(vaulted: Vault) -> None:
    vaulted.root("POST", "secret/data/back", {"data": {"a": OLD, "b": OLD}})
    vaulted.root("POST", "secret/data/back", {"data": {"a": NEW}})

    version = await vaulted.kv.put_back("back", 1, cas=2)

    assert version == 3
    assert values(vaulted, "back") == {"a": OLD, "b": OLD}


async def test_a_version_that_is_gone_does_not_come_back(vaulted: Vault) -> None:
    for _ in range(2):
        vaulted.root("POST", "secret/data/lost", {"data": {"a": OLD}})
    vaulted.root("PUT", "secret/destroy/lost", {"versions": [1]})

    with pytest.raises(Missing, match="put version 1 of secret/lost back: that version is deleted"):
        await vaulted.kv.put_back("lost", 1, cas=2)
    with pytest.raises(Missing, match="nothing there"):
        await vaulted.kv.put_back("lost", 9, cas=2)


async def test_whether_we_wrote_a_version_is_known_by_its_values(vaulted: Vault) -> None:
    vaulted.root("POST", "secret/data/whose", {"data": {"a": NEW, "b": OLD}})

    assert await vaulted.kv.holds("whose", 1, {"a": NEW})
    assert not await vaulted.kv.holds("whose", 1, {"a": OLD})
    assert not await vaulted.kv.holds("whose", 2, {"a": NEW})
