"""Grafana's own alert rules, as far as they are told to the room."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core import alerts
from bot.core.alerts import Severity

FIRING, PENDING, INACTIVE = "firing", "pending", "inactive"
FINE = "ok"


@dataclass(frozen=True, slots=True)
class GrafanaRule:
    """One rule, and how it stands."""

    name: str
    folder: str
    group: str
    labels: Mapping[str, str]
    state: str
    """`firing`, `pending`, `inactive`, or a word that newer versions have."""
    health: str
    """`ok`, or why its state means nothing: `error`, `nodata`."""
    paused: bool
    firing: int
    """How many alerts of it fire."""
    since: datetime | None
    """Since when the oldest of them does."""

    @property
    def severity(self) -> Severity:
        """How urgent its labels call it."""
        return alerts.severity(self.labels)

    @property
    def is_sound(self) -> bool:
        """Whether its state can be believed."""
        return self.health == FINE and not self.paused
