"""The Matrix content: who may be rung, what an edit is, and ids that make a repeated send harmless."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.facts import Verdict
from bot.core.message import (
    FIELD,
    File,
    Image,
    Message,
    Priority,
    Rendered,
    as_edit,
    attachments,
    content,
    shortened,
    transaction_id,
)
from bot.core.names import EventId, Key, RequestId, RoomId, UserId

ROOM = RoomId("!ops:example.org")
ANNA, BEN = UserId("@anna:example.org"), UserId("@ben:example.org")
RENDERED = Rendered("alert-card", Verdict.BAD, "🔥 CRITICAL Down", "<p>🔥 CRITICAL Down</p>")


def message(**changed: Any) -> Message:
    fields: dict[str, Any] = {"room": ROOM, "key": Key("alert:1"), "rendered": RENDERED}
    return Message(**fields | changed)


MESSAGES = [
    message(),
    message(rings=True),
    message(rings=True, mentions=(ANNA, BEN)),
    message(reply_to=EventId("$asked"), request=RequestId("k7")),
    replace(message(priority=Priority.CRITICAL), rings=True, mentions=(ANNA,)),
]


@pytest.mark.parametrize("sent", MESSAGES)
def test_mentions_are_always_there_so_that_no_label_rings_a_phone(sent: Message) -> None:
    first = content(sent, 1)

    assert first["m.mentions"] == ({"user_ids": list(sent.mentions)} if sent.mentions else {})
    assert as_edit(first, EventId("$first"))["m.mentions"] == {}


@pytest.mark.parametrize(("rings", "sort"), [(False, "m.notice"), (True, "m.text")])
def test_only_what_is_to_ring_is_text(rings: bool, sort: str) -> None:
    assert content(message(rings=rings), 1)["msgtype"] == sort


@pytest.mark.parametrize("sent", MESSAGES)
def test_an_edit_never_rings_and_keeps_what_it_says(sent: Message) -> None:
    second = content(sent, 2)

    edit = as_edit(second, EventId("$first"))

    assert edit["m.mentions"] == {}
    assert edit["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$first"}
    assert edit["m.new_content"] == {name: value for name, value in second.items() if name != "m.relates_to"}
    assert edit["body"] == f"* {second['body']}"
    assert edit[FIELD]["rev"] == 2


@pytest.mark.parametrize("sent", MESSAGES)
def test_programs_find_only_integers_and_strings(sent: Message) -> None:
    for shape in (content(sent, 3), as_edit(content(sent, 3), EventId("$first"))):
        ours = shape[FIELD]

        assert set(ours) == {"kind", "verdict", "key", "rev", "request"}
        assert {type(value) for value in ours.values()} == {str, int}
        assert (ours["kind"], ours["verdict"], ours["rev"]) == ("alert-card", "bad", 3)


def test_an_answer_is_a_reply() -> None:
    relation = content(message(reply_to=EventId("$asked")), 1)["m.relates_to"]

    assert relation == {"m.in_reply_to": {"event_id": "$asked"}}


def test_a_file_and_a_picture_travel_under_keys_of_their_own() -> None:
    both = replace(RENDERED, file=File("logs.txt", "lång"), image=Image("graph.png", b"\x89PNG", 800, 500))
    sent = message(rendered=both, request=RequestId("k7"))

    file, image = attachments(sent, 4)

    assert (file.key, image.key) == ("alert:1/file", "alert:1/image")
    assert (file.data, image.data) == ("lång".encode(), b"\x89PNG")
    for each in (file, image):
        assert each.content[FIELD] == {**content(sent, 4)[FIELD], "key": each.key}
        assert each.content["m.mentions"] == {}
    assert file.content["info"] == {"mimetype": "text/plain", "size": 5}
    assert image.content["info"] == {"mimetype": "image/png", "size": 4, "w": 800, "h": 500}
    assert attachments(message(), 1) == ()


def test_a_picture_says_in_words_what_it_shows() -> None:
    image = Image("graph.png", b"", 800, 500)

    (attached,) = attachments(message(rendered=replace(RENDERED, body="is at 3\nlowest 1", image=image)), 1)

    # `body` is the caption because `filename` differs from it.
    assert (attached.content["body"], attached.content["filename"]) == ("is at 3", "graph.png")


def test_an_attachment_that_is_refused_is_not_tried_as_something_shorter() -> None:
    image = replace(RENDERED, body="x" * 2000, image=Image("graph.png", b"", 800, 500))

    assert shortened(attachments(message(rendered=image), 1)[0].content) is None


def test_what_a_homeserver_refuses_is_shortened_once_and_still_rings_nobody_new() -> None:
    long = message(rendered=Rendered("audit", Verdict.OK, "x" * 9000, "<p>x</p>"), mentions=(ANNA,), rings=True)

    short = shortened(content(long, 1))

    assert short is not None
    assert short["body"] == f"{'x' * 500}…"
    assert short["m.mentions"] == {"user_ids": [ANNA]}
    assert "formatted_body" not in short
    assert shortened({**short, "body": "x" * 500}) is None


PARTS = st.tuples(st.text(max_size=20), st.text(max_size=20), st.integers(1, 999))


@given(PARTS)
def test_a_repeated_send_has_the_same_id(parts: tuple[str, str, int]) -> None:
    room, key, rev = parts
    again = transaction_id(RoomId(room), Key(key), rev)

    assert transaction_id(RoomId(room), Key(key), rev) == again
    assert again.isascii()
    assert len(again) < 64


def test_rooms_keys_and_revisions_never_share_an_id() -> None:
    ids = {
        transaction_id(RoomId(room), Key(key), rev)
        for room in ("!a:x", "!b:x")
        for key in ("alert:1", "alert:11", "answer:1")
        for rev in (1, 2, 11)
    }

    assert len(ids) == 18
    # Kept for ever: a new form would double what an older process left unsure.
    assert transaction_id(RoomId("!a:x"), Key("alert:1"), 1) == "b1.395d5ee2c4db7c5db20f326b78cd01fb6199b107"
