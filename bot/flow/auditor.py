"""Compares what was promised with what was delivered, without trusting those whose work it is."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.clients.store import cards as store
from bot.clients.store import outbox, storms
from bot.clients.store.database import Transaction
from bot.core import promises
from bot.core.held import Held
from bot.core.names import Key, RoomId
from bot.core.promises import Waiting
from bot.flow.cards import Cards
from bot.flow.desk import Desk
from bot.flow.duty import every
from bot.flow.outbox import Outbox
from bot.flow.storm import Storms

log = structlog.get_logger("auditor")

_EVERY = timedelta(seconds=30)
_BACK = timedelta(days=1)
"""How far back cards that are over are looked at: their end is promised too."""
_AGAIN = timedelta(hours=1)
"""How long after a card was put again it is left alone: what the homeserver will never take is not tried for ever."""
_ANSWERS = timedelta(seconds=45)
"""A sync is answered every half a minute, or the homeserver is away."""

_Put = Callable[[Transaction, Key, datetime], Awaitable[None]]


class Auditor:
    """Every breach is logged, counted once, and mended where it can be."""

    def __init__(
        self, desk: Desk, posts: Outbox, cards: Cards, storms: Storms, sync_age: Callable[[], timedelta | None]
    ) -> None:
        self._desk = desk
        self._outbox = posts
        self._cards = cards
        self._storms = storms
        self._sync_age = sync_age
        self._answers_since: float | None = None
        self._late: frozenset[tuple[RoomId, Key]] = frozenset()
        self._put_again: dict[Key, float] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        await every(self._desk.system, _EVERY, self.look, "auditor")

    async def look(self) -> None:
        """Look now."""
        now = self._desk.system.now()
        await self._look_for_late(now)
        for key in await store.unkept(self._desk.database, now - _BACK):
            await self._mend(key, now, self._put_card)
        for key in await storms.unkept(self._desk.database, now - _BACK, now):
            await self._mend(key, now, self._put_storm)

    async def _look_for_late(self, now: datetime) -> None:
        age = self._sync_age()
        answers = age is not None and age < _ANSWERS
        steady = self._desk.system.monotonic()
        if not answers:
            self._answers_since = None
        elif self._answers_since is None:
            self._answers_since = steady
        answered = None if self._answers_since is None else now - timedelta(seconds=steady - self._answers_since)
        waiting = await outbox.waiting(self._desk.database, now - promises.CRITICAL)
        late = {(each.room, each.key): each for each in promises.late(waiting, now, answered)}
        for mark, each in late.items():
            if mark not in self._late:
                self._report_late(each, now)
        self._late = frozenset(late)

    def _report_late(self, parcel: Waiting, now: datetime) -> None:
        self._desk.metrics.auditor_breaches.labels("late").inc()
        waited = (now - parcel.since).total_seconds()
        log.error("auditor.late", key=parcel.key, rev=parcel.rev, priority=parcel.priority.name, seconds=waited)
        self._outbox.wake(parcel.room)

    async def _mend(
        self, key: Key, now: datetime, put: Callable[[Transaction, Key, datetime], Awaitable[None]]
    ) -> None:
        """Put a card again that is neither in the room nor on its way; its key keeps it from doubling."""
        last, steady = self._put_again.get(key), self._desk.system.monotonic()
        if last is not None and steady - last < _AGAIN.total_seconds():
            return
        self._put_again[key] = steady
        self._desk.metrics.auditor_breaches.labels("lost").inc()
        log.error("auditor.lost", key=key)
        await self._desk.database.write(lambda tx: put(tx, key, now))
        self._outbox.wake_all()

    async def _put_card(self, tx: Transaction, key: Key, now: datetime) -> None:
        # Delivered, or put by somebody else, since we looked: another revision then says the same.
        if card := await store.get(tx, key):
            await self._cards.show(tx, replace(card, held=Held.NO), now)

    async def _put_storm(self, tx: Transaction, key: Key, now: datetime) -> None:
        if storm := await storms.get(tx, key):
            await self._storms.tell(tx, storm, now, again=True)
