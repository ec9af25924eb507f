"""The rooms of the configuration: their ids once known, who is in them, whether they are fit for what is dangerous."""

import asyncio
from datetime import timedelta

import structlog

from bot.clients.store import aliases
from bot.core.errors import Denied, Missing, OpsError, Rejected
from bot.core.heard import Invite, RoomFacts
from bot.core.names import RoomId, UserId
from bot.flow.desk import Desk

log = structlog.get_logger("rooms")

_FRESH = timedelta(minutes=5)
"""How long what is known of a room is believed; a change of its state asks at once."""


class Rooms:
    """Short names, ids and facts of the rooms we serve; no other room is joined, heard or posted to."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ids = {name: RoomId(room) for name, room in desk.settings.rooms.items()}
        self._facts: dict[RoomId, tuple[float, RoomFacts]] = {}

    def find(self, name: str) -> RoomId | None:
        """Return the room of a short name or of its own id; None for any room that is not in the configuration.

        Before the homeserver was first reached, a room that the configuration knows by alias goes by that alias.
        """
        room = self._ids.get(name)
        return room or (RoomId(name) if name in self._ids.values() else None)

    @property
    def all(self) -> tuple[RoomId, ...]:
        """Every room, once each."""
        return tuple(dict.fromkeys(self._ids.values()))

    @property
    def usual(self) -> RoomId:
        """The room of what the bot itself has to say."""
        return self._ids[self._desk.settings.alerts.room]

    async def settle(self) -> None:
        """Learn the ids behind aliases and join the rooms we are not in; raise OpsError when the homeserver is away."""
        for name, room in self._ids.items():
            if room.startswith("#"):
                self._ids[name] = await self._resolve(room)
        joined = set(await self._desk.matrix.joined())
        for room in self.all:
            if room not in joined:
                await self._join(room)

    async def recall(self) -> None:
        """Use the ids that aliases had when last asked, so that alerts are accepted while the homeserver is away."""
        for name, room in self._ids.items():
            self._ids[name] = await aliases.get(self._desk.database, room) or room

    async def invited(self, invite: Invite, people: frozenset[UserId]) -> None:
        """Follow an invitation by one of our people into one of our rooms; leave every other one lying."""
        if invite.sender in people and invite.room in self.all:
            await self._join(invite.room)
        else:
            log.warning("rooms.invite_ignored", room=invite.room, sender=invite.sender)

    async def facts(self, room: RoomId) -> RoomFacts | None:
        """Return what is known of a room, asking again when that is old; None when it cannot be asked."""
        known = self._facts.get(room)
        if known and self._desk.system.monotonic() - known[0] < _FRESH.total_seconds():
            return known[1]
        try:
            async with asyncio.timeout(5):
                found = await self._desk.matrix.room_facts(room)
        except (OpsError, TimeoutError) as error:
            log.warning("rooms.unknown", room=room, reason=str(error))
            return None
        self._facts[room] = (self._desk.system.monotonic(), found)
        return found

    def changed(self, room: RoomId) -> None:
        """Forget what is known of a room, because its state changed."""
        self._facts.pop(room, None)

    def members(self) -> frozenset[UserId]:
        """Return everybody seen in our rooms when last asked."""
        return frozenset(member for _, facts in self._facts.values() for member in facts.members)

    async def _resolve(self, alias: RoomId) -> RoomId:
        room = await self._desk.matrix.resolve(alias)
        await self._desk.database.write(lambda tx: aliases.adopt(tx, alias, room))
        return room

    async def _join(self, room: RoomId) -> None:
        try:
            await self._desk.matrix.join(room)
            log.info("rooms.joined", room=room)
        except (Denied, Missing, Rejected) as error:
            # Only a definite no is one: whoever asked us to join tries again where there was no answer.
            log.error("rooms.not_joined", room=room, reason=str(error), hint="invite the bot, as one of `people`")
