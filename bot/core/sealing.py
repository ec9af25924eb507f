"""A pod of OpenBao that turns sealed, as an alert of our own, so that it gets a card like any other; pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from bot.core.alerts import Card, Member
from bot.core.facts import Unknown
from bot.core.seal import SealStatus
from bot.core.truth import ASSUMED
from bot.core.webhook import Alert, Status, Webhook

NAME = "OpenBaoSealed"
RECEIVER = f"{ASSUMED}opsbot"
"""Nobody's in Alertmanager: what it does not know of this alert means nothing."""
_GROUP = f"{ASSUMED}seal"

Pods = Mapping[str, SealStatus | Unknown]


def news(card: Card | None, pods: Pods, namespaces: Mapping[str, str], now: datetime) -> Webhook | None:
    """Return what has changed since the burning card was told, None for nothing; no answer is no change.

    `namespaces`: where each pod runs, by its name, as far as that is known.
    """
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    alerts = (*_began(card, pods, namespaces, now), *_ended(card, pods, now))
    if not alerts:
        return None
    return Webhook(
        receiver=RECEIVER,
        status=alerts[0].status,
        alerts=alerts,
        group_key=_GROUP,
        group_labels={"alertname": NAME},
        common_labels={},
        common_annotations={},
        external_url="",
        version="",
        truncated=0,
        reason="",
    )


def _began(card: Card | None, pods: Pods, namespaces: Mapping[str, str], now: datetime) -> Iterator[Alert]:
    told = {member.labels.get("pod") for member in _burning(card)}
    for name, status in pods.items():
        # One that was never initialised has nothing that could be opened.
        if isinstance(status, SealStatus) and status.initialized and status.sealed and name not in told:
            labels = {"alertname": NAME, "severity": "critical", "namespace": namespaces.get(name, ""), "pod": name}
            kept = {label: value for label, value in sorted(labels.items()) if value}
            yield Alert(Status.FIRING, kept, {"summary": _words(status)}, now, None, "", f"{_GROUP}/{name}")


def _ended(card: Card | None, pods: Pods, now: datetime) -> Iterator[Alert]:
    for member in _burning(card):
        status = pods.get(member.labels.get("pod", ""))
        # A pod that is not configured any more is nobody's business any more.
        if status is None or (isinstance(status, SealStatus) and status.serves):
            yield Alert(
                Status.RESOLVED, member.labels, member.annotations, member.starts_at, now, "", member.fingerprint
            )


def _burning(card: Card | None) -> tuple[Member, ...]:
    return tuple(member for member in (card.members if card else ()) if member.status is Status.FIRING)


def _words(status: SealStatus) -> str:
    cost = "Until it is open, nobody gets a secret and no password is rotated"
    return f"{cost}. It should have opened itself ({status.type})" if status.opens_itself else f"{cost}. Next: !unseal"
