"""Whose phone rings for what we say, by the push rules that everybody has who never changed any."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.core.alerts import AlertCard, Card, Member, Taken
from bot.core.escalation import Cause
from bot.core.facts import Verdict
from bot.core.message import File, Image, Message, Rendered, as_edit, attachments, content, shortened
from bot.core.names import EventId, Key, RequestId, RoomId, UserId
from bot.core.paging import Escalated, Outcome, Over, Page, Reminder
from bot.core.standing import Board, Digest, QuietOver, standing
from bot.core.webhook import Status
from bot.demo.homeserver import Homeserver
from commands.oncall import Handover
from formatters import FORMATTERS
from formatters.render import kind, render
from tests.tools.push_rules import Reader, Rules, Told, defaults, older, told
from tests.tools.results import results

BOT = UserId("@opsbot:demo.test")
ANNA, BEN, CLEO = UserId("@anna:demo.test"), UserId("@ben:demo.test"), UserId("@cleo:demo.test")
NAMES = {ANNA: "Anna", BEN: "Ben", CLEO: "Cleo"}
FIRST = EventId("$first")
# Everything that could ring by what a body says: names as people and programs write them, and the whole room.
BODY = "🔥 CRITICAL Anna ben @cleo:demo.test @room — data/Cleo"
EVERY_SORT = pytest.mark.parametrize("sort", FORMATTERS, ids=kind)
A_FEW = settings(max_examples=3, phases=[Phase.generate], suppress_health_check=[*HealthCheck])
TEXTS = st.sampled_from((BODY, "Anna", "ben", "@cleo:demo.test", "@room"))


def some(data: st.DataObject, sort: type) -> Rendered:
    """Return a message of a sort, everything in it that others wrote being somebody's name."""
    return render(data.draw(results(sort, TEXTS)), formatters=FORMATTERS)


RULES = (defaults, older)
NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
LABELS = {"alertname": "Anna", "severity": "critical", "namespace": "data", "pod": "@cleo:demo.test"}
MEMBER = Member("f1", Status.FIRING, LABELS, {"summary": BODY}, NOW, None, "", NOW)
ALONE, AMONG = 2, 4
Content = Mapping[str, Any]


def message(rendered: Rendered, **changed: Any) -> Message:
    fields: dict[str, Any] = {"reply_to": EventId("$asked"), "request": RequestId("k7")}
    return Message(RoomId("!ops:demo.test"), Key("alert:1"), rendered, **fields | changed)


def everybody(
    said: Content, rules: Callable[[str], Rules], members: int = AMONG, sort: str = "m.room.message"
) -> list[Told]:
    """Return what Anna, Ben and Cleo are told, the bot having every power."""
    event = {"type": sort, "sender": BOT, "room_id": "!ops:demo.test", "event_id": "$new", "content": said}
    readers = [Reader(user, name, members, room_may_be_rung=True) for user, name in NAMES.items()]
    return [told(event, reader, rules(reader.user_id)) for reader in readers]


def anybody(said: Content) -> set[Told]:
    """Return whatever anybody is told, by either rules, in a room of many and alone with the bot."""
    return {what for rules in RULES for members in (ALONE, AMONG) for what in everybody(said, rules, members)}


TAKEN = Taken(CLEO, NOW)
BURNING = Card(
    *(Key("alert:1"), RoomId("!ops:demo.test"), "ops", "{}", 1, {}, (MEMBER,), "", 0, NOW), taken=TAKEN, muted=None
)
VIEW = AlertCard(BURNING, "UTC", NOW)


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize(
    "result",
    [
        Page(AlertCard(replace(BURNING, taken=None), "UTC", NOW), 2, 6),
        Reminder(VIEW),
        Handover(standing((BURNING,), (), NOW, "UTC"), (ANNA,), BEN),
    ],
    ids=lambda result: kind(type(result)),
)
def test_what_rings_until_somebody_answers_rings_for_whom_it_mentions_whoever_it_names(
    result: object, rules: Callable[[str], Rules]
) -> None:
    page = content(message(render(result, formatters=FORMATTERS), rings=True, mentions=(ANNA,)), 1)

    assert [bool(what.sound) for what in everybody(page, rules)] == [True, False, False]


@pytest.mark.parametrize(
    "result",
    [
        Over(BURNING),
        Escalated(BURNING, Cause.UNANSWERED, Outcome.TOLD),
        Digest(standing((BURNING,), (), NOW, "UTC"), sparkle=True),
        QuietOver((BURNING,), 1, NOW, "UTC"),
        Board(standing((BURNING,), (), NOW, "UTC")),
    ],
    ids=lambda result: kind(type(result)),
)
def test_an_end_a_digest_and_a_board_notify_nobody(result: object) -> None:
    assert anybody(content(message(render(result, formatters=FORMATTERS)), 1)) == {Told(".m.rule.suppress_notices")}


