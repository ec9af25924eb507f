"""Measures the bot beside a bare script and prints the table: `python -m benchmarks [--quick]`."""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.figures import Figure, as_json, table
from benchmarks.rounds import FULL, QUICK, Size, failed, measure
from benchmarks.stand import stand

_OUT = Path(__file__).parent / "out"
_LIMIT_SECONDS = 360.0
_PACKAGES = ("aiohttp", "matrix-nio", "kubernetes_asyncio", "matrix-synapse")


def main() -> int:
    """Measure, print and write; 1 when a bound is not kept and `--strict` asks for that."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The bot beside a bare script.")
    parser.add_argument("--quick", action="store_true", help="few rounds, less than a minute; full: less than six")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a bound is not kept")
    chosen = parser.parse_args()
    figures = asyncio.run(_measured(QUICK if chosen.quick else FULL))
    text = f"{table(figures)}\n\n{_circumstances(quick=chosen.quick)}\n"
    _write(text, figures, quick=chosen.quick)
    print(text)
    return int(chosen.strict and bool(failed(figures)))


async def _measured(size: Size) -> list[Figure]:
    begin = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begin:5.0f} s  {text}", file=sys.stderr)

    with tempfile.TemporaryDirectory(prefix="opsbot-bench-") as directory:
        async with asyncio.timeout(_LIMIT_SECONDS), stand(Path(directory), say) as on:
            return await measure(on, size, say)


def _circumstances(*, quick: bool) -> str:
    """Say on what this was measured: figures of two machines cannot be compared, ratios can."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{'Quick' if quick else 'Full'} run, {time.strftime('%Y-%m-%d')}, on {os.cpu_count()} processors "
        f"({platform.machine()}) with Python {platform.python_version()}, {packages}. Load, bot and Synapse (on "
        "SQLite) are processes of their own on loopback. *bare PUT*: the load itself puts the bot's own message into "
        "a room of the same Synapse. *bare receiver*: an aiohttp handler that PUTs it at once and keeps nothing. All "
        "three take turns, forwards and backwards; rates are medians of the rounds."
    )


def _write(text: str, figures: list[Figure], *, quick: bool) -> None:
    _OUT.mkdir(exist_ok=True)
    name = "quick" if quick else "full"
    (_OUT / f"{name}.md").write_text(text, encoding="utf-8")
    (_OUT / f"{name}.json").write_text(json.dumps(as_json(figures), indent=2), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
