"""Who uses a database's connections, and who does not give them back; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

IDLE_IN_TRANSACTION = "idle in transaction"
"""How PostgreSQL calls a connection that holds a transaction open and does nothing; also `… (aborted)`."""
_OPEN_TOO_LONG = timedelta(seconds=60)
_GREW, _GREW_BY = 5, 0.5
_MOST_OF_IT = 0.5


class Leak(StrEnum):
    """Why a user of the database is suspected to lose connections."""

    HOLDS = "holds a transaction open"
    GROWS = "takes more and more"
    HOGS = "has more than half of them"


@dataclass(frozen=True, slots=True)
class Count:
    """How many connections somebody has in one state."""

    who: str
    """As `name_of` calls it."""
    state: str
    connections: int


@dataclass(frozen=True, slots=True)
class Application:
    """All that one application has. Each has a database user of its own in the house."""

    name: str
    used: int
    states: Mapping[str, int]
    """By state, as PostgreSQL calls it, most first."""
    longest: timedelta | None
    """The longest that a transaction is open without anything being done in it; None: none is, or nobody says."""
    grew: int | None
    """How many more than an hour ago; None: not known."""
    leaks: tuple[Leak, ...]


def applications(
    counts: Iterable[Count],
    longest: Mapping[str, timedelta],
    before: Mapping[str, int] | None,
    most: int | None,
) -> tuple[Application, ...]:
    """Return who has how many, most first.

    `longest`: by name, the longest open transaction; `before`: by name, how many an hour ago; `most` there may be.
    """
    states: dict[str, dict[str, int]] = {}
    for each in counts:
        # The exporter also tells the states that nobody is in.
        if each.connections > 0:
            own = states.setdefault(each.who, {})
            own[each.state or "no state"] = own.get(each.state or "no state", 0) + each.connections
    found = [_application(name, own, longest.get(name), before, most) for name, own in states.items()]
    return tuple(sorted(found, key=lambda each: (-each.used, each.name)))


def name_of(user: str, application: str) -> str:
    """Return what to call an application: its user, since many drivers name only themselves."""
    return user or application or "unnamed"


def _application(
    name: str, states: dict[str, int], longest: timedelta | None, before: Mapping[str, int] | None, most: int | None
) -> Application:
    used = sum(states.values())
    grew = None if before is None else used - before.get(name, 0)
    ordered = dict(sorted(states.items(), key=lambda pair: -pair[1]))
    waits = longest if any(state.startswith(IDLE_IN_TRANSACTION) for state in states) else None
    return Application(name, used, ordered, waits, grew, _leaks(used, waits, grew, most))


def _leaks(used: int, longest: timedelta | None, grew: int | None, most: int | None) -> tuple[Leak, ...]:
    signs = {
        Leak.HOLDS: longest is not None and longest >= _OPEN_TOO_LONG,
        Leak.GROWS: grew is not None and grew >= _GREW and grew >= (used - grew) * _GREW_BY,
        Leak.HOGS: most is not None and used > most * _MOST_OF_IT,
    }
    return tuple(leak for leak, seen in signs.items() if seen)
