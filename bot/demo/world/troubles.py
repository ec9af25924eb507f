"""Troubles to switch on in a world: in a list of objects before it is seeded, or in a cluster that runs."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.demo.cluster import troubles
from bot.demo.cluster.controllers import plans, statuses
from bot.demo.cluster.controllers.rollouts import WORKLOADS
from bot.demo.cluster.pods import is_ready, owner_uid, ready, template_hash
from bot.demo.cluster.store import Object, Store
from bot.demo.world.secrets import in_step, out_of_step

_KINDS = (*WORKLOADS, "ReplicaSet", "Pod")


def crash_looping(
    objects: list[Object], namespace: str, name: str, now: datetime, *, restarts: int = 9, exit_code: int = 1
) -> None:
    """Let every pod of a workload die again and again."""
    strike(objects, namespace, name, now, "crash-loop")
    for pod in _pods(objects, _workload(objects, namespace, name)):
        troubles.crash_loop(pod, now, restarts=restarts, exit_code=exit_code)


def not_ready(objects: list[Object], namespace: str, name: str, now: datetime, *, pods: int = 1) -> None:
    """Let some pods of a workload run without passing their readiness probe."""
    strike(objects, namespace, name, now, "not-ready", pods=pods, lasting=False)


def image_pull_error(
    objects: list[Object], namespace: str, name: str, now: datetime, *, only_new: bool = False
) -> None:
    """Let a workload's image be refused by the registry; `only_new`: running pods stay, the next rollout gets stuck."""
    strike(objects, namespace, name, now, "image-pull", pods=0 if only_new else None)


def strike(
    objects: list[Object],
    namespace: str,
    name: str,
    now: datetime,
    trouble: str,
    *,
    pods: int | None = None,
    lasting: bool = True,
) -> None:
    """Bring a trouble (a key of `TROUBLES`) over a workload's pods (all, or so many); `lasting`: over new ones too."""
    workload = _workload(objects, namespace, name)
    if lasting:
        workload["metadata"].setdefault("annotations", {})[troubles.TROUBLE] = trouble
    for pod in _pods(objects, workload)[:pods]:
        troubles.TROUBLES[trouble](pod, now)
        objects.extend(troubles.events(pod, trouble, now))
    _report(objects, workload, now)


def heal(objects: list[Object], namespace: str, name: str, now: datetime) -> None:
    """Let a workload be well again."""
    workload = _workload(objects, namespace, name)
    workload["metadata"].get("annotations", {}).pop(troubles.TROUBLE, None)
    for pod in _pods(objects, workload):
        if not is_ready(pod):
            ready(pod, now)
    _report(objects, workload, now)


def unsynced(objects: list[Object], namespace: str, name: str, now: datetime, why: str = "Vault is sealed") -> None:
    """Let a VaultStaticSecret or VaultDynamicSecret have failed to sync for 26 minutes."""
    for obj in objects:
        if obj["kind"] in ("VaultStaticSecret", "VaultDynamicSecret") and _is(obj, namespace, name):
            out_of_step(obj, why, now - timedelta(minutes=26))


def resynced(objects: list[Object], now: datetime) -> None:
    """Let every Vault secret be in step again."""
    for obj in objects:
        if obj["kind"] in ("VaultStaticSecret", "VaultDynamicSecret"):
            in_step(obj, now)


def objects_of(store: Store, namespace: str) -> list[Object]:
    """Return copies of what the functions above need of a running cluster; put them back with `store.put_all`."""
    kinds = (*_KINDS, "VaultStaticSecret", "VaultDynamicSecret")
    return [obj for kind in kinds for obj in store.list(kind, namespace)]


def _report(objects: list[Object], workload: Object, now: datetime) -> None:
    pods = _pods(objects, workload)
    revision = template_hash(workload["spec"]["template"])
    sides = plans.sides(workload, pods, revision)
    if workload["kind"] == "Deployment":
        workload["status"] = statuses.deployment(workload, sides, revision, now)
    elif workload["kind"] == "StatefulSet":
        workload["status"] = statuses.stateful_set(workload, sides, revision)
    else:
        workload["status"] = statuses.daemon_set(workload, sides, 1)
    for owned in _owned(objects, {workload["metadata"]["uid"]}, "ReplicaSet"):
        below = _owned(objects, {owned["metadata"]["uid"]}, "Pod")
        owned["status"] = statuses.replica_set(owned, below, sum(map(is_ready, below)))


def _workload(objects: Iterable[Object], namespace: str, name: str) -> Object:
    return next(obj for obj in objects if obj["kind"] in WORKLOADS and _is(obj, namespace, name))


def _pods(objects: Iterable[Object], workload: Object) -> list[Object]:
    objects = list(objects)
    sets = _owned(objects, {workload["metadata"]["uid"]}, "ReplicaSet")
    return _owned(objects, {obj["metadata"]["uid"] for obj in (workload, *sets)}, "Pod")


def _owned(objects: Iterable[Object], owners: set[str], kind: str) -> list[Object]:
    return [obj for obj in objects if obj["kind"] == kind and owner_uid(obj) in owners]


def _is(obj: Object, namespace: str, name: str) -> bool:
    return bool(obj["metadata"].get("namespace") == namespace and obj["metadata"]["name"] == name)
