"""When a card rings, rings again, reminds, and when it goes by the second channel; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.alerts import AlertCard, Card, flapping, severity
from bot.core.escalation import MOST_PAGES, Cause, Escalation
from bot.core.matchers import Matcher, all_hold, read
from bot.core.names import Key
from bot.core.webhook import Status

EVERY = timedelta(minutes=5)
"""How long a page waits for somebody before the next."""
SOON = timedelta(minutes=1)
"""So long after a page nothing rings for what is added: the phones have just rung, and the card counts it."""
PATIENCE = timedelta(seconds=60)
"""How long a page may wait for the homeserver."""
REMINDS = timedelta(hours=1)
"""How often the one who took a card is asked whether they are still on it."""
MOST_REMINDERS = 3
RETRIES = timedelta(minutes=1)
"""How long after a second channel that failed it is tried again."""
MOST_TRIES = 5

Rules = tuple[tuple[Matcher, ...], ...]
"""What is paged: an alert that meets every matcher of any of them."""


class Due(StrEnum):
    """What is to be done about a card now."""

    NOTHING = "nothing"
    PAGE = "page"
    HOLD = "hold"
    """Count the interval from now: the last page is not in the room yet, or the clock went back."""
    REMIND = "remind"
    UNDELIVERED = "undelivered"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Page:
    """A card that rings again, or for the first time after it was posted."""

    view: AlertCard
    number: int
    most: int


@dataclass(frozen=True, slots=True)
class Reminder:
    """Asks the one who took a card whether they are still on it."""

    view: AlertCard


@dataclass(frozen=True, slots=True)
class Over:
    """The end of a card that the room no longer sees, or that rang."""

    card: Card


@dataclass(frozen=True, slots=True)
class SecondPage:
    """What goes by the second channel."""

    view: AlertCard
    cause: Cause


class Outcome(StrEnum):
    """What became of the second channel."""

    TOLD = "told"
    FAILED = "failed"
    """Tried for the last time."""
    NONE = "none"
    """None is configured."""


@dataclass(frozen=True, slots=True)
class Escalated:
    """Tells the room that the second channel was asked."""

    card: Card
    cause: Cause
    outcome: Outcome


def rules(lines: Iterable[str]) -> Rules:
    """Read what is paged from the configuration's lines; raise UsageError."""
    return tuple(read((line,)) for line in lines)


def urgent(card: Card, paged: Rules) -> bool:
    """Tell whether anything that burns on a card is to be paged."""
    burning = [member for member in card.members if member.status is Status.FIRING]
    return any(meets(member.labels, matchers) for member in burning for matchers in paged)


def meets(labels: Mapping[str, str], matchers: tuple[Matcher, ...]) -> bool:
    """Tell whether an alert meets every matcher; its severity is also what a card calls it."""
    # So that what a card calls critical is critical, whatever the label's own word for it (page, disaster …).
    called = {**labels, "severity": severity(labels).value}
    return all_hold(matchers, labels) or all_hold(matchers, called)


def fresh(before: Card | None, card: Card, paged: Rules) -> bool:
    """Tell whether anything is to be paged that did not burn on the card before, however often it began anew."""
    burned = {member.fingerprint for member in before.members if member.status is Status.FIRING} if before else set()
    return urgent(replace(card, members=tuple(each for each in card.members if each.fingerprint not in burned)), paged)


def rings(card: Card, paged: Rules, now: datetime) -> bool:
    """Tell whether a card may ring a phone: nobody is on it, nothing mutes it, and it does not come and go."""
    return card.taken is None and not muted(card, now) and urgent(card, paged) and not flapping(card, now)


def muted(card: Card, now: datetime) -> bool:
    """Tell whether a silence holds a card back at this moment."""
    return card.muted is not None and now < card.muted.until


def due(card: Card, paged: Rules, now: datetime, *, delivered: bool) -> Due:
    """Tell what is to be done; `delivered`: the card's last page is in the room."""
    if not rings(card, paged, now):
        return Due.REMIND if _reminds(card, now) else Due.NOTHING
    if not delivered and _impatient(card, now):
        return Due.UNDELIVERED
    return _next_page(card, now, delivered=delivered)


def anew(card: Card, now: datetime) -> Card | None:
    """Return a card that rang before as it may ring at once for what was added; None: it rings in its turn, or not.

    Once it rang as often as it may and the second channel knows, it may ring as often again, and not before: what grows
    must not keep the second channel from being asked.
    """
    if card.paged_at and timedelta(0) <= now - card.paged_at < SOON:
        return None
    if card.pages < card.allowed:
        return card
    asked = _escalation(card, Cause.UNANSWERED)
    return renewed(card) if asked and asked.done else None


