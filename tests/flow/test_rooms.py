"""Whether a room is fit for what is dangerous, as a real homeserver tells it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.clients.store.inbox import Arrival
from bot.core.confirmation import Answer, heard_as_answer
from bot.core.heard import Heard, Sort
from bot.core.names import EventId, RequestId, RoomId, UserId
from bot.core.policy import Allow, Ask, Reason, Refuse, Risk, Ruling
from bot.demo.homeserver import Homeserver
from bot.flow.chat import request_from
from bot.flow.gate import Said
from tests.flow.conftest import Clock, Ledger, settings

pytestmark = pytest.mark.real
_NUMBERS = count(1)
Rule = Callable[..., Awaitable[Ruling]]


@pytest.fixture
async def rule(homeserver: Homeserver, tmp_path: Path, clock: Clock) -> AsyncIterator[Rule]:
    """Make a room as told, with the bot in it, and ask the gate about an admin's command there."""
    number = next(_NUMBERS)
    anna = homeserver.login(str(homeserver.register(f"fit-anna{number}", "pass"))[1:].split(":")[0], "pass")
    bot = homeserver.register(f"fit-bot{number}", "pass")
    async with AsyncExitStack() as opened:

        async def rule(risk: Risk, answer: Answer | None = None, **room: Any) -> Ruling:
            made = homeserver.create_room(anna, "Ops", [bot], **room)
            app = App(_settings(homeserver, tmp_path, bot, anna.user_id, made), clock.system, Ledger().commands)
            await app.database.open()
            opened.push_async_callback(app.database.close)
            opened.push_async_callback(app.matrix.close)
            await app.matrix.open()
            await app.rooms.settle()
            heard = Heard(EventId("$it"), made, anna.user_id, Sort.MESSAGE, "!it", clock.wall)
            arrival = Arrival(heard, RequestId("k1"), clock.wall)
            if answer:
                poke = next(each for each in Ledger().commands if each.verb == "poke")
                await app.gate.propose(poke, (), request_from(arrival))
                yes = replace(heard, event_id=EventId("$yes"), body="yes")
                confirmed = await app.gate.hear(Said(answer, Arrival(yes, RequestId("k2"), clock.wall)))
                return Allow() if confirmed else Ask()
            return await app.gate.rule(arrival, risk, skip_prompt=False)

        yield rule


def _settings(homeserver: Homeserver, state: Path, bot: UserId, admin: UserId, room: RoomId) -> Any:
    matrix = {"homeserver": homeserver.url, "user": bot, "password": "pass"}
    return settings(state, matrix=matrix, people={admin: {"role": "admin"}}, rooms={"ops": room})


@pytest.mark.parametrize(
    ("room", "risk", "expected"),
    [
        ({}, Risk.DANGEROUS, Ask()),
        ({"history_visibility": "shared"}, Risk.DANGEROUS, Ask()),
        ({"preset": "public_chat"}, Risk.AFFECTING, Refuse(Reason.PUBLIC_ROOM)),
        ({"preset": "public_chat"}, Risk.REVERSIBLE, Ask()),
        ({"preset": "public_chat"}, Risk.READ, Allow()),
        ({"guest_access": "can_join"}, Risk.AFFECTING, Refuse(Reason.PUBLIC_ROOM)),
        ({"history_visibility": "world_readable"}, Risk.DANGEROUS, Refuse(Reason.PUBLIC_ROOM)),
        ({"encrypted": True}, Risk.READ, Refuse(Reason.PLAINTEXT)),
    ],
)
async def test_danger_wants_a_room_that_not_everybody_can_join(
    rule: Rule, room: dict[str, Any], risk: Risk, expected: Ruling
) -> None:
    assert await rule(risk, **room) == expected


@pytest.mark.parametrize(("encrypted", "expected"), [(True, Ask()), (False, Allow())])
async def test_a_plain_yes_confirms_nothing_in_an_encrypted_room(rule: Rule, encrypted: bool, expected: Ruling) -> None:
    assert await rule(Risk.REVERSIBLE, heard_as_answer("yes"), encrypted=encrypted) == expected
