"""`!restart`: replace a workload's pods, one after the other, and follow that to its end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.command import ActionContext, Context, Plan, action
from bot.core.errors import NotBegun, Unreachable, UsageError
from bot.core.facts import Verdict
from bot.core.kinds import Kind, Object
from bot.core.names import RequestId, UserId
from bot.core.permissions import Need, Scope
from bot.core.policy import Risk
from bot.core.restarts import Blast, Part, blast
from bot.core.rollouts import RESTARTED_AT, Obstacle, obstacle
from bot.core.workloads import OWNERS
from commands.finding import Found, find_workloads
from commands.following import NEEDS, RolloutState, follow, verdict_of
from commands.guarding import part_of, spare_openbao
from commands.parameters import NamespaceOption

LIMIT = timedelta(minutes=20)
"""More than any rollout is followed."""
States = tuple[RolloutState, ...]
_PATIENCE = 10
"""How often it is looked whether our announcement left, twice a second."""
_DEPENDS_ON = "sunbeam.pt/depends-on"
_OBSTACLES = {
    Obstacle.PAUSED: ("is paused: it would take the restart and do nothing", "!rollout resume {place} first"),
    Obstacle.ON_DELETE: ("replaces a pod only when somebody deletes it (OnDelete)", "delete its pods one by one"),
    Obstacle.SCALED_TO_ZERO: ("is scaled to 0: there is no pod to restart", "!scale {place} 1"),
}


@dataclass(frozen=True, slots=True)
class RestartPlan:
    """What a restart would touch."""

    blasts: tuple[Blast, ...]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Whether another bot of the house said that it is back."""

    by: UserId
    says: str
    heard: bool
    after: timedelta
    """How long it took, or was waited for."""


@dataclass(frozen=True, slots=True)
class RestartReport:
    """How far a restart is, or how it ended."""

    states: tuple[RolloutState, ...]
    by: UserId
    took: timedelta
    over: bool
    goes_mute: bool
    """Whether the homeserver is among them, so that nothing can be said meanwhile."""
    undo: RequestId | None
    confirmed: Confirmed | None

    @property
    def verdict(self) -> Verdict:
        """The worst of its workloads; a confirmation that did not come leaves a doubt."""
        told = verdict_of(self.states)
        return Verdict.WARN if told is Verdict.OK and self.confirmed and not self.confirmed.heard else told


async def preview(ctx: Context, where: str, *, namespace: NamespaceOption = None) -> Plan:
    """Find the workloads and what their restart touches; raise UsageError where it makes no sense."""
    found = await find_workloads(ctx, where, namespace)
    for each in found:
        if why := obstacle(each.kind, each.obj):
            problem, hint = _OBSTACLES[why]
            raise UsageError(f"{each.place} {problem}", hint=hint.format(place=each.place))
    await spare_openbao(ctx, (each.place for each in found))
    depends = await _depending(ctx, found)
    blasts = tuple(
        blast(each.kind, each.obj, each.word, part_of(ctx, each.place), waiting)
        for each, waiting in zip(found, depends, strict=True)
    )
    await asyncio.gather(*(_change(ctx, each, ctx.clock(), dry_run=True) for each in found))
    target = ",".join(sorted(each.identity for each in found))
    return Plan(RestartPlan(blasts), max(each.risk for each in blasts), target=target)


