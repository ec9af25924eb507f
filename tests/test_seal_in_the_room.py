"""A pod that turns sealed, as the room sees it: a card at once, and what the people on call do about it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.homeserver import Homeserver
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from bot.demo.transcript import Player

pytestmark = pytest.mark.real

SEALED = """
~ seal
bot< 🔥 CRITICAL OpenBaoSealed — 127.0.0.1 #«k7»
Until it is open, nobody gets a secret and no password is rotated. Next: !unseal
• 127.0.0.1 · since «14:02»
👀 take · 🔕 2h · reply: ack, silence 2h, why
"""
TAKEN = """
~ tap anna 👀
bot= 👀 @anna*:demo.test on it — OpenBaoSealed — 127.0.0.1 #«k7»
…
"""
OPEN = """
~ unseal
bot= ✅ RESOLVED OpenBaoSealed — 127.0.0.1 #«k7»
…
bot< ✅ over after * — OpenBaoSealed #«k7»
"""


@pytest.fixture
async def player(tmp_path: Path, homeserver: Homeserver, openbao: OpenBao) -> AsyncIterator[Player]:
    """A bot that looks at the seal twice a second."""
    settings = {"limits": {"seal": 0.5}}
    async with Stage(tmp_path, homeserver=homeserver, openbao=openbao, name="sealwatch", settings=settings) as stage:
        await stage.start_bot()
        player = Player(stage)
        await player.open()
        yield player


async def test_a_sealed_pod_has_one_card_that_is_taken_survives_a_crash_and_ends(player: Player) -> None:
    await player.play(SEALED)
    assert player.last
    card = player.last
    await player.play(TAKEN)

    await player.stage.kill_bot()
    await player.stage.start_bot()
    await player.play("bot!")
    await player.play(OPEN)

    assert (card.msgtype, card.mentions) == ("m.text", (player.stage.user_of("anna"),))
