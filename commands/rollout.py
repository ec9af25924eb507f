"""`!rollout status|history|undo` and `!scale`: the revisions of a workload, and how many pods it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from cyclopts import Parameter

from bot.command import ActionContext, Context, Plan, action, command
from bot.core.errors import NotBegun, Unreachable, UsageError
from bot.core.facts import Verdict
from bot.core.kinds import Kind, Object
from bot.core.names import RequestId, UserId
from bot.core.permissions import Need, Scope, looks
from bot.core.policy import Risk
from bot.core.restarts import Blast, blast
from bot.core.revisions import Revision, earlier, of_controller_revision, of_replica_set, only_annotations
from bot.core.rollouts import ACTION, wanted
from commands.finding import Found, find_workloads
from commands.following import NEEDS, RolloutState, follow, look, verdict_of
from commands.guarding import part_of, spare_openbao
from commands.parameters import NamespaceOption
from commands.restart import LIMIT

ToOption = Annotated[int | None, Parameter(name=["--to", "--to-revision"])]
_SCALED = (Kind.DEPLOYMENTS, Kind.STATEFULSETS)
_KEPT = looks(Kind.REPLICASETS, Kind.CONTROLLERREVISIONS)
_MOST = 20
"""More pods of one workload on one box are a slip of the finger."""


@dataclass(frozen=True, slots=True)
class RolloutStatus:
    """How far workloads are with what they should be."""

    states: tuple[RolloutState, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of them; what still rolls is no verdict."""
        return verdict_of(self.states)


@dataclass(frozen=True, slots=True)
class RolloutHistory:
    """The revisions of a workload that can be gone back to, newest first."""

    place: str
    revisions: tuple[Revision, ...]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What going back to an earlier revision would do."""

    blast: Blast
    now: Revision
    then: Revision


@dataclass(frozen=True, slots=True)
class RolledBack:
    """How far going back is, or how it ended."""

    state: RolloutState
    to: int
    by: UserId
    took: timedelta
    over: bool

    @property
    def verdict(self) -> Verdict:
        """How that is."""
        return self.state.verdict


@dataclass(frozen=True, slots=True)
class ScalePlan:
    """What another number of pods would do."""

    blast: Blast
    to: int


@dataclass(frozen=True, slots=True)
class Scaled:
    """How far another number of pods is."""

    state: RolloutState
    before: int
    to: int
    by: UserId
    took: timedelta
    over: bool
    undo: RequestId | None

    @property
    def verdict(self) -> Verdict:
        """How that is."""
        return self.state.verdict


@command(
    "rollout status",
    summary="How far a workload's rollout is",
    examples=("!rollout status ory/hydra",),
    needs=NEEDS,
)
async def rollout_status(ctx: Context, where: str, *, namespace: NamespaceOption = None) -> RolloutStatus:
    """Tell once how far a rollout is, by kubectl's own rules."""
    return RolloutStatus(await look(ctx, await find_workloads(ctx, where, namespace)))


@command(
    "rollout history",
    summary="The revisions a workload can go back to",
    examples=("!rollout history ory/hydra",),
    needs=(*NEEDS, *_KEPT),
)
async def rollout_history(ctx: Context, where: str, *, namespace: NamespaceOption = None) -> RolloutHistory:
    """List revisions with their images, newest first."""
    found = await _one(ctx, where, namespace)
    revisions = await _revisions(ctx, found)
    return RolloutHistory(found.place, revisions, ctx.clock())


async def _undo_preview(ctx: Context, where: str, *, to: ToOption = None, namespace: NamespaceOption = None) -> Plan:
    found = await _one(ctx, where, namespace)
    now, then = earlier(await _revisions(ctx, found), to)
    await spare_openbao(ctx, (found.place,))
    touched = blast(found.kind, found.obj, found.word, part_of(ctx, found.place), 0)
    return Plan(UndoPlan(touched, now, then), touched.risk, target=f"{found.identity} to {then.number}")


@action(
    "rollout undo",
    summary="Go back to a workload's earlier revision",
    risk=Risk.REVERSIBLE,
    examples=("!rollout undo ory/hydra", "!rollout undo ory/hydra --to 3"),
    repeatable=True,
    preview=_undo_preview,
    limit=LIMIT,
    needs=(*NEEDS, *_KEPT, *(Need("patch", kind, scope=Scope.EACH) for kind in (*_SCALED, Kind.DAEMONSETS))),
)
async def rollout_undo(
    ctx: ActionContext, where: str, *, to: ToOption = None, namespace: NamespaceOption = None
) -> RolledBack:
    """Give a Deployment, StatefulSet or DaemonSet the pod template of an earlier revision."""
    found = await _one(ctx, where, namespace)
    began = ctx.clock()
    then = await _go_back(ctx, found, to)

    def report(states: Sequence[RolloutState], *, over: bool = False) -> RolledBack:
        return RolledBack(states[0], then.number, ctx.request.sender, ctx.clock() - began, over)

    return report(await follow(ctx, [found], lambda states: ctx.show(report(states))), over=True)


