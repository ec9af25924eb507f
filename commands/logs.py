"""`!logs`: what the containers of a service say, once or as long as somebody follows."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Annotated

from cyclopts import Parameter

from bot.command import Context, command
from bot.core.containers import containers
from bot.core.errors import NeighbourError, Rejected, UsageError
from bot.core.facts import Verdict
from bot.core.filters import Wanted, wanted
from bot.core.kinds import Kind
from bot.core.permissions import Need, looks
from bot.core.workloads import OWNERS
from commands.parameters import NamespaceOption, back
from commands.pods import Pods, find_pods
from commands.speakers import MOST, Said, Speaker, merged, read_all

LONGEST = timedelta(minutes=10)
"""Nobody follows longer than this without asking again."""
EVERY = timedelta(seconds=3)
"""How often the message of somebody who follows is edited at most."""
_USUAL = 20
_MOST_PODS = 10
# How often, counted in edits, it is looked whether pods have come or gone.
_LOOK_AROUND = 5
# A key in PEM form is masked as a whole only when its beginning is there too.
_AROUND = 80

Flag = Annotated[bool, Parameter(negative="")]
Filter = Annotated[str, Parameter(name=["--filter", "--grep"])]


class Following(StrEnum):
    """Whether somebody follows, and why no more."""

    NO = "no"
    GOING = "going"
    STOPPED = "stopped"
    TIME_UP = "time up"


@dataclass(frozen=True, slots=True)
class Silent:
    """A pod whose lines could not be had."""

    pod: str
    reason: str


@dataclass(frozen=True, slots=True)
class LogReport:
    """What was said, oldest first."""

    as_of: datetime
    zone: str
    place: str
    containers: tuple[str, ...]
    others: tuple[str, ...]
    """Containers of the pods that were not asked."""
    previous: bool
    """Whether it is of the run before this one."""
    since: timedelta | None
    filter: str
    lines: tuple[Said, ...]
    looked_at: int
    """How many lines there were to choose from."""
    silent: tuple[Silent, ...]
    more_pods: int
    """How many pods were left out."""
    following: Following
    began: datetime

    @property
    def verdict(self) -> Verdict:
        """Lines say nothing about health; lines that could not be had are unknown."""
        return Verdict.UNKNOWN if self.silent and not self.lines else Verdict.NONE


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for."""

    find: Callable[[], Awaitable[Pods]]
    tail: int
    since: timedelta | None
    previous: bool
    container: str
    filter: str
    wanted: Wanted
    began: datetime


@command(
    "logs",
    summary="What a service says; -f follows",
    examples=("!logs matrix/sol -f", "!logs data/postgres --since 10m --filter error", "!logs ory/hydra -p -c hydra"),
    aliases=("kubectl logs", "log"),
    limit=LONGEST + timedelta(minutes=1),
    needs=(*looks(Kind.PODS, *OWNERS), Need("get", Kind.PODS, "log")),
)
async def logs(
    ctx: Context,
    where: str | None = None,
    *,
    namespace: NamespaceOption = None,
    follow: Annotated[Flag, Parameter(name=["--follow", "-f"])] = False,
    tail: int | None = None,
    since: str | None = None,
    previous: Annotated[Flag, Parameter(name=["--previous", "-p"])] = False,
    container: Annotated[str, Parameter(name=["--container", "-c"])] = "",
    filter: Filter = "",  # noqa: A002 - the flag's name
) -> LogReport:
    """Tell the last lines of a workload's pods by time; with -f, edit them into the answer as they come."""
    asked = _Asked(
        find=lambda: _find(ctx, where, namespace),
        tail=_lines(tail, since),
        since=back(since) if since else None,
        previous=previous,
        container=container,
        filter=filter,
        wanted=wanted(filter),
        began=ctx.clock(),
    )
    if follow and previous:
        raise UsageError("A run that is over says nothing more", hint="leave out -f or -p")
    pods = await asked.find()
    speakers = [Speaker(pod, container) for pod in pods.objects[:_MOST_PODS]]
    kubernetes = ctx.neighbours.kubernetes
    await read_all(speakers, kubernetes, lines=MOST if filter else asked.tail, since=asked.since, previous=previous)
    _must_be_heard(speakers)
    if follow:
        return await _follow(ctx, asked, pods, speakers)
    return await _report(ctx, asked, pods, speakers)


def _lines(tail: int | None, since: str | None) -> int:
    if tail is not None and not 1 <= tail <= MOST:
        raise UsageError(f"--tail takes 1 to {MOST}", hint=f"write --tail {_USUAL}")
    return tail or (MOST if since else _USUAL)


