"""Shares that a key holder typed in the encrypted chat with us alone, where `openbao.shares_by_dm` allows that.

They are kept in memory from the moment they are heard until they are given, which is at once; no queue, no database.
"""

from collections.abc import Iterable

import structlog

from bot.clients.unsealing import wipe
from bot.core.heard import Confided, Heard
from bot.core.once import Outcome
from bot.flow.desk import Desk
from bot.flow.once import OncePages
from bot.flow.rooms import Rooms

log = structlog.get_logger("whispers")


class Whispers:
    """What was confided and not used yet, by the event it stood in."""

    def __init__(self, desk: Desk, rooms: Rooms, pages: OncePages) -> None:
        self._desk = desk
        self._rooms = rooms
        self._pages = pages
        self._kept: dict[str, bytearray] = {}

    def keep(self, confided: Iterable[Confided]) -> None:
        """Keep what was heard until its event's turn comes."""
        for each in confided:
            wipe(self._kept.pop(each.event_id, bytearray()))
            self._kept[each.event_id] = each.share

    async def use(self, heard: Heard) -> Outcome | None:
        """Give what stood in an event to its sender's page; None: nothing did, or others could read it."""
        share = self._kept.pop(heard.event_id, None)
        if share is None:
            return None
        try:
            return await self._pages.give(heard.sender, share) if await self._is_between_us(heard) else None
        finally:
            wipe(share)

    async def _is_between_us(self, heard: Heard) -> bool:
        person = self._desk.settings.people.get(heard.sender)
        if not (heard.encrypted and person and person.key_holder) or heard.room in self._rooms.all:
            return False
        facts = await self._rooms.facts(heard.room)
        alone = {heard.sender, self._desk.settings.matrix.user}
        return facts is not None and facts.encrypted and not facts.open_to_anybody and set(facts.members) == alone
