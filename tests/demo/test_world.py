"""Holds every object of the world to the real API server's schema: required fields, no unknown ones, right types."""

import collections
import copy
from datetime import UTC, datetime

import pytest

from bot.demo import world
from bot.demo.cluster.patches import MERGE_KEYS
from bot.demo.cluster.pods import is_ready
from tests.tools.schema import Json, definitions, problems, with_reference

NOW = datetime(2026, 4, 1, 14, 0, tzinfo=UTC)


def troubled() -> list[Json]:
    """The world, scaled up, with every trouble in it."""
    objects = world.scale_world(NOW, pods=20) + world.barman(NOW)
    world.crash_looping(objects, "lasuite", "messages-mta-out", NOW)
    world.not_ready(objects, "ory", "hydra", NOW)
    world.image_pull_error(objects, "devtools", "gitea", NOW)
    world.unsynced(objects, "lasuite", "docs-db-credentials", NOW)
    world.unsynced(objects, "matrix", "sol-secrets", NOW)
    return objects


@with_reference
def test_every_object_of_the_world_is_what_a_real_server_would_hold() -> None:
    objects = troubled()

    found = [problem for obj in objects for problem in problems(obj)]

    assert found == []
    assert len(objects) > 300


@with_reference
@pytest.mark.parametrize(
    ("kind", "part", "edit", "problem"),
    [
        ("Pod", "status", {"fase": "Running"}, ".status.fase: unknown field"),
        ("Deployment", "status", {"replicas": "1"}, ".status.replicas: '1' is no integer"),
        ("Backup", "spec", {"method": "tape"}, ".spec.method: 'tape' is none of"),
        ("VaultDynamicSecret", "status", {"lastRenewalTime": "1790000000"}, "'1790000000' is no integer"),
    ],
)
def test_the_check_would_see_a_wrong_object(kind: str, part: str, edit: Json, problem: str) -> None:
    wrong = copy.deepcopy(next(obj for obj in world.sbbb(NOW) if obj["kind"] == kind))
    wrong[part] |= edit

    found = problems(wrong)

    assert len(found) == 1
    assert problem in found[0]


@with_reference
def test_strategic_patches_merge_the_lists_the_real_server_merges() -> None:
    kinds = ("PodSpec", "Container", "ObjectMeta", "PodStatus", "ServiceAccount", "DeploymentStatus", "NodeSpec")
    real = {
        name: schema.get("x-kubernetes-patch-merge-key")
        for path, definition in definitions().items()
        if path.rpartition(".")[2] in kinds and path.startswith("io.k8s.")
        for name, schema in definition.get("properties", {}).items()
        if "merge" in schema.get("x-kubernetes-patch-strategy", "")
    }

    ours = {name: MERGE_KEYS.get(name, "missing") for name in real if name not in ("ports", "resourceClaimStatuses")}

    assert ours == {name: key for name, key in real.items() if name in ours}


def test_the_world_is_the_same_every_time_and_at_rest() -> None:
    first, second = world.sbbb(NOW), world.sbbb(NOW)

    assert first == second
    assert all(is_ready(obj) for obj in first if obj["kind"] == "Pod")


def test_no_two_objects_have_the_same_place() -> None:
    places = collections.Counter(
        (obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"]) for obj in troubled()
    )

    assert [place for place, times in places.items() if times > 1] == []


def test_pods_carry_the_labels_their_workload_selects() -> None:
    objects = world.sbbb(NOW)
    pods = [obj for obj in objects if obj["kind"] == "Pod"]
    workloads = [obj for obj in objects if obj["kind"] in ("Deployment", "StatefulSet", "DaemonSet")]

    for workload in workloads:
        wanted = workload["spec"]["selector"]["matchLabels"].items()
        found = [
            pod
            for pod in pods
            if pod["metadata"]["namespace"] == workload["metadata"]["namespace"]
            and wanted <= pod["metadata"]["labels"].items()
        ]
        assert len(found) == workload["spec"].get("replicas", 1), workload["metadata"]["name"]


def test_a_crowd_brings_the_pods_and_namespaces_it_was_asked_for() -> None:
    before = collections.Counter(obj["kind"] for obj in world.sbbb(NOW))

    after = collections.Counter(obj["kind"] for obj in world.scale_world(NOW, pods=400, namespaces=12))

    assert after["Pod"] - before["Pod"] == 400
    assert after["Namespace"] - before["Namespace"] == 12


def test_a_crash_loop_shows_in_the_container_and_in_the_workload_but_not_in_the_phase() -> None:
    objects = world.sbbb(NOW)

    world.crash_looping(objects, "data", "valkey", NOW, restarts=7, exit_code=137)

    pod = next(obj for obj in objects if obj["kind"] == "Pod" and obj["metadata"]["labels"].get("app") == "valkey")
    sick = next(status for status in pod["status"]["containerStatuses"] if status["name"] == "valkey")
    deployment = next(obj for obj in objects if obj["kind"] == "Deployment" and obj["metadata"]["name"] == "valkey")
    assert pod["status"]["phase"] == "Running"
    assert sick["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert (sick["restartCount"], sick["lastState"]["terminated"]["reason"]) == (7, "OOMKilled")
    assert deployment["status"]["unavailableReplicas"] == 1
