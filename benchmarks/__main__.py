"""Measures the bot beside others and prints the tables: `python -m benchmarks [--quick]`."""

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

from benchmarks.comparison import side_by_side
from benchmarks.figures import as_json, table
from benchmarks.rounds import FULL, QUICK, Report, Size, measure
from benchmarks.stand import stand

_HERE = Path(__file__).parent
_LIMIT_SECONDS = 900.0
_COMPARED = (
    "In the same run as the figures below. *matrix-alertbot*: from PyPI, in an environment of its own, set up as it "
    "comes; it holds a webhook open until the room has all its alerts, a message each. *Sunbeam Ops* with "
    "`limits.storm: 0`, so that every group has a card of its own here too. What fails, fails for all at once."
)
_PACKAGES = ("aiohttp", "matrix-nio", "kubernetes_asyncio", "matrix-synapse")


def main() -> int:
    """Measure, print and write; 1 when a bound is not kept and `--strict` asks for that."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The bot beside others.")
    parser.add_argument("--quick", action="store_true", help="few rounds, two minutes; full: less than fifteen")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a bound is not kept")
    chosen = parser.parse_args()
    report = asyncio.run(_measured(QUICK if chosen.quick else FULL))
    figures = f"{table(report.figures)}\n\n{_circumstances(quick=chosen.quick)}\n"
    comparison = f"{side_by_side(report.rows, report.fates[0])}\n\n{_COMPARED}\n"
    _write(_HERE / "out" if chosen.quick else _HERE / "results", {"bot.md": figures, "comparison.md": comparison})
    _write(_HERE / "out", {"figures.json": json.dumps(as_json(report.figures), indent=2)})
    print(figures, comparison, sep="\n")
    for each in report.failed:
        print(f"not kept: {each}", file=sys.stderr)
    return int(chosen.strict and bool(report.failed))


async def _measured(size: Size) -> Report:
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
        "take turns, forwards and backwards; rates are medians of the rounds."
    )


def _write(directory: Path, texts: dict[str, str]) -> None:
    directory.mkdir(exist_ok=True)
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
