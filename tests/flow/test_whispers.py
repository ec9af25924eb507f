"""A share that is typed to the bot is used only where nobody else could read it, and gone when it was."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.core.heard import Confided, Heard, RoomFacts, Sort
from bot.core.names import EventId, RoomId, UserId
from bot.core.once import Fate, Outcome, Want
from bot.flow.whispers import Whispers
from tests.flow.conftest import ANNA, BEN, CLEO, MALLORY, ROOM, Bot, MakeBot

ME = UserId("@opsbot:example.org")
CHAT = RoomId("!chat:example.org")
EVENT = EventId("$typed")
SHARE = b"3fa9" * 16 + b"c1"
FACTS = RoomFacts("invite", "forbidden", "shared", encrypted=True, members=(ANNA, ME))
PEOPLE = {ANNA: {"role": "admin", "key_holder": True}, BEN: {"role": "operator"}, CLEO: {"role": "viewer"}}


@dataclass
class Chat:
    """A bot that a person talks to alone, while a ceremony waits for their share."""

    bot: Bot
    whispers: Whispers
    given: list[bytes]

    def knows(self, room: RoomId, facts: RoomFacts) -> None:
        self.bot.app.rooms._facts[room] = (self.bot.clock.monotonic, facts)


@pytest.fixture
async def chat(make: MakeBot) -> Chat:
    by_dm = {"matrix": _ENCRYPTED, "people": PEOPLE, "openbao": {"shares_by_dm": True}}
    bot = await make(**by_dm).open()
    chat = Chat(bot, bot.app.chat._leaks._whispers, [])

    async def take(share: bytearray) -> Outcome:
        chat.given.append(bytes(share))
        return Outcome(Fate.COUNTED, 1, 3)

    bot.app.pages.open(ANNA, Want.SHARE, "openbao-0", take)
    chat.knows(CHAT, FACTS)
    return chat


_ENCRYPTED = {
    "homeserver": "http://127.0.0.1:1",
    "user": ME,
    "access_token": "obviously-fake",
    "encryption": True,
}


def heard(chat: Chat, sender: UserId = ANNA, room: RoomId = CHAT, *, encrypted: bool = True) -> Heard:
    return Heard(EVENT, room, sender, Sort.LEAK, "unseal share", chat.bot.clock.wall, None, encrypted)


async def test_it_is_given_to_the_page_that_waits_for_its_sender_and_wiped(chat: Chat) -> None:
    share = bytearray(SHARE)
    chat.whispers.keep([Confided(EVENT, share)])

    outcome = await chat.whispers.use(heard(chat))

    assert outcome == Outcome(Fate.COUNTED, 1, 3)
    assert chat.given == [SHARE]
    assert share == bytearray(len(SHARE))
    assert await chat.whispers.use(heard(chat)) is None


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (FACTS, {"encrypted": False}),
        (replace(FACTS, encrypted=False), {}),
        (replace(FACTS, members=(ANNA, ME, MALLORY)), {}),
        (replace(FACTS, members=(ME,)), {}),
        (replace(FACTS, join_rule="public"), {}),
        (replace(FACTS, history_visibility="world_readable"), {}),
        (FACTS, {"sender": MALLORY}),
        (replace(FACTS, members=(BEN, ME)), {"sender": BEN}),
        (FACTS, {"room": ROOM}),
    ],
    ids=["clear", "clear-room", "third", "left", "public", "readable", "stranger", "no-holder", "ops"],
)
async def test_where_others_could_read_it_it_is_not_used_and_gone_all_the_same(
    chat: Chat, facts: RoomFacts, said: dict[str, Any]
) -> None:
    chat.knows(CHAT, facts)
    chat.knows(ROOM, facts)
    share = bytearray(SHARE)
    chat.whispers.keep([Confided(EVENT, share)])

    outcome = await chat.whispers.use(heard(chat, **said))

    assert (outcome, chat.given) == (None, [])
    assert share == bytearray(len(SHARE))


async def test_while_nobody_waits_for_it_it_is_not_used(chat: Chat) -> None:
    chat.bot.clock.step(600)
    chat.knows(CHAT, FACTS)
    chat.whispers.keep([Confided(EVENT, bytearray(SHARE))])

    outcome = await chat.whispers.use(heard(chat))

    assert outcome == Outcome(Fate.OVER)
    assert chat.given == []


async def test_one_share_is_taken_once_whichever_way_it_comes(chat: Chat) -> None:
    chat.whispers.keep([Confided(EVENT, bytearray(SHARE))])
    await chat.whispers.use(heard(chat))
    chat.whispers.keep([Confided(EVENT, bytearray(SHARE))])

    outcome = await chat.whispers.use(heard(chat))

    assert outcome == Outcome(Fate.OVER)
    assert len(chat.given) == 1
