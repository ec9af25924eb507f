"""How much CPU and memory is used, of how much: amounts as Kubernetes writes them, put together by pod and by node."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.core.facts import Verdict
from bot.core.kinds import Object

FULL = 0.9
"""Memory used beyond this share is a warning: what reaches the limit is killed."""

_AMOUNT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)(?:([eE][0-9]{1,2})|([A-Za-z]{0,2}))")
_UNITS = {
    "": Decimal(1),
    **{unit: Decimal(1000) ** power for power, unit in ((-3, "n"), (-2, "u"), (-1, "m"), (1, "k"), (1, "K"))},
    **{unit: Decimal(1000) ** power for power, unit in enumerate("MGTPE", start=2)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}


@dataclass(frozen=True, slots=True)
class Usage:
    """What a pod or a node uses."""

    namespace: str
    """Empty for a node."""
    name: str
    cpu: float
    """Cores."""
    memory: int
    """Bytes."""
    cpu_of: float | None
    """Cores it has, or may use; None: as many as there are."""
    memory_of: int | None
    """Bytes it has, or may use."""

    @property
    def filled(self) -> float | None:
        """The share of its memory that it uses."""
        return self.memory / self.memory_of if self.memory_of else None

    @property
    def verdict(self) -> Verdict:
        """Little memory left is a warning; CPU that is short only makes slow."""
        return Verdict.WARN if self.filled is not None and self.filled > FULL else Verdict.OK


def amount(text: object) -> float:
    """Return what a Kubernetes quantity is in cores or bytes: `250m`, `131072000Ki`; 0 for what is none."""
    match = _AMOUNT.fullmatch(str(text))
    if match is None or (match[3] or "") not in _UNITS:
        return 0.0
    return float(Decimal(match[1] + (match[2] or "")) * _UNITS[match[3] or ""])


def read_nodes(measured: Iterable[Object], nodes: Iterable[Object]) -> tuple[Usage, ...]:
    """Put what nodes use beside what they have."""
    room = {node["metadata"]["name"]: (node.get("status") or {}).get("allocatable") or {} for node in nodes}
    return tuple(
        Usage("", name, amount(used.get("cpu")), int(amount(used.get("memory"))), *_room(room.get(name, {})))
        for obj in measured
        for name, used in [(obj["metadata"]["name"], obj.get("usage") or {})]
    )


def read_pods(measured: Iterable[Object], pods: Iterable[Object]) -> tuple[Usage, ...]:
    """Put what pods use beside what they may use at most."""
    limits = {_place(pod): _limits(pod) for pod in pods}
    return tuple(_pod(obj, limits.get(_place(obj), {})) for obj in measured)


def _pod(obj: Object, limits: Mapping[str, object]) -> Usage:
    used = [each.get("usage") or {} for each in obj.get("containers") or ()]
    cpu = sum(amount(each.get("cpu")) for each in used)
    memory = int(sum(amount(each.get("memory")) for each in used))
    return Usage(*_place(obj), cpu, memory, *_room(limits))


def _place(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _limits(pod: Object) -> dict[str, object]:
    """Return the sum of a pod's limits; a resource is limited only when every container limits it."""
    limits = [
        (each.get("resources") or {}).get("limits") or {} for each in (pod.get("spec") or {}).get("containers") or ()
    ]
    return {
        resource: sum(amount(each[resource]) for each in limits)
        for resource in ("cpu", "memory")
        if limits and all(resource in each for each in limits)
    }


def _room(of: Mapping[str, object]) -> tuple[float | None, int | None]:
    return (amount(of["cpu"]) if "cpu" in of else None), (int(amount(of["memory"])) if "memory" in of else None)
