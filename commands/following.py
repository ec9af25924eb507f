"""Follows rollouts to their end, and tells why one is stuck."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.command import Context
from bot.core.errors import NeighbourError
from bot.core.events import Event, read_event
from bot.core.facts import Unknown, Verdict, worst
from bot.core.kinds import Kind, Object
from bot.core.permissions import looks
from bot.core.pods import Pod, Trouble, read_pod
from bot.core.rollouts import Progress, Stall, patience, progress
from bot.core.workloads import OWNERS
from commands.finding import Found, selector

EVERY = timedelta(seconds=2)
"""How often a rollout is looked at (research §5.1)."""
NEEDS = looks(*OWNERS, Kind.PODS, Kind.EVENTS)
"""What it takes to find workloads and to follow them."""
_HOPELESS = frozenset(
    {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError", "CrashLoopBackOff"}
)
_EVENTS = 3


@dataclass(frozen=True, slots=True)
class Stuck:
    """Why a rollout does not go on."""

    reason: str
    """In the words of Kubernetes: `ImagePullBackOff`, `ProgressDeadlineExceeded`."""
    pod: str
    """Which pod shows it; empty where none does."""
    exit_code: int | None
    events: tuple[Event, ...]
    """The last ones, oldest first."""


@dataclass(frozen=True, slots=True)
class RolloutState:
    """How far one workload is."""

    place: str
    updated: int
    wanted: int
    done: bool = False
    stuck: Stuck | None = None
    unknown: Unknown | None = None
    """Why it could not be asked, last time."""

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.done or self.stuck is not None

    @property
    def verdict(self) -> Verdict:
        """How that is."""
        if self.done:
            return Verdict.OK
        if self.stuck:
            return Verdict.BAD
        return Verdict.UNKNOWN if self.unknown else Verdict.NONE


def verdict_of(states: Sequence[RolloutState]) -> Verdict:
    """Return the worst of several."""
    return worst(state.verdict for state in states)


async def follow(
    ctx: Context, workloads: Sequence[Found], show: Callable[[tuple[RolloutState, ...]], Awaitable[None]]
) -> tuple[RolloutState, ...]:
    """Look at rollouts until each is done or stuck, or nobody waits any longer; `show` each step.

    What cannot be asked is asked again; at the end of all patience it stays unknown.
    """
    watchers = [_Watcher(ctx, each) for each in workloads]
    longest = max(patience(each.kind, each.obj) for each in workloads)
    for _ in range(max(1, longest // EVERY)):
        states = tuple(await asyncio.gather(*(watcher.look() for watcher in watchers)))
        if all(state.over for state in states):
            return states
        await show(states)
        await ctx.sleep(EVERY.total_seconds())
    return tuple([await watcher.give_up() for watcher in watchers])


async def look(ctx: Context, workloads: Sequence[Found]) -> tuple[RolloutState, ...]:
    """Tell once how far rollouts are."""
    return tuple(await asyncio.gather(*(_Watcher(ctx, each).look() for each in workloads)))


class _Watcher:
    """One workload, and since when one of its pods is in the same trouble."""

    def __init__(self, ctx: Context, found: Found) -> None:
        self._ctx = ctx
        self._kubernetes = ctx.neighbours.kubernetes
        self._found = found
        self._state = RolloutState(found.place, 0, 0)
        self._troubled: tuple[str, int] = ("", 0)
        """What the trouble is, and how many looks have seen it."""

    async def look(self) -> RolloutState:
        if not self._state.over:
            try:
                self._state = await self._ask()
            except NeighbourError as error:
                self._state = replace(self._state, unknown=Unknown(error.reason))
        return self._state

    async def give_up(self) -> RolloutState:
        """Return the last state, as stuck where it was seen at all."""
        if self._state.over or self._state.unknown:
            return self._state
        return replace(self._state, stuck=Stuck("no end in sight", "", None, await self._events(())))

    async def _ask(self) -> RolloutState:
        kind, namespace, name = self._found.kind, self._found.namespace, self._found.name
        obj = await self._kubernetes.get(kind, namespace, name)
        pods = await self._pods()
        found = progress(kind, obj, [pod for pod in pods if _instance(pod)])
        state = RolloutState(self._found.place, found.updated, found.wanted, found.done)
        return state if found.done else await self._with_trouble(state, found, pods)

    async def _with_trouble(self, state: RolloutState, found: Progress, pods: list[Object]) -> RolloutState:
        read = [read_pod(pod, self._ctx.clock()) for pod in pods]
        sick = next(((pod, pod.trouble) for pod in read if pod.trouble and pod.trouble.reason in _HOPELESS), None)
        key = f"{sick[0].name} {sick[1].reason}" if sick else ""
        self._troubled = (key, self._troubled[1] + 1 if key == self._troubled[0] else 1)
        if found.stall:
            return replace(state, stuck=await self._stuck(_words(found.stall), sick))
        # A first pull or a first crash may be over with the next try: what stays so is stuck.
        if sick and self._troubled[1] * EVERY >= self._ctx.settings.limits.stuck:
            return replace(state, stuck=await self._stuck(sick[1].reason, sick))
        return state

    async def _stuck(self, reason: str, sick: tuple[Pod, Trouble] | None) -> Stuck:
        if sick is None:
            return Stuck(reason, "", None, await self._events((self._found.name,)))
        pod, trouble = sick
        code = trouble.last.exit_code if trouble.last else None
        return Stuck(reason, pod.name, code, await self._events((pod.name,)))

    async def _pods(self) -> list[Object]:
        labels = selector(self._found)
        return list(await self._kubernetes.list(Kind.PODS, namespaces=(self._found.namespace,), labels=labels))

    async def _events(self, about: tuple[str, ...]) -> tuple[Event, ...]:
        """Return the last events about some objects; none where they cannot be asked: they explain, no more."""
        found: list[Event] = []
        for name in about:
            try:
                rows = await self._kubernetes.list(
                    Kind.EVENTS, namespaces=(self._found.namespace,), fields=f"involvedObject.name={name}"
                )
            except NeighbourError:
                continue
            found += filter(None, map(read_event, rows))
        return tuple(sorted(found, key=lambda event: event.last)[-_EVENTS:])


def _instance(pod: Object) -> bool:
    """Tell whether a pod is one of a Cluster's instances, not one of its jobs on the way out."""
    return not pod["metadata"].get("deletionTimestamp")


def _words(stall: Stall) -> str:
    return {
        Stall.DEADLINE: "ProgressDeadlineExceeded",
        Stall.WAITS_FOR_A_PERSON: "waits for user action",
        Stall.UNRECOVERABLE: "unrecoverable",
    }[stall]
