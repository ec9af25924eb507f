"""Has the Vault Secrets Operator bring secrets anew, and follows that to the last pod that is restarted for it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.command import ActionContext, Context
from bot.core.errors import Missing, NeighbourError, Unreachable, UsageError
from bot.core.facts import Unknown, Verdict, worst
from bot.core.kinds import Kind, Object
from bot.core.moments import moment
from bot.core.permissions import Need, Scope, looks
from bot.core.syncs import RESTARTED_AT, RESYNC, SECRETS, Outcome, Sync, outcome, read_sync
from bot.core.workloads import OWNERS
from commands import following
from commands.finding import Found
from commands.following import EVERY, RolloutState, follow, verdict_of
from commands.parameters import near, place

NEEDS = (
    *looks(*SECRETS),
    *(Need("get", kind) for kind in SECRETS),
    *(Need("patch", kind, scope=Scope.EACH) for kind in SECRETS),
    *following.NEEDS,
)
"""What it takes to resync and to follow that."""
LIMIT = timedelta(minutes=25)
"""More than the operator is waited for and any rollout is followed."""
_PATIENCE = timedelta(minutes=2)
"""How long a value that is sure to be new is waited for: the operator looks by itself every minute or so."""
Key = tuple[Kind, str, str]
"""Kind, namespace and name."""
_KINDS: Mapping[str, Kind] = {word: kind for kind, word in OWNERS.items()}


@dataclass(frozen=True, slots=True)
class SyncState:
    """How far one of the operator's objects is."""

    place: str
    outcome: Outcome
    why: str = ""
    """What the operator says where it fails."""
    unknown: Unknown | None = None
    """Why it could not be asked, last time."""
    over: bool = False

    @property
    def verdict(self) -> Verdict:
        """How that is; that nothing moves may be well, and may be the operator asleep."""
        if not self.over:
            return Verdict.NONE
        if self.unknown:
            return Verdict.UNKNOWN
        return {Outcome.WAITING: Verdict.NONE, Outcome.FAILING: Verdict.BAD}.get(self.outcome, Verdict.OK)


@dataclass(frozen=True, slots=True)
class Pickup:
    """How far it is with all of them, and with what is restarted for it."""

    syncs: tuple[SyncState, ...]
    rollouts: tuple[RolloutState, ...] = ()
    idle: tuple[str, ...] = ()
    """What should have been restarted, and was not."""

    @property
    def verdict(self) -> Verdict:
        """The worst part."""
        parts = [each.verdict for each in self.syncs]
        rolled = [verdict_of(self.rollouts)] if self.rollouts else []
        return worst((*parts, *rolled, *([Verdict.WARN] * bool(self.idle)), Verdict.NONE))

    @property
    def moved(self) -> bool:
        """Whether anything came of it."""
        return bool(self.rollouts) or any(each.outcome is Outcome.NEW for each in self.syncs)


def sync_of(found: Found) -> Sync:
    """Read an object of the operator."""
    return read_sync(found.kind, found.obj)


async def all_secrets(ctx: Context, namespaces: tuple[str, ...]) -> tuple[Found, ...]:
    """Return the operator's objects in some namespaces; none where it is not installed."""
    parts = await asyncio.gather(*(_listed(ctx, kind, namespaces) for kind in SECRETS))
    return tuple(Found(kind, obj) for kind, part in zip(SECRETS, parts, strict=True) for obj in part)


async def find_secret(ctx: Context, where: str, namespace: str | None) -> Found:
    """Return the one object that `ns/name`, or a name, or its beginning means; raise UsageError with near names."""
    target = place(where, namespace)
    named = target is not None and target.name is not None
    name = target.name if target and target.name else where
    known = await all_secrets(ctx, (target.namespace,) if target and named else ctx.settings.namespaces)
    exact = [each for each in known if each.name == name]
    for found in (exact, [each for each in known if each.name.startswith(name)]):
        if len(found) == 1:
            return found[0]
        if found:
            places = tuple(each.place for each in found[:3])
            raise UsageError(f"“{where[:60]}” is {len(found)} secrets", hint="write ns/name", near=places)
    near_names = near(name, tuple(each.name for each in known))
    places = tuple(each.place for each in known if each.name in near_names)
    raise UsageError(f"No secret “{where[:60]}” of the operator", hint="!secrets lists them", near=places[:3])


async def pick_up(
    ctx: ActionContext,
    secrets: Sequence[Found],
    show: Callable[[Pickup], Awaitable[None]],
    *,
    sure: bool,
) -> Pickup:
    """Have secrets brought anew and follow that; `sure`: OpenBao holds another value than it did."""
    before = {key: _template_mark(found) for key, found in (await _targets(ctx, secrets)).items()}
    watchers = [_Watcher(ctx, each, sure=sure) for each in secrets]
    await show(Pickup(tuple(each.state for each in watchers)))
    await asyncio.gather(*(_resync(ctx, each) for each in secrets))
    syncs = tuple(each.state for each in watchers)
    while not all(each.over for each in syncs):
        syncs = tuple(await asyncio.gather(*(each.look() for each in watchers)))
        await show(Pickup(syncs))
        if not all(each.over for each in syncs):
            await ctx.sleep(EVERY.total_seconds())
    return await _restarts(ctx, secrets, Pickup(syncs), before, show)