@action(
    "restart",
    summary="Restart a workload, one pod after the other",
    risk=Risk.REVERSIBLE,
    examples=("!restart ory/hydra", "!restart -n matrix deploy/sol", "!restart data/postgres"),
    repeatable=True,
    preview=preview,
    limit=LIMIT,
    needs=(*NEEDS, *(Need("patch", kind, scope=Scope.EACH) for kind in OWNERS)),
)
async def restart(ctx: ActionContext, where: str, *, namespace: NamespaceOption = None) -> RestartReport:
    """Set `restartedAt` on a Deployment, StatefulSet, DaemonSet or Postgres cluster to the action's own time.

    The same time twice changes nothing, so a repeat after a crash only goes on following.
    """
    found = await find_workloads(ctx, where, namespace)
    parts = [part_of(ctx, each.place) for each in found]
    began = ctx.clock()
    mute = Part.HOMESERVER in parts

    reversible = len(found) == 1 and found[0].kind is not Kind.CLUSTERS

    def report(states: States, *, over: bool = False, confirmed: Confirmed | None = None) -> RestartReport:
        undo = ctx.action if over and reversible else None
        return RestartReport(states, ctx.request.sender, ctx.clock() - began, over, mute, undo, confirmed)

    await ctx.show(report(tuple(RolloutState(each.place, 0, 0) for each in found)))
    if mute:
        await _until_heard(ctx)
    for each in found:
        await _begin(ctx, each)
    if reversible:
        ctx.undo_by("rollout", "undo", found[0].place)
    states = await follow(ctx, found, lambda states: ctx.show(report(states)))
    confirmed = await _confirmed(ctx, found, began) if verdict_of(states) is Verdict.OK else None
    return report(states, over=True, confirmed=confirmed)


async def _until_heard(ctx: ActionContext) -> None:
    """Wait until the room has read what we said, for soon nobody hears us; not for long, if it does not."""
    for _ in range(_PATIENCE):
        if not (await ctx.report()).outbox.waiting:
            return
        await ctx.sleep(0.5)


async def _begin(ctx: ActionContext, found: Found) -> None:
    """Restart one workload, unless that is done; after a cut answer, ask whether it was."""
    done = _restarted_at(found.kind, found.obj)
    if done == _stamp(ctx.decided):
        return
    if ctx.again:
        raise NotBegun
    try:
        await _change(ctx, found, ctx.decided)
    except Unreachable:
        now = await ctx.neighbours.kubernetes.get(found.kind, found.namespace, found.name)
        if _restarted_at(found.kind, now) != _stamp(ctx.decided):
            raise


async def _change(ctx: Context, found: Found, at: datetime, *, dry_run: bool = False) -> None:
    mark: Object = {"metadata": {"annotations": {RESTARTED_AT: _stamp(at)}}}
    change = mark if found.kind is Kind.CLUSTERS else {"spec": {"template": mark}}
    await ctx.neighbours.kubernetes.patch(found.kind, found.namespace, found.name, change, dry_run=dry_run)


def _stamp(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _restarted_at(kind: Kind, obj: Object) -> str:
    holder = obj if kind is Kind.CLUSTERS else (obj.get("spec") or {}).get("template") or {}
    annotations = (holder.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(RESTARTED_AT, ""))


async def _depending(ctx: Context, found: Sequence[Found]) -> list[int]:
    """Return for each workload how many others say that they depend on it; the label document's annotation."""
    names = {each.name for each in found}
    deployments = await ctx.neighbours.kubernetes.list(Kind.DEPLOYMENTS, namespaces=ctx.settings.namespaces)
    counts = dict.fromkeys(names, 0)
    for obj in deployments:
        listed = str((obj["metadata"].get("annotations") or {}).get(_DEPENDS_ON, "")).replace(" ", "").split(",")
        for name in names.intersection(listed):
            counts[name] += 1
    return [counts[each.name] for each in found]


async def _confirmed(ctx: ActionContext, found: Sequence[Found], began: datetime) -> Confirmed | None:
    """Wait until Sol says that it is back, where it was restarted and its account is known."""
    sol = ctx.settings.sol
    if sol.user is None or sol.workload not in {each.place for each in found}:
        return None
    until = began + sol.patience
    while not (heard := ctx.heard_from(sol.user, sol.says, began)) and ctx.clock() < until:
        await ctx.sleep(1.0)
    return Confirmed(sol.user, sol.says, heard is not None, (heard or ctx.clock()) - began)
