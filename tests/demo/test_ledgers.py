"""The checker of the first promise must see every way of breaking it."""

from dataclasses import replace

import pytest

from bot.core.names import EventId, RoomId, UserId
from bot.demo.ledgers import Promised, Verdict, inversions, judge
from bot.demo.view import Seen

BOT = UserId("@bot:demo.test")
ROOM = RoomId("!ops:demo.test")
BODY = "⚠️ WARNING Disk (2)\n• a-1\n• a-2"
CARD = Seen(EventId("$1"), BOT, BODY, "", None, "", "", "alert:1", 1, "", "", (), None, ROOM)
EDIT = replace(CARD, event_id=EventId("$2"), body="✅ RESOLVED Disk (2)", edits=CARD.event_id, rev=2)
ANSWER = replace(CARD, event_id=EventId("$3"), body="Pong", key="answer:1", replies_to=EventId("$ask"))
SAID = replace(CARD, event_id=EventId("$4"), body="ℹ️ lunch", key="announce:1")


def _promised() -> Promised:
    promised = Promised(commands={EventId("$ask"): "!ping"}, announcements=["lunch"])
    promised.accepted("Disk", {"a-1": True, "a-2": True})
    promised.accepted("Disk", {"a-1": False, "a-2": False})
    return promised


def _breaches(*seen: Seen) -> set[str]:
    verdict: Verdict = judge(_promised(), seen, BOT)
    return set(verdict.breaches)


@pytest.mark.parametrize(
    ("seen", "breaches"),
    [
        ((CARD, EDIT, ANSWER, SAID), set()),
        ((ANSWER, SAID), {"lost"}),
        ((CARD, ANSWER, SAID), {"lost"}),
        ((CARD, EDIT, replace(EDIT, event_id=EventId("$9")), ANSWER, SAID), {"doubled"}),
        ((CARD, replace(CARD, event_id=EventId("$9"), rev=3, body=EDIT.body), ANSWER, SAID), {"doubled"}),
        ((CARD, replace(EDIT, rev=3), replace(EDIT, event_id=EventId("$9")), ANSWER, SAID), {"disordered"}),
        ((CARD, EDIT, SAID), {"unanswered"}),
        ((CARD, EDIT, ANSWER, replace(ANSWER, key="answer:2"), SAID), {"answered_twice"}),
        ((CARD, EDIT, ANSWER), {"unannounced"}),
        ((CARD, EDIT, ANSWER, SAID, replace(SAID, key="announce:2")), {"announced_twice"}),
        ((replace(CARD, sender=UserId("@eve:demo.test")), ANSWER, SAID), {"lost"}),
    ],
)
def test_every_breach_is_seen_and_nothing_else(seen: tuple[Seen, ...], breaches: set[str]) -> None:
    assert _breaches(*seen) == breaches


def test_a_card_that_names_a_resolved_alert_as_firing_is_a_lost_one() -> None:
    promised = Promised()
    promised.accepted("Disk", {"a-1": True, "a-2": False})

    assert judge(promised, [CARD], BOT).lost == ("Disk",)


def _storm(*lines: str) -> Seen:
    return replace(CARD, event_id=EventId("$storm"), key="storm:1", body="\n".join(lines))


@pytest.mark.parametrize(
    ("storm", "fires", "lost"),
    [
        (("⚠️ STORM 2 groups in 1 s — 2 warning", "1,002 alerts in all"), True, ()),
        (("⚠️ STORM 1 group in 1 s — 1 warning", "1,002 alerts in all"), True, ("Slow",)),
        (("⚠️ STORM 2 groups in 1 s — 2 warning", "1,001 alerts in all"), True, ("Slow",)),
        (("⚠️ STORM 2 groups in 1 s — 2 warning",), True, ("Slow",)),
        # Over, it tells of what ended; what burns must have a card.
        (("ℹ️ storm over: 2 groups in 1 s, 1 still burns", "1,002 alerts in all"), True, ("Slow",)),
        (("ℹ️ storm over: 2 groups in 1 s, 1 still burns", "1,002 alerts in all"), False, ()),
    ],
)
def test_a_group_without_a_card_is_kept_by_a_storm_that_counts_everything(
    storm: tuple[str, ...], fires: bool, lost: tuple[str, ...]
) -> None:
    promised = Promised()
    promised.accepted("Disk", {"a-1": True, "a-2": True})
    promised.accepted("Slow", {f"b-{number}": fires for number in range(1000)})

    assert judge(promised, [CARD, _storm(*storm)], BOT).lost == lost


def test_inversions_are_counted_in_pairs() -> None:
    assert inversions("abcd", "abcd") == 0
    assert inversions("abcd", "bad") == 1
    assert inversions("abcd", "dcba") == 6
