"""From the third share to ✅: `python -m benchmarks.ceremony [--rounds 10]`.

Seals OpenBao, has three people give their shares on their pages, and measures until another member's client shows that
it is open. Prints median and slowest. Takes about half a minute. Exit code 1 when one took longer than two seconds.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bot.demo import holders
from bot.demo.stage import Stage
from bot.demo.transcript import Player

_PROMISED = 2.0
_BEFORE = "~ seal\nanna> !unseal\nbot< 🔥 OpenBao is sealed*\n…\n~ give anna 0\n~ give ben 1\nbot= 🔥 *2/3\n…"
_AFTER = "bot= ✅ Unsealed*\n…"


def main() -> int:
    """Measure and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="opsbot-bench-") as directory:
        taken = asyncio.run(_measured(Path(directory), chosen.rounds))
    print(f"third share to ✅: median {statistics.median(taken):.2f} s, slowest {max(taken):.2f} s of {len(taken)}")
    return int(max(taken) > _PROMISED)


async def _measured(directory: Path, rounds: int) -> list[float]:
    # The bot's own watch over the seal would tell it beside.
    settings = {"limits": {"seal": 3600, "per_person": 1000}}
    async with Stage(directory, settings=settings) as stage:
        await stage.start_bot()
        player = Player(stage)
        await player.open()
        return [await _ceremony(player) for _ in range(rounds)]


async def _ceremony(player: Player) -> float:
    stage = player.stage
    assert stage.homeserver
    assert stage.openbao
    await player.play(_BEFORE)
    address = await holders.page_of(stage.homeserver, stage.sessions["cleo"], stage.user)
    began = time.monotonic()
    giving = asyncio.create_task(asyncio.to_thread(holders.give, address, stage.openbao.keys.shares[2]))
    await player.play(_AFTER)
    taken = time.monotonic() - began
    await giving
    return taken


if __name__ == "__main__":
    sys.exit(main())
