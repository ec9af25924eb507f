"""Round trips of alerts: one of our own goes to Alertmanager and comes back as a webhook, which proves the way."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.webhook import Webhook

LABEL = "opsbot_round_trip"
"""Marks our own; what others mark so is an alert like any other."""
NAME = "OpsbotRoundTrip"
LIVES = timedelta(minutes=2)
"""So long it burns, unless told otherwise: nobody has to end it."""
_KEPT = timedelta(hours=1)


class Trips:
    """Those under way or lately back, in memory: after a restart there are none."""

    def __init__(self) -> None:
        self._sent: dict[str, datetime] = {}
        self._back: dict[str, datetime] = {}

    def begin(self, trip: str, now: datetime) -> None:
        """Know a trip from now on."""
        old = [each for each, sent in self._sent.items() if now - sent > _KEPT]
        for each in old:
            self._sent.pop(each)
            self._back.pop(each, None)
        self._sent[trip] = now

    def back(self, trip: str) -> datetime | None:
        """Return when a trip came back; None: not yet."""
        return self._back.get(trip)

    def owns(self, labels: Mapping[str, str]) -> bool:
        """Tell whether an alert is one that we sent: a label may come out of a metric, an alert's name never does."""
        trip = labels.get(LABEL, "")
        return trip in self._sent and labels.get("alertname") == _name(trip)

    def hear(self, webhook: Webhook, now: datetime) -> Webhook | None:
        """Take our own alerts out of a webhook and know that they came; None when nothing else is in it."""
        ours = [alert for alert in webhook.alerts if self.owns(alert.labels)]
        if not ours:
            return webhook
        for alert in ours:
            self._back.setdefault(alert.labels[LABEL], now)
        others = tuple(alert for alert in webhook.alerts if alert not in ours)
        return replace(webhook, alerts=others) if others else None


def alert(trip: str, now: datetime) -> dict[str, Any]:
    """Return the alert to send, as Alertmanager's API v2 takes it.

    Its name and place are its own, so that it is grouped with none before it: the first of a group waits for
    `group_wait`, a later one for the much longer `group_interval`.
    """
    labels = {"alertname": _name(trip), "namespace": f"opsbot-{trip}", "severity": "none", LABEL: trip}
    said = {"summary": "The bot asks whether alerts reach it; nothing is wrong."}
    times = {"startsAt": now.isoformat(), "endsAt": (now + LIVES).isoformat()}
    return {"labels": labels, "annotations": said, **times}


def _name(trip: str) -> str:
    return f"{NAME}-{trip}"
