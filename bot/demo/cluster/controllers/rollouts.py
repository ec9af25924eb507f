"""Deployments, StatefulSets and DaemonSets: pods replaced one by one when the template changed or a pod is gone."""

import asyncio
import copy
from collections.abc import Iterable
from typing import Any

from bot.demo.cluster.controllers import plans, statuses
from bot.demo.cluster.controllers.plans import Add, Open, Remove, Sides, Step
from bot.demo.cluster.kinds import named
from bot.demo.cluster.pods import NODE, is_ready, owned_by, owner_uid, pod, ready, template_hash
from bot.demo.cluster.store import Change, Object, Store, suffix
from bot.demo.cluster.troubles import TROUBLE, TROUBLES, events

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
REVISION = "deployment.kubernetes.io/revision"

_POLL_SECONDS = 0.05


class Rollouts:
    """The three workload controllers in one: they differ in their plan and in what they report."""

    def __init__(self, store: Store, interval: float) -> None:
        self.interval = interval
        self._store = store

    def concerns(self, change: Change) -> Iterable[tuple[str, str, str]]:
        """Return the workload a change is about: its own wish has not been looked at yet, or a pod of it moved."""
        if change.kind.kind in WORKLOADS and change.type != "DELETED":
            seen = change.now.get("status", {}).get("observedGeneration")
            return [_key(change.now)] if seen != change.now["metadata"]["generation"] else []
        if change.kind.kind == "Pod" and change.type != "ADDED":
            return [_key(owner) for owner in self._workload_of(change.now)]
        return []

    async def reconcile(self, key: tuple[str, str, str]) -> None:
        """Walk the rollout to its end, or to where it is stuck for good."""
        while (workload := self._store.find(*key)) is not None:
            revision = template_hash(workload["spec"]["template"])
            if workload["kind"] == "Deployment":
                self._own_replica_set(workload, revision)
            else:
                self._own_revision(workload, revision)
            pods = plans.sides(workload, self._pods(workload), revision)
            self._report(workload, pods, revision)
            step = self._step(workload, pods)
            if step is not None:
                await self._take(step, workload, revision)
            elif not self._waits(key, pods):
                return
            else:
                await asyncio.sleep(max(self.interval, _POLL_SECONDS))

    def _step(self, workload: Object, pods: Sides) -> Step | None:
        match workload["kind"]:
            case "Deployment":
                return None if workload["spec"].get("paused") else plans.deployment(workload, pods)
            case "StatefulSet":
                return plans.stateful_set(workload, pods)
            case _:
                return plans.daemon_set(workload, pods, self._nodes())

    async def _take(self, step: Step, workload: Object, revision: str) -> None:
        match step:
            case Add(name, node):
                self._add(workload, revision, name, node)
            case Remove(gone):
                self._store.delete("pods", gone["metadata"]["namespace"], gone["metadata"]["name"])
            case Open(coming):
                await asyncio.sleep(self.interval)
                self._open(workload, coming)

    def _add(self, workload: Object, revision: str, name: str, node: str) -> None:
        owner, base = workload, workload["metadata"]["name"]
        if workload["kind"] == "Deployment":
            owner = self._store.get("replicasets", workload["metadata"]["namespace"], f"{base}-{revision}")
            base = owner["metadata"]["name"]
        labels = {plans.REVISION_LABEL[workload["kind"]]: revision}
        where = node or next(iter(self._nodes()), NODE)
        now = self._store.clock()
        template = workload["spec"]["template"]
        self._store.put(pod(template, owner, name or f"{base}-{suffix()}", now, labels, node=where))

    def _open(self, workload: Object, coming: Object) -> None:
        trouble = workload["metadata"].get("annotations", {}).get(TROUBLE, "")
        come = self._store.find("pods", coming["metadata"]["namespace"], coming["metadata"]["name"])
        if come is None:
            return
        now = self._store.clock()
        self._store.put(TROUBLES.get(trouble, ready)(come, now))
        self._store.put_all(events(come, trouble, now))

    def _report(self, workload: Object, pods: Sides, revision: str) -> None:
        now = self._store.clock()
        match workload["kind"]:
            case "Deployment":
                status = statuses.deployment(workload, pods, revision, now)
                self._report_replica_sets(workload)
            case "StatefulSet":
                status = statuses.stateful_set(workload, pods, revision)
            case _:
                status = statuses.daemon_set(workload, pods, len(self._nodes()))
        kind, namespace, name = _key(workload)
        self._store.change(kind, namespace, name, lambda draft: draft.update(status=status))

    def _waits(self, key: tuple[str, str, str], pods: Sides) -> bool:
        """Say whether time alone may still change something: the progress deadline of a stuck Deployment."""
        workload = self._store.find(*key)
        if workload is None or workload["kind"] != "Deployment" or workload["spec"].get("paused"):
            return False
        status = workload["status"]
        return not (statuses.deployment_done(workload, pods) or statuses.resting(status) or statuses.given_up(status))

    def _own_replica_set(self, workload: Object, revision: str) -> None:
        """Make sure that the present template has its ReplicaSet, and that it is the newest revision."""
        name, namespace = f"{workload['metadata']['name']}-{revision}", workload["metadata"]["namespace"]
        owned = self._replica_sets(workload)
        newest = max((_revision(each) for each in owned), default=0)
        found = next((each for each in owned if each["metadata"]["name"] == name), None)
        if found is not None and _revision(found) == newest:
            return
        number = str(newest + 1)
        self._store.put(_with_revision(found or replica_set(workload, revision), number))
        self._store.change("deployments", namespace, workload["metadata"]["name"], lambda d: _with_revision(d, number))

    def _own_revision(self, workload: Object, revision: str) -> None:
        """Make sure that the present template is written down, as the newest revision."""
        namespace = workload["metadata"]["namespace"]
        written = self._store.list("controllerrevisions", namespace)
        owned = [each for each in written if owner_uid(each) == workload["metadata"]["uid"]]
        made = controller_revision(workload, revision, max((each["revision"] for each in owned), default=0) + 1)
        known = next((each for each in owned if each["metadata"]["name"] == made["metadata"]["name"]), None)
        if known is None or known["revision"] + 1 < made["revision"]:
            self._store.put((known or made) | {"revision": made["revision"]})

    def _report_replica_sets(self, workload: Object) -> None:
        for owned in self._replica_sets(workload):
            pods = [each for each in self._pods_in(workload) if owner_uid(each) == owned["metadata"]["uid"]]
            owned["spec"]["replicas"] = len(pods)
            saved = self._store.put(owned)
            saved["status"] = statuses.replica_set(saved, pods, sum(map(is_ready, pods)))
            self._store.put(saved)

    def _replica_sets(self, workload: Object) -> list[Object]:
        found = self._store.list("replicasets", workload["metadata"]["namespace"])
        return [each for each in found if owner_uid(each) == workload["metadata"]["uid"]]

    def _pods(self, workload: Object) -> list[Object]:
        owners = {workload["metadata"]["uid"]}
        if workload["kind"] == "Deployment":
            owners = {each["metadata"]["uid"] for each in self._replica_sets(workload)}
        return [each for each in self._pods_in(workload) if owner_uid(each) in owners]

    def _pods_in(self, workload: Object) -> list[Object]:
        return self._store.list("pods", workload["metadata"]["namespace"])

    def _nodes(self) -> list[str]:
        return [node["metadata"]["name"] for node in self._store.list("nodes")]

    def _workload_of(self, of: Object) -> list[Object]:
        uid, namespace = owner_uid(of), of["metadata"].get("namespace", "")
        owners = {each["metadata"]["uid"]: each for kind in WORKLOADS for each in self._select(kind, namespace)}
        for each in self._select("ReplicaSet", namespace):
            if each["metadata"]["uid"] == uid:
                uid = owner_uid(each)
        return [owners[uid]] if uid in owners else []

    def _select(self, kind: str, namespace: str) -> list[Object]:
        return self._store.select(named(kind), namespace, [])