async def _find(ctx: Context, where: str | None, namespace: str | None) -> Pods:
    """Return the pods that are meant; raise UsageError for none, and for a namespace that is not in the configuration.

    What services say may hold what no room should: only where somebody said so is it shown (threat T13).
    """
    if not where:
        raise UsageError("Logs of what?", hint="write ns/name, like !logs matrix/sol, or reply to an alert's card")
    found = await find_pods(ctx, where, namespace)
    space = found.place.partition("/")[0]
    if space not in ctx.settings.namespaces:
        raise UsageError(f"I show no logs of {space}", hint="they are shown of what stands under namespaces")
    if not found.objects:
        raise UsageError(f"{found.place} has no pod", hint=f"!status {found.place} tells why")
    return found


def _must_be_heard(speakers: Sequence[Speaker]) -> None:
    """Raise what kept every pod from being heard, unless it is the pods themselves."""
    errors = [speaker.error for speaker in speakers]
    if errors[0] and all(errors) and not isinstance(errors[0], Rejected):
        raise errors[0]


async def _follow(ctx: Context, asked: _Asked, pods: Pods, speakers: list[Speaker]) -> LogReport:
    """Listen, and show every few seconds what is new, until somebody stops it or time is up."""
    listening: dict[str, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as tasks:
        for look in count():
            if look and look % _LOOK_AROUND == 0:
                pods = await _looked_around(asked, pods)
                speakers += _come(asked, pods, speakers)
            for speaker in speakers:
                if speaker.name not in listening or (listening[speaker.name].done() and not speaker.is_gone):
                    listening[speaker.name] = tasks.create_task(speaker.listen(ctx.neighbours.kubernetes))
            following = _following(ctx, asked)
            if following is not Following.GOING:
                break
            await ctx.show(await _report(ctx, asked, pods, speakers, following))
            await _pause(ctx)
        for task in listening.values():
            task.cancel()
    return await _report(ctx, asked, pods, speakers, following)


async def _looked_around(asked: _Asked, pods: Pods) -> Pods:
    """Return the pods there are now; what cannot be asked, or is between two pods, is looked at again later."""
    try:
        return await asked.find()
    except (NeighbourError, UsageError):
        return pods


def _come(asked: _Asked, pods: Pods, speakers: Sequence[Speaker]) -> list[Speaker]:
    """Return speakers for the pods that have come, as long as there are not too many."""
    known = {speaker.name for speaker in speakers}
    room = max(0, _MOST_PODS - sum(not speaker.is_gone for speaker in speakers))
    come = [pod for pod in pods.objects if pod["metadata"]["name"] not in known]
    # A new pod may not have the container that was asked for.
    fit = [pod for pod in come if not asked.container or asked.container in containers(pod)]
    return [Speaker(pod, asked.container) for pod in fit[:room]]


def _following(ctx: Context, asked: _Asked) -> Following:
    if ctx.stopped.is_set():
        return Following.STOPPED
    return Following.TIME_UP if ctx.clock() - asked.began >= LONGEST else Following.GOING


async def _pause(ctx: Context) -> None:
    """Wait until the message may be edited again, or nobody wants it any more."""
    waits = [asyncio.ensure_future(ctx.sleep(EVERY.total_seconds())), asyncio.ensure_future(ctx.stopped.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _report(
    ctx: Context, asked: _Asked, pods: Pods, speakers: Sequence[Speaker], following: Following = Following.NO
) -> LogReport:
    now = ctx.clock()
    last = asked.tail if following in {Following.NO, Following.GOING} else MOST
    # Who follows sees the end only; it need not be read through from the beginning each time.
    read = last + _AROUND if following is Following.GOING and not asked.filter else MOST
    silent = ((speaker.name, speaker.why(now, previous=asked.previous)) for speaker in speakers)
    named = {speaker.container.name for speaker in speakers}
    others = {name for pod in pods.objects for name in containers(pod)} - named
    # In a thread: the lines of ten pods take the processor longer than others should wait.
    said = {speaker.name: speaker.lines(read) for speaker in speakers}
    lines = await asyncio.to_thread(merged, said, asked.wanted)
    return LogReport(
        as_of=now,
        zone=ctx.settings.timezone,
        place=pods.place,
        containers=tuple(sorted(named)),
        others=tuple(sorted(others)),
        previous=asked.previous,
        since=asked.since,
        filter=asked.filter,
        lines=lines[-last:],
        looked_at=sum(speaker.heard for speaker in speakers),
        silent=tuple(Silent(name, why) for name, why in silent if why),
        more_pods=max(0, len(pods.objects) - _MOST_PODS),
        following=following,
        began=asked.began,
    )
