"""`!backup`: how far back Postgres can be brought, by whoever keeps its backups."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.command import Context, command
from bot.core.backups import Backup, Schedule, Watch, how, newest, schedule_of
from bot.core.cnpg import Recovery, archiving, recovery
from bot.core.errors import UsageError
from bot.core.facts import Unknown, Verdict, worst
from bot.core.findings import verdict_of_archive, verdict_of_backup
from bot.core.kinds import Kind, Object
from bot.core.permissions import RUNS, looks
from commands.asking import ask
from commands.barman import Keeper, ask_keeper, find_keepers
from commands.databases import find_databases
from commands.finding import Found
from commands.parameters import NamespaceOption

LOOKS = looks(Kind.CLUSTERS, Kind.OBJECTSTORES, Kind.SCHEDULEDBACKUPS, Kind.BACKUPS, Kind.PODS)


@dataclass(frozen=True, slots=True)
class DatabaseBackups:
    """What one cluster can be brought back from."""

    place: str
    archiving: bool | Unknown
    """Whether the write-ahead log reaches the store."""
    recovery: Recovery
    schedule: Schedule | Watch | Unknown | None
    """None: nothing comes by itself."""
    newest: Backup | Unknown | None
    as_of: datetime
    by: str = ""
    """The barman of the house's own that keeps them; empty: CloudNativePG does."""
    failing: tuple[str, ...] = ()
    """The checks of that barman that fail, in its own words."""

    @property
    def verdict(self) -> Verdict:
        """The worst part; how long backups are kept is told beside it, since that is decided elsewhere."""
        if isinstance(self.schedule, Unknown):
            scheduled = Verdict.UNKNOWN
        else:
            scheduled = self.schedule.verdict(self.as_of) if self.schedule else Verdict.WARN
        first = Verdict.UNKNOWN if isinstance(self.recovery.first, Unknown) else Verdict.OK
        last = verdict_of_backup(self.recovery.last, self.recovery.failed, self.as_of)
        checked = Verdict.WARN if self.failing else Verdict.OK
        return worst((verdict_of_archive(self.archiving), first, last, scheduled, self._tried(), checked))

    def _tried(self) -> Verdict:
        """Return how the last attempt went: what failed may be told by nobody but itself."""
        if isinstance(self.newest, Unknown):
            return Verdict.UNKNOWN
        return Verdict.WARN if self.newest and self.newest.verdict is Verdict.BAD else Verdict.OK


@dataclass(frozen=True, slots=True)
class BackupReport:
    """The backups of all clusters asked for."""

    as_of: datetime
    zone: str
    databases: tuple[DatabaseBackups, ...]
    needed_years: int | None
    """How long backups must be kept; None: nobody says."""

    @property
    def verdict(self) -> Verdict:
        """The worst of them."""
        return worst(each.verdict for each in self.databases)


@command(
    "backup",
    summary="The last good backup, how far back, when the next comes",
    examples=("!backup", "!backup data/postgres"),
    aliases=("backups",),
    needs=(*LOOKS, *RUNS),
)
async def backup(ctx: Context, where: str | None = None, *, namespace: NamespaceOption = None) -> BackupReport:
    """Tell it of every Postgres database, or of those that are meant, by whoever keeps its backups."""
    keepers, found = await asyncio.gather(find_keepers(ctx, where, namespace), clusters_of(ctx, where, namespace))
    if isinstance(found, UsageError):
        if not keepers:
            raise found
        found = ()
    kept = {keeper.place for keeper in keepers}
    # A cluster without a store of its own is one that barman backs up from outside.
    found = tuple(each for each in found if each.place not in kept or how(each.obj, ()))
    clusters, others = await asyncio.gather(
        _of_operator(ctx, found), asyncio.gather(*(_of_keeper(ctx, keeper) for keeper in keepers))
    )
    return BackupReport(ctx.clock(), ctx.settings.timezone, (*clusters, *others), ctx.settings.backups.needed_years)


async def clusters_of(ctx: Context, where: str | None, namespace: str | None) -> tuple[Found, ...] | UsageError:
    """Return the clusters that are meant, or what to say where there is none."""
    try:
        return await find_databases(ctx, where, namespace)
    except UsageError as error:
        return error


async def _of_operator(ctx: Context, found: tuple[Found, ...]) -> tuple[DatabaseBackups, ...]:
    """Return what CloudNativePG tells of these clusters."""
    if not found:
        return ()
    spaces = tuple(dict.fromkeys(each.namespace for each in found))
    stores, schedules, backups = await asyncio.gather(
        *(kept_in(ctx, kind, spaces) for kind in (Kind.OBJECTSTORES, Kind.SCHEDULEDBACKUPS, Kind.BACKUPS))
    )
    now = ctx.clock()
    return tuple(
        DatabaseBackups(
            place=each.place,
            archiving=archiving(each.obj),
            recovery=recovery(each.obj, _of(each, stores)),
            schedule=schedules if isinstance(schedules, Unknown) else schedule_of(each.obj, schedules),
            newest=backups if isinstance(backups, Unknown) else newest(each.obj, backups),
            as_of=now,
        )
        for each in found
    )


async def _of_keeper(ctx: Context, keeper: Keeper) -> DatabaseBackups:
    """Return what a barman of the house's own tells of its database."""
    told = await ask_keeper(ctx, keeper)
    return DatabaseBackups(
        keeper.place, told.archiving, told.recovery, told.watch, told.newest, ctx.clock(), keeper.by, told.failing
    )


async def kept_in(ctx: Context, kind: Kind, namespaces: tuple[str, ...]) -> tuple[Object, ...] | Unknown:
    """Return the objects of these namespaces, or why they are not known."""
    question = ctx.neighbours.kubernetes.list(kind, namespaces=namespaces)
    return await ask(question, ctx.settings.limits.probe)


def _of(found: Found, stores: Iterable[Object] | Unknown) -> Iterable[Object] | Unknown:
    """Return the stores of the cluster's own namespace: a plugin names none in another."""
    if isinstance(stores, Unknown):
        return stores
    return tuple(each for each in stores if each["metadata"].get("namespace") == found.namespace)
