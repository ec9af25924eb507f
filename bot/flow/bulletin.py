"""How things stand, told without ringing: a digest once a morning, what the quiet hours held, and a pinned board."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import structlog

from bot.clients.alertmanager import AlertmanagerApi
from bot.clients.store import cards as store
from bot.clients.store import meta, outbox, renewal
from bot.clients.store.database import Transaction
from bot.core import mornings
from bot.core.alerts import Card
from bot.core.errors import Denied, NeighbourError
from bot.core.facts import Unknown
from bot.core.held import Held
from bot.core.message import Message
from bot.core.names import EventId, Key
from bot.core.renewal import caps
from bot.core.standing import Board, BoardNotPinned, Digest, QuietOver, standing
from bot.flow.cards import Cards
from bot.flow.desk import Desk
from bot.flow.duty import every
from bot.flow.outbox import Outbox
from bot.flow.rooms import Rooms

log = structlog.get_logger("bulletin")

_MINUTE = timedelta(minutes=1)
_BOARD = timedelta(seconds=15)
_AT_ONCE = 12
"""Cards that a room is given in a minute when the quiet hours are over: as many as Synapse lets one send in it."""
_KEY = Key("board")
_PINNED = "board pinned"


class Bulletin:
    """Posts to the room of what the bot itself has to say, if it is set to."""

    def __init__(self, desk: Desk, posts: Outbox, rooms: Rooms, cards: Cards, alertmanager: AlertmanagerApi) -> None:
        self._desk = desk
        self._outbox = posts
        self._rooms = rooms
        self._cards = cards
        self._alertmanager = alertmanager
        self._alerts = desk.settings.alerts
        self._last: date | None = None
        self._may_pin = True

    async def run(self) -> None:
        """Keep all until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            # Also where no quiet hours are set: what was held while they were is still to be told.
            tasks.create_task(every(self._desk.system, _MINUTE, self.greet, "digest"), name="digest")
            if self._alerts.board:
                tasks.create_task(every(self._desk.system, _BOARD, self.chalk, "board"), name="board")

    async def greet(self) -> None:
        """Post the digest when it is due, and what the quiet hours held when they are over."""
        at, zone, now = self._alerts.digest_at, self._desk.settings.timezone, self._desk.system.now()
        day = mornings.due(time.fromisoformat(at), zone, self._last, now) if at else None
        is_quiet = self._cards.quiet_until(now) is not None
        if day is None and (is_quiet or not await store.held(self._desk.database, Held.QUIET)):
            return
        silences = await self._silences() if day else ()

        async def work(tx: Transaction) -> None:
            # The digest first: what it names is not named again.
            if day:
                await self._post_digest(tx, day, silences)
            if not is_quiet:
                await self._release(tx)

        await self._desk.database.write(work)
        self._outbox.wake_all()
        self._last = day or self._last

    async def _post_digest(self, tx: Transaction, day: date, silences: Any) -> None:
        """Tell how things stand; the message's key is the day's, so that a day has one."""
        room, key, now = self._rooms.usual, Key(f"digest:{day}"), self._desk.system.now()
        if await outbox.known(tx, room, key):
            return
        held = await store.held(tx, Held.QUIET)
        went = [card for card in held if card.room == room and not card.firing]
        stands = standing(await store.open_cards(tx), silences, now, self._desk.settings.timezone)
        digest = Digest(stands, sparkle=not self._desk.settings.plain, went=tuple(went))
        await outbox.put(tx, Message(room, key, self._desk.render(digest)), now)
        await self._named(tx, went, now)

    async def _release(self, tx: Transaction) -> None:
        """Name in each room what came and went, and give what still burns its card."""
        now, held = self._desk.system.now(), await store.held(tx, Held.QUIET)
        for room in dict.fromkeys(card.room for card in held):
            there = [card for card in held if card.room == room]
            went = [card for card in there if not card.firing]
            burning = [card for card in there if card.firing]
            if went:
                over = QuietOver(tuple(went), len(burning), now, self._desk.settings.timezone)
                key = Key(f"quiet:{now.isoformat()}")
                await outbox.put(tx, Message(room, key, self._desk.render(over)), now)
                await self._named(tx, went, now)
            for card in burning[:_AT_ONCE]:
                await self._cards.release(tx, card, now)

    async def _named(self, tx: Transaction, went: Iterable[Card], now: datetime) -> None:
        for card in went:
            await store.save(tx, replace(card, held=Held.NAMED), now)

    async def chalk(self) -> None:
        """Bring the board up to date, and have it pinned."""
        await self._desk.database.write(self._write)
        self._outbox.wake(self._rooms.usual)
        event = await outbox.event_of(self._desk.database, self._rooms.usual, _KEY)
        if event and self._may_pin:
            await self._pin(event)

    async def _write(self, tx: Transaction) -> None:
        now = self._desk.system.now()
        board = Board(standing(await store.open_cards(tx), (), now, self._desk.settings.timezone))
        rendered = self._desk.render(board)
        # An edit that changes nothing would still be an event for everybody.
        if await meta.get(tx, _KEY) != rendered.body:
            await meta.put(tx, _KEY, rendered.body)
            await outbox.put(tx, Message(self._rooms.usual, _KEY, rendered), now)

    async def _pin(self, event: EventId) -> None:
        if await meta.get(self._desk.database, _PINNED) == event:
            return
        try:
            async with asyncio.timeout(10):
                await self._desk.matrix.pin(self._rooms.usual, event)
        except Denied:
            self._may_pin = False
            await self._desk.database.write(lambda tx: self._say_once(tx, Key("board not pinned"), BoardNotPinned()))
            self._outbox.wake(self._rooms.usual)
        else:
            await self._desk.database.write(lambda tx: meta.put(tx, _PINNED, event))

    async def _silences(self) -> Any:
        """Return the silences that have an end; what lasts until resolved is given another every few minutes."""
        orders = await renewal.all_orders(self._desk.database)
        try:
            found = await self._alertmanager.silences()
            return [each for each in found if each.id not in caps(orders, found)]
        except NeighbourError as error:
            return Unknown(error.reason)

    async def _say_once(self, tx: Transaction, key: Key, result: Any) -> None:
        if not await outbox.known(tx, self._rooms.usual, key):
            await outbox.put(tx, Message(self._rooms.usual, key, self._desk.render(result)), self._desk.system.now())
