"""The alert that always fires: whether it still comes, and what is said when it does not; pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.names import Key
from bot.core.webhook import Alert, Status, Webhook

_SLACK = 12
"""It is missed when it is late by the twelfth part of its interval: an hour for the usual half a day."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What is remembered of it."""

    last: datetime
    """When it last came."""
    ended: datetime | None = None
    """When Alertmanager said that it is over: Prometheus no longer sends it."""
    told: bool = False
    """Whether the room was told of this silence."""
    room: str = ""
    """The short name of the room that a route led it to; empty: none did."""


@dataclass(frozen=True, slots=True)
class WatchdogSilent:
    """It does not come any more, so other alerts may not come either; or it is back."""

    name: str
    sign: Sign
    every: timedelta
    as_of: datetime
    zone: str
    back: datetime | None = None


def parted(webhook: Webhook, name: str | None) -> tuple[Webhook | None, tuple[Alert, ...]]:
    """Return the webhook without the alerts of a name, None when nothing is left of it, and those alerts."""
    watchdogs = tuple(alert for alert in webhook.alerts if name is not None and alert.labels.get("alertname") == name)
    if not watchdogs:
        return webhook, ()
    others = tuple(alert for alert in webhook.alerts if alert not in watchdogs)
    return (replace(webhook, alerts=others) if others else None), watchdogs


def heard(
    sign: Sign | None, alerts: Iterable[Alert], now: datetime, room_of: Callable[[Alert], str | None]
) -> Sign | None:
    """Return what is remembered after it came; one that fires outweighs others that ended."""
    firing = next((alert for alert in alerts if alert.status is Status.FIRING), None)
    if firing:
        return Sign(now, room=room_of(firing) or "")
    # Its end without a beginning proves nothing yet.
    return replace(sign, ended=sign.ended or now) if sign else None


def silent(sign: Sign | None, every: timedelta, started: datetime, now: datetime) -> bool:
    """Tell whether it is overdue; before the first it cannot be.

    `started`: when the bot did. What came while it was away is sent again, which takes Alertmanager a few minutes.
    """
    if sign is None:
        return False
    # What was said stands until it comes, also over a restart of ours.
    return sign.told or sign.ended is not None or now > max(sign.last + every, started) + every / _SLACK


def key(sign: Sign) -> Key:
    """Return the key of the message about a silence: another silence is another message, and rings again."""
    return Key(f"watchdog:{sign.last.isoformat()}")
