"""Somebody who asks sees at once that they were heard, before there is an answer."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from bot.demo.homeserver import Homeserver
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from bot.demo.view import View

pytestmark = pytest.mark.real
_SLOW = 3.0


async def test_a_slow_answer_is_preceded_by_a_read_marker_typing_and_eyes(
    tmp_path: Path, homeserver: Homeserver, openbao: OpenBao
) -> None:
    async with Stage(tmp_path, homeserver=homeserver, openbao=openbao, name="receipts") as stage:
        await stage.start_bot()
        stage.cluster.faults.add("/api.*", delay=_SLOW)
        view = View(homeserver, stage.sessions["anna"], stage.room)
        await view.open()
        since = await _sync(stage, "")

        asked = time.monotonic()
        event = await view.say("!status")
        signs = await _signs(stage, event, since["next_batch"], asked)

    assert signs["read"] < 1.0
    assert signs["typing"] < 1.5
    assert 1.9 < signs["eyes"] < _SLOW + 0.5


async def _signs(stage: Stage, event: str, since: str, asked: float) -> dict[str, float]:
    """Return how long after the asking each sign was seen."""
    signs: dict[str, float] = {}
    while time.monotonic() - asked < _SLOW + 2 and len(signs) < 3:
        answer = await _sync(stage, since)
        since = answer["next_batch"]
        room = answer.get("rooms", {}).get("join", {}).get(stage.room, {})
        for name in _seen(stage, room, event):
            signs.setdefault(name, time.monotonic() - asked)
    return signs


def _seen(stage: Stage, room: dict[str, Any], event: str) -> list[str]:
    found = []
    for sign in room.get("ephemeral", {}).get("events", []):
        if sign["type"] == "m.receipt" and stage.user in sign["content"].get(event, {}).get("m.read", {}):
            found.append("read")
        if sign["type"] == "m.typing" and stage.user in sign["content"]["user_ids"]:
            found.append("typing")
    for said in room.get("timeline", {}).get("events", []):
        relation = said["content"].get("m.relates_to", {})
        if said["type"] == "m.reaction" and relation.get("event_id") == event and relation.get("key") == "👀":
            found.append("eyes")
    return found


async def _sync(stage: Stage, since: str) -> dict[str, Any]:
    assert stage.homeserver
    path = "/_matrix/client/v3/sync?timeout=1000" + (f"&since={since}" if since else "")
    return await asyncio.to_thread(stage.homeserver.call, "GET", path, by=stage.sessions["anna"])
