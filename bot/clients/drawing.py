"""Draws one chart: JSON on standard input, a PNG for a phone's screen on standard output. Run it; nobody imports it."""

import io
import json
import math
import os
import resource
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.graphs import figure

_MEMORY_BYTES = 512 * 1024 * 1024
_CPU_SECONDS = 20
_WIDTH, _HEIGHT, _DPI = 8.0, 5.0, 100
"""800 by 500 pixels, which a phone shows at half the size: type below 14 points could not be read."""
_ROW = 0.25
"""Height of a row of names; the first two take nothing from the curves that would be missed."""
_BIG, _MIDDLE, _SMALL = 20, 16, 14
_TITLE, _WIDE, _NARROW = 38, 62, 28
"""Characters of a title, and of a name where names stand in one column or in two."""
_DIGITS = range(3, 8)
_TICKS = 4
_DAY = 86_400
# After Okabe and Ito: told apart by those who do not see all colours, too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#000000", "#8C6D31")
_ALARM = "#B00020"


def main() -> int:
    """Draw, and return the exit code."""
    _confine()
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - what it takes is limited first
    except ImportError:
        return os.EX_UNAVAILABLE
    asked = json.load(sys.stdin.buffer)
    picture = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, layout="constrained")
    _draw(picture, asked)
    png = io.BytesIO()
    picture.savefig(png, format="png")
    sys.stdout.buffer.write(png.getvalue())
    return os.EX_OK


def _confine() -> None:
    """Take little, and be the first to go where memory runs out: the bot must not."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _draw(picture: Any, asked: dict[str, Any]) -> None:
    from matplotlib import rcParams  # noqa: PLC0415

    # A dollar in a label is a dollar.
    rcParams["text.parse_math"] = False
    axes = picture.add_subplot()
    axes.set_title(_shown(asked["title"], _TITLE), fontsize=_BIG, fontweight="bold", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#DDDDDD")
    for colour, curve in zip(_COLOURS, asked["curves"], strict=False):
        _curve(axes, asked, curve["values"], colour)
    _heights(axes, asked)
    _threshold(axes, asked["threshold"])
    _times(axes, asked)
    _names(picture, axes, [curve["name"] for curve in asked["curves"]])


def _curve(axes: Any, asked: dict[str, Any], values: list[float | None], colour: str) -> None:
    start, step = datetime.fromtimestamp(asked["start"], UTC), timedelta(seconds=asked["step"])
    times = [start + number * step for number in range(len(values))]
    heights = [math.nan if value is None else value for value in values]
    axes.plot(times, heights, color=colour, linewidth=2.5, solid_capstyle="round")
    # A line needs two points: one between two gaps would not be seen.
    padded = [None, *values, None]
    alone = [at for at in range(len(values)) if padded[at] is padded[at + 2] is None and values[at] is not None]
    axes.scatter([times[at] for at in alone], [heights[at] for at in alone], color=colour, s=30)


def _heights(axes: Any, asked: dict[str, Any]) -> None:
    """Make room for every value and the threshold, and write beside it as few numbers as tell them apart."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    values = [value for curve in asked["curves"] for value in curve["values"] if value is not None]
    values += [asked["threshold"]["at"]] if asked["threshold"] else []
    low, high = min(values), max(values)
    margin = (high - low) * 0.08 or abs(high) / 2 or 1.0
    bottom, top = low - margin, high + margin
    if low >= 0:
        # Nothing is below zero that never was; the line itself still shows.
        bottom = max(bottom, -0.02 * top)
    found = MaxNLocator(_TICKS, steps=[1, 2, 2.5, 5, 10]).tick_values(bottom, top)
    ticks = [tick for tick in found if bottom <= tick <= top]
    words = [[figure(tick, digits) for tick in ticks] for digits in _DIGITS]
    axes.set_ylim(bottom, top)
    axes.set_yticks(ticks, next((each for each in words if len(set(each)) == len(each)), words[-1]))
    axes.tick_params(labelsize=_MIDDLE)


def _threshold(axes: Any, threshold: dict[str, Any] | None) -> None:
    if threshold is None:
        return
    at = threshold["at"]
    axes.axhline(at, color=_ALARM, linestyle="--", linewidth=2)
    low, high = axes.get_ylim()
    above = at < (low + high) / 2
    axes.annotate(
        threshold["words"],
        (1, at),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4 if above else -4),
        textcoords="offset points",
        ha="right",
        va="bottom" if above else "top",
        fontsize=_MIDDLE,
        color=_ALARM,
    )


def _times(axes: Any, asked: dict[str, Any]) -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter  # noqa: PLC0415

    zone = ZoneInfo(asked["zone"])
    start, end = (datetime.fromtimestamp(asked[name], UTC) for name in ("start", "end"))
    axes.set_xlim(start, end)
    axes.xaxis.set_major_locator(AutoDateLocator(tz=zone, minticks=3, maxticks=6))
    hours = (end - start).total_seconds() <= _DAY
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M" if hours else "%d %b", tz=zone))
    axes.set_xlabel(f"until {end.astimezone(zone):%d %b %H:%M} {asked['zone']}", fontsize=_SMALL, loc="right")


def _names(picture: Any, axes: Any, names: list[str]) -> None:
    if not any(names):
        return
    columns = 2 if len(names) > 1 and max(map(len, names)) <= _NARROW else 1
    shown = [_shown(name, _NARROW if columns > 1 else _WIDE) for name in names]
    picture.set_figheight(_HEIGHT + _ROW * max(0, math.ceil(len(names) / columns) - 2))
    picture.legend(
        axes.get_lines()[: len(names)],
        shown,
        loc="outside lower left",
        ncols=columns,
        fontsize=_SMALL,
        frameon=False,
    )


def _shown(text: str, most: int) -> str:
    """Return a text that others wrote as it can be drawn; of a long one, beginning and end."""
    kept = "".join(each for each in text if each.isprintable())
    head = most // 2
    return kept if len(kept) <= most else f"{kept[: most - head - 1]}…{kept[len(kept) - head :]}"


if __name__ == "__main__":
    sys.exit(main())
