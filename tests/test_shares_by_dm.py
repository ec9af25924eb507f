"""A share typed in the encrypted direct chat, by a real client: taken, removed, counted; and nowhere afterwards."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bot.core.names import RoomId, UserId
from bot.demo.homeserver import Homeserver
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from bot.demo.transcript import Player
from tests.clients.test_matrix_encryption import Phone

pytestmark = pytest.mark.real
NAME = "whisper"


@pytest.fixture
async def player(tmp_path: Path, homeserver: Homeserver, openbao: OpenBao) -> AsyncIterator[Player]:
    settings: dict[str, Any] = {
        "matrix": {
            "homeserver": homeserver.url,
            "user": f"@{NAME}:demo.test",
            "password_file": str(tmp_path / "password"),
            "encryption": True,
        },
        "openbao": {
            "pods": [openbao.url],
            "auth": {"jwt_file": str(tmp_path / "jwt")},
            "shares_by_dm": True,
        },
        "limits": {"seal": 3600},
    }
    async with Stage(tmp_path, homeserver=homeserver, openbao=openbao, name=NAME, settings=settings) as stage:
        await stage.start_bot(debug=True)
        player = Player(stage)
        await player.open()
        yield player


async def test_a_share_by_encrypted_chat_counts_and_leaves_no_trace(
    player: Player, tmp_path: Path, openbao: OpenBao
) -> None:
    stage, share = player.stage, openbao.keys.shares[0]
    assert stage.homeserver
    (tmp_path / "phone").mkdir()
    # A device of its own: what is sent to one is told to whoever syncs it first, and somebody looks at the room.
    anna = stage.homeserver.login(f"anna-{NAME}", stage.password, "PHONE")
    phone = Phone(stage.homeserver, anna, tmp_path / "phone")
    await phone.sync()
    await _hears_of(phone, stage.user)

    await player.play("""
~ seal
ben> !unseal
bot< 🔥 OpenBao is sealed — * ○○○ 0/3
…
""")
    chat = await _chat(phone)
    typed = await phone.says(chat, f"!unseal {share}")
    await player.play("""
bot= 🔥 OpenBao is sealed — * ●○○ 1/3
@anna* gave one · waiting for 2 of *
…
""")
    answered = await _reads(phone, "Taken: 1 of 3")
    event = stage.homeserver.call(
        "GET", f"/_matrix/client/v3/rooms/{quote(chat)}/event/{quote(typed)}", by=stage.sessions["anna"]
    )
    await player.play("~ unseal\nbot= ✅ Unsealed *\n…")
    await phone.close()
    await stage.stop_bot()

    assert "Your message is removed" in answered
    assert event["content"] == {}
    kept = (tmp_path / "bot.log").read_bytes()
    kept += b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert b"share by direct chat: counted, removed" in kept
    assert share.encode() not in kept


async def _hears_of(phone: Phone, user: UserId) -> None:
    """Wait until the client knows a device of somebody: keys from devices that it does not know it throws away."""
    async with asyncio.timeout(60):
        while not list(phone.client.device_store.active_user_devices(user)):
            phone.client.olm.users_for_key_query.add(user)
            await phone.client.keys_query()
            await asyncio.sleep(0.05)


async def _chat(phone: Phone) -> RoomId:
    """Join the chat that the bot made, and have its members' keys."""
    while not phone.client.invited_rooms:
        await phone.sync()
    (room,) = phone.client.invited_rooms
    await phone.client.join(room)
    while room not in phone.client.rooms or len(phone.client.rooms[room].users) < 2:
        await phone.sync()
    await phone.sync()
    return RoomId(room)


async def _reads(phone: Phone, words: str) -> str:
    for _ in range(200):
        bodies = [getattr(event, "body", "") for event in await phone.sync()]
        if found := next((body for body in bodies if words in body), None):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"nobody said {words}")
