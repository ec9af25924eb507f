"""What Alertmanager's answer means for the cards, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core import truth
from bot.core.alerts import Card, Muted, merge
from bot.core.firing import AlertGroup, AlertmanagerStatus, ClusterStatus, FiringAlert, Muting, Receiver
from bot.core.names import RoomId, UserId
from bot.core.silences import Silence, State
from bot.core.webhook import Status, Webhook, read

ROOM = RoomId("!ops:example.org")
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GONE = 2 * MINUTE
LABELS = {"alertname": "Down"}


def alert(
    pod: str = "a", *, silenced: tuple[str, ...] = (), inhibited: tuple[str, ...] = (), **changed: Any
) -> FiringAlert:
    fields: dict[str, Any] = {
        "labels": LABELS | {"pod": pod},
        "starts_at": NOW - 5 * MINUTE,
        "fingerprint": pod,
        "muting": Muting(silenced_by=silenced, inhibited_by=inhibited),
    }
    return FiringAlert(**fields | changed)


def group(*alerts: FiringAlert, receiver: str = "ops") -> AlertGroup:
    return AlertGroup(labels=LABELS, receiver=Receiver(name=receiver), alerts=alerts)


def webhook(*pods: str, receiver: str = "ops", key: str = "{}:{}", version: str = "4", over: bool = False) -> Webhook:
    status = "resolved" if over else "firing"
    rows = [
        {
            "status": status,
            "labels": LABELS | {"pod": pod},
            "startsAt": (NOW - 5 * MINUTE).isoformat(),
            "endsAt": NOW.isoformat(),
            "fingerprint": pod,
        }
        for pod in pods
    ]
    return read({"receiver": receiver, "alerts": rows, "groupKey": key, "groupLabels": LABELS, "version": version})


def card(*pods: str, **changed: Any) -> Card:
    given = {name: changed.pop(name) for name in ("receiver", "key", "version", "over") if name in changed}
    made, _ = merge(None, webhook(*(pods or ("a",)), **given), ROOM, NOW - 4 * MINUTE)
    return replace(made, **changed)


def silence(identity: str = "s", hours: float = 1, by: str = "ben") -> Silence:
    end = NOW + timedelta(hours=hours)
    return Silence(
        id=identity, state=State.ACTIVE, matchers=(), starts_at=NOW, ends_at=end, created_by=by, comment="new disk"
    )


def said(
    *groups: AlertGroup, silences: tuple[Silence, ...] = (), up: timedelta = 60 * MINUTE, cluster: str = "ready"
) -> truth.Told:
    status = AlertmanagerStatus(cluster=ClusterStatus(status=cluster), uptime=NOW - up)
    return truth.told(groups, silences, ("ops", "null"), status, now=NOW, gone_after=GONE)


def closed(burning: Card, *answers: tuple[float, truth.Told]) -> bool:
    """Tell whether a card is closed after these answers, each so many seconds after the first."""
    lacking: truth.Absences = {}
    gone: frozenset[truth.Identity] = frozenset()
    for later, answer in answers:
        lacking = truth.missing(lacking, (burning,), answer, later)
        gone = truth.gone(lacking, later, GONE)
    return not truth.restated(burning, [burning], answers[-1][1], gone, NOW).firing


NOTHING, THERE = said(), said(group(alert()))
SILENCED, INHIBITED = said(group(alert(silenced=("s",)))), said(group(alert(inhibited=("b",))))
RESTARTED = said(up=4 * MINUTE)


@pytest.mark.parametrize(
    ("answers", "is_closed"),
    [
        pytest.param([(0, NOTHING)], False, id="missing once"),
        pytest.param([(0, NOTHING), (119, NOTHING)], False, id="missing twice, too close"),
        pytest.param([(0, NOTHING), (120, NOTHING)], True, id="missing twice, two minutes apart"),
        pytest.param([(0, NOTHING), (60, THERE), (120, NOTHING)], False, id="there in between"),
        pytest.param([(0, NOTHING), (60, SILENCED), (120, NOTHING)], False, id="silenced in between"),
        pytest.param([(0, INHIBITED), (300, INHIBITED)], False, id="inhibited is not over"),
        pytest.param([(0, NOTHING), (120, RESTARTED)], False, id="restarted meanwhile"),
        pytest.param([(0, RESTARTED), (120, RESTARTED)], False, id="restarted before"),
        pytest.param([(0, NOTHING), (60, RESTARTED), (120, NOTHING)], False, id="the other of a pair restarted"),
        pytest.param([(0, NOTHING), (120, said(cluster="settling"))], False, id="its cluster settles"),
        pytest.param([(0, said(cluster="disabled")), (120, NOTHING)], True, id="alone"),
        pytest.param([(0, said(group(alert("b")))), (120, NOTHING)], True, id="another alert is none of its own"),
        pytest.param([(0, said(group(alert(), receiver="x")))] * 2, False, id="told to somebody else"),
    ],
)
def test_only_what_is_surely_not_there_is_closed(answers: list[tuple[float, truth.Told]], is_closed: bool) -> None:
    assert closed(card(), *answers) is is_closed


@pytest.mark.parametrize(
    "burning",
    [
        pytest.param(card(version="1"), id="Grafana's"),
        pytest.param(card(version=""), id="of nobody knows whom"),
        pytest.param(card(receiver="elsewhere"), id="of another Alertmanager"),
    ],
)
def test_what_did_not_come_from_this_alertmanager_is_not_closed(burning: Card) -> None:
    assert not closed(burning, (0, NOTHING), (600, NOTHING))


def test_a_card_closes_when_its_last_alert_is_gone() -> None:
    two = card("a", "b")
    gone = truth.gone(truth.missing({}, (two,), said(group(alert("b"))), 0), GONE.total_seconds(), GONE)

    half = truth.restated(two, [two], said(group(alert("b"))), gone, NOW)

    assert [member.status for member in half.members] == [Status.RESOLVED, Status.FIRING]
    assert (half.firing, half.gone, half.turns) == (True, True, ())


LATE, YOUNG = alert(), alert(starts_at=NOW - MINUTE)


@pytest.mark.parametrize(
    ("groups", "cards", "heard", "pods"),
    [
        pytest.param([group(LATE)], [], ["ops"], [["a"]], id="its webhook should have come"),
        pytest.param([group(YOUNG)], [], ["ops"], [], id="it may still come"),
        pytest.param([group(LATE)], [card()], ["ops"], [], id="it did come"),
        pytest.param([group(LATE, alert("b"))], [card()], ["ops"], [["b"]], id="one of two came"),
        pytest.param([group(LATE)], [card("b")], ["ops"], [["a"]], id="another one came"),
        pytest.param([group(alert(silenced=("s",)))], [], ["ops"], [], id="silenced"),
        pytest.param([group(alert(inhibited=("b",)))], [], ["ops"], [], id="inhibited"),
        pytest.param([group(alert(labels={"alertname": "Watchdog"}))], [], ["ops"], [], id="the Watchdog"),
        pytest.param([group(LATE, receiver="mail")], [], ["ops"], [], id="not for us"),
        pytest.param([group(LATE, receiver="mail")], [], [], [["a"]], id="for whom, nobody knows yet"),
        pytest.param([group(LATE), group(LATE, receiver="mail")], [], [], [["a"]], id="for two, nobody knows: once"),
        pytest.param([group(LATE, receiver="null")], [], [], [], id="for nobody"),
        pytest.param([group(LATE, receiver="null")], [], ["null"], [["a"]], id="for us by that name"),
        pytest.param([group(LATE)], [card(receiver="mail")], [], [], id="on a card made for a guess"),
        pytest.param(
            [group(alert(starts_at=NOW - 2 * MINUTE))], [card()], ["ops"], [["a"]], id="began anew, its end unheard"
        ),
        pytest.param([group(alert(starts_at=NOW - 9 * MINUTE))], [card()], ["ops"], [], id="its start was moved back"),
        pytest.param(
            [group(LATE, alert("b", starts_at=NOW))],
            [card(truncated=1)],
            ["ops"],
            [["b"]],
            id="left out before",
        ),
    ],
)
def test_only_what_burns_unseen_is_told(
    groups: list[AlertGroup], cards: list[Card], heard: list[str], pods: list[list[str]]
) -> None:
    found = list(truth.untold(said(*groups), cards, heard, NOW, but=lambda alert: alert.name == "Watchdog"))

    assert [[each.fingerprint for each in group.alerts] for group in found] == pods


BEN = Muted("s", UserId("ben"), NOW + timedelta(hours=1), "new disk")
OURS = replace(BEN, by=UserId("@anna:example.org"), why="mine")


@pytest.mark.parametrize(
    ("before", "alerts", "silences", "after"),
    [
        pytest.param(None, [alert()], [], None, id="never silenced"),
        pytest.param(None, [alert(silenced=("s",))], [silence()], BEN, id="silenced elsewhere"),
        pytest.param(OURS, [alert(silenced=("s",))], [silence()], OURS, id="silenced by us: our words stay"),
        pytest.param(BEN, [alert()], [], None, id="no longer silenced"),
        pytest.param(BEN, [], [], BEN, id="over while silenced"),
        pytest.param(None, [alert(silenced=("s",)), alert("b")], [silence()], None, id="one of two silenced"),
        pytest.param(
            BEN, [alert(silenced=("s",)), alert("b", inhibited=("x",))], [silence()], None, id="the other inhibited"
        ),
        pytest.param(BEN, [alert(silenced=("new",))], [silence()], BEN, id="by a silence made while we asked"),
        pytest.param(
            None,
            [alert(silenced=("s", "longer")), alert("b", silenced=("longer",))],
            [silence(), silence("longer", 5)],
            Muted("longer", UserId("ben"), NOW + timedelta(hours=5), "new disk"),
            id="two silences: what lasts longer holds",
        ),
        pytest.param(
            None,
            [alert(silenced=("s",)), alert("b", silenced=("longer",))],
            [silence(), silence("longer", 5)],
            BEN,
            id="two alerts: until the first is loud",
        ),
        pytest.param(
            BEN,
            [alert(silenced=("s",))],
            [silence(hours=3)],
            replace(BEN, until=NOW + timedelta(hours=3)),
            id="extended",
        ),
    ],
)
def test_a_card_is_muted_while_all_of_it_is_silenced(
    before: Muted | None, alerts: list[FiringAlert], silences: list[Silence], after: Muted | None
) -> None:
    two = card("a", "b") if len(alerts) > 1 else card()
    answer = said(group(*alerts), silences=tuple(silences))

    assert truth.restated(replace(two, muted=before), [two], answer, (), NOW).muted == after


@pytest.mark.parametrize(
    ("alerts", "truncated"),
    [([alert()], 0), ([alert(), alert("b")], 3), ([alert(), alert("b", silenced=("s",))], 0), ([], 3)],
    ids=["all shown", "one is not", "what is silenced is not counted", "not there"],
)
def test_a_card_counts_what_it_does_not_name_until_it_names_all(alerts: list[FiringAlert], truncated: int) -> None:
    answer = said(group(*alerts), silences=(silence(),))

    assert truth.restated(card(truncated=3), [card()], answer, (), NOW).truncated == truncated


def test_what_a_route_led_into_another_room_is_named_there() -> None:
    cut, elsewhere = card(truncated=1), card("b", room=RoomId("!data:example.org"))

    answer = said(group(alert(), alert("b")))

    assert truth.restated(cut, [cut, elsewhere], answer, (), NOW).truncated == 0


@pytest.mark.parametrize(
    ("cards", "hook", "adopted"),
    [
        ([card(key="~1")], webhook("a"), True),
        ([card(key="~1")], webhook("b"), True),
        ([card(key="~1", receiver="guess")], webhook("a"), True),
        ([card(key="~1", receiver="guess")], webhook("b"), False),
        ([card(key="{}/{x}:{}")], webhook("a"), False),
        ([card(key="~1", room=RoomId("!dev:example.org"))], webhook("a"), False),
        ([card(key="~1")], webhook("a", key="~1"), False),
        ([], webhook("a"), False),
    ],
    ids=["its own", "its group's", "guessed", "guessed wrongly", "another's", "elsewhere", "our own", "none"],
)
def test_a_card_made_for_a_lost_webhook_is_that_groups_alone(cards: list[Card], hook: Webhook, adopted: bool) -> None:
    assert truth.stand_in(cards, ROOM, hook) == (cards[0] if adopted else None)


def test_of_two_routes_under_the_same_labels_the_one_that_knows_the_alert_has_it() -> None:
    other, own = card("b", key="{}/{x}:{}"), card("a", key="{}/{y}:{}")

    assert truth.home((other, own), group(alert("a"))) == own
    assert truth.home((other, own), group(alert("c"))) == other
    assert truth.home((other, own), group(alert("a"), receiver="mail")) is None


def test_what_a_webhook_would_have_said_is_read_as_one() -> None:
    odd = alert("a", labels={"alertname": "Down\x00", "long": "x" * 5000}, starts_at=NOW.replace(microsecond=123456))

    hook = truth.as_webhook(group(odd), None, NOW)

    assert hook
    assert hook.group_key == truth.assumed(LABELS)
    assert hook.alerts[0].starts_at == NOW.replace(microsecond=123000)
    assert "\x00" not in hook.alerts[0].labels["alertname"]
    assert len(hook.alerts[0].labels["long"]) == 4096


@pytest.mark.parametrize(("minutes", "told"), [(9, False), (10, True)])
def test_an_end_that_was_told_is_believed_for_ten_minutes(minutes: int, told: bool) -> None:
    over = card("a", over=True)

    hook = truth.as_webhook(group(alert()), over, over.opened_at + minutes * MINUTE)

    assert (hook is not None) is told
