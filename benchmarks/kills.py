"""The long form of the kill test: `python -m benchmarks.kills [--kills 50] [--seed 1] [--forgets]` prints the verdict.

Alerts and commands rain while the homeserver fails a fifth of what it is asked to send and the bot is killed at random
points. `--forgets` also takes the transaction ids from what is sent, so that no homeserver recognises a repetition.
Exit code 0 when both ledgers agree.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bot.demo.homeserver import Homeserver
from bot.demo.ledgers import Verdict, first_shown, inversions
from bot.demo.ordeal import Ordeal
from bot.demo.proxy import HARSH, FaultyProxy
from bot.demo.stage import Stage


def main() -> int:
    """Run and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--forgets", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_run(Path(directory), chosen))


async def _run(directory: Path, chosen: argparse.Namespace) -> int:
    homeserver = Homeserver(directory / "homeserver")
    homeserver.start()
    proxy = FaultyProxy(homeserver.url, odds=HARSH, seed=chosen.seed)
    proxy.forgets = chosen.forgets
    await proxy.start()
    settings = {"limits": {"per_person": 1000, "storm": 0}}
    try:
        async with Stage(
            directory / "stage", homeserver=homeserver, homeserver_url=proxy.url, settings=settings
        ) as stage:
            ordeal = Ordeal(stage, seed=chosen.seed, kills=chosen.kills)
            started = time.monotonic()
            verdict = await ordeal.run(within=120)
            _tell(ordeal, verdict, proxy, time.monotonic() - started)
    finally:
        await proxy.stop()
        homeserver.stop()
    return 1 if verdict.breaches else 0


def _tell(ordeal: Ordeal, verdict: Verdict, proxy: FaultyProxy, seconds: float) -> None:
    promised = ordeal.promised
    faults = Counter(asked.fault.value or "none" for asked in proxy.asked)
    came = first_shown(promised, ordeal.view.seen, ordeal.stage.user)
    print(f"{ordeal.kills} kills in {seconds:.0f} s, drained {ordeal.drained:.1f} s after the last")
    print(f"accepted: {promised.webhooks} webhooks, {promised.alerts} alerts in {len(promised.groups)} groups")
    print(f"asked: {len(promised.commands)} commands, {len(promised.announcements)} of them announcements")
    print(f"the room saw {verdict.events} events; the homeserver was asked {len(proxy.asked)} times: {dict(faults)}")
    print(f"cards out of order: {inversions(promised.groups, came)} pairs of {len(came) * (len(came) - 1) // 2}")
    print(f"breaches: {verdict.breaches or 'none'}")


if __name__ == "__main__":
    sys.exit(main())
