"""What the Kubernetes client changes, against the simulated API server."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clients.kubernetes import Kubernetes
from bot.core.errors import Conflict, Denied, Missing, RateLimited, Rejected, Unreachable
from bot.core.kinds import Kind
from bot.demo.cluster import Object, SimulatedCluster, kubeconfig

TOKEN = "obviously-a-test-token-0123456789"
RESTART = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}}


def deployment(name: str) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "ory"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": name, "image": "x:1"}, {"name": "sidecar", "image": "y:1"}]},
            },
        },
    }


def backup(name: str) -> Object:
    metadata = {"name": name, "namespace": "data"}
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Backup",
        "metadata": metadata,
        "spec": {"cluster": {"name": "postgres"}},
    }


@pytest.fixture
async def cluster() -> AsyncIterator[SimulatedCluster]:
    server = SimulatedCluster(token=TOKEN)
    server.seed([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "data"}}, deployment("hydra")])
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def kubernetes(cluster: SimulatedCluster, tmp_path: Path) -> AsyncIterator[Kubernetes]:
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig(cluster.url, TOKEN))
    client = Kubernetes(kubeconfig=path, limit=timedelta(seconds=2))
    await client.open()
    yield client
    await client.close()


async def test_a_patch_changes_what_it_names_and_nothing_else(
    cluster: SimulatedCluster, kubernetes: Kubernetes
) -> None:
    changed = await kubernetes.patch(Kind.DEPLOYMENTS, "ory", "hydra", RESTART)

    template = cluster.store.get("deployments", "ory", "hydra")["spec"]["template"]
    assert changed["spec"]["template"] == template
    assert template["metadata"]["annotations"] == {"kubectl.kubernetes.io/restartedAt": "now"}
    assert len(template["spec"]["containers"]) == 2


async def test_a_patch_may_be_bound_to_what_was_read(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    old = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "1"},
        {"op": "replace", "path": "/spec/replicas", "value": 5},
    ]

    with pytest.raises(Rejected, match="cannot patch deployments ory/hydra"):
        await kubernetes.patch(Kind.DEPLOYMENTS, "ory", "hydra", old)

    assert cluster.store.get("deployments", "ory", "hydra")["spec"]["replicas"] == 2


async def test_a_part_is_changed_by_its_own_path(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    await kubernetes.patch(Kind.DEPLOYMENTS, "ory", "hydra", {"spec": {"replicas": 3}}, part="scale")

    assert cluster.store.get("deployments", "ory", "hydra")["spec"]["replicas"] == 3
    assert ("PATCH", "/apis/apps/v1/namespaces/ory/deployments/hydra/scale") in cluster.request_log


async def test_a_dry_run_changes_nothing(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    await kubernetes.patch(Kind.DEPLOYMENTS, "ory", "hydra", RESTART, dry_run=True)
    await kubernetes.create(Kind.BACKUPS, "data", backup("b"), dry_run=True)

    assert "annotations" not in cluster.store.get("deployments", "ory", "hydra")["spec"]["template"]["metadata"]
    assert cluster.store.list("backups") == []


async def test_what_is_there_already_is_not_made_again(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    await kubernetes.create(Kind.BACKUPS, "data", backup("ops-1"))

    with pytest.raises(Conflict):
        await kubernetes.create(Kind.BACKUPS, "data", backup("ops-1"))

    assert len(cluster.store.list("backups")) == 1


async def test_an_old_copy_does_not_replace_a_newer_one(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    read = await kubernetes.get(Kind.DEPLOYMENTS, "ory", "hydra")
    await kubernetes.patch(Kind.DEPLOYMENTS, "ory", "hydra", {"spec": {"replicas": 4}})

    with pytest.raises(Conflict):
        await kubernetes.replace(Kind.DEPLOYMENTS, "ory", "hydra", {**read, "spec": {**read["spec"], "replicas": 1}})

    assert cluster.store.get("deployments", "ory", "hydra")["spec"]["replicas"] == 4


async def test_only_the_object_that_was_meant_is_deleted(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    with pytest.raises(Conflict):
        await kubernetes.delete(Kind.DEPLOYMENTS, "ory", "hydra", uid="another")
    assert cluster.store.find("deployments", "ory", "hydra")

    uid = cluster.store.get("deployments", "ory", "hydra")["metadata"]["uid"]
    await kubernetes.delete(Kind.DEPLOYMENTS, "ory", "hydra", uid=uid)

    assert cluster.store.find("deployments", "ory", "hydra") is None
    with pytest.raises(Missing):
        await kubernetes.delete(Kind.DEPLOYMENTS, "ory", "hydra")


async def test_a_change_whose_answer_was_cut_is_not_sent_again(
    cluster: SimulatedCluster, kubernetes: Kubernetes
) -> None:
    cluster.faults.add("/deployments/", cut=True, after_commit=True, methods=["PATCH"])

    with pytest.raises(Unreachable):
        await kubernetes.patch(Kind.DEPLOYMENTS, "ory", "hydra", RESTART)

    assert [method for method, _ in cluster.request_log].count("PATCH") == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_a_change_that_may_have_been_taken_is_not_sent_again(
    cluster: SimulatedCluster, kubernetes: Kubernetes, status: int
) -> None:
    cluster.faults.add("/deployments/", status=status, retry_after=0, methods=["PATCH"])

    with pytest.raises(Unreachable):
        await kubernetes.patch(Kind.DEPLOYMENTS, "ory", "hydra", RESTART)

    assert [method for method, _ in cluster.request_log].count("PATCH") == 1


async def test_a_change_that_was_told_to_wait_is_sent_again(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.faults.add("/deployments/", status=429, retry_after=0, methods=["PATCH"], times=2)

    await kubernetes.patch(Kind.DEPLOYMENTS, "ory", "hydra", RESTART)

    assert [method for method, _ in cluster.request_log].count("PATCH") == 3


async def test_a_server_that_is_always_busy_is_told(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.faults.add("/deployments/", status=429, retry_after=600, methods=["PATCH"])

    with pytest.raises(RateLimited):
        await kubernetes.patch(Kind.DEPLOYMENTS, "ory", "hydra", RESTART)


async def test_a_refused_change_names_verb_and_object(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.access.deny("patch", "deployments")

    with pytest.raises(Denied, match=r"may not patch deployments ory/hydra \(403\)"):
        await kubernetes.patch(Kind.DEPLOYMENTS, "ory", "hydra", RESTART)


async def test_what_we_may_do_can_be_asked(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.access.deny("create", "pods/exec")

    assert await kubernetes.may("patch", "deployments", "ory", group="apps", name="hydra")
    assert not await kubernetes.may("create", "pods/exec", "data")
