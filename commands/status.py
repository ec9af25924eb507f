"""`!status`: what runs, what is wrong with it, whether secrets are in step, and how the bot itself is."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.command import Context, command
from bot.core.errors import UsageError
from bot.core.facts import Unknown, Verdict, worst
from bot.core.health import SelfReport
from bot.core.kinds import Kind
from bot.core.names import Target
from bot.core.permissions import looks
from bot.core.pods import read_pod
from bot.core.syncs import Sync, read_syncs
from bot.core.workloads import OWNERS, Workload, read_wish, workloads
from commands.asking import ask
from commands.existing import NEEDED, must_exist
from commands.neighbours import NeighbourStatus, neighbours
from commands.parameters import NamespaceOption, known_places, meant, near, place
from commands.surveys import Survey, Unasked, survey

LAGGING = timedelta(minutes=2)
"""A sync or a waiting parcel older than this is a warning: the same age at which `/readyz` says no."""

_SECRETS = (Kind.VAULTSTATICSECRETS, Kind.VAULTDYNAMICSECRETS)
_RUNNING = (Kind.PODS, *OWNERS)


@dataclass(frozen=True, slots=True)
class NamespaceStatus:
    """What runs in a namespace."""

    name: str
    workloads: tuple[Workload, ...]
    gap: Unknown | None
    """Why it could not be asked, or not all of it."""

    @property
    def ready(self) -> int:
        """How many of the wanted pods are ready."""
        return sum(workload.ready for workload in self.workloads)

    @property
    def wanted(self) -> int:
        """How many pods there should be."""
        return sum(workload.wanted for workload in self.workloads)

    @property
    def verdict(self) -> Verdict:
        """The worst of its workloads; of an empty or half asked namespace nobody knows."""
        verdicts = [workload.verdict for workload in self.workloads]
        return worst([*verdicts, Verdict.UNKNOWN] if self.gap else verdicts)


@dataclass(frozen=True, slots=True)
class SecretsStatus:
    """Whether the Vault Secrets Operator's secrets are in step."""

    syncs: tuple[Sync, ...]
    gaps: tuple[Unasked, ...]

    @property
    def behind(self) -> tuple[Sync, ...]:
        """Those that are not in step."""
        return tuple(sync for sync in self.syncs if not sync.synced)

    @property
    def verdict(self) -> Verdict:
        """A secret that lags is a warning: what runs still has the old one."""
        told = [Verdict.WARN] * bool(self.behind) + [Verdict.UNKNOWN] * bool(self.gaps)
        return worst([*told, Verdict.OK])


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The state of the house at one moment."""

    as_of: datetime
    target: Target | None
    namespaces: tuple[NamespaceStatus, ...]
    gaps: tuple[Unasked, ...]
    """What could not be asked of the cluster, secrets left aside."""
    secrets: SecretsStatus
    me: SelfReport | Unknown
    neighbours: tuple[NeighbourStatus, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of everything told."""
        parts = [namespace.verdict for namespace in self.namespaces]
        return worst([*parts, self.secrets.verdict, self.own, *(each.verdict for each in self.neighbours)])

    @property
    def own(self) -> Verdict:
        """How the bot itself is."""
        if isinstance(self.me, Unknown):
            return Verdict.UNKNOWN
        if self.me.database:
            return Verdict.BAD
        lags = self.me.sync_age is None or max(self.me.sync_age, self.me.outbox.oldest) > LAGGING
        return Verdict.WARN if lags else Verdict.OK


@command(
    "status",
    summary="What runs and what is wrong",
    examples=("!status", "!status lasuite", "!status data/valkey"),
    needs=(*looks(*_RUNNING, *_SECRETS), NEEDED),
)
async def status(ctx: Context, where: str | None = None, *, namespace: NamespaceOption = None) -> StatusReport:
    """Tell how pods, secrets and the bot itself are, in all namespaces, in one, or of one workload."""
    target = meant(place(where, namespace), known_places(ctx.settings))
    names = (target.namespace,) if target else ctx.settings.namespaces
    limit = ctx.settings.limits.probe
    cluster, me, others = await asyncio.gather(
        survey(ctx.neighbours.kubernetes, (*_RUNNING, *_SECRETS), names, limit),
        ask(ctx.report(), limit),
        neighbours(ctx, limit),
    )
    found = _read(cluster, names, ctx.clock())
    if target:
        found = (await _narrowed(ctx, target, found[0]),)
    return StatusReport(
        as_of=ctx.clock(),
        target=target,
        namespaces=found,
        gaps=tuple(part for part in cluster.unasked if not _is_secret(part)),
        secrets=_secrets(cluster),
        me=me,
        neighbours=others,
    )


def _read(cluster: Survey, names: tuple[str, ...], now: datetime) -> tuple[NamespaceStatus, ...]:
    pods = [read_pod(obj, now) for obj in cluster.found.get(Kind.PODS, ())]
    wishes = [read_wish(kind, obj) for kind in OWNERS for obj in cluster.found.get(kind, ())]
    # Where pods could not be asked for, none being seen does not mean that none is there.
    found = workloads(pods, [wish for wish in wishes if not cluster.gap((Kind.PODS,), wish.namespace)], now)
    return tuple(
        NamespaceStatus(name, tuple(each for each in found if each.namespace == name), cluster.gap(_RUNNING, name))
        for name in names
    )


def _secrets(cluster: Survey) -> SecretsStatus:
    syncs = [sync for kind in _SECRETS for sync in read_syncs(kind, cluster.found.get(kind, ()))]
    return SecretsStatus(tuple(syncs), tuple(part for part in cluster.unasked if _is_secret(part)))


def _is_secret(part: Unasked) -> bool:
    return part.kind in {kind.plural for kind in _SECRETS}


async def _narrowed(ctx: Context, target: Target, found: NamespaceStatus) -> NamespaceStatus:
    """Return the namespace with the one workload asked for; raise UsageError for what is not there."""
    if not found.workloads and not found.gap:
        await must_exist(ctx, target.namespace)
    if target.name is None or not found.workloads:
        return found
    chosen = tuple(each for each in found.workloads if _is_meant(each, target.name))
    if not chosen:
        names = tuple(each.owner.name for each in found.workloads)
        likely = [name for name in names if name.startswith(target.name)]
        chosen = tuple(each for each in found.workloads if len(likely) == 1 and each.owner.name == likely[0])
    if not chosen and not found.gap:
        close = tuple(f"{target.namespace}/{name}" for name in near(target.name, names))
        raise UsageError(f"No workload “{target}”", hint=f"!status {target.namespace} shows what is there", near=close)
    return NamespaceStatus(found.name, chosen, found.gap)


def _is_meant(workload: Workload, name: str) -> bool:
    return workload.owner.name == name or any(pod.name == name for pod in workload.pods)
