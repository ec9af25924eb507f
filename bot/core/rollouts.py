"""How far a rollout is, by kubectl's own rules for "done", and whether one may be begun at all; pure.

kubectl's rules: `rollout_status.go` and `objectrestarter.go`; CloudNativePG's: research §5.2.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.core.findings import HEALTHY_CLUSTER
from bot.core.kinds import Kind, Object

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""The annotation of a pod template, or of a CloudNativePG Cluster, that restarts what it is on."""
ACTION = "ops.sunbeam.pt/action"
"""The annotation that says which action of ours changed an object last: so a repeat is known for one."""
SHORTEST = timedelta(minutes=5)
"""A rollout is followed at least so long."""
_DEADLINE_SECONDS = 600
_GRACE = timedelta(seconds=60)
_WAITS_FOR_A_PERSON = "Waiting for user action"
_BEYOND_HELP = ("Cluster is unrecoverable and needs manual intervention",)


class Obstacle(StrEnum):
    """Why a restart would do nothing, or must not be begun."""

    PAUSED = "paused"
    """A paused Deployment takes the change and does nothing with it."""
    ON_DELETE = "on-delete"
    """The update strategy OnDelete replaces a pod only when somebody deletes it."""
    SCALED_TO_ZERO = "scaled-to-zero"
    """There is no pod to replace."""


class Stall(StrEnum):
    """Why a rollout will not end by itself."""

    DEADLINE = "deadline"
    """Kubernetes gave up: ProgressDeadlineExceeded."""
    WAITS_FOR_A_PERSON = "waits-for-a-person"
    """CloudNativePG's primaryUpdateStrategy is `supervised`."""
    UNRECOVERABLE = "unrecoverable"
    """CloudNativePG says that only a person can help."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one workload's rollout is."""

    updated: int
    """Pods of the new revision that serve."""
    wanted: int
    done: bool
    stall: Stall | None = None


def obstacle(kind: Kind, obj: Object) -> Obstacle | None:
    """Return why restarting a workload makes no sense as it stands."""
    spec = obj.get("spec") or {}
    if kind is Kind.DEPLOYMENTS and spec.get("paused"):
        return Obstacle.PAUSED
    if (spec.get("updateStrategy") or {}).get("type") == "OnDelete":
        return Obstacle.ON_DELETE
    return Obstacle.SCALED_TO_ZERO if wanted(kind, obj) == 0 else None


def wanted(kind: Kind, obj: Object) -> int:
    """Return how many pods a workload wants."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    match kind:
        case Kind.DAEMONSETS:
            return int(status.get("desiredNumberScheduled", 0))
        case Kind.CLUSTERS:
            return int(spec.get("instances", 1))
        case _:
            return int(spec.get("replicas", 1))


def patience(kind: Kind, obj: Object) -> timedelta:
    """Return how long a rollout is followed: Kubernetes gives up first, and says why."""
    if kind is not Kind.DEPLOYMENTS:
        return 2 * SHORTEST
    seconds = (obj.get("spec") or {}).get("progressDeadlineSeconds") or _DEADLINE_SECONDS
    return max(timedelta(seconds=seconds) + _GRACE, SHORTEST)


def progress(kind: Kind, obj: Object, pods: Iterable[Object] = ()) -> Progress:
    """Return how far a rollout is; `pods`, a Cluster's own, tell which were restarted for the present reason."""
    match kind:
        case Kind.DEPLOYMENTS:
            return _deployment(obj)
        case Kind.STATEFULSETS:
            return _stateful_set(obj)
        case Kind.DAEMONSETS:
            return _daemon_set(obj)
        case Kind.CLUSTERS:
            return _cluster(obj, tuple(pods))
    raise ValueError(f"{kind.plural} have no rollout")


def _deployment(obj: Object) -> Progress:
    status, want = obj.get("status") or {}, wanted(Kind.DEPLOYMENTS, obj)
    updated, total = int(status.get("updatedReplicas", 0)), int(status.get("replicas", 0))
    available = int(status.get("availableReplicas", 0))
    if not _observed(obj):
        return Progress(0, want, done=False)
    if any(_is_overdue(row) for row in status.get("conditions") or ()):
        return Progress(min(updated, available), want, done=False, stall=Stall.DEADLINE)
    # In kubectl's order: all made anew, no old one left, all of the new ones serving.
    done = updated >= want and total <= updated and available >= updated
    return Progress(min(updated, max(0, available - (total - updated))), want, done)


def _is_overdue(condition: Object) -> bool:
    return condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded"


def _stateful_set(obj: Object) -> Progress:
    status, spec, want = obj.get("status") or {}, obj.get("spec") or {}, wanted(Kind.STATEFULSETS, obj)
    if not _observed(obj):
        return Progress(0, want, done=False)
    updated, ready = int(status.get("updatedReplicas", 0)), int(status.get("readyReplicas", 0))
    partition = int(((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition") or 0)
    if partition:
        # Only ordinals from the partition on are replaced.
        return Progress(updated, want, done=updated >= want - partition and ready >= want)
    done = ready >= want and status.get("updateRevision") == status.get("currentRevision")
    return Progress(want if done else min(updated, ready), want, done)


def _daemon_set(obj: Object) -> Progress:
    status, want = obj.get("status") or {}, wanted(Kind.DAEMONSETS, obj)
    if not _observed(obj):
        return Progress(0, want, done=False)
    updated, available = int(status.get("updatedNumberScheduled", 0)), int(status.get("numberAvailable", 0))
    return Progress(min(updated, available), want, done=updated >= want and available >= want)


def _cluster(obj: Object, pods: tuple[Object, ...]) -> Progress:
    status, want = obj.get("status") or {}, wanted(Kind.CLUSTERS, obj)
    phase = str(status.get("phase") or "")
    asked = (obj["metadata"].get("annotations") or {}).get(RESTARTED_AT)
    renewed = sum((pod["metadata"].get("annotations") or {}).get(RESTARTED_AT) == asked for pod in pods)
    ready = int(status.get("readyInstances", 0))
    stall = None
    if phase == _WAITS_FOR_A_PERSON:
        stall = Stall.WAITS_FOR_A_PERSON
    elif phase in _BEYOND_HELP:
        stall = Stall.UNRECOVERABLE
    done = phase == HEALTHY_CLUSTER and ready >= want and renewed >= want
    return Progress(min(renewed, ready), want, done, stall)


def _observed(obj: Object) -> bool:
    """Tell whether the controller has seen the newest wish: until then its numbers are about an older one."""
    return int((obj.get("status") or {}).get("observedGeneration", 0)) >= int(obj["metadata"].get("generation", 0))
