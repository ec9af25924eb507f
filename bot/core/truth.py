"""What our cards say, held against what Alertmanager says when it is asked; pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from bot.core import webhook
from bot.core.alerts import Card, Member, Muted, turned
from bot.core.firing import AlertGroup, AlertmanagerStatus, FiringAlert
from bot.core.names import Key, RoomId, UserId
from bot.core.renewal import UntilResolved, caps
from bot.core.silences import Silence, State
from bot.core.webhook import Status, Webhook

LATE = timedelta(seconds=90)
"""How long an alert may fire before its webhook counts as lost: Alertmanager waits 30 s for others of its group."""
SETTLED = timedelta(minutes=10)
"""How long after an end that we were told, another Alertmanager of the pair may still believe in the alert."""
_SAME = timedelta(seconds=5)
_YOUNG = 2.5
"""So many times as long as an alert must be missing, an Alertmanager must run before what it lacks means anything."""
ASSUMED = "~"
"""Begins the key of a group whose webhook never came; Alertmanager's own begin with the route's matchers, in braces."""
_NOBODY = "null"
"""The receiver that kube-prometheus gives what nobody is to be told of."""
_VERSION = "4"
_NOTHING: Mapping[str, str] = {}

Identity = tuple[Key, str, datetime]
"""A member of a card: key, fingerprint, start."""
Absences = Mapping[Identity, float]
"""What burns on a card and not in Alertmanager, and since when, in seconds of the clock that does not jump."""


@dataclass(frozen=True, slots=True)
class Told:
    """What Alertmanager said, all of it at about one moment."""

    groups: tuple[AlertGroup, ...]
    firing: Mapping[str, FiringAlert]
    """Every alert of every group by its fingerprint."""
    silences: Mapping[str, Silence]
    """The active ones by their id."""
    lasting: Collection[str]
    """The ids of those that last until resolved."""
    receivers: frozenset[str]
    ahead: timedelta
    """How far our clock is ahead of its own."""
    young: bool
    """It runs too short a time for an alert that is missing to be over: alerts do not outlive its restart."""


def told(
    groups: Iterable[AlertGroup],
    silences: Iterable[Silence],
    receivers: Iterable[str],
    status: AlertmanagerStatus,
    *,
    orders: Iterable[UntilResolved] = (),
    now: datetime,
    gone_after: timedelta,
) -> Told:
    """Put together what was asked; ask for the status last, so that a restart in between is seen."""
    groups = tuple(groups)
    active = {each.id: each for each in silences if each.state is State.ACTIVE}
    return Told(
        groups=groups,
        firing={identity(alert): alert for group in groups for alert in group.alerts},
        silences=active,
        lasting=caps(orders, active.values()).keys(),
        receivers=frozenset(receivers),
        ahead=now - status.clock(now),
        young=is_young(status, now, gone_after),
    )


def is_young(status: AlertmanagerStatus, now: datetime, gone_after: timedelta) -> bool:
    """Tell whether an Alertmanager runs too short a time for what it lacks to mean anything."""
    return status.cluster.status == "settling" or status.clock(now) - status.uptime < _YOUNG * gone_after


def outline(card: Card) -> Card:
    """Return as much of a card as is compared: ten thousand alerts with all they say are 20 MB."""
    return replace(card, members=tuple(map(_outline, card.members)))


def _outline(member: Member) -> Member:
    return replace(member, labels=_NOTHING, annotations=_NOTHING, generator_url="")


def identity(alert: FiringAlert) -> str:
    """Return an alert's fingerprint."""
    return alert.fingerprint or webhook.fingerprint(alert.labels)


def missing(before: Absences, cards: Iterable[Card], said: Told, now: float) -> Absences:
    """Return the members that burn on a card and not in Alertmanager, and since when every answer lacked them."""
    if said.young:
        return {}
    absent = (
        (card.key, member.fingerprint, member.starts_at)
        for card in cards
        # What came from elsewhere (Grafana has alerts of its own) cannot be asked after here.
        if card.version == _VERSION and card.receiver in said.receivers
        for member in _burning(card)
        if member.fingerprint not in said.firing
    )
    return {each: before.get(each, now) for each in absent}


