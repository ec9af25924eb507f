"""What an alert's graph shows: which expression, over which time, which of its series; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, isfinite
from urllib.parse import parse_qs, urlsplit

from bot.core.alerts import Labelled
from bot.core.promql import Threshold

MOST_CURVES = 8
"""More cannot be told apart on a phone; those that are left out are counted."""
POINTS = 120
"""On a curve: each is a few pixels wide."""
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=31)
_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class Rule:
    """An alerting rule as Prometheus knows it."""

    expr: str
    labels: Mapping[str, str]
    """What the rule adds; values may be templates."""
    alerts: tuple[Mapping[str, str], ...]
    """The labels of what it fires now: those of the series, the rule's, and the name."""
    holds: timedelta = timedelta(0)
    """How long it must be true before it fires."""


@dataclass(frozen=True, slots=True)
class Series:
    """What one series was over time; points may be missing, and values may be no numbers."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]
    """Seconds since 1970 and the value, oldest first."""


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when, and how far apart the points are."""

    start: datetime
    end: datetime
    step: timedelta


@dataclass(frozen=True, slots=True)
class Curve:
    """One series as it is drawn."""

    name: str
    """What tells it from the others; empty when it is alone."""
    values: tuple[float | None, ...]
    """One for each step of the window; None where there is none."""

    @property
    def found(self) -> tuple[float, ...]:
        """The values that are there: one at least."""
        return tuple(value for value in self.values if value is not None)

    @property
    def last(self) -> float:
        """The newest value."""
        return self.found[-1]

    @property
    def ended(self) -> bool:
        """Whether it has no value now."""
        return self.values[-1] is None


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn; times are told in the zone."""

    title: str
    curves: tuple[Curve, ...]
    threshold: Threshold | None
    window: Window
    zone: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing."""

    png: bytes
    width: int
    height: int


def window(end: datetime, span: timedelta) -> Window:
    """Return the time before a moment, cut into as many steps as can be seen."""
    return Window(end - span, end, timedelta(seconds=ceil(span.total_seconds() / POINTS)))


def rule_of(rules: Sequence[Rule], labels: Mapping[str, str]) -> Rule | None:
    """Return the rule that made an alert: several may have its name, as one for each severity."""
    fitting = [rule for rule in rules if all(_is(labels, name, value) for name, value in rule.labels.items())]
    by_alert = (rule for rule in fitting if any(alert.items() <= labels.items() for alert in rule.alerts))
    return next(by_alert, None) or next(iter(fitting), None)


def of_series(rule: Rule, members: Sequence[Labelled]) -> dict[str, str]:
    """Return the labels that the members' series have in common; nothing while the rule does not fire for one of them.

    Only what Prometheus itself says it fires is sure: labels may be added or changed on the way to us.
    """
    own = [_own(rule, member.labels) for member in members]
    first = own[0] if own else None
    if first is None or None in own:
        return {}
    return {name: value for name, value in first.items() if all(each and each.get(name) == value for each in own)}


def expression_in(url: str) -> str | None:
    """Return the expression that a rule's address names (`…/graph?g0.expr=…`); the address is only read."""
    try:
        named = parse_qs(urlsplit(url).query, max_num_fields=50).get("g0.expr", [""])[0]
    except ValueError:
        return None
    return named.strip() or None


def belonging(series: Sequence[Series], members: Sequence[Labelled], rule: Rule | None) -> tuple[Series, ...]:
    """Return the series that the members may come from: no label says otherwise, but for those that the rule sets."""
    added = rule.labels if rule else {}
    return tuple(each for each in series if any(_agree(each.labels, member.labels, added) for member in members))


def curves(series: Sequence[Series], over: Window, threshold: Threshold | None) -> tuple[Curve, ...]:
    """Return what can be drawn, the worst last value first; a series without a number is left out."""
    drawn = [(each, _on_grid(each, over)) for each in series]
    drawn = [(each, values) for each, values in drawn if any(value is not None for value in values)]
    names = _names([each for each, _ in drawn])
    found = (Curve(name, values) for name, (_, values) in zip(names, drawn, strict=True))
    sign = 1 if threshold and threshold.sign in {"<", "<="} else -1
    return tuple(sorted(found, key=lambda curve: (curve.ended, sign * curve.last)))


def crossed(found: Sequence[Curve], threshold: Threshold | None) -> int:
    """Return how many curves meet a rule's comparison now."""
    return sum(threshold.crossed(curve.last) for curve in found if not curve.ended) if threshold else 0


def figure(value: float, digits: int = 3) -> str:
    """Return a number in a few characters: 0.042, 97.5, 1.2k, 3M."""
    # What would be rounded up to the next prefix has it.
    rounded = float(f"{value:.{digits}g}")
    size, prefix = next((pair for pair in _PREFIXES if abs(rounded) >= pair[0]), (1, ""))
    return f"{rounded / size:.{digits}g}{prefix}" if rounded else "0"


def compared(threshold: Threshold) -> str:
    """Return what a value is compared with: `> 0.95`."""
    return f"{threshold.sign} {figure(threshold.number)}"


def _is(labels: Mapping[str, str], name: str, value: str) -> bool:
    return "{{" in value or labels.get(name) == value


def _own(rule: Rule, labels: Mapping[str, str]) -> dict[str, str] | None:
    """Return what of an alert's labels its series has; None when the rule does not fire it now."""
    alert = next((alert for alert in rule.alerts if alert.items() <= labels.items()), None)
    if alert is None:
        return None
    return {name: value for name, value in alert.items() if name not in rule.labels and name != "alertname"}


def _agree(series: Mapping[str, str], alert: Mapping[str, str], added: Mapping[str, str]) -> bool:
    return all(name in added or alert.get(name, value) == value for name, value in series.items())


def _on_grid(series: Series, over: Window) -> tuple[float | None, ...]:
    start, step = over.start.timestamp(), over.step.total_seconds()
    values: list[float | None] = [None] * (int((over.end - over.start) / over.step) + 1)
    for at, value in series.points:
        place = round((at - start) / step)
        if isfinite(value) and 0 <= place < len(values):
            values[place] = value
    return tuple(values)


def _names(series: Sequence[Series]) -> list[str]:
    """Return what tells series apart: the values of those labels that are not the same everywhere."""
    labels = sorted({name for each in series for name in each.labels})
    telling = [name for name in labels if len({each.labels.get(name, "") for each in series}) > 1]
    values = [[value for name in telling if (value := each.labels.get(name, ""))] for each in series]
    # What several labels say is said once, as far as no two series become one by it.
    short = [" ".join(dict.fromkeys(each)) for each in values]
    return short if len(set(short)) == len(short) else [" ".join(each) for each in values]
