"""Pods put together under what they belong to, and how that is: what is missing counts as much as what fails."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.facts import Verdict, worst
from bot.core.kinds import Kind, Object
from bot.core.pods import Owner, Pod, Trouble

SETTLING = timedelta(minutes=1)
"""So long a workload without a ready pod may be no more than starting."""

OWNERS = {
    Kind.DEPLOYMENTS: "Deployment",
    Kind.STATEFULSETS: "StatefulSet",
    Kind.DAEMONSETS: "DaemonSet",
    Kind.CLUSTERS: "Cluster",
}
"""The kinds that keep pods running, and the word their pods know them by."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a workload's owner wants and what it says it has."""

    namespace: str
    owner: Owner
    wanted: int
    ready: int


@dataclass(frozen=True, slots=True)
class Workload:
    """A service as the cluster knows it."""

    namespace: str
    owner: Owner
    wanted: int
    pods: tuple[Pod, ...]
    """Those here to serve, and those in trouble."""
    verdict: Verdict
    troubles: tuple[tuple[Pod, Trouble], ...]
    """The worst first."""

    @property
    def ready(self) -> int:
        """How many of the wanted pods are ready: a rollout's surplus does not count."""
        return min(self.wanted, sum(pod.ready for pod in self.pods if pod.active))

    @property
    def place(self) -> str:
        """What to call it in the room: `ory/hydra`."""
        return f"{self.namespace}/{self.owner.name}"


def read_wish(kind: Kind, obj: Object) -> Wish:
    """Read how many pods an owner wants and has ready; every field may be missing."""
    metadata, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    match kind:
        case Kind.DAEMONSETS:
            wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
        case Kind.CLUSTERS:
            wanted, ready = spec.get("instances", 1), status.get("readyInstances", 0)
        case _:
            wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    owner = Owner(OWNERS[kind], metadata["name"])
    return Wish(metadata.get("namespace", ""), owner, int(wanted or 0), int(ready or 0))


def workloads(pods: Iterable[Pod], wishes: Iterable[Wish], now: datetime) -> tuple[Workload, ...]:
    """Group pods by namespace and owner, in that order; owners that want none and finished Jobs are left out."""
    owned: dict[tuple[str, str, str], list[Pod]] = defaultdict(list)
    for pod in pods:
        owned[pod.namespace, pod.owner.name, pod.owner.kind].append(pod)
    wanted = {(wish.namespace, wish.owner.name, wish.owner.kind): wish.wanted for wish in wishes}
    return tuple(
        workload
        for key in sorted(owned.keys() | wanted.keys())
        if (workload := _workload(key, owned.get(key, []), wanted, now)) is not None
    )


def _workload(
    key: tuple[str, str, str], pods: list[Pod], wishes: Mapping[tuple[str, str, str], int], now: datetime
) -> Workload | None:
    namespace, name, kind = key
    if kind == "Job":
        pods = _last_run(pods)
    active = [pod for pod in pods if pod.active]
    wanted = wishes.get(key, len(active))
    short = sum(pod.ready for pod in active) < wanted
    troubles = [(pod, pod.trouble) for pod in pods if pod.trouble and _counts(pod, pod.trouble, kind, short=short)]
    troubles.sort(key=lambda pair: (pair[1].verdict is not Verdict.BAD, pair[0].name))
    if not wanted and not troubles:
        return None
    shown = tuple(pod for pod in pods if pod.active or any(pod is each for each, _ in troubles))
    verdict = _verdict(active, wanted, [trouble for _, trouble in troubles], now)
    return Workload(namespace, Owner(kind, name), wanted, shown, verdict, tuple(troubles))


def _last_run(pods: list[Pod]) -> list[Pod]:
    """Return the pod of a Job's newest run: an older failure was made good, or is told by the newer one."""
    dated = [(pod.created, pod) for pod in pods if pod.created is not None]
    return [max(dated, key=lambda pair: pair[0])[1]] if dated else pods


def _counts(pod: Pod, trouble: Trouble, kind: str, *, short: bool) -> bool:
    """Say whether a trouble is one: pods that start during a rollout, and remains of evicted ones, are not."""
    if trouble.settles or (not pod.active and kind != "Job" and trouble.reason != "Terminating"):
        return short
    return True


def _verdict(active: list[Pod], wanted: int, troubles: list[Trouble], now: datetime) -> Verdict:
    ready = sum(pod.ready for pod in active)
    told = [trouble.verdict for trouble in troubles]
    if ready < wanted:
        told.append(Verdict.WARN if ready or _settling(troubles, now) else Verdict.BAD)
    return worst([*told, Verdict.OK])


def _settling(troubles: list[Trouble], now: datetime) -> bool:
    starts = [trouble.since for trouble in troubles if trouble.settles and trouble.since is not None]
    return bool(starts) and now - min(starts) < SETTLING
