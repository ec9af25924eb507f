"""When a card rings, is held, goes by the second channel, or asks its taker: a table of moments."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core import paging
from bot.core.alerts import Card, Member, Muted, Taken
from bot.core.errors import UsageError
from bot.core.escalation import MOST_PAGES, Cause, Escalation
from bot.core.names import Key, RoomId, UserId
from bot.core.paging import Due, due, rings, rules
from bot.core.reading import card_of
from bot.core.webhook import Status

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ANNA = UserId("@anna:example.org")
CRITICAL = rules(('severity="critical"',))
KEY = Key("alert:0123")


def member(status: Status = Status.FIRING, /, **labels: str) -> Member:
    named = {"alertname": "Down", "severity": "critical", "namespace": "data", **labels}
    ends_at = NOW if status is Status.RESOLVED else None
    return Member("f1", status, named, {}, NOW - HOUR, ends_at, "", NOW)


def card(*members: Member, **changed: Any) -> Card:
    fields: dict[str, Any] = {
        "key": KEY,
        "room": RoomId("!ops:example.org"),
        "receiver": "ops",
        "group_key": "{}",
        "episode": 1,
        "group_labels": {},
        "members": members or (member(),),
        "external_url": "",
        "truncated": 0,
        "opened_at": NOW - HOUR,
    }
    return Card(**fields | changed)


def rang(ago: timedelta, times: int = 1, **changed: Any) -> Card:
    return card(pages=times, paged_at=NOW - ago, **changed)


def escalated(cause: Cause, **changed: Any) -> tuple[Escalation, ...]:
    return (Escalation(**{"cause": cause, "tried_at": NOW - HOUR, **changed}),)


UNDELIVERED, UNANSWERED = Cause.UNDELIVERED, Cause.UNANSWERED
TAKEN = Taken(ANNA, NOW - 59 * MINUTE)
MUTED = Muted("s1", ANNA, NOW + SECOND)
TURNS = tuple(NOW - each * MINUTE for each in (4, 3, 2, 1))
OVER = (member(Status.RESOLVED),)


@pytest.mark.parametrize(
    ("which", "what"),
    [
        # Never rang: at once, whatever the reason it did not.
        (card(), Due.PAGE),
        (card(member(severity="warning")), Due.NOTHING),
        # Due, not due.
        (rang(5 * MINUTE - SECOND), Due.NOTHING),
        (rang(5 * MINUTE), Due.PAGE),
        (rang(5 * MINUTE, 5), Due.PAGE),
        # One, however long it was asleep.
        (rang(timedelta(days=3)), Due.PAGE),
        # Over, acked, muted, flapping: silent.
        (rang(HOUR, members=OVER), Due.NOTHING),
        (rang(HOUR, taken=TAKEN), Due.NOTHING),
        (rang(HOUR, muted=MUTED), Due.NOTHING),
        (rang(HOUR, turns=TURNS), Due.NOTHING),
        # A silence whose time is over mutes nothing.
        (rang(HOUR, muted=replace(MUTED, until=NOW)), Due.PAGE),
        # The sixth was the last; then the second channel, once.
        (rang(5 * MINUTE - SECOND, 6), Due.NOTHING),
        (rang(5 * MINUTE, 6), Due.UNANSWERED),
        (rang(HOUR, 6, escalations=escalated(UNANSWERED, done=True)), Due.NOTHING),
        (rang(HOUR, 6, escalations=escalated(UNDELIVERED, done=True)), Due.UNANSWERED),
        (rang(HOUR, 6, taken=TAKEN), Due.NOTHING),
        # It failed: again after a minute, five times in all.
        (rang(HOUR, 6, escalations=escalated(UNANSWERED, tried_at=NOW - 59 * SECOND)), Due.NOTHING),
        (rang(HOUR, 6, escalations=escalated(UNANSWERED, tried_at=NOW - MINUTE, tries=4)), Due.UNANSWERED),
        (rang(HOUR, 6, escalations=escalated(UNANSWERED, tries=5)), Due.NOTHING),
        # The clock went back: the interval is counted anew, so that the next page is not an hour away.
        (rang(-HOUR), Due.HOLD),
        (rang(-HOUR, 6), Due.HOLD),
        (rang(HOUR, 6, escalations=escalated(UNANSWERED, tried_at=NOW + HOUR)), Due.UNANSWERED),
    ],
)
def test_what_is_due_while_pages_are_delivered(which: Card, what: Due) -> None:
    assert due(which, CRITICAL, NOW, delivered=True) is what


@pytest.mark.parametrize(
    ("which", "what"),
    [
        (rang(59 * SECOND), Due.NOTHING),
        (rang(60 * SECOND), Due.UNDELIVERED),
        (rang(HOUR), Due.UNDELIVERED),
        (rang(HOUR, taken=TAKEN), Due.NOTHING),
        # Once told, no further page piles up behind the one that waits.
        (rang(2 * MINUTE, escalations=escalated(UNDELIVERED, done=True)), Due.NOTHING),
        (rang(5 * MINUTE, escalations=escalated(UNDELIVERED, done=True)), Due.HOLD),
        (rang(5 * MINUTE, 6, escalations=escalated(UNDELIVERED, done=True)), Due.HOLD),
        (rang(2 * MINUTE, escalations=escalated(UNDELIVERED, tried_at=NOW - 30 * SECOND)), Due.NOTHING),
        (rang(2 * MINUTE, escalations=escalated(UNDELIVERED, tried_at=NOW - MINUTE)), Due.UNDELIVERED),
        (rang(-HOUR), Due.HOLD),
    ],
)
def test_what_is_due_while_a_page_waits_for_the_homeserver(which: Card, what: Due) -> None:
    assert due(which, CRITICAL, NOW, delivered=False) is what


@pytest.mark.parametrize(
    ("taken", "more", "what"),
    [
        (Taken(ANNA, NOW - HOUR + SECOND), {}, Due.NOTHING),
        (Taken(ANNA, NOW - HOUR), {}, Due.REMIND),
        (Taken(ANNA, NOW - 9 * HOUR, reminders=1, reminded_at=NOW - HOUR + SECOND), {}, Due.NOTHING),
        (Taken(ANNA, NOW - 9 * HOUR, reminders=2, reminded_at=NOW - HOUR), {}, Due.REMIND),
        (Taken(ANNA, NOW - 9 * HOUR, reminders=3, reminded_at=NOW - HOUR), {}, Due.NOTHING),
        (Taken(ANNA, NOW - HOUR), {"muted": MUTED}, Due.NOTHING),
        (Taken(ANNA, NOW - HOUR), {"members": OVER}, Due.NOTHING),
        # Whoever took a warning is asked as well.
        (Taken(ANNA, NOW - HOUR), {"members": (member(severity="warning"),)}, Due.REMIND),
    ],
)
def test_who_took_a_card_is_asked_every_hour_three_times(taken: Taken, more: dict[str, Any], what: Due) -> None:
    assert due(card(taken=taken, **more), CRITICAL, NOW, delivered=True) is what


@pytest.mark.parametrize(
    ("lines", "labels", "rung"),
    [
        (('severity="critical"',), {}, True),
        (('severity="critical"',), {"severity": "warning"}, False),
        # What the card calls critical is critical.
        (("severity=critical",), {"severity": "page"}, True),
        (("severity=page",), {"severity": "page"}, True),
        # All of a line, any of the lines.
        (("severity=critical,namespace=ory",), {}, False),
        (("severity=critical,namespace=ory", "Down"), {"severity": "warning"}, True),
        (('namespace=~"da.*"',), {"severity": "info"}, True),
        ((), {}, False),
    ],
)
def test_what_is_paged_is_what_the_matchers_say(lines: tuple[str, ...], labels: dict[str, str], rung: bool) -> None:
    assert rings(card(member(Status.FIRING, **labels)), rules(lines), NOW) is rung


def test_only_what_still_burns_rings() -> None:
    over, burning = member(Status.RESOLVED), member(severity="warning")

    assert not rings(card(over, burning), CRITICAL, NOW)


def test_matchers_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(UsageError):
        rules(("severity==critical",))


def test_a_card_nobody_answers_rings_six_times_and_is_told_elsewhere_once() -> None:
    now, which, seen = NOW, card(), []

    for _ in range(4 * 60):
        match what := due(which, CRITICAL, now, delivered=True):
            case Due.PAGE:
                which = paging.rung(which, now)
            case Due.UNANSWERED:
                which = paging.settled(paging.tried(which, UNANSWERED, now), UNANSWERED)
        seen += [(what, now - NOW)] if what is not Due.NOTHING else []
        now += timedelta(seconds=15)

    assert seen == [*((Due.PAGE, each * 5 * MINUTE) for each in range(6)), (Due.UNANSWERED, 30 * MINUTE)]


def test_a_card_that_is_given_back_may_ring_as_often_again() -> None:
    spent = rang(HOUR, MOST_PAGES, taken=TAKEN, escalations=escalated(UNANSWERED, done=True))

    back = paging.given_back(spent)

    assert due(back, CRITICAL, NOW, delivered=True) is Due.PAGE
    assert paging.page_key(KEY, paging.rung(back, NOW).pages) == "page:alert:0123:7"
    assert back.allowed == 12


def test_the_second_channel_is_given_up_after_five_tries() -> None:
    which = card()

    for tries in range(1, 6):
        which = paging.tried(which, UNANSWERED, NOW)

        assert paging.last_try(which, UNANSWERED) is (tries == 5)
        assert not paging.last_try(which, UNDELIVERED)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        (KEY, KEY),
        (paging.page_key(KEY, 3), KEY),
        (paging.reminder_key(card(taken=TAKEN)), KEY),
        ("over:alert:0123", KEY),
        ("second:alert:0123:unanswered:6", KEY),
        ("answer:k7", "answer:k7"),
        ("watchdog:2026-10-01T12:00:00+00:00", "watchdog:2026-10-01T12:00:00+00:00"),
    ],
)
def test_a_message_below_a_card_is_answered_like_the_card(key: str, meant: str) -> None:
    assert card_of(Key(key)) == meant
