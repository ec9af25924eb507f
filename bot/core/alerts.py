"""What a webhook changes: which message a group's alerts belong to, what is news about it, and why; pure."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.core.escalation import MOST_PAGES, Escalation
from bot.core.held import Held
from bot.core.names import Key, RoomId, UserId
from bot.core.webhook import Alert, Status, Webhook

FOLD = timedelta(seconds=60)
"""How long after its resolution the same alert, firing since the same moment, is an echo: the other of two
Alertmanagers may be late by its place in the cluster (15 s each). Later it is news: the alert is back."""

_WHERE = ("service", "deployment", "statefulset", "daemonset", "job_name", "pod", "instance", "node", "job")


class Severity(StrEnum):
    """How urgent, from the `severity` label; other words of the field count as the nearest."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    NONE = "none"
    """No severity was given."""


@dataclass(frozen=True, slots=True)
class Member:
    """One alert of a card."""

    fingerprint: str
    status: Status
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None
    generator_url: str
    changed_at: datetime
    """When we learned of its present status."""

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels.get("alertname", "") or "alert without a name"


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody is on it."""

    by: UserId
    at: datetime
    why: str = ""
    reminders: int = 0
    """How often they were asked whether they are still on it."""
    reminded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Muted:
    """A silence in Alertmanager holds the group's notifications back."""

    silence: str
    """Alertmanager's id of it."""
    by: UserId
    until: datetime
    why: str = ""
    resolved: bool = False
    """It lasts until what it mutes is resolved; `until` is then only the end it was last given."""


@dataclass(frozen=True, slots=True)
class Past:
    """What our own memory says of earlier cards about the same thing."""

    week: int
    """Cards of the last seven days, this one not counted."""
    usual: timedelta | None
    """How long they usually lasted: the median; None when none is over."""
    taken_by: UserId | None
    """Who took it last."""


@dataclass(frozen=True, slots=True)
class Card:
    """One message about one alert group, from its first alert to its last resolution."""

    key: Key
    room: RoomId
    receiver: str
    group_key: str
    episode: int
    group_labels: Mapping[str, str]
    members: tuple[Member, ...]
    external_url: str
    truncated: int
    """How many more alerts of the group the sender left out."""
    opened_at: datetime
    handle: str = ""
    """What a person calls it: `k7`."""
    taken: Taken | None = None
    muted: Muted | None = None
    past: Past | None = None
    gone: bool = False
    """Alertmanager no longer knew some of it: its end was not told, and is concluded."""
    version: str = ""
    """Of the webhook that opened it: 4 is Alertmanager's, 1 is Grafana's."""
    pages: int = 0
    """How often it rang."""
    paged_at: datetime | None = None
    allowed: int = MOST_PAGES
    """How often it may ring; when it is given back, as often again."""
    escalations: tuple[Escalation, ...] = ()
    """What was asked of the second channel."""
    turns: tuple[datetime, ...] = ()
    """When the group last began or ceased to burn, oldest first, as far as flapping is judged by."""
    held: Held = Held.NO

    @property
    def names(self) -> tuple[str, ...]:
        """The alerts' names, the most frequent first."""
        return tuple(name for name, _ in Counter(member.name for member in self.members).most_common())

    @property
    def firing(self) -> bool:
        """Whether any member still fires."""
        return any(member.status is Status.FIRING for member in self.members)

    @property
    def counted(self) -> tuple[Member, ...]:
        """The members that fire, or all when none does."""
        return tuple(member for member in self.members if member.status is Status.FIRING) or self.members

    @property
    def severity(self) -> Severity:
        """The highest of the members that count."""
        found = {severity(member.labels) for member in self.counted}
        return next((level for level in Severity if level in found), Severity.NONE)


@dataclass(frozen=True, slots=True)
class AlertCard:
    """A card as it is to be told now."""

    card: Card
    zone: str
    """The time zone of the room."""
    as_of: datetime
    hosts: tuple[str, ...] = ()
    """Hosts that a link may lead to."""
    external_urls: Mapping[str, str] = field(default_factory=dict)
    """What addresses begin with where the senders do not know better, and what they begin with outside."""
    summary: tuple[str, ...] = ()
    """Annotations and labels that say best what is wrong."""


class News(StrEnum):
    """What a webhook means for its card."""

    NOTHING = "nothing"
    """A repetition: said already."""
    OPENED = "opened"
    CHANGED = "changed"
    RESOLVED = "resolved"


def merge(card: Card | None, webhook: Webhook, room: RoomId, now: datetime) -> tuple[Card, News]:
    """Fold a webhook into its group's newest card; a group that fires again after its end opens a new one."""
    if card is None:
        opened, news = _opened(webhook, room, 1, now)
        # A group without alerts tells nothing, and has nothing to be told of.
        return opened, news if opened.members else News.NOTHING
    members = _fold(card.members, webhook.alerts, now)
    if members == card.members:
        return card, News.NOTHING
    gone = card.gone and any(_concluded(member) for member in members)
    if card.firing:
        changed = replace(card, members=members, gone=gone, truncated=_left_out(members, webhook))
        return changed, News.CHANGED if changed.firing else News.RESOLVED
    if all(member.status is Status.RESOLVED for member in members):
        return replace(card, members=members, gone=gone), News.CHANGED
    return _opened(webhook, room, card.episode + 1, now)


def reads_the_same(before: Card, after: Card) -> bool:
    """Tell whether nothing changed but the next end of a silence that lasts until resolved, which is not told."""
    lasts = before.muted and after.muted and before.muted.resolved and after.muted.resolved
    return (replace(before, muted=after.muted) if lasts else before) == after


