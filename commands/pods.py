"""From what a person typed to the pods that are meant."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.command import Context
from bot.core.errors import UsageError
from bot.core.kinds import Kind, Object
from bot.core.pods import Pod, read_pod
from commands.finding import SERVICE, Found, find_workloads, selector
from commands.parameters import place


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods that are meant together."""

    place: str
    """What was meant, as the room calls it: `ory/hydra`."""
    objects: tuple[Object, ...]
    """By name; none when a workload has none."""


async def find_pods(ctx: Context, where: str, namespace: str | None) -> Pods:
    """Return the pods of a workload or a service, or those whose own names begin so; raise UsageError for none.

    For a pod that is gone those of its workload, which came after it.
    """
    try:
        found = await find_workloads(ctx, where, namespace, by_pod=False)
    except UsageError:
        if pods := await _called(ctx, where, namespace):
            return pods
        found = await find_workloads(ctx, where, namespace)
    return Pods(_place(found), _sorted([pod for each in found for pod in await _of(ctx, each)]))


async def active_pods(ctx: Context, namespace: str, labels: str) -> tuple[Pod, ...]:
    """Return the pods with these labels that run or are to run; raise a NeighbourError."""
    found = await ctx.neighbours.kubernetes.list(Kind.PODS, namespaces=(namespace,), labels=labels)
    return tuple(pod for obj in found if (pod := read_pod(obj, ctx.clock())).active)


async def _of(ctx: Context, workload: Found) -> Sequence[Object]:
    kubernetes = ctx.neighbours.kubernetes
    return await kubernetes.list(Kind.PODS, namespaces=(workload.namespace,), labels=selector(workload))


async def _called(ctx: Context, where: str, namespace: str | None) -> Pods | None:
    """Return the pod of exactly this name, or else all whose names begin so; None when there are none."""
    meant = place(where, namespace)
    if meant is None:
        return None
    # A bare name may be anywhere.
    spaces, name = ((meant.namespace,), meant.name) if meant.name else (ctx.settings.namespaces, str(meant.namespace))
    known = await ctx.neighbours.kubernetes.list(Kind.PODS, namespaces=spaces)
    found = [pod for pod in known if pod["metadata"]["name"] == name]
    found = found or [pod for pod in known if pod["metadata"]["name"].startswith(f"{name}-")]
    spaces = tuple({pod["metadata"]["namespace"] for pod in found})
    return Pods(f"{spaces[0]}/{name}", _sorted(found)) if len(spaces) == 1 else None


def _place(found: Sequence[Found]) -> str:
    """Return what workloads are called together: several were found by their service's name."""
    first = found[0]
    return first.place if len(found) == 1 else f"{first.namespace}/{first.obj['metadata']['labels'][SERVICE]}"


def _sorted(pods: Sequence[Object]) -> tuple[Object, ...]:
    return tuple(sorted(pods, key=lambda pod: str(pod["metadata"]["name"])))
