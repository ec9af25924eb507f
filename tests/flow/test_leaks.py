"""What nobody should have typed is taken out of the room, whatever else is away; its words are nowhere of ours."""

import asyncio
from pathlib import Path
from typing import Any

from bot.clients.matrix.events import heard
from bot.clients.store import inbox
from bot.core.heard import Batch
from bot.core.names import UserId
from tests.flow.conftest import BEN, ROOM, Bot, MakeBot

SHARE = "3fa9" * 16 + "c1"
TOKEN = "s.8kXw2ZtPq9RmVb4NcY7LdJ3h"


async def typed(bot: Bot, words: str) -> None:
    """Have somebody type something, and the listener store what it may."""
    event = {
        "type": "m.room.message",
        "event_id": "$typed",
        "sender": BEN,
        "origin_server_ts": int(bot.clock.wall.timestamp() * 1000),
        "content": {"msgtype": "m.text", "body": words},
    }
    found = heard(ROOM, event, UserId("@opsbot:example.org"), encrypted=False)
    assert found
    await bot.app.database.write(lambda tx: bot.app.listener._store(tx, Batch("s1", (), (), ()), [found]))


async def test_its_words_are_not_stored_and_it_waits_for_a_homeserver_that_is_away(
    make: MakeBot, tmp_path: Path
) -> None:
    bot = await make().open()
    await typed(bot, f"!unseal {SHARE} and {TOKEN}")
    (arrival,) = await inbox.open_arrivals(bot.app.database)
    seeing = asyncio.create_task(bot.app.chat._leaks.see_to(arrival))
    await until(lambda: bot.clock.sleepers > 0)

    (waiting,) = await inbox.open_arrivals(bot.app.database)

    seeing.cancel()
    assert waiting.heard.body == "unseal share,token"
    database = b"".join(path.read_bytes() for path in (tmp_path / "state").glob("opsbot.db*"))
    assert b"unseal share,token" in database
    assert SHARE[:12].encode() not in database
    assert TOKEN.encode() not in database


async def until(done: Any) -> None:
    async with asyncio.timeout(5):
        while not done():  # noqa: ASYNC110 - a request that fails on loopback
            await asyncio.sleep(0.01)


async def test_a_secret_among_the_words_of_a_command_is_not_on_record(make: MakeBot) -> None:
    bot = await make().open()

    await bot.asks(BEN, "poke", f"password={TOKEN}")

    assert [words for _, words, _ in await bot.trail()] == ["poke password=[secret]"]
