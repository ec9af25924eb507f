"""Draws in a process of its own, which ends with its picture: a plotting library's memory goes with it."""

import asyncio
import json
import os
import struct
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog

from bot.core.errors import Unreachable
from bot.core.graphs import Chart, Picture, compared

NEIGHBOUR = "plot"
_PROGRAM = (sys.executable, "-I", "-m", "bot.clients.drawing")
"""-I: nothing of its caller's environment and working directory decides which modules it finds."""
_log = structlog.get_logger(__name__)
_SIZE = struct.Struct(">8s4x4sII")


class Plotter:
    """Draws one chart at a time; fonts that were found once are remembered under `directory`."""

    def __init__(
        self, directory: Path, *, program: tuple[str, ...] = _PROGRAM, limit: timedelta = timedelta(seconds=20)
    ) -> None:
        self._directory = directory
        self._program = program
        self._limit = limit
        self._one_at_a_time = asyncio.Semaphore(1)

    async def draw(self, chart: Chart) -> Picture:
        """Return a chart as a picture; raise Unreachable with the reason when there is none."""
        try:
            async with asyncio.timeout(self._limit.total_seconds()), self._one_at_a_time:
                code, png = await self._run(_asked(chart))
        except TimeoutError as error:
            raise Unreachable(NEIGHBOUR, f"not drawn in {self._limit.total_seconds():g} s") from error
        except OSError as error:
            raise Unreachable(NEIGHBOUR, "no process to draw with") from error
        if code == os.EX_UNAVAILABLE:
            raise Unreachable(NEIGHBOUR, "matplotlib is not installed")
        try:
            return _picture(png)
        except (struct.error, ValueError) as error:
            # What it said may quote labels, so its exit code is all that is logged.
            _log.error("plot.failed", code=code)
            raise Unreachable(NEIGHBOUR, "drawing failed") from error

    async def _run(self, asked: bytes) -> tuple[int, bytes]:
        process = await asyncio.create_subprocess_exec(
            *self._program,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"MPLCONFIGDIR": str(self._directory), "OPENBLAS_NUM_THREADS": "1"},
        )
        try:
            png, _ = await process.communicate(asked)
            return await process.wait(), png
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


def _asked(chart: Chart) -> bytes:
    """Return a chart as bot.clients.drawing reads it."""
    threshold = chart.threshold
    return json.dumps(
        {
            "title": chart.title,
            "curves": [{"name": curve.name, "values": curve.values} for curve in chart.curves],
            "threshold": threshold and {"words": compared(threshold), "at": threshold.number},
            "start": chart.window.start.timestamp(),
            "end": chart.window.end.timestamp(),
            "step": chart.window.step.total_seconds(),
            "zone": chart.zone,
        }
    ).encode()


def _picture(png: bytes) -> Picture:
    """Return a picture with the size that its header tells; raise ValueError when it is none."""
    signature, header, width, height = _SIZE.unpack_from(png)
    if (signature, header) != (b"\x89PNG\r\n\x1a\n", b"IHDR"):
        raise ValueError("not a PNG")
    return Picture(png, width, height)
