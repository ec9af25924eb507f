"""A secret in whatever a member sends is heard as that alone: its words end where the event was read."""

from typing import Any

import pytest

from bot.clients.matrix.events import Unreadable, heard
from bot.core.heard import Heard, Sort
from bot.core.names import RoomId, UserId

ROOM, ME = RoomId("!ops:example.org"), UserId("@opsbot:example.org")
SHARE = "3fa9" * 16 + "c1"
FIRST = "$first"


def event(content: dict[str, Any], kind: str = "m.room.message", **other: Any) -> dict[str, Any]:
    whole = {
        "type": kind,
        "event_id": "$1",
        "sender": "@ben:example.org",
        "origin_server_ts": 1_777_000_000_000,
        "content": content,
    }
    return whole | other


def hear(said: dict[str, Any]) -> Heard | None:
    return heard(ROOM, said, ME, encrypted=False)


def message(**content: Any) -> dict[str, Any]:
    return event({"msgtype": "m.text", "body": "well", **content})


@pytest.mark.parametrize(
    "said",
    [
        message(body=SHARE),
        message(body=f"!unseal {SHARE}"),
        message(formatted_body=f"<code>{SHARE}</code>"),
        message(msgtype="m.notice", body=SHARE),
        message(msgtype="m.emote", body=SHARE),
        message(msgtype="m.file", body="well", filename=f"{SHARE}.txt"),
        message(
            **{
                "m.new_content": {"msgtype": "m.text", "body": SHARE},
                "m.relates_to": {"rel_type": "m.replace", "event_id": FIRST},
            }
        ),
        message(body=f"> <@anna:example.org> {SHARE}\n\nremove that", **{"m.relates_to": {"m.in_reply_to": FIRST}}),
        event({"m.relates_to": {"rel_type": "m.annotation", "event_id": FIRST, "key": SHARE}}, "m.reaction"),
        event({"reason": SHARE, "redacts": FIRST}, "m.room.redaction"),
        event({"body": SHARE}, "m.sticker"),
        event({"body": SHARE}, "org.example.unheard-of"),
    ],
)
def test_a_share_is_heard_as_a_leak_wherever_it_stands(said: dict[str, Any]) -> None:
    found = hear(said)

    assert found
    assert (found.sort, found.body, found.target) == (Sort.LEAK, "unseal share", None)
    assert SHARE not in repr(found)


@pytest.mark.parametrize(
    "said",
    [
        message(body=SHARE) | {"sender": ME},
        message(body=SHARE) | {"unsigned": {"redacted_because": {}}},
        event({"topic": "well"}, "m.room.topic", state_key=""),
        event({"ciphertext": SHARE}, "m.room.encrypted"),
        event({"url": "mxc://example.org/" + SHARE}, "m.sticker"),
    ],
)
def test_what_is_ours_gone_or_shown_to_nobody_is_not_looked_at(said: dict[str, Any]) -> None:
    assert hear(said) is None


@pytest.mark.parametrize("content", [None, [], "text", {"body": None}, {"body": 5}, {"m.new_content": 7}])
def test_no_shape_of_content_stops_the_reading(content: Any) -> None:
    try:
        found = hear(event({}) | {"content": content})
    except Unreadable:
        found = None

    assert found is None
