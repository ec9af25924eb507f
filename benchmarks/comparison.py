"""What became of everybody's webhooks, and the table that sets them side by side: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.contenders import Contender, Handed
from benchmarks.figures import number
from benchmarks.peer import NAME
from benchmarks.watcher import Seen

_TITLES = {"put": "bare PUT", "receiver": "bare receiver", "peer": NAME, "bot": "Sunbeam Ops"}


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one contender's webhooks."""

    alerts: int
    """How many were offered."""
    failures: int
    """Answers of 5xx and no answers, after which the sender tried again."""
    missing: int
    """Alerts not seen in the room."""
    lost: int
    """Those of them that nobody will send again: accepted, or refused for good."""
    doubled: int
    """Messages that said what another had said."""
    messages: int
    last: float
    """Seconds from the moment that counts until the last alert was seen; 0 when none was."""


def fate(
    contender: Contender,
    handed: Mapping[str, Handed],
    told: Mapping[str, Sequence[Seen]],
    alerts: int,
    since: float,
) -> Fate:
    """Judge what the room saw of webhooks of so many alerts each, by mark."""
    seen = {name: told.get(name, ()) for name in handed}
    known = {name: _alerts_in(each, alerts, contender) for name, each in seen.items()}
    done = [name for name, each in handed.items() if each.taken or each.refused]
    times = [_complete(each, contender) for each in seen.values() if each]
    return Fate(
        alerts=alerts * len(handed),
        failures=sum(each.failures for each in handed.values()),
        missing=sum(alerts - count for count in known.values()),
        lost=sum(alerts - known[name] for name in done),
        doubled=sum(_doubled(each, contender) for each in seen.values()),
        messages=sum(map(len, seen.values())),
        last=max(times, default=since) - since,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the same of everybody."""

    what: str
    cells: Mapping[str, str]
    """By contender; one that is not there did not take part."""


def row(what: str, values: Mapping[str, float]) -> Row:
    """Return a line of figures."""
    return Row(what, {name: number(value) for name, value in values.items()})


def faultless(fates: Mapping[str, Fate]) -> Row:
    """Return the line that matters most."""
    return Row("… lost / doubled", {name: f"{each.lost} / {each.doubled}" for name, each in fates.items()})


def side_by_side(rows: Iterable[Row], names: Iterable[str]) -> str:
    """Return the rows as a Markdown table."""
    names = list(names)
    head = ["", *(_TITLES[name] for name in names)]
    lines = [head, ["---"] * len(head), *([each.what, *(each.cells.get(name, "–") for name in names)] for each in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _alerts_in(seen: Sequence[Seen], alerts: int, contender: Contender) -> int:
    """Return how many of a webhook's alerts were told."""
    if contender.each:
        return min(alerts, len({each.body for each in seen}))
    return alerts if seen else 0


def _doubled(seen: Sequence[Seen], contender: Contender) -> int:
    expected = len({each.body for each in seen}) if contender.each else 1
    return max(0, len(seen) - expected)


def _complete(seen: Sequence[Seen], contender: Contender) -> float:
    """Return when the last alert of a webhook was first told."""
    if not contender.each:
        return seen[0].at
    first: dict[str, float] = {}
    for each in seen:
        first.setdefault(each.body, each.at)
    return max(first.values())
