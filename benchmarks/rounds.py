"""The measurements: each gives figures, with the bot and the bare ones taking turns so that noise meets all of them."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from benchmarks.figures import Bound, Figure, percentile
from benchmarks.stand import Send, Stand, cpu, mark, memory
from bot.demo.loopback import request
from commands import COMMANDS

_SAME = Bound(1.25, ratio=True)
_IN_FLIGHT = 20
_PATIENCE = 60.0
_POLL_SECONDS = 0.01

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How often everything is done."""

    starts: int
    messages: int
    """One a second, of each kind."""
    burst: int
    """Webhooks in a burst."""
    cycles: int
    """Of put, receiver, bot, bot, receiver, put."""
    asks: int
    large: int
    """Webhooks of 50 alerts; with the first one, not more than the ten that Synapse lets pass at once."""


QUICK = Size(starts=1, messages=12, burst=150, cycles=1, asks=5, large=4)
FULL = Size(starts=5, messages=100, burst=500, cycles=2, asks=20, large=8)


async def measure(on: Stand, size: Size, say: Say) -> list[Figure]:
    """Take all measurements; the last one leaves Synapse's rate limits in force."""
    say("one message a second …")
    figures = await _paced(on, size.messages)
    say("bursts …")
    figures += await _bursts(on, size)
    say("asking for !status …")
    figures += await _status(on, size.asks)
    figures += _weight(on)
    say("webhooks of 50 alerts under Synapse's own rate limits …")
    figures += await _large(on, size.large)
    say("restarting the bot …")
    return figures + await _starts(on, size.starts)


async def _paced(on: Stand, count: int) -> list[Figure]:
    """Send at 1/s of each kind and time until another member sees it."""
    kinds = {"put": on.put, "receiver": on.receiver, "bot": on.bot}
    seen = await _in_turns(on, kinds, count)
    return [
        Figure(
            f"1/s, seen by another client, p{percent}",
            "ms",
            percentile(seen["bot"], percent),
            percentile(seen["put"], percent),
            percentile(seen["receiver"], percent),
            _SAME,
        )
        for percent in (50, 99)
    ]


async def _large(on: Stand, count: int) -> list[Figure]:
    """Send webhooks of 50 alerts as Synapse's stock limits have it, beside a PUT of the message they become."""
    await on.limit()
    before = on.watcher.messages.copy()
    seen = await _in_turns(on, {"put": on.put_fifty, "bot": on.fifty}, count)
    most = max(number for name, number in on.watcher.messages.items() if name not in before)
    return [
        Figure("50 alerts in one webhook, stock rate limits: messages", "", most, 1, bound=Bound(1)),
        Figure(
            "… seen by another client, p50",
            "ms",
            statistics.median(seen["bot"]),
            statistics.median(seen["put"]),
            bound=_SAME,
        ),
    ]


async def _in_turns(on: Stand, kinds: Mapping[str, Send], count: int) -> dict[str, list[float]]:
    """Send each kind once a second, forwards and backwards; return milliseconds until seen."""
    seen: dict[str, list[float]] = {kind: [] for kind in kinds}
    order = [*kinds, *reversed([*kinds])]
    pause, begin = 1 / len(kinds), time.perf_counter()
    for number in range(count * len(kinds)):
        await asyncio.sleep(max(0.0, begin + number * pause - time.perf_counter()))
        kind = order[number % len(order)]
        seen[kind].append(1000 * await _until_seen(on, kinds[kind]))
    return seen


async def _until_seen(on: Stand, send: Send) -> float:
    name, sent = mark(), time.perf_counter()
    await send(name)
    await on.watcher.until_seen([name], _PATIENCE)
    return on.watcher.seen[name] - sent


@dataclass(frozen=True, slots=True)
class _Burst:
    accepted: float
    """Per second, counted to the last answer."""
    delivered: float
    """Per second, counted to the last one seen."""
    cpu: float
    """Milliseconds of the bot's processor time for each."""


