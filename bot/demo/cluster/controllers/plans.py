"""The next step of a rollout: pure decisions about one workload and its pods."""

from dataclasses import dataclass

from bot.demo.cluster.pods import is_ready, is_starting
from bot.demo.cluster.store import Object

REVISION_LABEL = {
    "Deployment": "pod-template-hash",
    "StatefulSet": "controller-revision-hash",
    "DaemonSet": "controller-revision-hash",
}


@dataclass(frozen=True, slots=True)
class Add:
    """Make a pod; the name is given for a StatefulSet, the node for a DaemonSet."""

    name: str = ""
    node: str = ""


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete a pod."""

    pod: Object


@dataclass(frozen=True, slots=True)
class Open:
    """Let a pod's containers come up."""

    pod: Object


Step = Add | Remove | Open


@dataclass(frozen=True, slots=True)
class Sides:
    """The pods of a workload: of the template it has now, and of earlier ones."""

    new: tuple[Object, ...]
    old: tuple[Object, ...]

    @property
    def ready(self) -> int:
        """How many serve."""
        return sum(map(is_ready, (*self.new, *self.old)))

    @property
    def new_ready(self) -> int:
        """How many of the present template serve."""
        return sum(map(is_ready, self.new))

    def __len__(self) -> int:
        return len(self.new) + len(self.old)


def sides(workload: Object, pods: list[Object], revision: str) -> Sides:
    """Sort a workload's pods by whether they are of its present revision."""
    label = REVISION_LABEL[workload["kind"]]
    of_now = [(pod["metadata"].get("labels", {}).get(label) == revision, pod) for pod in pods]
    return Sides(tuple(pod for now, pod in of_now if now), tuple(pod for now, pod in of_now if not now))


def deployment(workload: Object, pods: Sides) -> Step | None:
    """Return the next step of a Deployment: one pod more than wished at most, none less."""
    wished = replicas(workload)
    if coming := [pod for pod in pods.new if is_starting(pod)]:
        return Open(coming[0])
    if workload["spec"].get("strategy", {}).get("type") == "Recreate" and pods.old:
        return Remove(pods.old[0])
    if broken := [pod for pod in pods.old if not is_ready(pod)]:
        return Remove(broken[0])
    if pods.old and pods.ready > wished:
        return Remove(pods.old[0])
    if len(pods.new) < wished and len(pods) <= wished:
        return Add()
    return Remove(pods.new[-1]) if len(pods.new) > wished else None


def stateful_set(workload: Object, pods: Sides) -> Step | None:
    """Return the next step of a StatefulSet: missing ordinals upwards, old revisions from the highest down."""
    name = workload["metadata"]["name"]
    if coming := [pod for pod in pods.new if is_starting(pod)]:
        return Open(coming[0])
    by_name = {pod["metadata"]["name"]: pod for pod in (*pods.new, *pods.old)}
    wished = [f"{name}-{ordinal}" for ordinal in range(replicas(workload))]
    missing = [wish for wish in wished if wish not in by_name]
    if missing:
        return Add(name=missing[0])
    extra = [pod for found, pod in by_name.items() if found not in wished]
    if extra:
        return Remove(max(extra, key=_ordinal))
    return Remove(max(pods.old, key=_ordinal)) if pods.old and _rolls(workload) else None


def daemon_set(workload: Object, pods: Sides, nodes: list[str]) -> Step | None:
    """Return the next step of a DaemonSet: one pod a node."""
    if coming := [pod for pod in pods.new if is_starting(pod)]:
        return Open(coming[0])
    taken = {pod["spec"]["nodeName"] for pod in (*pods.new, *pods.old)}
    if bare := [node for node in nodes if node not in taken]:
        return Add(node=bare[0])
    return Remove(pods.old[0]) if pods.old and _rolls(workload) else None


def replicas(workload: Object) -> int:
    """Return how many pods are wished."""
    return int(workload["spec"].get("replicas", 1))


def _rolls(workload: Object) -> bool:
    return bool(workload["spec"].get("updateStrategy", {}).get("type") != "OnDelete")


def _ordinal(pod: Object) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])
