"""How a CloudNativePG cluster is asked: the Cluster, the store of its backups, and Prometheus, all at once."""

import asyncio
import math

from bot.command import Context
from bot.core.cnpg import archiving, recovery
from bot.core.errors import Missing
from bot.core.facts import Unknown
from bot.core.findings import CnpgFinding
from bot.core.kinds import Kind, Object
from bot.core.promql import quoted
from commands.asking import PART, ask, ask_all


async def cnpg(ctx: Context, namespace: str, name: str) -> CnpgFinding | Unknown:
    """Look at one cluster; only when the Cluster itself cannot be read is all of it unknown."""
    limit = ctx.settings.limits.probe * PART
    kubernetes = ctx.neighbours.kubernetes
    cluster, stores, numbers = await asyncio.gather(
        ask(kubernetes.get(Kind.CLUSTERS, namespace, name), limit),
        ask(kubernetes.list(Kind.OBJECTSTORES, namespaces=(namespace,)), limit),
        ask_all({expr: _number(ctx, expr) for expr in _expressions(namespace, name)}, limit),
    )
    if isinstance(cluster, Unknown):
        return cluster
    return _finding(ctx, cluster, stores, tuple(numbers.values()))


def _finding(
    ctx: Context, cluster: Object, stores: tuple[Object, ...] | Unknown, numbers: tuple[int | Unknown, ...]
) -> CnpgFinding:
    status = cluster.get("status") or {}
    kept = recovery(cluster, stores)
    used, most = numbers
    return CnpgFinding(
        phase=status.get("phase") or "",
        ready=int(status.get("readyInstances") or 0),
        instances=int(cluster["spec"].get("instances") or 0),
        archiving=archiving(cluster),
        last_backup=kept.last,
        last_failure=kept.failed,
        connections=used,
        max_connections=most,
        as_of=ctx.clock(),
    )


def _expressions(namespace: str, name: str) -> tuple[str, str]:
    """Return what is asked for connections in use and for the most there may be, from CloudNativePG's own exporter."""
    pods = instances_of(namespace, name)
    return (
        # Each instance has as many of its own: the fullest counts.
        f"sum by (pod) (cnpg_backends_total{{{pods}}})",
        f'max(cnpg_pg_settings_setting{{name="max_connections",{pods}}})',
    )


def instances_of(namespace: str, name: str) -> str:
    """Return the matchers that select the series of a cluster's instances."""
    # Instances are called after their cluster, and a dot is the only letter of a name that a pattern would misread.
    return f"namespace={quoted(namespace)},pod=~{quoted(name.replace('.', '[.]') + '-[0-9]+')}"


async def _number(ctx: Context, expr: str) -> int:
    """Return the largest value; raise Missing where there is none."""
    values = [each.value for each in await ctx.neighbours.prometheus.query(expr) if math.isfinite(each.value)]
    if not values:
        raise Missing("prometheus", "no such series")
    return int(max(values))
