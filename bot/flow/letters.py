"""Direct messages to one person: sent past the queue and the database, since they may hold a page's address."""

from dataclasses import dataclass
from typing import Any

import structlog

from bot.core.errors import OpsError, Unreachable
from bot.core.message import Message, content, transaction_id
from bot.core.names import EventId, Key, RoomId, UserId
from bot.core.once import Want
from bot.flow.desk import Desk
from bot.flow.once import OncePages, Take

log = structlog.get_logger("letters")

_TRIES = 5
_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Letter:
    """A direct message that arrived, to be taken back when it is not needed any more."""

    room: RoomId
    event: EventId


class Letters:
    """Sends letters, and takes them back; neither is promised: who is not reached is said in the room."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rooms: dict[UserId, RoomId] = {}

    async def send(self, person: UserId, result: Any) -> Letter | None:
        """Send somebody a result, in words, in our direct chat; None when they cannot be reached."""
        key = Key(f"letter:{self._desk.system.new_id(16)}")
        for attempt in range(1, _TRIES + 1):
            try:
                room = await self._room(person)
                self._desk.matrix.must_reach(room, person)
                message = Message(room, key, self._desk.render(result), rings=True, mentions=(person,))
                event = await self._desk.matrix.send(
                    room, "m.room.message", content(message, 1), transaction_id(room, key, 1)
                )
            except OpsError as error:
                log.warning("letters.not_sent", person=person, reason=str(error), attempt=attempt)
                # Of a new chat, whether it is encrypted and who is in it is not known before the next /sync.
                if not isinstance(error, Unreachable):
                    return None
                await self._desk.system.sleep(_PAUSE)
            else:
                return Letter(room, event)
        return None

    async def take_back(self, letter: Letter) -> None:
        """Redact a letter; a courtesy, its page is over anyway."""
        try:
            await self._desk.matrix.redact(
                letter.room, letter.event, "", transaction_id(letter.room, Key(f"redact:{letter.event}"), 1)
            )
        except OpsError as error:
            log.info("letters.not_taken_back", reason=str(error))

    async def _room(self, person: UserId) -> RoomId:
        if person not in self._rooms:
            self._rooms[person] = await self._desk.matrix.direct_room(person)
        return self._rooms[person]


class Mail:
    """Pages and the letters that tell of them, as actions use them."""

    def __init__(self, pages: OncePages, letters: Letters) -> None:
        self._pages = pages
        self._letters = letters
        self._sent: dict[UserId, list[Letter]] = {}
        self._owners: dict[str, UserId] = {}

    def open(self, person: UserId, want: Want, about: str, take: Take) -> str:
        """Open a page and return its address; raise UsageError where phones cannot reach us."""
        address = self._pages.open(person, want, about, take)
        self._owners[address] = person
        return address

    async def send(self, person: UserId, result: Any) -> bool:
        """Send somebody a result; return whether it arrived."""
        letter = await self._letters.send(person, result)
        if letter:
            self._sent.setdefault(person, []).append(letter)
        return letter is not None

    async def close(self, address: str) -> None:
        """End a page and take back what its owner was sent."""
        self._pages.close(address)
        person = self._owners.pop(address, None)
        for letter in self._sent.pop(person, []) if person else ():
            await self._letters.take_back(letter)
