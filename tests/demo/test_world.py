"""Holds every object of the world to the real API server's schema: required fields, no unknown ones, right types."""

import collections
import copy
import functools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.demo import world
from bot.demo.cluster.patches import MERGE_KEYS
from bot.demo.cluster.pods import is_ready

# The schema stands beside the repository, not in it.
REFERENCE = Path(__file__).parents[2].parent / "shared" / "kubernetes"
with_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"no {REFERENCE.name} schema beside the repository")
NOW = datetime(2026, 4, 1, 14, 0, tzinfo=UTC)

Json = dict[str, Any]
_PRIMITIVES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}


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
        for path, definition in _definitions().items()
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


def problems(obj: Json) -> list[str]:
    """Return what is wrong with an object, each with its path."""
    name = f"{obj['kind']} {obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
    return [f"{name}{problem}" for problem in _check(obj, _schema_of(obj["apiVersion"], obj["kind"]), "")]


def _schema_of(api_version: str, kind: str) -> Json:
    # The OpenAPI document knows the custom kinds too, but without what it cannot say (int-or-string, free fields).
    custom = _custom()
    return custom[api_version, kind] if (api_version, kind) in custom else _built_in()[api_version, kind]


@functools.cache
def _definitions() -> dict[str, Json]:
    found: dict[str, Json] = json.loads((REFERENCE / "openapi-v2.json").read_bytes())["definitions"]
    return found


@functools.cache
def _built_in() -> dict[tuple[str, str], Json]:
    return {
        (f"{at['group']}/{at['version']}".lstrip("/"), at["kind"]): schema
        for schema in _definitions().values()
        for at in schema.get("x-kubernetes-group-version-kind", [])
    }


@functools.cache
def _custom() -> dict[tuple[str, str], Json]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = {}
    for path in (REFERENCE / "crds").glob("*.yaml"):
        spec = yaml.load(path.read_bytes(), loader)["spec"]
        for version in spec["versions"]:
            place = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            found[place] = version["schema"]["openAPIV3Schema"]
    return found


def _check(value: Any, schema: Json, path: str) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _check(value, _definitions()[name], path)
    elif not _has_type(value, schema):
        yield f"{path}: {value!r} is no {schema.get('type')}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    elif isinstance(value, dict):
        yield from _check_object(value, schema, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _check(item, schema.get("items", {}), f"{path}[{index}]")


def _check_object(value: Json, schema: Json, path: str) -> Iterator[str]:
    known = schema.get("properties", {})
    if path == ".metadata":
        known = _definitions()["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]["properties"]
    yield from (f"{path}: {name} is missing" for name in schema.get("required", []) if name not in value)
    more = schema.get("additionalProperties")
    free = not known or schema.get("x-kubernetes-preserve-unknown-fields")
    for name, item in value.items():
        if name in known:
            yield from _check(item, known[name], f"{path}.{name}")
        elif isinstance(more, dict):
            yield from _check(item, more, f"{path}.{name}")
        elif not free:
            yield f"{path}.{name}: unknown field"


def _has_type(value: Any, schema: Json) -> bool:
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
        return isinstance(value, int | str)
    wanted = schema.get("type")
    if wanted is None:
        return True
    # True is an int to Python, not to JSON.
    return isinstance(value, _PRIMITIVES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))
