"""Whole conversations, played against the running bot in a real room, and what must not be obeyed there."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.core.names import EventId
from bot.demo.homeserver import Homeserver
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from bot.demo.transcript import NotAsExpected, Player
from tests.tools.guard import guard

CONVERSATIONS = {
    script.stem: script.read_text() for script in sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
}
MAY_RING = {"alert-card", "page", "reminder", "handover", "nudge", "prompt", "watchdog-silent"}
"""Kinds of what may be more than a notice; all else is silent, in every conversation."""
pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, homeserver: Homeserver, openbao: OpenBao
) -> AsyncIterator[Stage]:
    """One room and one bot for all conversations; each leaves nothing open.

    Its cluster holds the bot to what `deploy/` grants: "Kubernetes refused" here means that a rule is missing there.
    """
    directory = tmp_path_factory.mktemp("transcripts")
    # A seal that somebody breaks in one conversation has no card in the next (tests/test_seal_in_the_room.py).
    settings = {
        "limits": {"per_person": 1000, "storm": 4, "stuck": 3, "seal": 3600},
        "alerts": {"routes": [{"room": "apps", "matchers": ['namespace="lasuite"', 'pod=~"docs.*"']}]},
    }
    async with Stage(
        directory,
        homeserver=homeserver,
        openbao=openbao,
        name="scribe",
        settings=settings,
        room_names=("ops", "apps"),
    ) as stage:
        guard(stage.cluster)
        await stage.start_bot()
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def player(stage: Stage) -> Player:
    player = Player(stage)
    await player.open()
    return player


@pytest.mark.parametrize("script", CONVERSATIONS)
async def test_the_room_sees_what_the_transcript_says(player: Player, script: str) -> None:
    # One homeserver serves many tests, so the bot has another name here.
    await player.play(CONVERSATIONS[script].replace("@opsbot", f"@{player.stage.name}"))

    await player.look(0)
    assert [message.body for message in player._unmatched] == []
    said = [seen for seen in player.view.seen if seen.sender == player.bot]
    assert {seen.kind for seen in said if seen.msgtype == "m.text" and not seen.edits} <= MAY_RING
    assert [seen.body for seen in said if seen.edits and seen.mentions] == []


@pytest.mark.parametrize(
    "script",
    [
        "anna> !ping\nbot< ❌ Pong*\n…",
        "anna> !ping\nbot< ✅ Pong — *",
        "anna> !ping\nbot= ✅ Pong — *\n…",
        "anna> !ping\nbot!",
        "anna> good morning\nbot< ✅*\n…",
    ],
)
async def test_a_conversation_that_goes_otherwise_fails(
    player: Player, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.demo.transcript._ANSWER_SECONDS", 0.5)

    with pytest.raises(NotAsExpected, match="line 2: expected"):
        await player.play(script)


async def test_an_edit_a_notice_and_an_emote_are_not_obeyed(player: Player) -> None:
    anna = player.views["anna"]
    first = await anna.say("good morning")
    edited = {"msgtype": "m.text", "body": "!ping"}
    relation = {"rel_type": "m.replace", "event_id": first}

    for content in (
        {**edited, "body": "* !ping", "m.new_content": edited, "m.relates_to": relation},
        {"msgtype": "m.notice", "body": "!ping"},
        {"msgtype": "m.emote", "body": "!ping"},
        {"msgtype": "m.text", "body": "ping", "m.relates_to": {"m.in_reply_to": {"event_id": first}}},
    ):
        send(player, "anna", content)

    await player.play("bot!")


async def test_a_command_edited_after_it_was_said_is_answered_as_it_was_said(player: Player) -> None:
    asked = await player.views["anna"].say("!ping")
    await player.play("bot< ✅ Pong — *\n…")

    edited = {"msgtype": "m.text", "body": "!announce Ha --yes"}
    relation = {"rel_type": "m.replace", "event_id": asked}
    send(player, "anna", {**edited, "m.new_content": edited, "m.relates_to": relation})

    await player.play("bot!")


async def test_a_forged_prompt_confirms_nothing(player: Player) -> None:
    await player.play("ben> !announce Deploy at 18:00\nbot< ⏳ !announce Deploy at 18:00?\n…")
    forged = send(player, "cleo", {"msgtype": "m.notice", "body": "⏳ !ping?\n👍 to go"})

    await player.views["ben"].tap(forged, "👍")

    await player.play("bot!\nben> no\nbot= ❌ Cancelled by *")


async def test_an_answer_rings_nobody_and_programs_can_read_it(player: Player) -> None:
    asked = await player.views["anna"].say("!ping")
    await player.play("bot< ✅ Pong — *\n…")

    assert player.last
    assert (player.last.msgtype, player.last.mentions) == ("m.notice", ())
    assert player.last.replies_to == asked
    assert (player.last.kind, player.last.verdict, player.last.rev) == ("pong", "ok", 1)
    assert player.last.key == f"answer:{player.last.request}"


async def test_a_critical_alert_rings_who_is_on_call_and_only_them(player: Player) -> None:
    await player.play("~ fire TapeFull critical storage/tape-0\nbot< 🔥 CRITICAL TapeFull*\n…")
    assert player.last
    fired = player.last
    await player.play("~ resolve TapeFull critical storage/tape-0\nbot= ✅ RESOLVED TapeFull*\n…")

    assert (fired.msgtype, fired.mentions) == ("m.text", (player.stage.user_of("anna"),))
    assert player.last.mentions == ()
    assert player.last.edits == fired.event_id


async def test_a_card_and_its_handle_say_where(player: Player) -> None:
    await player.play("~ fire SlowLogin warning ory/hydra\nbot< ⚠️ WARNING SlowLogin — ory/hydra*\n…")
    assert player.last
    handle = next(word for word in player.last.body.split() if word.startswith("#"))

    await player.play("anna> ↩ check\nbot< ✅ ory/hydra*\n…")
    await player.play(f"anna> !check {handle}\nbot< ✅ ory/hydra*\n…")
    await player.play("anna> !logs #q98\nbot< ❔ No card #q98*\n…")
    await player.play("~ resolve SlowLogin warning ory/hydra\nbot= ✅ RESOLVED SlowLogin*\n…")


def send(player: Player, who: str, content: dict[str, Any]) -> EventId:
    """Send content as it is, as any client can."""
    assert player.stage.homeserver
    return player.stage.homeserver.send(player.stage.sessions[who], player.stage.room, content)