async def _scale_preview(ctx: Context, where: str, pods: int, *, namespace: NamespaceOption = None) -> Plan:
    found = await _one(ctx, where, namespace)
    if found.kind not in _SCALED:
        raise UsageError(f"{found.place} is a {found.word}: its number of pods is not set so", hint="!status shows it")
    if not 0 <= pods <= _MOST:
        raise UsageError(f"{pods} pods?", hint=f"from 0 to {_MOST}")
    if pods == wanted(found.kind, found.obj):
        raise UsageError(f"{found.place} has {pods} already", hint=f"!restart {found.place} replaces them")
    if pods < wanted(found.kind, found.obj):
        await spare_openbao(ctx, (found.place,))
    touched = blast(found.kind, found.obj, found.word, part_of(ctx, found.place), 0)
    # What goes to nothing does not serve at all; nobody scales OpenBao away on one person's word.
    risk = max(touched.risk, Risk.AFFECTING if pods == 0 else Risk.REVERSIBLE)
    return Plan(ScalePlan(touched, pods), risk, target=found.identity)


@action(
    "scale",
    summary="Set how many pods a workload has",
    risk=Risk.REVERSIBLE,
    examples=("!scale ory/hydra 3", "!scale lasuite/collabora 0"),
    repeatable=True,
    preview=_scale_preview,
    limit=LIMIT,
    needs=(*NEEDS, *(Need("patch", kind, "scale", scope=Scope.EACH) for kind in _SCALED)),
)
async def scale(ctx: ActionContext, where: str, pods: int, *, namespace: NamespaceOption = None) -> Scaled:
    """Set the number of pods of a Deployment or StatefulSet."""
    found = await _one(ctx, where, namespace)
    before, began = wanted(found.kind, found.obj), ctx.clock()
    kubernetes, place = ctx.neighbours.kubernetes, (found.kind, found.namespace, found.name)
    if before != pods:
        if ctx.again:
            raise NotBegun
        try:
            await kubernetes.patch(*place, {"spec": {"replicas": pods}}, part="scale")
        except Unreachable:
            if wanted(found.kind, await kubernetes.get(*place)) != pods:
                raise
        ctx.undo_by("scale", found.place, str(before))

    def report(states: Sequence[RolloutState], *, over: bool = False) -> Scaled:
        undo = ctx.action if over and before != pods else None
        return Scaled(states[0], before, pods, ctx.request.sender, ctx.clock() - began, over, undo)

    return report(await follow(ctx, [found], lambda states: ctx.show(report(states))), over=True)


async def _one(ctx: Context, where: str, namespace: str | None) -> Found:
    found = await find_workloads(ctx, where, namespace)
    if len(found) > 1:
        places = tuple(each.place for each in found[:3])
        raise UsageError(f"“{where}” is {len(found)} workloads", hint="name one of them", near=places)
    return found[0]


async def _revisions(ctx: Context, found: Found) -> tuple[Revision, ...]:
    """Return what a workload was and is, newest first; raise UsageError for a kind that keeps no revisions."""
    kubernetes, uid = ctx.neighbours.kubernetes, found.obj["metadata"].get("uid")
    match found.kind:
        case Kind.DEPLOYMENTS:
            rows = await kubernetes.list(Kind.REPLICASETS, namespaces=(found.namespace,))
            read = [of_replica_set(row) for row in rows if _owner(row) == uid]
        case Kind.STATEFULSETS | Kind.DAEMONSETS:
            rows = await kubernetes.list(Kind.CONTROLLERREVISIONS, namespaces=(found.namespace,))
            read = [of_controller_revision(row) for row in rows if _owner(row) == uid]
        case _:
            raise UsageError(f"{found.place} keeps no revisions", hint=f"!k8s describe cluster {found.place}")
    return tuple(sorted(read, key=lambda each: -each.number))


def _owner(row: Object) -> object:
    owners = row["metadata"].get("ownerReferences") or ()
    return next((each.get("uid") for each in owners if each.get("controller")), None)


async def _go_back(ctx: ActionContext, found: Found, to: int | None) -> Revision:
    """Give a workload an earlier template, marked with the action's id; what carries the mark went back already."""
    revisions = await _revisions(ctx, found)
    if _mark(found.obj) == ctx.action:
        return revisions[0]
    if ctx.again:
        raise NotBegun
    _, then = earlier(revisions, to)
    kubernetes, place = ctx.neighbours.kubernetes, (found.kind, found.namespace, found.name)
    try:
        await kubernetes.patch(*place, _back_to(found.obj, then, ctx.action))
    except Unreachable:
        if _mark(await kubernetes.get(*place)) != ctx.action:
            raise
    return then


def _mark(obj: Object) -> object:
    return (obj["metadata"].get("annotations") or {}).get(ACTION)


def _back_to(obj: Object, then: Revision, action: RequestId) -> Any:
    """Return the patch that makes a workload's template what it was.

    Where only annotations differ, only those are touched: that is all a restart changed, and all that a cluster which
    lets us restart and no more will take.
    """
    template = obj["spec"]["template"]
    if only_annotations(template, then.template):
        old = (template.get("metadata") or {}).get("annotations") or {}
        new = (then.template.get("metadata") or {}).get("annotations") or {}
        changed = {name: new.get(name) for name in {*old, *new} if old.get(name) != new.get(name)}
        return {
            "metadata": {"annotations": {ACTION: action}},
            "spec": {"template": {"metadata": {"annotations": changed}}},
        }
    annotations = {**(obj["metadata"].get("annotations") or {}), ACTION: action}
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": obj["metadata"].get("resourceVersion")},
        {"op": "add", "path": "/metadata/annotations", "value": annotations},
        {"op": "replace", "path": "/spec/template", "value": then.template},
    ]
