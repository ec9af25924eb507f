"""The simulated Vault Secrets Operator, by what it leaves on its objects."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.demo import world
from bot.demo.cluster import SimulatedCluster
from bot.demo.cluster.controllers.vault_secrets import RESTARTED_AT, UNSYNCED, OutOfReach
from bot.demo.cluster.troubles import TROUBLE
from tests.tools.schema import problems, with_reference

Object = dict[str, Any]
STATIC, DYNAMIC = "VaultStaticSecret", "VaultDynamicSecret"


@pytest.fixture
async def cluster() -> AsyncIterator[SimulatedCluster]:
    made = SimulatedCluster(interval=0.01)
    world.inhabit(made)
    await made.start()
    yield made
    await made.stop()


async def touched(cluster: SimulatedCluster, kind: str, name: str, **notes: str) -> Object:
    """Change an object's annotations in the namespace `ory`, and return what the operator made of it."""
    edit = notes or {"ops.sunbeam.pt/resync": f"a{cluster.store.version}"}
    cluster.store.change(kind, "ory", name, lambda draft: draft["metadata"].setdefault("annotations", {}).update(edit))
    await cluster.controllers.settled(within=30)
    return cluster.store.get(kind, "ory", name)


def rolled(cluster: SimulatedCluster, name: str) -> str | None:
    template = cluster.store.get("Deployment", "ory", name)["spec"]["template"]["metadata"]
    return str(template.get("annotations", {}).get(RESTARTED_AT, "")) or None


@pytest.mark.parametrize(("kind", "name"), [(STATIC, "hydra"), (DYNAMIC, "hydra-db-credentials")])
async def test_a_new_value_moves_the_fingerprint_and_the_secret_and_restarts_the_targets(
    cluster: SimulatedCluster, kind: str, name: str
) -> None:
    before, secret = cluster.store.get(kind, "ory", name), cluster.store.get("Secret", "ory", name)["data"]
    cluster.controllers.vault_secrets.versions = {"secret/hydra": 2, "database/static-creds/hydra": 2}

    after = await touched(cluster, kind, name)

    assert after["status"]["secretMAC"] != before["status"]["secretMAC"]
    assert cluster.store.get("Secret", "ory", name)["data"] != secret
    assert rolled(cluster, "hydra")


async def test_the_same_value_leaves_no_trace_on_a_static_secret(cluster: SimulatedCluster) -> None:
    before = cluster.store.get(STATIC, "ory", "hydra")

    after = await touched(cluster, STATIC, "hydra")

    assert after["status"] == before["status"]
    assert rolled(cluster, "hydra") is None


async def test_the_same_value_shows_in_the_last_renewal_of_a_dynamic_secret(cluster: SimulatedCluster) -> None:
    before = cluster.store.get(DYNAMIC, "ory", "hydra-db-credentials")["status"]

    after = (await touched(cluster, DYNAMIC, "hydra-db-credentials"))["status"]

    assert after["secretMAC"] == before["secretMAC"]
    assert after["lastRenewalTime"] > before["lastRenewalTime"]
    assert rolled(cluster, "hydra") is None


async def test_what_openbao_refuses_is_a_condition_and_an_event_and_keeps_the_old_value(
    cluster: SimulatedCluster,
) -> None:
    before = cluster.store.get(STATIC, "ory", "hydra")["status"]

    async def sealed(_: str) -> int:
        raise OutOfReach("* Vault is sealed")

    cluster.controllers.vault_secrets.source = sealed
    after = (await touched(cluster, STATIC, "hydra"))["status"]

    told = {each["type"]: each["status"] for each in after["conditions"]}
    assert told == {"SecretSynced": "False", "Healthy": "False", "Ready": "False"}
    assert after["secretMAC"] == before["secretMAC"]
    assert [each["reason"] for each in cluster.store.list("Event", "ory")] == ["VaultClientError"]


@with_reference
@pytest.mark.parametrize("trouble", ["", UNSYNCED])
@pytest.mark.parametrize(("kind", "name"), [(STATIC, "hydra"), (DYNAMIC, "hydra-db-credentials")])
async def test_what_it_writes_is_what_a_real_server_would_hold(
    cluster: SimulatedCluster, kind: str, name: str, trouble: str
) -> None:
    cluster.controllers.vault_secrets.versions = {"secret/hydra": 2, "database/static-creds/hydra": 2}

    after = await touched(cluster, kind, name, **{TROUBLE: trouble})

    assert after["status"]["conditions"][0]["status"] == ("False" if trouble else "True")
    assert problems(after) == []
    assert [found for each in cluster.store.list("Event", "ory") for found in problems(each)] == []
