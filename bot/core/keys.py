"""The Secret that holds OpenBao's unseal keys: whether there are keys in it, told without them (COE-2026-001)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.facts import Unknown, Verdict
from bot.core.kinds import Object

STALE = timedelta(hours=2)
"""A report older than this says nothing about now."""
STATE, CHECKED_AT = "state", "checked-at"
"""What stands in the ConfigMap."""
_PLACEHOLDER = "placeholder"


class KeysState(StrEnum):
    """What is in the Secret."""

    PRESENT = "present"
    EMPTY = "empty"
    """No field, an empty one, or no Secret at all."""
    PLACEHOLDER = "placeholder"
    """The word that a manifest put in the place of the keys."""


@dataclass(frozen=True, slots=True)
class KeysReport:
    """What `opsbot keys-check` found last."""

    state: KeysState
    checked_at: datetime
    as_of: datetime

    @property
    def verdict(self) -> Verdict:
        """Without keys, the next restart seals OpenBao for good."""
        return Verdict.OK if self.state is KeysState.PRESENT else Verdict.BAD


Keys = KeysReport | Unknown


def judge(values: Mapping[str, bytes]) -> KeysState:
    """Return what a Secret's values amount to: one bad field is enough, since nobody knows which will be needed."""
    bare = [value.strip() for value in values.values()]
    if any(value.lower() == _PLACEHOLDER.encode() for value in bare):
        return KeysState.PLACEHOLDER
    return KeysState.PRESENT if bare and all(bare) else KeysState.EMPTY


def report(state: KeysState, now: datetime) -> dict[str, str]:
    """Return the ConfigMap's data."""
    return {STATE: state.value, CHECKED_AT: now.isoformat(timespec="seconds")}


def read_report(config_map: Object, now: datetime) -> KeysReport | Unknown:
    """Read the ConfigMap; what is old, missing or from tomorrow is unknown."""
    data = config_map.get("data") or {}
    try:
        state, checked_at = KeysState(data[STATE]), datetime.fromisoformat(data[CHECKED_AT])
        # A time without a zone cannot be compared, and raises TypeError.
        age = now - checked_at
    except (KeyError, ValueError, TypeError):
        return Unknown("keys-check has not run yet")
    if age < -STALE:
        return Unknown("keys-check ran at an impossible time")
    if age > STALE:
        return Unknown(f"keys-check last ran {age // timedelta(hours=1)} h ago")
    return KeysReport(state, checked_at, now)


def verdict_of(keys: Keys) -> Verdict:
    """Return how well that is."""
    return Verdict.UNKNOWN if isinstance(keys, Unknown) else keys.verdict
