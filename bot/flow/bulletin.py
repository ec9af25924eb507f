"""How things stand, told without ringing: a digest once a morning, and a pinned board kept by edits."""

import asyncio
from datetime import date, time, timedelta
from typing import Any

import structlog

from bot.clients.alertmanager import AlertmanagerApi
from bot.clients.store import cards, meta, outbox
from bot.clients.store.database import Transaction
from bot.core import mornings
from bot.core.errors import Denied, NeighbourError
from bot.core.facts import Unknown
from bot.core.message import Message
from bot.core.names import EventId, Key
from bot.core.standing import Board, BoardNotPinned, Digest, standing
from bot.flow.desk import Desk
from bot.flow.duty import every
from bot.flow.outbox import Outbox
from bot.flow.rooms import Rooms

log = structlog.get_logger("bulletin")

_MINUTE = timedelta(minutes=1)
_BOARD = timedelta(seconds=15)
_KEY = Key("board")
_PINNED = "board pinned"


class Bulletin:
    """Posts to the room of what the bot itself has to say, if it is set to."""

    def __init__(self, desk: Desk, posts: Outbox, rooms: Rooms, alertmanager: AlertmanagerApi) -> None:
        self._desk = desk
        self._outbox = posts
        self._rooms = rooms
        self._alertmanager = alertmanager
        self._alerts = desk.settings.alerts
        self._last: date | None = None
        self._may_pin = True

    async def run(self) -> None:
        """Keep both until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self._alerts.digest_at:
                tasks.create_task(every(self._desk.system, _MINUTE, self.greet, "digest"), name="digest")
            if self._alerts.board:
                tasks.create_task(every(self._desk.system, _BOARD, self.chalk, "board"), name="board")

    async def greet(self) -> None:
        """Post the digest when it is due; its key is the day's, so that a day has one."""
        at, zone, now = self._alerts.digest_at, self._desk.settings.timezone, self._desk.system.now()
        day = mornings.due(time.fromisoformat(at), zone, self._last, now) if at else None
        if day is None:
            return
        found = await cards.open_cards(self._desk.database)
        digest = Digest(standing(found, await self._silences(), now, zone), sparkle=not self._desk.settings.plain)
        await self._desk.database.write(lambda tx: self._say_once(tx, Key(f"digest:{day}"), digest))
        self._outbox.wake(self._rooms.usual)
        self._last = day

    async def chalk(self) -> None:
        """Bring the board up to date, and have it pinned."""
        await self._desk.database.write(self._write)
        self._outbox.wake(self._rooms.usual)
        event = await outbox.event_of(self._desk.database, self._rooms.usual, _KEY)
        if event and self._may_pin:
            await self._pin(event)

    async def _write(self, tx: Transaction) -> None:
        now = self._desk.system.now()
        board = Board(standing(await cards.open_cards(tx), (), now, self._desk.settings.timezone))
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
        try:
            return await self._alertmanager.silences()
        except NeighbourError as error:
            return Unknown(error.reason)

    async def _say_once(self, tx: Transaction, key: Key, result: Any) -> None:
        if not await outbox.known(tx, self._rooms.usual, key):
            await outbox.put(tx, Message(self._rooms.usual, key, self._desk.render(result)), self._desk.system.now())
