"""What is measured of the bot alone: answers to people, memory, starts."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

from benchmarks.contenders import is_taken, mark
from benchmarks.figures import Bound, Figure
from benchmarks.stand import Stand, memory
from bot.demo.loopback import request

_PATIENCE = 60.0
_POLL_SECONDS = 0.01


async def status(on: Stand, count: int) -> list[Figure]:
    """Ask for `!status` of the simulated cluster, from the asker's PUT to another member seeing the answer."""
    what = "`!status`, answer seen by another client"
    took = []
    for _ in range(count + 1):
        asked = time.perf_counter()
        event = await on.ask("!status")
        took.append(1000 * (await on.watcher.until_answered(event, _PATIENCE) - asked))
        await asyncio.sleep(0.2)
    # The first one opens the connections to the cluster.
    return [
        Figure(f"{what}, p50", "ms", statistics.median(took[1:]), bound=Bound(300)),
        Figure("… slowest", "ms", max(took[1:])),
        Figure("… the first after a start", "ms", took[0]),
    ]


def weight(on: Stand) -> list[Figure]:
    """Weigh the bot after what it did so far."""
    return [Figure("resident memory after all that", "MiB", memory(on.stage.pid), bound=Bound(150))]


async def starts(on: Stand, count: int) -> list[Figure]:
    """Start the bot anew and time its first 200 and its readiness."""
    took = [await _start(on) for _ in range(count)]
    first, ready = (statistics.median(times) for times in zip(*took, strict=True))
    return [
        Figure("process start to first webhook accepted", "s", first, bound=Bound(1.5)),
        Figure("process start to ready", "s", ready, bound=Bound(4)),
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
    return is_taken(await on.bot.post(name, 1))


async def _is_ready(on: Stand) -> bool:
    status, _ = await asyncio.to_thread(request, on.stage.port, "GET", "/readyz")
    return status == 200
