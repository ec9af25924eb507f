"""A storm against Synapse's stock limit of one message in five seconds: `python -m benchmarks.limits [--alerts 300]`.

Prints how many messages it took, how long the critical ones waited, and how often the homeserver had to say no. Takes
about four minutes. Exit code 0 when nothing was lost or doubled.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from bot.demo.homeserver import Homeserver
from bot.demo.ledgers import Promised, first_shown, judge
from bot.demo.ordeal import sender, storm
from bot.demo.proxy import FaultyProxy
from bot.demo.stage import Stage
from bot.demo.view import View

_GROUPS = 40
_CRITICAL = 4
_PATIENCE = 600


def main() -> int:
    """Run and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=320)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_run(Path(directory), chosen.alerts // _GROUPS))


async def _run(directory: Path, rounds: int) -> int:
    homeserver = Homeserver(directory / "homeserver", stock_rate_limits=True)
    homeserver.start()
    proxy = FaultyProxy(homeserver.url)
    await proxy.start()
    try:
        settings = {"limits": {"storm": 0}}
        async with Stage(
            directory / "stage", homeserver=homeserver, homeserver_url=proxy.url, settings=settings
        ) as stage:
            await stage.start_bot()
            return await _storm(stage, proxy, rounds)
    finally:
        await proxy.stop()
        homeserver.stop()


async def _storm(stage: Stage, proxy: FaultyProxy, rounds: int) -> int:
    assert stage.homeserver
    promised = Promised()
    view = View(stage.homeserver, stage.sessions["anna"], stage.room)
    await view.open()
    began, before, urgent = time.monotonic(), len(proxy.asked), 0.0
    async with sender(stage, promised) as posts:
        await storm(posts, groups=_GROUPS, rounds=rounds, critical=_CRITICAL)
    taken = time.monotonic() - began
    while judge(promised, view.seen, stage.user).missing and time.monotonic() - began < _PATIENCE:
        await view.look(5)
        if not urgent and _urgent_shown(promised, view, stage):
            urgent = time.monotonic() - began
    await view.look(2)
    verdict, attempts = judge(promised, view.seen, stage.user), proxy.sends(before)
    refused = sum(asked.status == 429 for asked in attempts)
    print(f"{promised.alerts} alerts in {promised.webhooks} webhooks taken in {taken:.1f} s, all answered 2xx")
    print(
        f"told in {verdict.events} messages within {time.monotonic() - began:.0f} s; all critical after {urgent:.0f} s"
    )
    print(f"{len(attempts)} attempts to send, {refused} of them answered 429")
    print(f"breaches: {verdict.breaches or 'none'}")
    return 1 if verdict.breaches else 0


def _urgent_shown(promised: Promised, view: View, stage: Stage) -> bool:
    shown = first_shown(promised, view.seen, stage.user)
    return all(f"Storm{number}" in shown for number in range(_GROUPS - _CRITICAL, _GROUPS))


if __name__ == "__main__":
    sys.exit(main())
