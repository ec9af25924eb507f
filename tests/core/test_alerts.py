"""What a webhook means for its card: opened, changed, resolved, or said already."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alerts import FLAP_TURNS, FOLD, Card, News, Severity, flapping, merge, severity, turned, where
from bot.core.names import RoomId
from bot.core.webhook import Alert, Status, Webhook

ROOM = RoomId("!ops:example.org")
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def alert(name: str = "a", status: Status = Status.FIRING, **changed: Any) -> Alert:
    """Return an alert of pod `name`, firing for two minutes or just over."""
    fields: dict[str, Any] = {
        "status": status,
        "labels": {"alertname": "Down", "severity": "critical", "namespace": "data", "pod": name},
        "annotations": {"summary": "It is down"},
        "starts_at": NOW - timedelta(minutes=2),
        "ends_at": NOW if status is Status.RESOLVED else None,
        "generator_url": "",
        "fingerprint": name,
    }
    return Alert(**fields | changed)


def over(name: str = "a", **changed: Any) -> Alert:
    return alert(name, Status.RESOLVED, **changed)


def webhook(*alerts: Alert, truncated: int = 0) -> Webhook:
    burns = any(each.status is Status.FIRING for each in alerts)
    return Webhook(
        receiver="ops",
        status=Status.FIRING if burns else Status.RESOLVED,
        alerts=alerts,
        group_key="{}:{}",
        group_labels={},
        common_labels={},
        common_annotations={},
        external_url="",
        version="4",
        truncated=truncated,
        reason="",
    )


def told(*webhooks: tuple[timedelta, Webhook]) -> tuple[Card, list[News]]:
    """Return the card after these webhooks, each so long after the first, and the news of each."""
    card, news = None, []
    for later, each in webhooks:
        card, what = merge(card, each, ROOM, NOW + later)
        news.append(what)
    assert card is not None
    return card, news


AT_ONCE = timedelta(0)
OPENED, CHANGED, RESOLVED, NOTHING = News.OPENED, News.CHANGED, News.RESOLVED, News.NOTHING


@pytest.mark.parametrize(
    ("webhooks", "news", "episode"),
    [
        pytest.param([(AT_ONCE, webhook(alert()))], [OPENED], 1, id="a first alert opens a card"),
        pytest.param(
            [(AT_ONCE, webhook(alert())), (timedelta(hours=4), webhook(alert()))],
            [OPENED, NOTHING],
            1,
            id="a repetition is no news, however late",
        ),
        pytest.param(
            [(AT_ONCE, webhook(alert())), (SECOND, webhook(alert(), alert("b")))],
            [OPENED, CHANGED],
            1,
            id="a second alert of the group changes the card",
        ),
        pytest.param(
            [(AT_ONCE, webhook(alert(), alert("b"))), (SECOND, webhook(alert(), over("b")))],
            [OPENED, CHANGED],
            1,
            id="one of two resolved changes it",
        ),
        pytest.param(
            [(AT_ONCE, webhook(alert())), (SECOND, webhook(over()))],
            [OPENED, RESOLVED],
            1,
            id="the last one resolved ends it",
        ),
        pytest.param(
            [(AT_ONCE, webhook(alert())), (SECOND, webhook(over())), (2 * SECOND, webhook(over()))],
            [OPENED, RESOLVED, NOTHING],
            1,
            id="the end is said once",
        ),
        pytest.param(
            [(AT_ONCE, webhook(alert())), (SECOND, webhook(over())), (16 * SECOND, webhook(alert()))],
            [OPENED, RESOLVED, NOTHING],
            1,
            id="the other Alertmanager's late firing is an echo",
        ),
        pytest.param(
            [(AT_ONCE, webhook(alert())), (SECOND, webhook(over())), (SECOND + FOLD, webhook(alert()))],
            [OPENED, RESOLVED, NOTHING],
            1,
            id="an echo may be a minute late",
        ),
        pytest.param(
            [(AT_ONCE, webhook(alert())), (SECOND, webhook(over())), (2 * SECOND + FOLD, webhook(alert()))],
            [OPENED, RESOLVED, OPENED],
            2,
            id="later than that the same alert is back",
        ),
        pytest.param(
            [
                (AT_ONCE, webhook(alert())),
                (SECOND, webhook(over())),
                (2 * SECOND, webhook(alert(starts_at=NOW + SECOND))),
            ],
            [OPENED, RESOLVED, OPENED],
            2,
            id="an alert that started anew is news at once",
        ),
        pytest.param(
            [
                (AT_ONCE, webhook(alert())),
                (SECOND, webhook(alert(starts_at=NOW))),
                (2 * SECOND, webhook(over(starts_at=NOW))),
            ],
            [OPENED, CHANGED, RESOLVED],
            1,
            id="one whose first end got lost is over with its second",
        ),
        pytest.param(
            [(AT_ONCE, webhook(alert())), (SECOND, webhook(over(starts_at=NOW)))],
            [OPENED, RESOLVED],
            1,
            id="a later end ends an earlier beginning",
        ),
        pytest.param([(AT_ONCE, webhook())], [NOTHING], 1, id="a group without alerts is nothing"),
        pytest.param(
            [(AT_ONCE, webhook(alert())), (SECOND, webhook())], [OPENED, NOTHING], 1, id="and changes nothing"
        ),
        pytest.param([(AT_ONCE, webhook(over()))], [RESOLVED], 1, id="a group first heard of at its end"),
        pytest.param(
            [(AT_ONCE, webhook(over())), (SECOND, webhook(over()))],
            [RESOLVED, NOTHING],
            1,
            id="and that end again",
        ),
        pytest.param(
            [(AT_ONCE, webhook(alert())), (SECOND, webhook(over())), (2 * SECOND, webhook(over("b")))],
            [OPENED, RESOLVED, CHANGED],
            1,
            id="another's end after the end joins the card",
        ),
    ],
)
def test_each_webhook_is_told_once_and_for_what_it_is(
    webhooks: list[tuple[timedelta, Webhook]], news: list[News], episode: int
) -> None:
    card, found = told(*webhooks)

    assert found == news
    assert card.episode == episode


def test_an_echo_does_not_set_the_card_on_fire_again() -> None:
    card, _ = told((AT_ONCE, webhook(alert())), (SECOND, webhook(over())), (16 * SECOND, webhook(alert())))

    assert not card.firing


def test_a_new_episode_is_a_new_card_of_those_that_fire() -> None:
    first, _ = told((AT_ONCE, webhook(alert(), alert("b"))), (SECOND, webhook(over(), over("b"))))
    again = webhook(alert(starts_at=NOW + timedelta(hours=1)), over("b"))

    second, news = merge(first, again, ROOM, NOW + timedelta(hours=1))

    assert news is OPENED
    assert second.key != first.key
    assert [member.fingerprint for member in second.members] == ["a"]


def test_one_that_fires_again_while_the_others_burn_stays_on_the_card() -> None:
    card, news = told(
        (AT_ONCE, webhook(alert(), alert("b"))),
        (SECOND, webhook(alert(), over("b"))),
        (3 * SECOND, webhook(alert(), alert("b", starts_at=NOW + 2 * SECOND))),
    )

    assert news == [OPENED, CHANGED, CHANGED]
    assert card.episode == 1


def test_an_end_that_the_sender_never_told_is_not_made_up() -> None:
    """Alertmanager leaves resolved alerts out of later webhooks; absence is no resolution."""
    card, news = told((AT_ONCE, webhook(alert(), alert("b"))), (SECOND, webhook(alert("b"))))

    assert news == [OPENED, NOTHING]
    assert [member.status for member in card.members] == [Status.FIRING, Status.FIRING]


def test_how_many_the_sender_left_out_is_kept_and_renewed() -> None:
    card, _ = told((AT_ONCE, webhook(alert(), truncated=7)))
    assert card.truncated == 7

    card, _ = merge(card, webhook(alert(), alert("b"), truncated=9), ROOM, NOW)

    assert card.truncated == 9


def test_cards_of_two_rooms_receivers_groups_and_episodes_have_keys_of_their_own() -> None:
    plain = webhook(alert())
    variants = [
        (plain, ROOM),
        (plain, RoomId("!dev:example.org")),
        (replace(plain, receiver="dev"), ROOM),
        (replace(plain, group_key="{}:{x}"), ROOM),
    ]

    keys = {merge(None, each, room, NOW)[0].key for each, room in variants}
    first, _ = told((AT_ONCE, plain), (SECOND, webhook(over())))
    keys.add(merge(first, plain, ROOM, NOW + timedelta(hours=1))[0].key)

    assert len(keys) == 5


def test_the_key_is_the_same_in_every_process() -> None:
    assert merge(None, webhook(alert()), ROOM, NOW)[0].key == merge(None, webhook(over("z")), ROOM, NOW)[0].key


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("critical", Severity.CRITICAL),
        ("Page", Severity.CRITICAL),
        ("warning", Severity.WARNING),
        ("error", Severity.WARNING),
        ("info", Severity.INFO),
        ("", Severity.NONE),
        ("sev1", Severity.NONE),
    ],
)
def test_severities_of_the_field_are_understood(word: str, level: Severity) -> None:
    assert severity({"severity": word}) is level


def test_an_alert_without_severity_has_none() -> None:
    assert severity({}) is Severity.NONE


def test_a_card_is_as_urgent_as_the_worst_that_still_fires() -> None:
    warning = {"alertname": "Down", "severity": "warning"}
    card, _ = told(
        (AT_ONCE, webhook(alert(), alert("b", labels=warning))), (SECOND, webhook(over(), alert("b", labels=warning)))
    )

    assert card.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("pods", "place"),
    [(("postgres-1",), "data/postgres-1"), (("postgres-1", "postgres-2"), "data")],
)
def test_where_is_what_all_members_share(pods: tuple[str, ...], place: str) -> None:
    card, _ = told((AT_ONCE, webhook(*map(alert, pods))))

    assert where(card.members) == place


def test_nothing_in_common_is_nowhere() -> None:
    card, _ = told((AT_ONCE, webhook(alert(labels={}), alert("b", labels={"namespace": "data"}))))

    assert where(card.members) == ""


WEBHOOKS = st.lists(
    st.tuples(st.sampled_from(("a", "b")), st.sampled_from(Status), st.sampled_from((0, 30, 3600))),
    min_size=1,
    max_size=8,
)


@given(WEBHOOKS)
def test_saying_everything_twice_changes_nothing(steps: list[tuple[str, Status, int]]) -> None:
    """An HA pair of Alertmanagers sends each webhook twice: the second is never news."""
    card, at = None, NOW
    for name, status, later in steps:
        at += timedelta(seconds=later)
        each = webhook(alert(name, status))
        card, _ = merge(card, each, ROOM, at)

        again, news = merge(card, each, ROOM, at)

        assert news is NOTHING
        assert again == card


@given(WEBHOOKS)
def test_what_is_news_says_whether_it_burns(steps: list[tuple[str, Status, int]]) -> None:
    card, at = None, NOW
    for name, status, later in steps:
        at += timedelta(seconds=later)
        before = card
        card, news = merge(card, webhook(alert(name, status)), ROOM, at)

        assert (news is OPENED) <= card.firing
        assert (news is RESOLVED) <= (not card.firing)
        assert (news is NOTHING) == (card == before)


def test_what_is_dated_later_than_now_hides_nothing() -> None:
    """The clock was set back: an end an hour ahead is no echo, and turns ahead are no flapping."""
    card, news = told(
        (timedelta(hours=1), webhook(alert())),
        (timedelta(hours=1), webhook(over())),
        (timedelta(minutes=5), webhook(alert())),
    )
    ahead = replace(card, turns=tuple(NOW + timedelta(hours=1) for _ in range(FLAP_TURNS)))

    assert news == [OPENED, RESOLVED, OPENED]
    assert not flapping(ahead, NOW)
    assert turned(ahead, NOW).turns == (NOW,)
