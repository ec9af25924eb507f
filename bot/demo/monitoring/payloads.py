"""What Alertmanager sends: its webhook body (version 4) and the identities of alerts and groups."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

EXTERNAL_URL = "http://alertmanager.demo.test"
RECEIVER = "matrix"
GROUP_BY = ("alertname", "namespace")
_NEVER = "0001-01-01T00:00:00Z"
_NUMBER_BITS = 64


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert, firing until it has an end."""

    labels: dict[str, str]
    starts_at: datetime
    annotations: dict[str, str] = field(default_factory=dict)
    ends_at: datetime | None = None
    generator_url: str = ""

    @property
    def fingerprint(self) -> str:
        """What makes it the same alert: its labels."""
        return fingerprint(self.labels)

    @property
    def group(self) -> dict[str, str]:
        """The labels of the group it is told in."""
        return {name: self.labels[name] for name in GROUP_BY if name in self.labels}


def fingerprint(labels: dict[str, str]) -> str:
    """Return the FNV-1a of a label set as 16 hex digits, as Prometheus computes it."""
    number = 0xCBF29CE484222325
    for byte in b"".join(name.encode() + b"\xff" + labels[name].encode() + b"\xff" for name in sorted(labels)):
        number = ((number ^ byte) * 0x100000001B3) % 2**_NUMBER_BITS
    return f"{number:016x}"


def stamp(moment: datetime) -> str:
    """Return a moment as Alertmanager writes it: RFC 3339 with milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def webhook_body(
    alerts: Iterable[Alert],
    *,
    receiver: str = RECEIVER,
    external_url: str = EXTERNAL_URL,
    max_alerts: int = 0,
) -> dict[str, Any]:
    """Return the body POSTed for one group of alerts: at most `max_alerts` of them (0: all), firing if one is."""
    alerts = list(alerts)
    group = alerts[0].group
    sent = alerts[:max_alerts] if max_alerts else alerts
    firing = any(alert.ends_at is None for alert in alerts)
    return {
        "receiver": receiver,
        "status": "firing" if firing else "resolved",
        "alerts": [_alert(alert) for alert in sent],
        "groupLabels": group,
        "commonLabels": _common([alert.labels for alert in alerts]),
        "commonAnnotations": _common([alert.annotations for alert in alerts]),
        "externalURL": external_url,
        "version": "4",
        "groupKey": group_key(group),
        "truncatedAlerts": len(alerts) - len(sent),
    }


def group_key(group: dict[str, str]) -> str:
    """Return the key of a group below the root route: `{}:{alertname="X", namespace="y"}`."""
    pairs = ", ".join(f'{name}="{group[name]}"' for name in sorted(group))
    return f"{{}}:{{{pairs}}}"


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "status": "resolved" if alert.ends_at else "firing",
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": stamp(alert.starts_at),
        "endsAt": stamp(alert.ends_at) if alert.ends_at else _NEVER,
        "generatorURL": alert.generator_url,
        "fingerprint": alert.fingerprint,
    }


def _common(maps: list[dict[str, str]]) -> dict[str, str]:
    first, *rest = maps
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in rest)}
