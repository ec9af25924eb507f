"""Which container of a pod is meant, and what to call pods that stand side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.errors import UsageError
from bot.core.kinds import Object

_DEFAULT = "kubectl.kubernetes.io/default-container"
_SIDECARS = frozenset({"linkerd-proxy", "istio-proxy", "vault-agent", "config-reloader", "plugin-barman-cloud"})


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod."""

    namespace: str
    pod: str
    name: str


def containers(pod: Object) -> tuple[str, ...]:
    """Return the containers of a pod in which its service runs, the one that is meant first, sidecars last."""
    names = [str(each["name"]) for each in (pod.get("spec") or {}).get("containers") or ()]
    meant = (pod["metadata"].get("annotations") or {}).get(_DEFAULT)
    return tuple(sorted(names, key=lambda name: (name != meant, name in _SIDECARS)))


def chosen(pod: Object, name: str) -> str:
    """Return the container of this name, or the one that is meant without one; raise UsageError for an unknown one."""
    known = containers(pod)
    inits = tuple(str(each["name"]) for each in (pod.get("spec") or {}).get("initContainers") or ())
    if name and name not in (*known, *inits):
        raise UsageError(
            f"No container “{name[:60]}” in {pod['metadata']['name']}", hint=f"there are {', '.join((*known, *inits))}"
        )
    if not known:
        raise UsageError(f"{pod['metadata']['name']} has no container")
    return name or known[0]


def short_names(pods: Sequence[str]) -> dict[str, str]:
    """Return the end of each pod's name, which tells it from the others; nothing for one that stands alone."""
    if len(pods) == 1:
        return {pods[0]: ""}
    ends = {pod: pod.rpartition("-")[2] for pod in pods}
    return ends if len(set(ends.values())) == len(pods) else {pod: pod for pod in pods}
