"""A secret typed into the room, by whatever kind of event, and the bot away or not: nobody finds it afterwards."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.demo.homeserver import Homeserver
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from bot.demo.transcript import Player

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

SHARE = "3fa9" * 16 + "c1"
TOKEN = "s.8kXw2ZtPq9RmVb4NcY7LdJ3h"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, homeserver: Homeserver, openbao: OpenBao
) -> AsyncIterator[Stage]:
    """A bot that logs all it ever would."""
    directory = tmp_path_factory.mktemp("leaks")
    async with Stage(directory, homeserver=homeserver, openbao=openbao, name="leaks") as stage:
        await stage.start_bot(debug=True)
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def player(stage: Stage) -> Player:
    player = Player(stage)
    await player.open()
    return player


async def test_what_was_typed_while_the_bot_was_away_is_removed_when_it_is_back(player: Player) -> None:
    await player.play("anna> !ping\nbot< ✅ *\n…")
    await player.stage.kill_bot()
    await player.views["ben"].say(f"here: {SHARE}")
    assert SHARE in await player.views["cleo"].history()

    await player.stage.start_bot(debug=True)

    await player.play("bot< 🔒 Removed: an unseal share that *\n…")
    assert SHARE not in await player.views["cleo"].history()


async def test_an_edit_a_notice_and_a_reaction_are_removed_too(player: Player) -> None:
    stage = player.stage
    assert stage.homeserver
    first = await player.views["ben"].say("good morning")
    new = {"msgtype": "m.text", "body": SHARE}
    edit = {
        **new,
        "body": f"* {SHARE}",
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": first},
    }
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": first, "key": TOKEN}}

    for content, kind in (
        (edit, "m.room.message"),
        ({"msgtype": "m.notice", "body": SHARE}, "m.room.message"),
        (reaction, "m.reaction"),
    ):
        stage.homeserver.send(stage.sessions["ben"], stage.room, content, kind)
        await player.play("bot< 🔒 Removed: *\n…")

    history = await player.views["cleo"].history()
    assert SHARE not in history
    assert TOKEN not in history
    assert "good morning" in history


async def test_who_typed_it_is_on_record_and_what_it_was_not(player: Player) -> None:
    await player.play(f"""
ben> !vault unseal {SHARE}
bot< 🔒 Removed: *
…
anna> !audit 3
bot< ✅ *
…
• * @ben*:demo.test refused → unseal share typed, removed
…
""")

    kept = (player.stage.directory / "bot.log").read_bytes()
    kept += b"".join(path.read_bytes() for path in (player.stage.directory / "state").glob("opsbot.db*"))
    assert b"unseal share typed, removed" in kept
    assert SHARE.encode() not in kept
