"""From what a person typed, or from an alert's card, to the pods that are meant."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.command import Context
from bot.core.alerts import Card
from bot.core.errors import UsageError
from bot.core.kinds import Kind, Object
from bot.core.names import target
from bot.core.webhook import Status
from commands.finding import SERVICE, Found, find_workloads, selector
from commands.parameters import place

_OF_CARDS = ("pod", "deployment", "statefulset", "daemonset", "job_name", "service")
"""Labels of an alert that lead to pods, the nearest first."""
_ENDING = re.compile(r"(?:(?:-[a-z0-9]{5,10})?-[a-z0-9]{5}|-[0-9]+)$")
"""What a workload's name goes on with in the name of its pod."""


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods that are meant together."""

    place: str
    """What was meant, as the room calls it: `ory/hydra`."""
    objects: tuple[Object, ...]
    """By name; none when a workload has none."""


async def find_pods(ctx: Context, where: str, namespace: str | None) -> Pods:
    """Return the pods of a workload or a service, or those whose own names begin so; raise UsageError for none."""
    try:
        found = await find_workloads(ctx, where, namespace)
    except UsageError:
        pods = await _called(ctx, where, namespace)
        if pods is None:
            raise
        return pods
    return Pods(_place(found), _sorted([pod for each in found for pod in await _of(ctx, each)]))


async def pods_of_card(ctx: Context, card: Card) -> Pods:
    """Return the pods that a card is about, or those that came after them; raise UsageError when it names none."""
    burning = [member for member in card.members if member.status is Status.FIRING] or list(card.members)
    for member in burning:
        name = next((member.labels[label] for label in _OF_CARDS if member.labels.get(label)), "")
        if not name or not member.labels.get("namespace"):
            continue
        where = str(target(f"{member.labels['namespace']}/{name}"))
        try:
            return await find_pods(ctx, where, None)
        except UsageError:
            # The pod is gone; its workload has others.
            if (bare := _ENDING.sub("", where)) == where:
                raise
            return await find_pods(ctx, bare, None)
    raise UsageError("This card names no pod", hint="!logs ns/name")


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