def gone(missing: Absences, now: float, after: timedelta) -> frozenset[Identity]:
    """Return the members that were missing in two answers so far apart, and in all between."""
    return frozenset(each for each, since in missing.items() if now - since >= after.total_seconds())


def restated(card: Card, cards: Sequence[Card], said: Told, gone: Collection[Identity], now: datetime) -> Card:
    """Return a burning card as it should be: muted or not, all its alerts counted, without what is gone.

    `cards`: all that burn.
    """
    card = replace(card, muted=_muted(card, said), truncated=_truncated(card, cards, said))
    members = tuple(_over(member, now) if _identity(card, member) in gone else member for member in card.members)
    if members == card.members:
        return card
    changed = replace(card, members=members, gone=True)
    return changed if changed.firing else turned(changed, now)


def shown_by(cards: Iterable[Card], heard: Collection[str]) -> dict[tuple[str, str], datetime]:
    """Return since when each alert burns on a card, by receiver (none, while none is known) and fingerprint."""
    return {
        (card.receiver if heard else "", member.fingerprint): member.starts_at
        for card in cards
        for member in _burning(card)
    }


def is_shown(shown: Mapping[tuple[str, str], datetime], receiver: str, alert: FiringAlert) -> bool:
    """Tell whether a card shows it as burning, since then or later: Alertmanager may move a start back, not on."""
    since = shown.get((receiver, identity(alert)))
    return since is not None and since >= _start(alert)


def untold(
    said: Told, cards: Sequence[Card], heard: Collection[str], now: datetime, *, but: Callable[[FiringAlert], bool]
) -> Iterator[AlertGroup]:
    """Return the groups with the alerts that burn, and on no card though their webhook should have come.

    `heard`: the receivers known to post to us; while none is known, any alert counts once, whoever is told of it.
    `but`: tells which alerts have no card: the Watchdog, and our own round trips.
    """
    shown = shown_by(cards, heard)
    filled = {(card.receiver, member.fingerprint) for card in cards if card.truncated for member in _burning(card)}
    for group in said.groups:
        name = group.receiver.name
        if name not in heard if heard else name == _NOBODY:
            continue
        # A card that counts alerts without naming them is filled in at once.
        patience = timedelta(0) if any((name, identity(alert)) in filled for alert in group.alerts) else LATE
        due = [alert for alert in group.alerts if _is_loud(alert) and now - said.ahead - alert.starts_at >= patience]
        receiver = name if heard else ""
        lost = [alert for alert in due if not is_shown(shown, receiver, alert) and not but(alert)]
        if lost:
            shown |= {(receiver, identity(alert)): alert.starts_at for alert in lost}
            yield group.model_copy(update={"alerts": tuple(lost)})


def home(cards: Sequence[Card], group: AlertGroup) -> Card | None:
    """Return the card that belongs to a group, of those about the same labels, newest first.

    Two routes may lead to one receiver under the same labels: then the one that knows an alert of these, or burns.
    """
    marks = {identity(alert) for alert in group.alerts}
    own = [card for card in cards if card.receiver == group.receiver.name]
    knows = [card for card in own if marks & {member.fingerprint for member in card.members}]
    burns = [card for card in own if card.firing]
    return next(iter(knows + burns + own), None)


def as_webhook(group: AlertGroup, card: Card | None, now: datetime) -> Webhook | None:
    """Return what would have come for a group's alerts; None when that would be no news after all.

    Raises UsageError for alerts that no webhook could tell.
    """
    over = {
        (member.fingerprint, member.starts_at): member.changed_at
        for member in (card.members if card else ())
        # An end that we concluded ourselves is no reason to doubt.
        if member.status is Status.RESOLVED and member.ends_at
    }
    alerts = [alert for alert in group.alerts if not _just_over(alert, over, now)]
    if not alerts:
        return None
    return webhook.read(
        {
            "receiver": group.receiver.name,
            "status": "firing",
            "alerts": [_as_json(alert) for alert in alerts],
            "groupKey": card.group_key if card else assumed(group.labels),
            "groupLabels": dict(group.labels),
            "externalURL": card.external_url if card else "",
            "version": _VERSION,
        }
    )


