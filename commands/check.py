"""`!check`: asks every probe of the catalogue whether its service is well."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.command import Context, command
from bot.core.catalogue import CnpgProbe, ExecProbe, MeshProbe, PathProbe, Probe, ReadyProbe, Services
from bot.core.errors import Denied, Missing, Unreachable, UsageError
from bot.core.facts import Unknown, Verdict, worst
from bot.core.findings import Finding, PathFinding, verdict_of
from bot.core.kinds import Kind
from bot.core.names import Target
from bot.core.permissions import RUNS, Need, Scope, looks
from bot.core.subjects import without_ending
from commands.asking import ask_all
from commands.mesh import NEEDS as MESH_NEEDS
from commands.parameters import NamespaceOption, meant, near, place
from commands.path import WAIT, path
from commands.probes import READY_KINDS, probe, ready
from commands.surveys import survey


@dataclass(frozen=True, slots=True)
class ServiceCheck:
    """What one probe found."""

    namespace: str
    service: str
    finding: Finding

    @property
    def verdict(self) -> Verdict:
        """How the service is."""
        return verdict_of(self.finding)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What all probes asked for found, in the catalogue's order."""

    as_of: datetime
    target: Target | None
    services: tuple[ServiceCheck, ...]
    unprobed: tuple[str, ...]
    """Namespaces that were asked for and have no probes: nothing is known about them."""

    @property
    def verdict(self) -> Verdict:
        """The worst of the services; of none at all, unknown."""
        return worst(service.verdict for service in self.services)


@command(
    "check",
    summary="Ask every service how it is",
    examples=("!check", "!check data", "!check data/postgres"),
    limit=WAIT + timedelta(seconds=30),
    needs=(
        *looks(*READY_KINDS, Kind.PODS, Kind.OBJECTSTORES),
        *MESH_NEEDS,
        Need("get", Kind.CLUSTERS),
        Need("get", Kind.NAMESPACES, scope=Scope.CLUSTER),
        *RUNS,
    ),
)
async def check(ctx: Context, where: str | None = None, *, namespace: NamespaceOption = None) -> CheckReport:
    """Run the probes of all services, of a namespace's, or of one, at the same time."""
    target = meant(place(where, namespace), ctx.settings.services)
    chosen = _chosen(ctx.settings.services, target)
    if target and not chosen:
        await _must_exist(ctx, target)
    asked = (target.namespace,) if target else ctx.settings.namespaces
    unprobed = tuple(name for name in asked if name not in chosen)
    services = await _checked(ctx, chosen)
    report = CheckReport(ctx.clock(), target, services, unprobed)
    ways = [
        (space, name)
        for space, probes in chosen.items()
        for name, each in probes.items()
        if isinstance(each, PathProbe)
    ]
    if target is None or not ways:
        # A way takes half a minute: it is asked of its own namespace alone, and edits the answer.
        return report
    async for finding in path(ctx):
        told = (*services, *(ServiceCheck(space, name, finding) for space, name in ways))
        report = CheckReport(ctx.clock(), target, told, unprobed)
        if isinstance(finding, PathFinding) and not finding.over:
            await ctx.show(report)
    return report


def _chosen(services: Services, target: Target | None) -> Services:
    """Return the part of the catalogue that is meant; raise UsageError for a service that is not in its namespace."""
    if target is None:
        return services
    probes = services.get(target.namespace)
    if probes is None:
        return {}
    if target.name is None:
        return {target.namespace: probes}
    likely = [name for name in probes if name.startswith(target.name)]
    called = (target.name, *(likely if len(likely) == 1 else ()), without_ending(target.name))
    name = next((each for each in called if each in probes), None)
    if name is None:
        close = tuple(f"{target.namespace}/{each}" for each in near(target.name, tuple(probes)))
        raise UsageError(f"No probe for “{target}”", hint=f"probed there: {', '.join(probes)}", near=close)
    return {target.namespace: {name: probes[name]}}


async def _must_exist(ctx: Context, target: Target) -> None:
    """Raise UsageError for a namespace that is not in the cluster; one that is there merely has no probes."""
    services = ctx.settings.services
    known = (*services, *(f"{space}/{service}" for space, probes in services.items() for service in probes))
    close = near(target.namespace, known)
    hint = f"known: {', '.join(services)}"
    try:
        await ctx.neighbours.kubernetes.get(Kind.NAMESPACES, "", target.namespace)
    except Missing as error:
        raise UsageError(f"No namespace “{target.namespace}”", hint=hint, near=close) from error
    except (Denied, Unreachable) as error:
        if close:
            raise UsageError(f"No probes for “{target}”", hint=hint, near=close) from error


async def _checked(ctx: Context, chosen: Services) -> tuple[ServiceCheck, ...]:
    rows = [
        (space, service, each)
        for space, probes in chosen.items()
        for service, each in probes.items()
        if not isinstance(each, PathProbe)
    ]
    limit = ctx.settings.limits.probe
    looked_up = tuple(dict.fromkeys(space for space, _, each in rows if isinstance(each, ReadyProbe)))
    asked = {(space, name): each for space, name, each in rows if not isinstance(each, ReadyProbe)}
    answers, workloads = await asyncio.gather(
        ask_all({place: probe(ctx, place[0], each) for place, each in asked.items()}, limit),
        survey(ctx.neighbours.kubernetes, READY_KINDS if looked_up else (), looked_up, limit),
    )
    found = (
        ready(ctx, space, each, workloads) if isinstance(each, ReadyProbe) else answers[space, name]
        for space, name, each in rows
    )
    return tuple(
        ServiceCheck(space, name, _blamed(each, finding))
        for (space, name, each), finding in zip(rows, found, strict=True)
    )


def _blamed(probe: Probe, finding: Finding) -> Finding:
    """Say whose silence it is: what is asked through Kubernetes may be well while Kubernetes does not answer."""
    if isinstance(finding, Unknown) and isinstance(probe, ReadyProbe | CnpgProbe | ExecProbe | MeshProbe):
        return Unknown(f"Kubernetes: {finding.reason}")
    return finding
