"""What is wrong with a pod, read from the states of its containers: its phase alone calls a crash loop Running."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.facts import Verdict
from bot.core.kinds import Object
from bot.core.moments import moment

RECENT = timedelta(hours=1)
"""A restart this young is news."""

_STARTING = frozenset({"ContainerCreating", "PodInitializing"})
_RUN = re.compile(r"-\d+$")


@dataclass(frozen=True, slots=True)
class Owner:
    """What a pod belongs to: the thing people restart, not the ReplicaSet in between."""

    kind: str
    """As Kubernetes writes it: `Deployment`, `StatefulSet`, `Cluster`, `Job`; `Pod` for one that stands alone."""
    name: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a container ended."""

    reason: str
    """`OOMKilled`, `Error`, `Completed`."""
    exit_code: int | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a pod."""

    reason: str
    """In the words of Kubernetes: `CrashLoopBackOff`, `Unschedulable`, `NotReady`; ours: `Restarted`."""
    verdict: Verdict
    since: datetime | None
    settles: bool = False
    """Whether it may be no more than a start that is still going on."""
    last: Ending | None = None


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, as far as its health goes."""

    namespace: str
    name: str
    owner: Owner
    created: datetime | None
    ready: bool
    active: bool
    """Whether it is here to serve: not completed, not evicted, not on its way out."""
    restarts: int
    trouble: Trouble | None


def read_pod(obj: Object, now: datetime) -> Pod:
    """Read a Pod object; every field of it may be missing."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    conditions = {each.get("type"): each for each in status.get("conditions") or ()}
    phase = status.get("phase", "")
    return Pod(
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        owner=_owner(metadata),
        created=moment(metadata.get("creationTimestamp")),
        ready=conditions.get("Ready", {}).get("status") == "True",
        active=phase not in ("Succeeded", "Failed") and "deletionTimestamp" not in metadata,
        restarts=sum(int(each.get("restartCount", 0)) for each in _containers(status)),
        trouble=_trouble(obj, conditions, now),
    )


def _owner(metadata: Object) -> Owner:
    labels = metadata.get("labels") or {}
    refs = metadata.get("ownerReferences") or ()
    ref = next((each for each in refs if each.get("controller")), refs[0] if refs else None)
    if ref is None:
        cluster = labels.get("cnpg.io/cluster")
        return Owner("Cluster", cluster) if cluster else Owner("Pod", metadata["name"])
    kind, name = ref.get("kind", ""), ref.get("name", "")
    if kind == "ReplicaSet" and name.endswith(suffix := f"-{labels.get('pod-template-hash', '')}"):
        return Owner("Deployment", name.removesuffix(suffix))
    if kind == "Job":
        # A CronJob's Jobs end in the minute they were due: without it, all runs are one thing.
        return Owner("Job", _RUN.sub("", name))
    return Owner(kind, name)


def _trouble(obj: Object, conditions: dict[str, Object], now: datetime) -> Trouble | None:
    status = obj.get("status") or {}
    ended = moment(obj["metadata"].get("deletionTimestamp"))
    if ended is not None:
        # The stamp lies at the end of the grace period: before it, leaving is what the pod is supposed to do.
        return Trouble("Terminating", Verdict.WARN, ended) if ended < now else None
    if status.get("phase") == "Succeeded":
        return None
    if status.get("phase") == "Failed":
        return _failed(status, conditions)
    return (
        _unscheduled(conditions)
        or _stopped(status, _since(conditions))
        or _not_ready(obj, conditions)
        or _restarted(status, now)
    )


def _failed(status: Object, conditions: dict[str, Object]) -> Trouble:
    endings = [ending for each in _containers(status) if (ending := _ending(each, "state")) and ending.exit_code]
    last = endings[0] if endings else None
    return Trouble(status.get("reason") or "Failed", Verdict.WARN, last.at if last else _since(conditions), last=last)


def _unscheduled(conditions: dict[str, Object]) -> Trouble | None:
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") != "False":
        return None
    return Trouble(scheduled.get("reason") or "Unschedulable", Verdict.BAD, moment(scheduled.get("lastTransitionTime")))


def _stopped(status: Object, since: datetime | None) -> Trouble | None:
    """Find a container that waits for another reason than its start, or that has just failed."""
    for each in _containers(status):
        waiting = (each.get("state") or {}).get("waiting") or {}
        reason = waiting.get("reason", "")
        if reason and reason not in _STARTING:
            return Trouble(reason, Verdict.BAD, since, last=_ending(each, "lastState"))
        ending = _ending(each, "state")
        if ending and ending.exit_code:
            return Trouble(ending.reason or "Error", Verdict.BAD, ending.at, last=ending)
    return None


def _not_ready(obj: Object, conditions: dict[str, Object]) -> Trouble | None:
    if conditions.get("Ready", {}).get("status") == "True":
        return None
    status = obj.get("status") or {}
    states = [(each.get("state") or {}).get("waiting") or {} for each in _containers(status)]
    starting = next((state["reason"] for state in states if state.get("reason") in _STARTING), None)
    reason = starting or ("Pending" if status.get("phase") == "Pending" else "NotReady")
    since = _since(conditions) or moment(obj["metadata"].get("creationTimestamp"))
    endings = [ending for each in _containers(status) if (ending := _ending(each, "lastState"))]
    return Trouble(reason, Verdict.WARN, since, settles=True, last=_newest(endings))


def _restarted(status: Object, now: datetime) -> Trouble | None:
    endings = [ending for each in _containers(status) if (ending := _ending(each, "lastState"))]
    last = _newest(endings)
    if last is None or last.at is None or now - last.at > RECENT:
        return None
    return Trouble("Restarted", Verdict.WARN, last.at, last=last)


def _newest(endings: list[Ending]) -> Ending | None:
    dated = [(ending.at, ending) for ending in endings if ending.at is not None]
    return max(dated, key=lambda pair: pair[0])[1] if dated else None


def _since(conditions: dict[str, Object]) -> datetime | None:
    return moment(conditions.get("Ready", {}).get("lastTransitionTime"))


def _ending(container: Object, state: str) -> Ending | None:
    found = (container.get(state) or {}).get("terminated")
    if not found:
        return None
    return Ending(found.get("reason", ""), found.get("exitCode"), moment(found.get("finishedAt")))


def _containers(status: Object) -> Iterator[Object]:
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()
