"""What becomes of webhooks when something fails; all contenders at the same time, so that all meet the same fault."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.comparison import Fate, fate
from benchmarks.contenders import Contender, Handed, offer
from benchmarks.stand import Say, Stand

_LEAD = 1.0
"""Seconds that the bursts run before anything happens."""
_PATIENCE = 90.0
"""Seconds for the sender to go on, and then for the rest to be seen, after all is well again."""
_SETTLE = 3.0
"""Seconds after the last one was seen: what is doubled comes late."""


@dataclass(frozen=True, slots=True)
class Faults:
    """How much of each."""

    outage: int
    """Webhooks of one alert, for each contender."""
    away: float
    """Seconds that the homeserver is away."""
    kill: int
    limited: int
    """Webhooks of ten alerts under Synapse's own limits."""
    cap: float
    """Seconds after which what came by then is counted."""


async def outage(on: Stand, size: Faults, say: Say) -> dict[str, Fate]:
    """Kill the homeserver in the middle of a burst and start it again after a while."""
    say(f"the homeserver is away for {size.away:.0f} s …")
    home = on.stage.homeserver
    assert home
    everybody = on.contenders.values()
    async with asyncio.TaskGroup() as tasks:
        bursts = {each.name: tasks.create_task(_burst(each, size.outage, 1, size.away)) for each in everybody}
        await asyncio.sleep(_LEAD)
        await asyncio.to_thread(home.kill)
        await asyncio.sleep(size.away)
        await asyncio.to_thread(home.start)
        back = time.perf_counter()
    return await _judged(on, {name: task.result() for name, task in bursts.items()}, 1, back)


async def kills(on: Stand, size: Faults, say: Say) -> dict[str, Fate]:
    """Kill each contender in the middle of its burst and start it again two seconds later."""
    say("SIGKILL in a burst …")
    mortals = [each for each in on.contenders.values() if each.kill and each.start]
    async with asyncio.TaskGroup() as tasks:
        bursts = {each.name: tasks.create_task(_burst(each, size.kill, 1, 0)) for each in mortals}
        await asyncio.sleep(_LEAD)
        await asyncio.gather(*(each.kill() for each in mortals if each.kill))
        await asyncio.sleep(2)
        back = time.perf_counter()
        await asyncio.gather(*(each.start() for each in mortals if each.start))
    return await _judged(on, {name: task.result() for name, task in bursts.items()}, 1, back)


async def limited(on: Stand, size: Faults, say: Say) -> dict[str, Fate]:
    """Hand over more than Synapse's own limits let pass at once, and count what was seen when the time is over."""
    say(f"{10 * size.limited} alerts under Synapse's own limits, {size.cap:.0f} s …")
    begin = time.perf_counter()
    handed: dict[str, dict[str, Handed]] = {name: {} for name in on.contenders}
    offering = [
        asyncio.create_task(offer(each, size.limited, 10, begin + size.cap, handed[each.name]))
        for each in on.contenders.values()
    ]
    # Webhooks that are still open then are broken off, as they were by an Alertmanager that is stopped.
    _, late = await asyncio.wait(offering, timeout=size.cap)
    if not late:
        await on.watcher.until(lambda: _all_seen(on, handed, 10), size.cap - (time.perf_counter() - begin))
    for task in late:
        task.cancel()
    await asyncio.gather(*offering, return_exceptions=True)
    return {name: fate(on.contenders[name], each, on.watcher.told, 10, begin) for name, each in handed.items()}


async def _burst(contender: Contender, count: int, alerts: int, away: float) -> dict[str, Handed]:
    handed: dict[str, Handed] = {}
    await offer(contender, count, alerts, time.perf_counter() + away + _PATIENCE, handed)
    return handed


async def _judged(on: Stand, handed: Mapping[str, Mapping[str, Handed]], alerts: int, since: float) -> dict[str, Fate]:
    await on.watcher.until(lambda: _all_seen(on, handed, alerts), _PATIENCE)
    await asyncio.sleep(_SETTLE)
    told = on.watcher.told
    return {name: fate(on.contenders[name], each, told, alerts, since) for name, each in handed.items()}


def _all_seen(on: Stand, handed: Mapping[str, Mapping[str, Handed]], alerts: int) -> bool:
    return all(
        fate(on.contenders[name], each, on.watcher.told, alerts, 0).missing == 0 for name, each in handed.items()
    )