async def _bursts(on: Stand, size: Size) -> list[Figure]:
    """Send many webhooks, 20 in flight, and time their acceptance and their delivery."""
    kinds = {"put": on.put, "receiver": on.receiver, "bot": on.bot}
    found: dict[str, list[_Burst]] = {kind: [] for kind in kinds}
    for kind in [*kinds, *reversed([*kinds])] * size.cycles:
        found[kind].append(await _burst(on, kinds[kind], size.burst))
        await asyncio.sleep(0.5)

    def median(part: Callable[[_Burst], float], kind: str = "bot") -> float:
        return statistics.median(part(burst) for burst in found[kind])

    def row(what: str, part: Callable[[_Burst], float], bound: Bound) -> Figure:
        return Figure(what, "/s", median(part), median(part, "put"), median(part, "receiver"), bound)

    burst = f"{size.burst} webhooks, {_IN_FLIGHT} in flight"
    return [
        row(f"{burst}: accepted", lambda each: each.accepted, Bound(500, at_least=True)),
        row("… all delivered", lambda each: each.delivered, Bound(0.9, ratio=True, at_least=True)),
        Figure("… processor time of the bot for each", "ms", median(lambda each: each.cpu)),
    ]


async def _burst(on: Stand, send: Send, count: int) -> _Burst:
    names = [mark() for _ in range(count)]
    waiting, used, begin = iter(names), cpu(on.stage.pid), time.perf_counter()

    async def work() -> None:
        for name in waiting:
            await send(name)

    await asyncio.gather(*(work() for _ in range(_IN_FLIGHT)))
    accepted = time.perf_counter() - begin
    await on.watcher.until_seen(names, _PATIENCE)
    delivered = max(on.watcher.seen[name] for name in names) - begin
    return _Burst(count / accepted, count / delivered, 1000 * (cpu(on.stage.pid) - used) / count)


async def _status(on: Stand, count: int) -> list[Figure]:
    """Ask for `!status` of the simulated cluster, from the asker's PUT to another member seeing the answer."""
    what, bound = "`!status`, answer seen by another client", Bound(300)
    if "status" not in {command.verb for command in COMMANDS}:
        return [Figure(f"{what}, p50", "ms", None, bound=bound, note="not there yet")]
    took = []
    for _ in range(count + 1):
        asked = time.perf_counter()
        event = await on.ask("!status")
        took.append(1000 * (await on.watcher.until_answered(event, _PATIENCE) - asked))
        await asyncio.sleep(0.2)
    # The first one opens the connections to the cluster.
    return [
        Figure(f"{what}, p50", "ms", statistics.median(took[1:]), bound=bound),
        Figure("… slowest", "ms", max(took[1:])),
        Figure("… the first after a start", "ms", took[0]),
    ]


def _weight(on: Stand) -> list[Figure]:
    return [Figure("resident memory after all that", "MiB", memory(on.stage.pid), bound=Bound(160))]


async def _starts(on: Stand, count: int) -> list[Figure]:
    """Start the bot anew and time its first 200 and its readiness."""
    starts = [await _start(on) for _ in range(count)]
    return [
        Figure(
            "process start to first webhook accepted",
            "s",
            statistics.median(first for first, _ in starts),
            bound=Bound(1.5),
        ),
        Figure("process start to ready", "s", statistics.median(ready for _, ready in starts), bound=Bound(4)),
    ]


async def _start(on: Stand) -> tuple[float, float]:
    await on.stage.stop_bot()
    begin = time.perf_counter()
    await on.stage.start_bot(ready=False)
    name = mark()
    await _until(lambda: _takes(on, name))
    first = time.perf_counter() - begin
    await _until(lambda: _is_ready(on))
    return first, time.perf_counter() - begin


async def _until(done: Callable[[], Awaitable[bool]]) -> None:
    while not await done():  # noqa: ASYNC110 - another process has no Event to wait for
        await asyncio.sleep(_POLL_SECONDS)


async def _takes(on: Stand, name: str) -> bool:
    try:
        await on.bot(name)
    except aiohttp.ClientConnectionError:
        return False
    return True


async def _is_ready(on: Stand) -> bool:
    status, _ = await asyncio.to_thread(request, on.stage.port, "GET", "/readyz")
    return status == 200


def failed(figures: Sequence[Figure]) -> list[str]:
    """Return what does not keep its bound."""
    return [figure.what for figure in figures if figure.kept is False]