FLAP_WINDOW = timedelta(minutes=15)
FLAP_TURNS = 4
"""So many changes within the window are flapping: said on the card, and nothing of it rings any more."""


def turned(card: Card, now: datetime) -> Card:
    """Note that a group began or ceased to burn."""
    return replace(card, turns=(*(turn for turn in card.turns if _recent(turn, now)), now))


def flapping(card: Card, now: datetime) -> bool:
    """Tell whether a group comes and goes too often to be worth a ring."""
    return sum(_recent(turn, now) for turn in card.turns) >= FLAP_TURNS


def _recent(turn: datetime, now: datetime) -> bool:
    # Not later than now: what the clock was set back over is forgotten, or nothing would ring for that long.
    return timedelta(0) <= now - turn < FLAP_WINDOW


def lasted(card: Card) -> timedelta:
    """Return how long a card burned."""
    until = max(member.ends_at or member.changed_at for member in card.members)
    return until - min(member.starts_at for member in card.members)


_LETTERS = "abcdefghkmnpqrstuvwxyz"
"""Without i, j, l and o, which a phone's font makes look like others."""


def handle(number: int) -> str:
    """Return a card's short name: two thousand of them before one comes back."""
    letter = _LETTERS[number % len(_LETTERS)]
    return f"{letter}{number // len(_LETTERS) % 99 + 1}"


def severity(labels: Mapping[str, str]) -> Severity:
    """Return how urgent an alert's labels call it."""
    match labels.get("severity", "").lower():
        case "critical" | "page" | "emergency" | "disaster" | "high":
            return Severity.CRITICAL
        case "warning" | "warn" | "error" | "average" | "major" | "minor":
            return Severity.WARNING
        case "info" | "information" | "informational" | "low" | "notice":
            return Severity.INFO
        case _:
            return Severity.NONE


class Labelled(Protocol):
    """Anything that has labels."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Names and values."""
        ...


def where(members: Iterable[Labelled]) -> str:
    """Return what the members have in common of `namespace/thing`; empty when nothing."""
    members = tuple(members)
    namespace = common(members, "namespace")
    thing = next((found for name in _WHERE if (found := common(members, name))), "")
    return "/".join(part for part in (namespace, thing) if part)


def common(members: Iterable[Labelled], name: str) -> str:
    """Return the value of a label that all members share; empty when they do not."""
    values = {member.labels.get(name, "") for member in members}
    return values.pop() if len(values) == 1 else ""


def _opened(webhook: Webhook, room: RoomId, episode: int, now: datetime) -> tuple[Card, News]:
    members = _fold((), webhook.alerts, now)
    card = Card(
        key=_key(room, webhook, episode),
        room=room,
        receiver=webhook.receiver,
        group_key=webhook.group_key,
        episode=episode,
        group_labels=webhook.group_labels,
        # A new card tells of what fires; of a group first heard of at its end, it tells the end.
        members=tuple(member for member in members if member.status is Status.FIRING) or members,
        external_url=webhook.external_url,
        truncated=webhook.truncated,
        opened_at=now,
        version=webhook.version,
    )
    return card, News.OPENED if card.firing else News.RESOLVED


def _key(room: RoomId, webhook: Webhook, episode: int) -> Key:
    identity = "\n".join((room, webhook.receiver, webhook.group_key, str(episode)))
    return Key("alert:" + hashlib.sha256(identity.encode()).hexdigest()[:24])


def _fold(known: tuple[Member, ...], alerts: Iterable[Alert], now: datetime) -> tuple[Member, ...]:
    members = {(member.fingerprint, member.starts_at): member for member in known}
    # Of each alert on its own: a look at every member for every alert takes minutes where there are ten thousand.
    starts: dict[str, list[datetime]] = {}
    for mark, start in members:
        starts.setdefault(mark, []).append(start)
    for alert in alerts:
        identity = (alert.fingerprint, alert.starts_at)
        before = members.get(identity)
        if before is None or _is_news(before, alert, now):
            own = starts.setdefault(alert.fingerprint, [])
            members |= _superseded((members[alert.fingerprint, start] for start in own), alert, now)
            members[identity] = _member(alert, now)
            own += [alert.starts_at] if before is None else []
    return tuple(members.values())


def _superseded(same: Iterable[Member], alert: Alert, now: datetime) -> dict[tuple[str, datetime], Member]:
    """Return what of the same alert fired since an earlier moment, as over: its end was never told, or got lost."""
    return {
        (member.fingerprint, member.starts_at): replace(
            member, status=Status.RESOLVED, ends_at=alert.starts_at, changed_at=now
        )
        for member in same
        if member.starts_at < alert.starts_at and member.status is Status.FIRING
    }


def _is_news(before: Member, alert: Alert, now: datetime) -> bool:
    if alert.status is before.status:
        # An end that was concluded is told after all.
        return _concluded(before) and alert.ends_at is not None
    back = before.status is Status.RESOLVED
    return not back or not timedelta(0) <= now - before.changed_at <= FOLD


def _concluded(member: Member) -> bool:
    return member.status is Status.RESOLVED and member.ends_at is None


def _left_out(members: Iterable[Member], webhook: Webhook) -> int:
    """Return how many alerts the sender left out that are not known from elsewhere."""
    sent = {alert.fingerprint for alert in webhook.alerts}
    known = sum(member.status is Status.FIRING and member.fingerprint not in sent for member in members)
    return max(0, webhook.truncated - known)


def _member(alert: Alert, now: datetime) -> Member:
    return Member(
        alert.fingerprint,
        alert.status,
        alert.labels,
        alert.annotations,
        alert.starts_at,
        alert.ends_at,
        alert.generator_url,
        now,
    )
