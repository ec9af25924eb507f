"""`!backup` and `!backup now`: how far back Postgres can be brought, and one more backup, followed to its end."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.command import ActionContext, Context, Plan, action, command
from bot.core.backups import WAL_FAILS, Backup, Schedule, asked, how, newest, read_backup, schedule_of
from bot.core.cnpg import Recovery, archiving, recovery
from bot.core.errors import Missing, NeighbourError, NotBegun, Rejected, Unreachable, UsageError
from bot.core.facts import Unknown, Verdict, worst
from bot.core.findings import verdict_of_archive, verdict_of_backup
from bot.core.kinds import Kind, Object
from bot.core.names import UserId
from bot.core.permissions import Need, looks
from bot.core.policy import Risk
from commands.asking import ask
from commands.databases import find_database, find_databases
from commands.finding import Found
from commands.parameters import NamespaceOption

LIMIT = timedelta(hours=2)
"""A backup of a large house takes its time."""
_EVERY = timedelta(seconds=2)
_PATIENCE = timedelta(hours=1)
_LOOKS = looks(Kind.CLUSTERS, Kind.OBJECTSTORES, Kind.SCHEDULEDBACKUPS, Kind.BACKUPS)


@dataclass(frozen=True, slots=True)
class DatabaseBackups:
    """What one cluster can be brought back from."""

    place: str
    archiving: bool | Unknown
    """Whether the write-ahead log reaches the store."""
    recovery: Recovery
    schedule: Schedule | Unknown | None
    """None: nothing comes by itself."""
    newest: Backup | Unknown | None
    as_of: datetime

    @property
    def verdict(self) -> Verdict:
        """The worst part; how long backups are kept is told beside it, since that is decided elsewhere."""
        if isinstance(self.schedule, Unknown):
            scheduled = Verdict.UNKNOWN
        else:
            scheduled = self.schedule.verdict(self.as_of) if self.schedule else Verdict.WARN
        first = Verdict.UNKNOWN if isinstance(self.recovery.first, Unknown) else Verdict.OK
        last = verdict_of_backup(self.recovery.last, self.recovery.failed, self.as_of)
        return worst((verdict_of_archive(self.archiving), first, last, scheduled, self._tried()))

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


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What one more backup would be."""

    place: str
    method: str
    """`plugin`, `barmanObjectStore`, `volumeSnapshot`."""
    last: datetime | Unknown
    running: str
    """The backup that runs already; empty: none does."""
    as_of: datetime


@dataclass(frozen=True, slots=True)
class BackupRun:
    """How far a backup is, or how it ended."""

    place: str
    backup: Backup
    by: UserId
    took: timedelta
    over: bool
    unknown: Unknown | None
    """Why it could not be asked, last time."""

    @property
    def verdict(self) -> Verdict:
        """Only what CloudNativePG calls completed is good."""
        if not self.over:
            return Verdict.NONE
        return Verdict.UNKNOWN if self.backup.verdict is Verdict.NONE else self.backup.verdict


