"""Sees storms through: begins them, keeps their cards true, ends them, and gives what still burns a card of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.clients.store import cards, outbox, storms
from bot.clients.store.database import Transaction
from bot.core import storm as core
from bot.core.alerts import Card
from bot.core.held import Held
from bot.core.message import Message, Priority
from bot.core.names import Key
from bot.core.storm import Storm, StormCard
from bot.flow.desk import Desk
from bot.flow.duty import every
from bot.flow.outbox import Outbox

log = structlog.get_logger("storm")

_OFTEN, _SELDOM = timedelta(seconds=1), timedelta(seconds=10)
"""How often a storm is told anew: by default half as often as Synapse lets one send, once in five seconds."""
_AT_ONCE = 16
"""Cards that may wait to be sent when a storm is over: at one in five seconds the last of them waits for 80 s."""

Release = Callable[[Transaction, Card, datetime], Awaitable[None]]
"""Gives a card that was held back a message of its own."""


class Storms:
    """All that is known of storms stands in the database, so that a restart changes nothing."""

    def __init__(self, desk: Desk, posts: Outbox) -> None:
        self._desk = desk
        self._outbox = posts
        self._window = desk.settings.limits.storm
        self._pause = min(max(self._window / 6, _OFTEN), _SELDOM)

    async def run(self, release: Release) -> None:
        """Take turns until cancelled."""
        await every(self._desk.system, self._pause, partial(self.turn, release), "storm")

    async def turn(self, release: Release) -> None:
        """See to every storm that is not done with."""
        for storm in await storms.unfinished(self._desk.database):
            await self._desk.database.write(partial(self._see_to, key=storm.key, release=release))
            self._outbox.wake(storm.room)

    async def meet(self, tx: Transaction, card: Card, now: datetime) -> Held:
        """Hold a new card back when there is a storm in its room, or when it sets one off."""
        if await storms.raging(tx, card.room):
            return Held.STORM
        earlier = await cards.opened(tx, card.room, now - self._window, now) if self._window else ()
        if not core.breaks_out(earlier):
            return Held.NO
        storm = core.begun(card, earlier)
        await storms.save(tx, storm, now)
        log.warning("storm.began", room=storm.room, storm=storm.key)
        return Held.STORM

    async def vouch(self, tx: Transaction, card: Card, now: datetime) -> None:
        """See that the storm that tells of a card is told itself."""
        storm = await storms.raging(tx, card.room) if card.held is Held.STORM else None
        if storm and not storm.told:
            await self.tell(tx, storm, now)

    async def tell(self, tx: Transaction, storm: Storm, now: datetime, *, again: bool = False) -> None:
        """Bring a storm's card up to date; `again`: although it says nothing new."""
        cause = core.cause(await self._suspects(tx, storm), storm)
        card = StormCard(storm, await storms.struck(tx, storm), cause, self._desk.settings.timezone)
        rendered = self._desk.render(card)
        if rendered.body == storm.told and not again:
            return
        # Before the ordinary cards: it says more than any of them.
        rev = await outbox.put(tx, Message(storm.room, storm.key, rendered, Priority.ANSWER), now)
        await storms.save(tx, replace(storm, told=rendered.body), now, rev)

    async def _see_to(self, tx: Transaction, *, key: Key, release: Release) -> None:
        now, storm = self._desk.system.now(), await storms.get(tx, key)
        if storm is None:
            return
        if storm.over_at is None and core.calm(
            await cards.opened(tx, storm.room, now - core.CALM * self._window, now), self._window
        ):
            storm = replace(storm, over_at=now)
            log.info("storm.over", room=storm.room, storm=key)
        elif core.just_told(storm, now, self._pause / 2):
            return
        # What ended since is counted before the rest gets cards of its own.
        await self.tell(tx, storm, now)
        if storm.over_at:
            await self._part(tx, storm, release, now)

    async def _part(self, tx: Transaction, storm: Storm, release: Release, now: datetime) -> None:
        """Give what still burns a card of its own, a few at a time, the oldest first, unless there is another storm."""
        left = await storms.waiting(tx, storm)
        if await storms.raging(tx, storm.room) is None:
            free = max(0, _AT_ONCE - await outbox.queued(tx, storm.room))
            for key in left[:free]:
                if card := await cards.get(tx, key):
                    await release(tx, card, now)
            left = left[free:]
        if not left:
            await storms.finish(tx, storm)

    async def _suspects(self, tx: Transaction, storm: Storm) -> list[Card]:
        """Return the cards that burn in the room and may be about what the others follow from."""
        burning = await cards.burning_in(tx, storm.room)
        found = [await cards.get(tx, key) for key, names in burning.items() if core.suspected(names)]
        return [card for card in found if card]
