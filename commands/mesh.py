"""How Linkerd is, asked of the cluster: control plane, certificates, pods that should have a proxy and do not."""

import asyncio
from datetime import datetime

from bot.command import Context
from bot.core.catalogue import MeshProbe
from bot.core.errors import Missing
from bot.core.facts import Unknown
from bot.core.findings import MeshFinding, ReadyFinding
from bot.core.kinds import Kind, Object
from bot.core.moments import moment
from bot.core.names import Target
from bot.core.permissions import Need, Scope, looks
from bot.core.workloads import read_wish
from commands.asking import PART, ask_all

NEEDS = (*looks(Kind.PODS, Kind.NAMESPACES, Kind.DEPLOYMENTS), Need("get", Kind.CERTIFICATES, scope=Scope.EVERYWHERE))
_PROXY = "linkerd-proxy"
_INJECT = "linkerd.io/inject"
_ON = frozenset({"enabled", "ingress"})
_OVER = frozenset({"Succeeded", "Failed"})


async def mesh(ctx: Context, question: MeshProbe) -> MeshFinding:
    """Ask for each part by itself, so that one which is not answered leaves the others known."""
    limit = ctx.settings.limits.probe * PART
    control, ends, proxies = await asyncio.gather(
        ask_all({name: _ready(ctx, question.mesh, name) for name in question.control}, limit),
        ask_all({name: _end(ctx, question.mesh, name) for name in question.certificates}, limit),
        ask_all({"": _proxies(ctx)}, limit),
    )
    found = proxies[""]
    meshed, bare = (found, ()) if isinstance(found, Unknown) else found
    return MeshFinding(control, ends, meshed, bare, ctx.clock())


async def _ready(ctx: Context, namespace: str, name: str) -> ReadyFinding:
    wish = read_wish(Kind.DEPLOYMENTS, await ctx.neighbours.kubernetes.get(Kind.DEPLOYMENTS, namespace, name))
    return ReadyFinding(wish.ready, wish.wanted)


async def _end(ctx: Context, namespace: str, name: str) -> datetime:
    found = await ctx.neighbours.kubernetes.get(Kind.CERTIFICATES, namespace, name)
    end = moment((found.get("status") or {}).get("notAfter"))
    if end is None:
        raise Missing("kubernetes", f"{name} was never issued")
    return end


async def _proxies(ctx: Context) -> tuple[int, tuple[str, ...]]:
    """Return how many pods have a proxy, and those that should have one: what the injector missed is not encrypted."""
    kubernetes, spaces = ctx.neighbours.kubernetes, ctx.settings.namespaces
    pods, namespaces = await asyncio.gather(
        kubernetes.list(Kind.PODS, namespaces=spaces), kubernetes.list(Kind.NAMESPACES)
    )
    asking = {space["metadata"]["name"]: _inject(space) for space in namespaces}
    active = [pod for pod in pods if (pod.get("status") or {}).get("phase") not in _OVER]
    bare = [
        str(Target(pod["metadata"]["namespace"], pod["metadata"]["name"]))
        for pod in active
        if not _has_proxy(pod) and (_inject(pod) or asking.get(pod["metadata"]["namespace"], "")) in _ON
    ]
    return sum(map(_has_proxy, active)), tuple(sorted(bare))


def _inject(obj: Object) -> str:
    return str((obj["metadata"].get("annotations") or {}).get(_INJECT, ""))


def _has_proxy(pod: Object) -> bool:
    spec = pod["spec"]
    containers: tuple[Object, ...] = (*spec.get("containers", ()), *spec.get("initContainers", ()))
    return any(each["name"] == _PROXY for each in containers)