def replica_set(workload: Object, revision: str) -> Object:
    """Return the ReplicaSet of a Deployment's present template, without pods yet."""
    metadata, spec = workload["metadata"], workload["spec"]
    template: dict[str, Any] = copy.deepcopy(spec["template"])
    labels = {**template.get("metadata", {}).get("labels", {}), plans.REVISION_LABEL["Deployment"]: revision}
    template.setdefault("metadata", {})["labels"] = labels
    selector = {**spec["selector"].get("matchLabels", {}), plans.REVISION_LABEL["Deployment"]: revision}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{revision}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": owned_by(workload),
        },
        "spec": {"replicas": 0, "selector": {"matchLabels": selector}, "template": template},
        "status": {"replicas": 0},
    }


def controller_revision(workload: Object, revision: str, number: int) -> Object:
    """Return what a StatefulSet or DaemonSet writes down of its present template."""
    metadata = workload["metadata"]
    template = copy.deepcopy(workload["spec"]["template"]) | {"$patch": "replace"}
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": f"{metadata['name']}-{revision}",
            "namespace": metadata["namespace"],
            "labels": template.get("metadata", {}).get("labels", {}),
            "ownerReferences": owned_by(workload),
        },
        "data": {"spec": {"template": template}},
        "revision": number,
    }


def _with_revision(obj: Object, number: str) -> Object:
    obj["metadata"].setdefault("annotations", {})[REVISION] = number
    return obj


def _revision(obj: Object) -> int:
    return int(obj["metadata"].get("annotations", {}).get(REVISION, "0"))


def _key(obj: Object) -> tuple[str, str, str]:
    return (obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