def asked_by(found: Found) -> object:
    """Return the action that had an object brought anew last."""
    return (found.obj["metadata"].get("annotations") or {}).get(RESYNC)


async def mark(ctx: Context, found: Found, word: str, *, dry_run: bool = False) -> None:
    """Set the annotation that makes the operator look again; the same word twice changes nothing."""
    change = {"metadata": {"annotations": {RESYNC: word}}}
    await ctx.neighbours.kubernetes.patch(found.kind, found.namespace, found.name, change, dry_run=dry_run)


async def _resync(ctx: ActionContext, found: Found) -> None:
    """Mark an object with the action's id; after a cut answer, ask whether it is."""
    try:
        await mark(ctx, found, ctx.action)
    except Unreachable:
        now = await ctx.neighbours.kubernetes.get(found.kind, found.namespace, found.name)
        if asked_by(Found(found.kind, now)) != ctx.action:
            raise


class _Watcher:
    """One object, how it was before, and how often it was seen as it is now."""

    def __init__(self, ctx: Context, found: Found, *, sure: bool) -> None:
        self._ctx = ctx
        self._found = found
        self._before = sync_of(found)
        # A dynamic one always shows that it was had again; of a static one that is the same, nothing ever moves.
        moves = sure or found.kind is Kind.VAULTDYNAMICSECRETS
        self._patience = _PATIENCE if moves else ctx.settings.limits.stuck
        self._seen = 0
        self.state = SyncState(found.place, Outcome.WAITING)

    async def look(self) -> SyncState:
        if not self.state.over:
            state = await self._ask()
            self._seen = self._seen + 1 if state.outcome is self.state.outcome else 1
            self.state = replace(state, over=self._is_over(state))
        return self.state

    async def _ask(self) -> SyncState:
        found = self._found
        try:
            obj = await self._ctx.neighbours.kubernetes.get(found.kind, found.namespace, found.name)
        except NeighbourError as error:
            return replace(self.state, unknown=Unknown(error.reason))
        now = read_sync(found.kind, obj)
        return SyncState(found.place, outcome(self._before, now), now.why)

    def _is_over(self, state: SyncState) -> bool:
        # The operator tries again by itself, so a first failure may be over with the next try.
        limit = self._ctx.settings.limits.stuck if state.outcome is Outcome.FAILING else self._patience
        return state.outcome in (Outcome.NEW, Outcome.SAME) or self._seen * EVERY >= limit


async def _restarts(
    ctx: ActionContext,
    secrets: Sequence[Found],
    pickup: Pickup,
    before: Mapping[Key, str],
    show: Callable[[Pickup], Awaitable[None]],
) -> Pickup:
    """Follow what the operator restarted; it does that before it says that a new value is there."""
    now = await _targets(ctx, secrets)
    restarted = [found for key, found in now.items() if _restarted(ctx, found, before.get(key, ""))]
    fresh = {state.place for state in pickup.syncs if state.outcome is Outcome.NEW}
    wanted = {
        f"{each.namespace}/{name}" for each in secrets if each.place in fresh for _, name in sync_of(each).targets
    }
    idle = tuple(sorted(wanted - {each.place for each in restarted}))
    pickup = replace(pickup, idle=idle)
    if not restarted:
        return pickup
    states = await follow(ctx, restarted, lambda states: show(replace(pickup, rollouts=states)))
    return replace(pickup, rollouts=states)


def _restarted(ctx: ActionContext, found: Found, before: str) -> bool:
    """Tell whether the operator restarted it for us: since we looked, or before, where it was quicker than we."""
    at = _template_mark(found)
    when = moment(at)
    return at != before or (when is not None and when >= ctx.decided.replace(microsecond=0))


async def _targets(ctx: Context, secrets: Iterable[Found]) -> dict[Key, Found]:
    """Return the workloads that the operator restarts for these, as far as they are there and can be followed."""
    wanted = {
        (_KINDS[word], each.namespace, name)
        for each in secrets
        for word, name in sync_of(each).targets
        if word in _KINDS
    }
    keys = sorted(wanted, key=lambda key: (key[1], key[2]))
    found = await asyncio.gather(*(_workload(ctx, *key) for key in keys))
    return {key: each for key, each in zip(keys, found, strict=True) if each}


async def _workload(ctx: Context, kind: Kind, namespace: str, name: str) -> Found | None:
    try:
        return Found(kind, await ctx.neighbours.kubernetes.get(kind, namespace, name))
    except Missing:
        return None


async def _listed(ctx: Context, kind: Kind, namespaces: tuple[str, ...]) -> tuple[Object, ...]:
    try:
        return await ctx.neighbours.kubernetes.list(kind, namespaces=namespaces)
    except Missing:
        # They come with the operator: without it there are none.
        return ()


def _template_mark(found: Found) -> str:
    template = ((found.obj.get("spec") or {}).get("template") or {}).get("metadata") or {}
    return str((template.get("annotations") or {}).get(RESTARTED_AT, ""))
