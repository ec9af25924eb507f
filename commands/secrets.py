"""`!secrets` and `!secrets resync`: whether what OpenBao holds has reached the cluster, and having it brought anew."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.command import ActionContext, Context, Plan, action, command
from bot.core.errors import NotBegun, UsageError
from bot.core.events import read_event
from bot.core.facts import Unknown, Verdict
from bot.core.kinds import Kind
from bot.core.names import Target, UserId
from bot.core.permissions import looks
from bot.core.policy import Risk
from bot.core.syncs import SECRETS, Outcome, Sync, read_syncs, reason
from commands.asking import ask
from commands.existing import NEEDED, must_exist
from commands.parameters import NamespaceOption, known_places, meant, near, place
from commands.pickup import LIMIT, NEEDS, Pickup, SyncState, asked_by, find_secret, mark, pick_up, sync_of
from commands.status import SecretsStatus
from commands.surveys import survey


@dataclass(frozen=True, slots=True)
class SecretsReport:
    """The Vault Secrets Operator's objects in the house, in a namespace, or one of them."""

    as_of: datetime
    target: Target | None
    found: SecretsStatus


@dataclass(frozen=True, slots=True)
class ResyncPlan:
    """What bringing a secret anew may touch."""

    sync: Sync


@dataclass(frozen=True, slots=True)
class ResyncReport:
    """How far it is, or how it ended."""

    pickup: Pickup
    by: UserId
    took: timedelta
    over: bool

    @property
    def verdict(self) -> Verdict:
        """That of what was followed."""
        return self.pickup.verdict if self.over else Verdict.NONE


@command(
    "secrets",
    summary="Which secrets are in step with OpenBao",
    examples=("!secrets", "!secrets lasuite", "!secrets ory/hydra"),
    needs=(*looks(*SECRETS, Kind.EVENTS), NEEDED),
)
async def secrets(ctx: Context, where: str | None = None, *, namespace: NamespaceOption = None) -> SecretsReport:
    """Tell which of the operator's objects are synced, and why not; of those of a namespace also since when."""
    target = meant(place(where, namespace), known_places(ctx.settings))
    names = (target.namespace,) if target else ctx.settings.namespaces
    found = await survey(ctx.neighbours.kubernetes, SECRETS, names, ctx.settings.limits.probe)
    syncs = tuple(sync for kind in SECRETS for sync in read_syncs(kind, found.found.get(kind, ())))
    if target:
        if not syncs and not found.unasked:
            await must_exist(ctx, target.namespace)
        syncs = _narrowed(target, syncs) if not found.unasked else syncs
    syncs = tuple(await asyncio.gather(*(_explained(ctx, sync) for sync in syncs)))
    return SecretsReport(ctx.clock(), target, SecretsStatus(syncs, found.unasked))


async def preview(ctx: Context, where: str, *, namespace: NamespaceOption = None) -> Plan:
    """Find the object, and ask the API server whether it may be marked."""
    found = await find_secret(ctx, where, namespace)
    await mark(ctx, found, ctx.request.id, dry_run=True)
    return Plan(ResyncPlan(sync_of(found)), target=found.identity)


@action(
    "secrets resync",
    summary="Have a secret brought from OpenBao anew",
    risk=Risk.REVERSIBLE,
    examples=("!secrets resync ory/hydra",),
    repeatable=True,
    preview=preview,
    limit=LIMIT,
    needs=NEEDS,
)
async def resync(ctx: ActionContext, where: str, *, namespace: NamespaceOption = None) -> ResyncReport:
    """Set an annotation on a VaultStaticSecret or VaultDynamicSecret to the action's id, and follow what comes of it.

    The same annotation twice changes nothing, so a repeat after a crash only goes on following.
    """
    found = await find_secret(ctx, where, namespace)
    if ctx.again and asked_by(found) != ctx.action:
        raise NotBegun
    began = ctx.clock()

    def report(pickup: Pickup, *, over: bool = False) -> ResyncReport:
        return ResyncReport(pickup, ctx.request.sender, ctx.clock() - began, over)

    await ctx.show(report(Pickup((SyncState(found.place, Outcome.WAITING),))))
    return report(await pick_up(ctx, [found], lambda pickup: ctx.show(report(pickup)), sure=False), over=True)


def _narrowed(target: Target, syncs: Sequence[Sync]) -> tuple[Sync, ...]:
    """Return those of the name asked for, or that begin so; raise UsageError where none does."""
    if target.name is None:
        return tuple(syncs)
    name = target.name
    exact = tuple(sync for sync in syncs if sync.name == name)
    chosen = exact or tuple(sync for sync in syncs if sync.name.startswith(name))
    if not chosen:
        close = tuple(f"{target.namespace}/{each}" for each in near(name, tuple(sync.name for sync in syncs)))
        raise UsageError(f"No secret “{target}” of the operator", hint=f"!secrets {target.namespace}", near=close)
    return chosen


async def _explained(ctx: Context, sync: Sync) -> Sync:
    """Return one that does not say why it is not synced with what the operator noted about it last."""
    if sync.synced or sync.why:
        return sync
    rows = await ask(
        ctx.neighbours.kubernetes.list(
            Kind.EVENTS, namespaces=(sync.namespace,), fields=f"involvedObject.name={sync.name}"
        ),
        ctx.settings.limits.probe,
    )
    events = () if isinstance(rows, Unknown) else filter(None, map(read_event, rows))
    warnings = sorted((event for event in events if event.warning), key=lambda event: event.last)
    return replace(sync, why=reason(warnings[-1].message)) if warnings else sync
