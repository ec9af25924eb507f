"""Turns samples into figures, and figures into the table that is printed: pure."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Bound:
    """What the bot's own figure, or its ratio to the bare PUT's, must keep to."""

    limit: float
    ratio: bool = False
    at_least: bool = False

    def keeps(self, bot: float, bare: float | None) -> bool:
        """Tell whether the figure is within the bound; without a bare one no ratio is."""
        if self.ratio and not bare:
            return False
        value = bot / bare if self.ratio and bare else bot
        return value >= self.limit if self.at_least else value <= self.limit

    def words(self, unit: str) -> str:
        """Say it: `≤ 1.25 ×`, `≥ 500 /s`."""
        return f"{'≥' if self.at_least else '≤'} {number(self.limit)} {'×' if self.ratio else unit}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: the same thing measured of the bare PUT, of the bare receiver and of the bot."""

    what: str
    unit: str
    bot: float | None
    put: float | None = None
    receiver: float | None = None
    bound: Bound | None = None
    note: str = ""
    """Why there is no figure."""

    @property
    def kept(self) -> bool | None:
        """Whether the bound is kept; None where there is none, or nothing to hold to it."""
        return self.bound.keeps(self.bot, self.put) if self.bound and self.bot is not None else None


def percentile(samples: Iterable[float], percent: int) -> float:
    """Return a percentile, between the two nearest samples."""
    found = sorted(samples)
    return statistics.quantiles(found, n=100, method="inclusive")[percent - 1] if len(found) > 1 else found[0]


def number(value: float) -> str:
    """Write a figure with as many digits as it can be believed: 1.13, 38, 520."""
    digits = 2 if abs(value) < 10 else 0
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    head = "| | bare PUT | bare receiver | the bot | bot ÷ bare PUT | bound | kept |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *(_row(figure) for figure in figures)])


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Return the figures as a program reads them."""
    return [asdict(figure) | {"kept": figure.kept} for figure in figures]


def _row(figure: Figure) -> str:
    ratio = figure.bot / figure.put if figure.bot is not None and figure.put else None
    kept = {True: "yes", False: "**no**", None: ""}[figure.kept]
    cells = [
        f"{figure.what}, {figure.unit}" if figure.unit else figure.what,
        _cell(figure.put),
        _cell(figure.receiver),
        figure.note or _cell(figure.bot),
        "" if ratio is None else f"{ratio:.2f} ×",
        figure.bound.words(figure.unit) if figure.bound else "",
        kept,
    ]
    return f"| {' | '.join(cells)} |"


def _cell(value: float | None) -> str:
    return "" if value is None else number(value)
