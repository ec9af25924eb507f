"""From what a person typed to the workloads that are meant: by name, by its beginning, by the service's label."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.command import Context
from bot.core.errors import Missing, UsageError
from bot.core.kinds import Kind, Object
from bot.core.names import Target
from bot.core.subjects import without_ending
from bot.core.workloads import OWNERS
from commands.parameters import near, place

if TYPE_CHECKING:
    from bot.clients.kubernetes import Kubernetes
SERVICE = "sunbeam.pt/service"
"""The label that several workloads of one service share."""
_NAMED = {"deploy": "Deployment", "sts": "StatefulSet", "ds": "DaemonSet"}


@dataclass(frozen=True, slots=True)
class Found:
    """A workload of the cluster."""

    kind: Kind
    obj: Object

    @property
    def word(self) -> str:
        """The kind as Kubernetes writes it: `Deployment`."""
        return OWNERS[self.kind]

    @property
    def namespace(self) -> str:
        """Where it is."""
        return str(self.obj["metadata"]["namespace"])

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.obj["metadata"]["name"])

    @property
    def place(self) -> str:
        """What to call it in the room: `ory/hydra`."""
        return f"{self.namespace}/{self.name}"

    @property
    def identity(self) -> str:
        """Its UID, and how often what it should be was changed."""
        metadata = self.obj["metadata"]
        return f"{metadata.get('uid', '')}@{metadata.get('generation', 0)}"


async def find_workloads(
    ctx: Context, where: str, namespace: str | None = None, *, by_pod: bool = True
) -> tuple[Found, ...]:
    """Return what `ns/name` or `-n ns [kind/]name` means: one workload, or all that carry it as their service's name.

    The beginning of a name is enough where it can mean one thing only, and so is a pod's name unless `by_pod` is off.
    Raises UsageError with near names.
    """
    target = place(where, namespace)
    if target is None or target.name is None:
        return _only(where, await _in(ctx.neighbours.kubernetes, ctx.settings.namespaces))
    known = await _in(ctx.neighbours.kubernetes, (target.namespace,))
    kind = where.rpartition("/")[0] if namespace else ""
    word = _NAMED.get(kind, kind).lower().removesuffix("s")
    return _called(target, [each for each in known if each.word.lower().startswith(word)], by_pod=by_pod)


def selector(found: Found) -> str:
    """Return the label selector of a workload's own pods."""
    if found.kind is Kind.CLUSTERS:
        return f"cnpg.io/cluster={found.name}"
    labels = ((found.obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def _called(target: Target, known: Iterable[Found], *, by_pod: bool) -> tuple[Found, ...]:
    """Return the workloads of one namespace that a name means."""
    known, name = tuple(known), target.name or ""
    exact = [each for each in known if each.name == name]
    service = [each for each in known if (each.obj["metadata"].get("labels") or {}).get(SERVICE) == name]
    begun = [each for each in known if each.name.startswith(name)]
    of_pod = [each for each in known if each.name == without_ending(name)] if by_pod else []
    for found in (exact[:1], service, begun if len(begun) == 1 else [], of_pod[:1]):
        if found:
            return tuple(found)
    close = near(name, tuple(each.name for each in known))
    raise UsageError(
        f"No workload “{target}”",
        hint=f"!status {target.namespace} lists what is there",
        near=tuple(f"{target.namespace}/{each}" for each in close),
    )


def _only(name: str, known: Iterable[Found]) -> tuple[Found, ...]:
    """Return what a bare name means in the whole house, when that is one thing."""
    found = [each for each in known if each.name == name]
    if len(found) == 1:
        return tuple(found)
    places = tuple(each.place for each in (found or [each for each in known if name in each.name]))
    problem = f"“{name[:40]}” is in several namespaces" if found else f"No workload “{name[:40]}”"
    raise UsageError(problem, hint="write ns/name, like data/postgres", near=places[:3])


async def _in(kubernetes: "Kubernetes", namespaces: tuple[str, ...]) -> tuple[Found, ...]:
    parts = await asyncio.gather(*(_listed(kubernetes, kind, namespaces) for kind in OWNERS))
    return tuple(found for part in parts for found in part)


async def _listed(kubernetes: "Kubernetes", kind: Kind, namespaces: tuple[str, ...]) -> tuple[Found, ...]:
    try:
        objects = await kubernetes.list(kind, namespaces=namespaces)
    except Missing:
        # Clusters come with an operator: without it there are none.
        return ()
    return tuple(Found(kind, obj) for obj in objects)