@EVERY_SORT
@A_FEW
@given(st.data())
def test_a_page_rings_for_those_it_mentions_and_makes_no_sound_elsewhere(sort: type, data: st.DataObject) -> None:
    page = content(message(some(data, sort), rings=True, mentions=(ANNA, BEN)), 1)

    for rules in RULES:
        anna, ben, cleo = everybody(page, rules)

        assert anna == ben == Told(".m.rule.is_user_mention", notifies=True, sound="default", highlights=True)
        assert cleo == Told(".m.rule.message", notifies=True)


@EVERY_SORT
@pytest.mark.parametrize("mentions", [(), (ANNA, BEN, CLEO)], ids=["nobody", "all"])
@A_FEW
@given(st.data())
def test_what_does_not_ring_notifies_nobody_whoever_it_mentions(
    sort: type, mentions: tuple[UserId, ...], data: st.DataObject
) -> None:
    notice = content(message(some(data, sort), mentions=mentions), 1)

    assert anybody(notice) == {Told(".m.rule.suppress_notices")}


@EVERY_SORT
@pytest.mark.parametrize(
    ("rings", "rule"), [(True, ".m.rule.suppress_edits"), (False, ".m.rule.suppress_notices")], ids=["page", "notice"]
)
@A_FEW
@given(st.data())
def test_an_edit_notifies_nobody(sort: type, rings: bool, rule: str, data: st.DataObject) -> None:
    edit = as_edit(content(message(some(data, sort), rings=rings, mentions=(ANNA, BEN, CLEO)), 2), FIRST)

    assert anybody(edit) == {Told(rule)}


@pytest.mark.parametrize("rules", RULES)
def test_a_page_that_a_homeserver_made_us_shorten_rings_for_the_same(rules: Callable[[str], Rules]) -> None:
    page = content(
        replace(message(Rendered("alert-card", Verdict.BAD, BODY * 100, "<p>long</p>")), rings=True, mentions=(ANNA,)),
        1,
    )
    short = shortened(page)

    assert short is not None
    assert everybody(short, rules) == everybody(page, rules)
    assert [bool(what.sound) for what in everybody(short, rules)] == [True, False, False]


@pytest.mark.parametrize("rules", RULES)
def test_a_reaction_a_file_and_a_picture_make_no_sound_among_several(rules: Callable[[str], Rules]) -> None:
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": FIRST, "key": "👀"}}
    # They cannot be notices: where the reader and we are alone, the one-to-one rule rings for them.
    shown = Rendered("card-graph", Verdict.BAD, BODY, "", File("cleo.txt", BODY), Image("cleo.png", b"", 1, 1))
    attached = attachments(message(shown, rings=True, mentions=(ANNA,)), 1)

    assert not any(what.notifies for what in everybody(reaction, rules, sort="m.reaction"))
    for each in attached:
        assert not any(what.sound for what in everybody(each.content, rules))
        assert any(what.sound for what in everybody(each.content, rules, ALONE))


def test_without_the_empty_mentions_a_label_would_ring() -> None:
    """What `m.mentions: {}` is for; the evaluation would see it."""
    page = content(message(Rendered("alert-card", Verdict.BAD, BODY, f"<p>{BODY}</p>"), rings=True), 1)
    bare = {name: value for name, value in page.items() if name != "m.mentions"}

    assert [what.sound for what in everybody(page, older)] == ["", "", ""]
    assert [what.sound for what in everybody(bare, older)] == ["default", "default", "default"]


def test_with_mentions_at_the_top_an_edit_would_ring() -> None:
    """What `as_edit` moves inside; the evaluation would see it."""
    new = content(message(Rendered("alert-card", Verdict.BAD, BODY, "<p></p>"), rings=True, mentions=(ANNA,)), 2)
    loud = {**as_edit(new, FIRST), "m.mentions": new["m.mentions"]}

    assert [bool(what.sound) for what in everybody(loud, defaults)] == [True, False, False]


@pytest.mark.real
def test_these_are_the_rules_that_a_homeserver_hands_out(homeserver: Homeserver) -> None:
    homeserver.register("ringing", "a-password")
    user = homeserver.login("ringing", "a-password")
    found = homeserver.call("GET", "/_matrix/client/v3/pushrules/", by=user)["global"]
    ours = older(user.user_id)

    for sort, rules in ours.items():
        # Servers have further rules of their own, for calls and polls.
        theirs = [rule for rule in found[sort] if rule["rule_id"].startswith(".m.rule.")]
        assert [_meaning(rule) for rule in theirs] == [_meaning(rule) for rule in rules]


def _meaning(rule: Content) -> tuple[object, ...]:
    """Return what a rule says, whatever the order it says it in; a highlight set to false is none."""
    tweaks = {each["set_tweak"]: each.get("value", True) for each in rule["actions"] if each != "notify"}
    return (
        rule["rule_id"],
        rule["enabled"],
        sorted(map(repr, (sorted(condition.items()) for condition in rule.get("conditions", ())))),
        rule.get("pattern"),
        "notify" in rule["actions"],
        {name: value for name, value in tweaks.items() if value is not False},
    )