def assumed(labels: Mapping[str, str]) -> str:
    """Return the key of a group that nobody but us named yet."""
    return f"{ASSUMED}{webhook.fingerprint(labels)}"


def stand_in(cards: Sequence[Card], room: RoomId, hook: Webhook) -> Card | None:
    """Return the card that was made because this group's webhook did not come; `cards` have its labels, newest first.

    While no webhook ever came, the receiver was a guess too; then an alert must be the same.
    """
    marks = {alert.fingerprint for alert in hook.alerts}
    if hook.group_key.startswith(ASSUMED):
        return None
    mine = [card for card in cards if card.room == room and card.group_key.startswith(ASSUMED)]
    certain = (card for card in mine if card.receiver == hook.receiver)
    likely = (card for card in mine if marks & {member.fingerprint for member in card.members})
    return next(chain(certain, likely), None)


def _muted(card: Card, said: Told) -> Muted | None:
    """Return the silence that ends first of those without which something of the card would be told.

    Its end is put into our time, where the two clocks are apart: Alertmanager ends it by its own.
    """
    alerts = [said.firing[member.fingerprint] for member in _burning(card) if member.fingerprint in said.firing]
    if not alerts:
        return card.muted
    holding: list[Silence] = []
    for alert in alerts:
        if not alert.muting.silenced_by:
            return None
        known = [said.silences[each] for each in alert.muting.silenced_by if each in said.silences]
        if not known:
            # Made or ended while we asked: the next answer is of one mind.
            return card.muted
        holding.append(max(known, key=lambda silence: silence.ends_at))
    first = min(holding, key=lambda silence: silence.ends_at)
    until = first.ends_at + said.ahead
    muted = Muted(first.id, UserId(first.created_by), until, first.why, first.id in said.lasting)
    return card.muted if card.muted and _is_same(card.muted, muted) else muted


def _is_same(one: Muted, other: Muted) -> bool:
    # Two clocks that are apart are so by a little more or less each time they are compared.
    apart = abs(one.until - other.until)
    return (one.silence, one.resolved) == (other.silence, other.resolved) and apart < _SAME


def _truncated(card: Card, cards: Sequence[Card], said: Told) -> int:
    """Return how many alerts are counted without being named; none once all that Alertmanager would tell is shown."""
    if not card.truncated:
        return 0
    marks = {member.fingerprint for member in _burning(card)}
    # Routes may have led others of its group onto cards in other rooms.
    shown = {member.fingerprint for each in cards if each.receiver == card.receiver for member in _burning(each)}
    own = [group for group in said.groups if group.receiver.name == card.receiver]
    groups = [{identity(alert) for alert in group.alerts if _is_loud(alert)} for group in own]
    mine = [group for group in groups if group & marks]
    return 0 if mine and all(group <= shown for group in mine) else card.truncated


def _over(member: Member, now: datetime) -> Member:
    # Without an end: nobody told it.
    return replace(member, status=Status.RESOLVED, ends_at=None, changed_at=now)


def _burning(card: Card) -> list[Member]:
    return [member for member in card.members if member.status is Status.FIRING]


def _identity(card: Card, member: Member) -> Identity:
    return card.key, member.fingerprint, member.starts_at


def _is_loud(alert: FiringAlert) -> bool:
    return not (alert.muting.silenced_by or alert.muting.inhibited_by)


def _just_over(alert: FiringAlert, over: Mapping[tuple[str, datetime], datetime], now: datetime) -> bool:
    told_at = over.get((identity(alert), _start(alert)))
    # Not later than now either: the clock may have been set back since.
    return told_at is not None and timedelta(0) <= now - told_at < SETTLED


def _start(alert: FiringAlert) -> datetime:
    """Return an alert's start as a card has it."""
    return alert.starts_at.replace(microsecond=alert.starts_at.microsecond // 1000 * 1000)


def _as_json(alert: FiringAlert) -> dict[str, object]:
    return {
        "status": "firing",
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": alert.starts_at.isoformat(),
        "generatorURL": alert.generator_url,
        "fingerprint": identity(alert),
    }