def rung(card: Card, now: datetime) -> Card:
    """Return the card as one that rang once more."""
    return replace(card, pages=card.pages + 1, paged_at=now)


def held(card: Card, now: datetime) -> Card:
    """Return the card as one whose last page counts from now."""
    return replace(card, paged_at=now)


def reminded(card: Card, now: datetime) -> Card:
    """Return the card as one whose taker was reminded once more."""
    taken = card.taken
    return replace(card, taken=taken and replace(taken, reminders=taken.reminders + 1, reminded_at=now))


def tried(card: Card, cause: Cause, now: datetime) -> Card:
    """Return the card as one about which the second channel is being asked once more."""
    before = _escalation(card, cause)
    again = replace(before, tried_at=now, tries=before.tries + 1) if before else Escalation(cause, now)
    return _with(card, again)


def settled(card: Card, cause: Cause) -> Card:
    """Return the card as one about which the second channel need not be asked again."""
    before = _escalation(card, cause)
    return _with(card, replace(before, done=True)) if before else card


def last_try(card: Card, cause: Cause) -> bool:
    """Tell whether the second channel was tried as often as it may."""
    before = _escalation(card, cause)
    return before is not None and before.tries >= MOST_TRIES


def given_back(card: Card) -> Card:
    """Return the card with nobody on it: it may ring as often again."""
    return renewed(replace(card, taken=None))


def renewed(card: Card) -> Card:
    """Return the card as one that may ring as often again."""
    return replace(card, allowed=card.pages + MOST_PAGES, escalations=())


def moved(card: Card, step: timedelta) -> Card:
    """Return the card with all moments that something is counted from, after our clock was set by so much."""
    taken, muted_ = card.taken, card.muted
    return replace(
        card,
        paged_at=card.paged_at and card.paged_at + step,
        escalations=tuple(replace(each, tried_at=each.tried_at + step) for each in card.escalations),
        turns=tuple(turn + step for turn in card.turns),
        taken=taken and replace(taken, at=taken.at + step, reminded_at=taken.reminded_at and taken.reminded_at + step),
        # Alertmanager's clock was not set.
        muted=muted_ and replace(muted_, until=muted_.until + step),
        # Whose beginnings and ends are Alertmanager's too, and stay.
        members=tuple(replace(each, changed_at=each.changed_at + step) for each in card.members),
    )


def page_key(card: Key, number: int) -> Key:
    """Return the key of a card's page: the same however often it is made, so that none is doubled."""
    return Key(f"page:{card}:{number}")


def reminder_key(card: Card) -> Key:
    """Return the key of a card's last reminder."""
    taken = card.taken
    return Key(f"remind:{card.key}:{int(taken.at.timestamp())}:{taken.reminders}" if taken else f"remind:{card.key}")


def _impatient(card: Card, now: datetime) -> bool:
    waited = now - card.paged_at if card.paged_at else timedelta(0)
    return waited >= PATIENCE and _may_try(card, Cause.UNDELIVERED, now)


def _next_page(card: Card, now: datetime, *, delivered: bool) -> Due:
    waited = now - card.paged_at if card.paged_at else EVERY
    if timedelta(0) <= waited < EVERY:
        return Due.NOTHING
    # A page that waits is not followed by another: all of them would ring at once when the homeserver is back.
    if waited < timedelta(0) or not delivered:
        return Due.HOLD
    if card.pages < card.allowed:
        return Due.PAGE
    return Due.UNANSWERED if _may_try(card, Cause.UNANSWERED, now) else Due.NOTHING


def _reminds(card: Card, now: datetime) -> bool:
    taken = card.taken
    if taken is None or not card.firing or muted(card, now) or taken.reminders >= MOST_REMINDERS:
        return False
    return now - (taken.reminded_at or taken.at) >= REMINDS


def _may_try(card: Card, cause: Cause, now: datetime) -> bool:
    before = _escalation(card, cause)
    if before is None:
        return True
    return not before.done and before.tries < MOST_TRIES and not timedelta(0) <= now - before.tried_at < RETRIES


def _escalation(card: Card, cause: Cause) -> Escalation | None:
    return next((each for each in card.escalations if each.cause is cause), None)


def _with(card: Card, escalation: Escalation) -> Card:
    others = tuple(each for each in card.escalations if each.cause is not escalation.cause)
    return replace(card, escalations=(*others, escalation))
