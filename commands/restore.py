"""`!restore plan`: the Cluster that would be a database as it was, as a file; tried by the API server, never made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter

from bot.command import Context, command
from bot.core.cnpg import archiving, recovery
from bot.core.errors import NeighbourError, Rejected, UsageError
from bot.core.facts import Unknown, Verdict, worst
from bot.core.kinds import Kind, Object
from bot.core.permissions import Need, looks
from bot.core.restore import FRESH, moment_of, must_be_reachable, restored
from commands.asking import ask
from commands.databases import find_database
from commands.parameters import NamespaceOption

MomentOption = Annotated[str, Parameter(name=["--to", "--at"])]


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What bringing a database back would be; nothing of it is done."""

    place: str
    name: str
    """What the new Cluster is called, in the same namespace."""
    at: datetime
    """The moment it would be as of."""
    as_of: datetime
    zone: str
    first: datetime | Unknown
    """The first moment that can be brought back."""
    archived: bool | Unknown
    """Whether the write-ahead log reaches the store."""
    accepted: bool | Unknown
    """Whether the API server would take it."""
    instances: int
    storage: str
    left_behind: tuple[str, ...]
    manifest: Object

    @property
    def is_fresh(self) -> bool:
        """Whether the log of that moment may still be on its way to the store."""
        return self.as_of - self.at < FRESH

    @property
    def verdict(self) -> Verdict:
        """Whether it would work, as far as anybody can tell."""
        first = Verdict.UNKNOWN if isinstance(self.first, Unknown) else Verdict.OK
        # What was archived until now is there, whatever becomes of the archive: younger moments may not be.
        archived = Verdict.OK if self.archived is True and not self.is_fresh else Verdict.WARN
        if isinstance(self.accepted, Unknown):
            return worst((first, archived, Verdict.UNKNOWN))
        return worst((first, archived, Verdict.OK if self.accepted else Verdict.BAD))


@command(
    "restore plan",
    summary="What bringing Postgres back to a moment takes; changes nothing",
    examples=('!restore plan postgres --to "14:05"', '!restore plan data/postgres --to "yesterday 23:50"'),
    needs=(*looks(Kind.CLUSTERS, Kind.OBJECTSTORES), Need("create", Kind.CLUSTERS, beside=Kind.CLUSTERS)),
)
async def restore_plan(
    ctx: Context, where: str, *when: str, to: MomentOption = "", namespace: NamespaceOption = None
) -> RestorePlan:
    """Write the manifest of a new Cluster that recovers to that moment, and have the API server try it.

    The moment may stand behind --to or without it, quoted or not. Raises UsageError for one that cannot be reached.
    """
    now = ctx.clock()
    at = moment_of(" ".join((to, *when)), now, ZoneInfo(ctx.settings.timezone))
    found = await find_database(ctx, where, namespace)
    stores = await ask(
        ctx.neighbours.kubernetes.list(Kind.OBJECTSTORES, namespaces=(found.namespace,)), ctx.settings.limits.probe
    )
    reach = recovery(found.obj, stores)
    must_be_reachable(at, reach, now)
    plan = restored(found.obj, at)
    if plan is None:
        raise UsageError(f"{found.place} has no backups in an object store", hint="there is nothing to restore from")
    spec = plan.manifest["spec"]
    return RestorePlan(
        place=found.place,
        name=plan.name,
        at=plan.at,
        as_of=now,
        zone=ctx.settings.timezone,
        first=reach.first,
        archived=archiving(found.obj),
        accepted=await _tried(ctx, found.namespace, plan.manifest),
        instances=int(spec.get("instances") or 1),
        storage=str((spec.get("storage") or {}).get("size") or ""),
        left_behind=plan.left_behind,
        manifest=plan.manifest,
    )


async def _tried(ctx: Context, namespace: str, manifest: Object) -> bool | Unknown:
    """Have the API server go through all of a creation but the end."""
    try:
        await ctx.neighbours.kubernetes.create(Kind.CLUSTERS, namespace, manifest, dry_run=True)
    except Rejected:
        return False
    except NeighbourError as error:
        return Unknown(error.reason)
    return True