@command(
    "backup",
    summary="The last good backup, how far back, when the next comes",
    examples=("!backup", "!backup data/postgres"),
    aliases=("backups",),
    needs=_LOOKS,
)
async def backup(ctx: Context, where: str | None = None, *, namespace: NamespaceOption = None) -> BackupReport:
    """Tell it of every Postgres cluster, or of those that are meant."""
    found = await find_databases(ctx, where, namespace)
    spaces = tuple(dict.fromkeys(each.namespace for each in found))
    stores, schedules, backups = await asyncio.gather(
        *(_asked(ctx, kind, spaces) for kind in (Kind.OBJECTSTORES, Kind.SCHEDULEDBACKUPS, Kind.BACKUPS))
    )
    now = ctx.clock()
    databases = tuple(
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
    return BackupReport(now, ctx.settings.timezone, databases, ctx.settings.backups.needed_years)


async def preview(ctx: Context, where: str | None = None, *, namespace: NamespaceOption = None) -> Plan:
    """Find the cluster and how it is backed up; raise UsageError where it cannot be."""
    found = await find_database(ctx, where, namespace)
    space = (found.namespace,)
    settings, stores, backups = await asyncio.gather(
        _how(ctx, found), _asked(ctx, Kind.OBJECTSTORES, space), _asked(ctx, Kind.BACKUPS, space)
    )
    wanted = asked(found.obj, settings, _name(ctx))
    await ctx.neighbours.kubernetes.create(Kind.BACKUPS, found.namespace, wanted, dry_run=True)
    last = None if isinstance(backups, Unknown) else newest(found.obj, backups)
    what = BackupPlan(
        place=found.place,
        method=settings.get("method", "barmanObjectStore"),
        last=recovery(found.obj, stores).last,
        running=last.name if last and last.verdict is Verdict.NONE else "",
        as_of=ctx.clock(),
    )
    return Plan(what, target=found.identity)


@action(
    "backup now",
    summary="Back a Postgres cluster up now",
    risk=Risk.AFFECTING,
    examples=("!backup now", "!backup now data/postgres"),
    repeatable=True,
    preview=preview,
    limit=LIMIT,
    needs=(*_LOOKS, Need("get", Kind.BACKUPS), Need("create", Kind.BACKUPS, beside=Kind.CLUSTERS)),
)
async def backup_now(ctx: ActionContext, where: str | None = None, *, namespace: NamespaceOption = None) -> BackupRun:
    """Create a Backup object, taken as the cluster's schedule has it, and follow it to its end.

    The object is named after the action, so that a repeat after a crash finds it and only goes on following.
    """
    found = await find_database(ctx, where, namespace)
    began = ctx.clock()
    begun = BackupRun(
        found.place, Backup(_name(ctx), "", None, None, ""), ctx.request.sender, timedelta(0), False, None
    )
    await ctx.show(begun)
    await _begin(ctx, found)
    return await _follow(ctx, found, begun, began)


async def _begin(ctx: ActionContext, found: Found) -> None:
    """Ask for the backup, unless that is done; after a cut answer, ask whether it was."""
    kubernetes = ctx.neighbours.kubernetes
    if ctx.again:
        try:
            await kubernetes.get(Kind.BACKUPS, found.namespace, _name(ctx))
        except Missing as error:
            raise NotBegun from error
        return
    wanted = asked(found.obj, await _how(ctx, found), _name(ctx))
    try:
        await kubernetes.create(Kind.BACKUPS, found.namespace, wanted)
    except (Unreachable, Rejected) as error:
        # Cut off, or "there is one of this name": no other action's has it.
        try:
            await kubernetes.get(Kind.BACKUPS, found.namespace, _name(ctx))
        except Missing:
            raise error from None


async def _follow(ctx: ActionContext, found: Found, run: BackupRun, began: datetime) -> BackupRun:
    waited = 0
    for _ in range(_PATIENCE // _EVERY):
        try:
            obj = await ctx.neighbours.kubernetes.get(Kind.BACKUPS, found.namespace, run.backup.name)
            run = replace(run, backup=read_backup(obj), unknown=None)
        except Missing as error:
            return replace(run, over=True, unknown=Unknown(error.reason))
        except NeighbourError as error:
            run = replace(run, unknown=Unknown(error.reason))
        run = replace(run, took=ctx.clock() - began)
        waited = waited + 1 if run.backup.phase == WAL_FAILS else 0
        if run.backup.over or waited * _EVERY >= ctx.settings.limits.stuck:
            break
        await ctx.show(run)
        await ctx.sleep(_EVERY.total_seconds())
    return replace(run, over=True)


async def _how(ctx: Context, found: Found) -> Object:
    """Return how the cluster is backed up; raise UsageError where it is not."""
    schedules = await ctx.neighbours.kubernetes.list(Kind.SCHEDULEDBACKUPS, namespaces=(found.namespace,))
    settings = how(found.obj, schedules)
    if settings is None:
        raise UsageError(f"{found.place} has nowhere to put a backup", hint="give it a plugin or spec.backup first")
    return settings


def _name(ctx: Context) -> str:
    """Return what the Backup is called: a request's id is its action's."""
    return f"opsbot-{ctx.action if isinstance(ctx, ActionContext) else ctx.request.id}"


async def _asked(ctx: Context, kind: Kind, namespaces: tuple[str, ...]) -> tuple[Object, ...] | Unknown:
    question = ctx.neighbours.kubernetes.list(kind, namespaces=namespaces)
    return await ask(question, ctx.settings.limits.probe)


def _of(found: Found, stores: Iterable[Object] | Unknown) -> Iterable[Object] | Unknown:
    """Return the stores of the cluster's own namespace: a plugin names none in another."""
    if isinstance(stores, Unknown):
        return stores
    return tuple(each for each in stores if each["metadata"].get("namespace") == found.namespace)
