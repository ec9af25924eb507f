"""What fires, as Alertmanager's API tells it: alerts, and the groups its webhook would send them in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from bot.core import alerts
from bot.core.alerts import Severity

HIDDEN = "<secret>"
"""What Alertmanager says from 0.26 on instead of an address that it posts to; we say it of one in a file, too."""


def _none_is_empty(value: Any) -> Any:
    # Go writes an empty list as null where nobody made one.
    return () if value is None else value


_Names = Annotated[tuple[str, ...], BeforeValidator(_none_is_empty)]


# Ten thousand alerts may burn: with slots they take a third of the memory of models.
_ON_THE_WIRE = ConfigDict(extra="ignore", populate_by_name=True)


@dataclass(frozen=True, slots=True, config=_ON_THE_WIRE)
class Muting:
    """What keeps an alert from being told."""

    silenced_by: _Names = Field(default=(), validation_alias="silencedBy")
    """Ids of silences."""
    inhibited_by: _Names = Field(default=(), validation_alias="inhibitedBy")
    """Fingerprints of the alerts that outrank it."""


@dataclass(frozen=True, slots=True, config=_ON_THE_WIRE)
class FiringAlert:
    """One alert that is not over."""

    labels: Mapping[str, str]
    starts_at: AwareDatetime = Field(validation_alias="startsAt")
    annotations: Mapping[str, str] = Field(default_factory=dict)
    fingerprint: str = ""
    generator_url: str = Field(default="", validation_alias="generatorURL")
    muting: Muting = Field(default=Muting(), validation_alias="status")

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels.get("alertname", "") or "alert without a name"

    @property
    def namespace(self) -> str:
        """Where; empty for what has no place in the cluster."""
        return self.labels.get("namespace", "")

    @property
    def severity(self) -> Severity:
        """How urgent its labels call it."""
        return alerts.severity(self.labels)


def bare(alert: FiringAlert) -> FiringAlert:
    """Return an alert without what it says of itself: only which it is, since when, and what mutes it."""
    return replace(alert, labels={}, annotations={}, generator_url="")


class Receiver(BaseModel):
    """Who is told."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    name: str


class AlertGroup(BaseModel):
    """Alerts that are told together."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    labels: Mapping[str, str]
    receiver: Receiver
    alerts: Annotated[Sequence[FiringAlert], BeforeValidator(_none_is_empty)]


class ClusterStatus(BaseModel):
    """How the Alertmanagers among themselves are: `ready`, `settling` or `disabled`."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    status: str
    name: str = ""


class Version(BaseModel):
    """What is installed."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    version: str = ""


_APART = timedelta(seconds=30)
"""Less is how long an answer takes, and that its time is told in whole seconds."""


class AlertmanagerStatus(BaseModel):
    """What Alertmanager says of itself; its configuration is left out, since it may hold secrets."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    cluster: ClusterStatus
    version: Version = Field(default=Version(), alias="versionInfo")
    uptime: AwareDatetime
    """Since when it runs."""
    said_at: AwareDatetime | None = None
    """When it said so by its own clock: ours may have been set meanwhile."""

    def clock(self, now: datetime) -> datetime:
        """Return the time by Alertmanager's clock; ours where it did not tell, or the two agree."""
        return self.said_at if self.said_at and abs(now - self.said_at) > _APART else now
