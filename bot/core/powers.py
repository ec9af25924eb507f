"""What the bot may do in a room, by the levels that the room gives; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.core.names import UserId


class Power(StrEnum):
    """What the bot does in a room that takes a level."""

    POST = "post"
    """Answers and cards."""
    REACT = "react"
    """👀 on what takes a while."""
    REDACT = "redact"
    """Take back what others wrote: a secret that was typed."""
    PIN = "pin"
    """The board."""


@dataclass(frozen=True, slots=True)
class Lack:
    """A power that the bot does not have."""

    power: Power
    needs: int
    has: int


# The specification's, where a room says nothing (m.room.power_levels).
_EVENTS, _STATE, _REDACT = 0, 50, 50


def lacking(levels: Mapping[str, Any], user: UserId, powers: tuple[Power, ...]) -> tuple[Lack, ...]:
    """Return which of these powers an account does not have; `levels` is the content of m.room.power_levels."""
    has = _level(_part(levels, "users").get(user), _level(levels.get("users_default"), 0))
    needed = {power: _needed(levels, power) for power in powers}
    return tuple(Lack(power, needs, has) for power, needs in needed.items() if has < needs)


def _needed(levels: Mapping[str, Any], power: Power) -> int:
    events = _part(levels, "events")
    usual = _level(levels.get("events_default"), _EVENTS)
    match power:
        case Power.POST:
            return _level(events.get("m.room.message"), usual)
        case Power.REACT:
            return _level(events.get("m.reaction"), usual)
        case Power.PIN:
            return _level(events.get("m.room.pinned_events"), _level(levels.get("state_default"), _STATE))
        case Power.REDACT:
            # One's own redaction event is an event too, and may take more than the redacting.
            return max(_level(levels.get("redact"), _REDACT), _level(events.get("m.room.redaction"), usual))


def _part(levels: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = levels.get(name)
    return found if isinstance(found, Mapping) else {}


def _level(value: Any, otherwise: int) -> int:
    """Return a level; old rooms have them as text."""
    try:
        return otherwise if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError):
        return otherwise
