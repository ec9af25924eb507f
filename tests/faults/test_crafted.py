"""What a member may send through a real homeserver to break a listener: the next command is answered in time."""

import time
from contextlib import suppress
from typing import Any

import pytest

from bot.core.message import FIELD
from bot.demo.homeserver import HomeserverRefused
from bot.demo.stage import Stage
from tests.faults.conftest import Witness

pytestmark = pytest.mark.real
_SECONDS = 5.0
_DEEP: Any = "end"
for _ in range(90):
    _DEEP = {"d": _DEEP}

TEXT = {"msgtype": "m.text", "body": "!ping"}
CRAFTED: list[tuple[str, Any]] = [
    ("m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2", "sender_key": "", "ciphertext": "", "session_id": ""}),
    ("m.room.encrypted", {"algorithm": 5, "ciphertext": {"a": []}, "sender_key": None}),
    ("m.room.encrypted", {}),
    ("m.room.message", {}),
    ("m.room.message", {"msgtype": "m.text"}),
    ("m.room.message", {"msgtype": "m.text", "body": None}),
    ("m.room.message", {"msgtype": "m.text", "body": 7}),
    ("m.room.message", {"msgtype": "m.text", "body": ["!ping"]}),
    ("m.room.message", {"msgtype": ["m.text"], "body": "!ping"}),
    ("m.room.message", {"msgtype": "m.text", "body": "!" * 60_000}),
    ("m.room.message", {"msgtype": "m.text", "body": "!audit " + "9" * 5_000}),
    ("m.room.message", {"msgtype": "m.text", "body": "x" * 200_000}),
    ("m.room.message", {"msgtype": "m.text", "body": "!\x00ping \u202e\u200b\n\n\n\x1b[2J"}),
    ("m.room.message", {"msgtype": "m.text", "body": "!ping \ud800"}),
    ("m.room.message", {"msgtype": "m.text", "body": "!announce \"unclosed 'quote --yes"}),
    ("m.room.message", TEXT | {"m.relates_to": "text"}),
    ("m.room.message", TEXT | {"m.relates_to": {"m.in_reply_to": [1]}}),
    ("m.room.message", TEXT | {"m.relates_to": {"m.in_reply_to": {"event_id": {"a": 1}}}}),
    ("m.room.message", TEXT | {"m.relates_to": {"rel_type": "m.replace", "event_id": "$x"}, "m.new_content": 3}),
    ("m.room.message", TEXT | {FIELD: {"key": "alert:1", "rev": "one", "kind": {}}}),
    ("m.room.message", TEXT | {"deep": _DEEP}),
    ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": 5, "key": "👍"}}),
    ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": ["👍"]}}),
    ("m.reaction", {"m.relates_to": []}),
    ("m.room.redaction", {"redacts": 5}),
    ("m.room.redaction", {}),
    ("pt.sunbeam.ops", {"key": 1}),
    ("", {"body": "no type"}),
]


@pytest.mark.parametrize("who", ["anna", "mallory"])
async def test_no_crafted_event_delays_the_next_command(stage: Stage, witness: Witness, who: str) -> None:
    assert stage.homeserver
    await stage.start_bot()
    taken = 0

    for kind, content in CRAFTED:
        with suppress(HomeserverRefused, UnicodeError, OSError):
            stage.homeserver.send(stage.sessions[who], stage.room, content, kind)
            taken += 1
    asked = time.monotonic()
    await witness.say("!audit 1")
    await witness.until(lambda: not witness.verdict().unanswered, _SECONDS)

    assert time.monotonic() - asked < _SECONDS
    assert taken > len(CRAFTED) // 2
    assert witness.verdict().breaches == {}
