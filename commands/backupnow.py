"""`!backup now`: one more backup of Postgres, followed to its end."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.command import ActionContext, Context, Plan, action
from bot.core.backups import WAL_FAILS, Backup, asked, how, newest, read_backup
from bot.core.cnpg import recovery
from bot.core.errors import Missing, NeighbourError, NotBegun, Rejected, Unreachable, UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.kinds import Kind, Object
from bot.core.names import UserId
from bot.core.permissions import Need
from bot.core.policy import Risk
from commands.backup import LOOKS, clusters_of, kept_in
from commands.barman import find_keepers
from commands.databases import find_database, only
from commands.finding import Found
from commands.parameters import NamespaceOption

LIMIT = timedelta(hours=2)
"""A backup of a large house takes its time."""
_EVERY = timedelta(seconds=2)
_PATIENCE = timedelta(hours=1)


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


async def preview(ctx: Context, where: str | None = None, *, namespace: NamespaceOption = None) -> Plan:
    """Find the cluster and how it is backed up; raise UsageError where it cannot be."""
    found = await _meant(ctx, where, namespace)
    space = (found.namespace,)
    settings, stores, backups = await asyncio.gather(
        _how(ctx, found), kept_in(ctx, Kind.OBJECTSTORES, space), kept_in(ctx, Kind.BACKUPS, space)
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
    needs=(*LOOKS, Need("get", Kind.BACKUPS), Need("create", Kind.BACKUPS, beside=Kind.CLUSTERS)),
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


async def _meant(ctx: Context, where: str | None, namespace: str | None) -> Found:
    """Return the cluster to back up; raise UsageError, with the words that do it where barman does."""
    known = await clusters_of(ctx, where, namespace)
    if isinstance(known, UsageError):
        raise await _refusal(ctx, known, where, namespace)
    return only(known)


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
        nowhere = UsageError(f"{found.place} has nowhere to put a backup", hint="give it a plugin or spec.backup first")
        raise await _refusal(ctx, nowhere, found.place)
    return settings


async def _refusal(ctx: Context, error: UsageError, where: str | None, namespace: str | None = None) -> UsageError:
    """Return what to say of what CloudNativePG cannot back up: how barman does, or else why not."""
    keepers = await find_keepers(ctx, where, namespace)
    keeper = next((each for each in keepers if not isinstance(each.pod, Unknown)), None)
    if keeper is None:
        return error
    words = f"!k8s exec {keeper.by} -- {' '.join(keeper.server.backup)}"
    return UsageError(f"{keeper.place} is backed up by barman", hint=f"that is {words}")


def _name(ctx: Context) -> str:
    """Return what the Backup is called: a request's id is its action's."""
    return f"opsbot-{ctx.action if isinstance(ctx, ActionContext) else ctx.request.id}"
