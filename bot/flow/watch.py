"""Watches the clock for everybody: prompts that expire, strangers to be named, what is to be counted and forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.clients.store import inbox, outbox
from bot.clients.store.audit import AuditLog
from bot.clients.store.database import Transaction
from bot.core.health import SelfReport
from bot.core.message import Message
from bot.core.names import Key, RoomId, UserId
from bot.core.replies import StrangerSeen
from bot.flow.desk import Desk
from bot.flow.duty import every
from bot.flow.gate import Gate
from bot.flow.outbox import Outbox
from bot.flow.rooms import Rooms

_KEEP = timedelta(days=7)
"""How long the ids of answered events are kept, against a homeserver that tells of one again."""


class Watch:
    """Small duties at fixed times; none of them may fail the others."""

    def __init__(
        self, desk: Desk, posts: Outbox, gate: Gate, rooms: Rooms, report: Callable[[], Awaitable[SelfReport]]
    ) -> None:
        self._desk = desk
        self._outbox = posts
        self._gate = gate
        self._report = report
        self._rooms = rooms

    async def run(self) -> None:
        """Do each duty at its time until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for seconds, duty, name in (
                (1, self._gate.expire, "prompts"),
                (5, self._measure, "measure"),
                (60, self._name_strangers, "strangers"),
                (3600, self._forget, "forget"),
            ):
                pause = timedelta(seconds=seconds)
                tasks.create_task(every(self._desk.system, pause, duty, name), name=name)
            tasks.create_task(self._feel_lag(), name="lag")

    async def _measure(self) -> None:
        waiting, oldest = await self._outbox.state()
        self._desk.metrics.outbox_depth.set(waiting)
        self._desk.metrics.outbox_oldest_seconds.set(oldest.total_seconds())
        for link in await AuditLog(self._desk.database).last(1):
            self._desk.metrics.audit_head.info({"row": str(link.seq), "hash": link.hash})
        report = await self._report()
        # A bot that has not heard the homeserver at all is as deaf as one that has not heard it since.
        age = self._desk.system.now() - report.started if report.sync_age is None else report.sync_age
        self._desk.metrics.sync_age_seconds.set(age.total_seconds())

    async def _name_strangers(self) -> None:
        """Say once of everybody in our rooms whom the configuration does not know."""
        for each in self._rooms.all:
            await self._rooms.facts(each)
        for user in (await self._report()).strangers:
            await self._say_once(self._rooms.usual, user)

    async def _say_once(self, room: RoomId, user: UserId) -> None:
        message = Message(room, Key(f"stranger:{user}"), self._desk.render(StrangerSeen(user)))

        async def store(tx: Transaction) -> None:
            if not await outbox.known(tx, room, message.key):
                await outbox.put(tx, message, self._desk.system.now())

        await self._desk.database.write(store)
        self._outbox.wake(room)

    async def _forget(self) -> None:
        await self._desk.database.write(lambda tx: inbox.forget(tx, self._desk.system.now() - _KEEP))

    async def _feel_lag(self) -> None:
        """Measure how late the event loop turns."""
        while True:
            before = self._desk.system.monotonic()
            await asyncio.sleep(0.5)
            self._desk.metrics.loop_lag_seconds.set(max(0.0, self._desk.system.monotonic() - before - 0.5))
