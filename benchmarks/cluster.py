"""A cluster of some size, asked from the room: `python -m benchmarks.cluster [--pods 400] [--asks 10]`.

Prints how long `!status` of everything and the first lines of `!logs` take, from the asker's PUT to another member
seeing the answer, and how much memory that takes. Exit code 0 when the bounds are kept.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Bound, Figure, number
from benchmarks.stand import memory, peak
from benchmarks.watcher import Watcher
from bot.core.sbbb import SBBB
from bot.demo.stage import Stage
from bot.demo.world import scale_world

_NAMESPACES = 12
_PATIENCE = 30.0
_AT_MOST_MILLISECONDS, _AT_MOST_MIB = 1000, 60


def main() -> int:
    """Run and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=400)
    parser.add_argument("--asks", type=int, default=10)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        figures = asyncio.run(_measured(Path(directory), chosen.pods, chosen.asks))
    for figure in figures:
        bound = f" ({figure.bound.words(figure.unit)})" if figure.bound else ""
        print(f"{figure.what}: {number(figure.bot or 0)} {figure.unit}{bound}")
    return int(any(figure.kept is False for figure in figures))


async def _measured(directory: Path, pods: int, asks: int) -> list[Figure]:
    crowd = [f"crowd-{each:02}" for each in range(_NAMESPACES)]
    settings = {"namespaces": [*SBBB, *crowd], "limits": {"per_person": 1000}}
    async with Stage(directory, settings=settings) as stage:
        stage.cluster.seed(scale_world(datetime.now(UTC), pods=pods, namespaces=_NAMESPACES))
        await stage.start_bot()
        assert stage.homeserver
        token = stage.sessions["cleo"].access_token
        async with Watcher(stage.homeserver.url, token, (stage.room,)) as watcher:
            # The first question loads the package for Kubernetes: its memory is not the cluster's.
            await _took(stage, watcher, "!logs crowd-00/app-000", 1)
            before = memory(stage.pid)
            logs = await _took(stage, watcher, "!logs crowd-00/app-000", asks)
            status = await _took(stage, watcher, "!status", asks)
            return [
                *_figures(f"`!status` of {pods} pods more in {_NAMESPACES} namespaces more, answer seen", status),
                *_figures("`!logs` of ten pods, answer seen", logs),
                Figure("memory for all that, at its most", "MiB", peak(stage.pid) - before, bound=Bound(_AT_MOST_MIB)),
            ]


async def _took(stage: Stage, watcher: Watcher, words: str, times: int) -> list[float]:
    """Ask so many times and return how long each answer took to be seen, in milliseconds."""
    assert stage.homeserver
    took = []
    for _ in range(times):
        asked = time.perf_counter()
        event = await asyncio.to_thread(stage.homeserver.say, stage.sessions["anna"], stage.room, words)
        took.append(1000 * (await watcher.until_answered(event, _PATIENCE) - asked))
        await asyncio.sleep(0.2)
    return took


def _figures(what: str, took: Sequence[float]) -> list[Figure]:
    return [
        Figure(f"{what}, p50", "ms", statistics.median(took), bound=Bound(_AT_MOST_MILLISECONDS)),
        Figure("… slowest", "ms", max(took)),
    ]


if __name__ == "__main__":
    sys.exit(main())
