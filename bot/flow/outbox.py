"""Delivers what is promised: one queue per room, criticals first, each revision once, however often anything dies."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import structlog

from bot.clients.store import outbox as parcels
from bot.clients.store.outbox import Parcel
from bot.core.errors import LoggedOut, NeighbourError, OpsError, RateLimited, Rejected, StoreFailed, Unreachable
from bot.core.message import as_edit, shortened, transaction_id
from bot.core.names import EventId, Key, RoomId
from bot.flow.desk import Desk

log = structlog.get_logger("outbox")

_SLOWEST = 4.0
"""Longest pause, in seconds, before an unreachable homeserver is tried again."""
_BARRED = 60.0
"""Pause, in seconds, after a room refused us: only a person can mend that, and nothing of it is thrown away."""
_MARGIN = timedelta(days=1)
"""How far before the first attempt a look into the room goes: the homeserver's clock is not ours, and either may have
been set since. It costs little: a look ends with the fifth page in any case."""
_FEW = 4
"""More parcels than this on their way at once are a storm."""


class Outbox:
    """The queues of all rooms; `run` delivers for ever, `wake` says that something waits."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._queues: dict[RoomId, _Queue] = {}
        self.pouring = asyncio.Event()
        """Set while a storm of our own messages goes out."""

    async def run(self, rooms: tuple[RoomId, ...]) -> None:
        """Deliver to these rooms until cancelled."""
        recovered = await self._desk.database.write(parcels.recover)
        if recovered:
            log.info("outbox.recovered", parcels=recovered)
        async with asyncio.TaskGroup() as tasks:
            for room in rooms:
                queue = _Queue(room, self._desk, self.pouring)
                self._queues[room] = queue
                tasks.create_task(queue.run(), name=f"outbox {room}")

    def wake(self, room: RoomId) -> None:
        """Say that something was put into a room's queue; call it after the commit, however often before."""
        if queue := self._queues.get(room):
            queue.wake.set()

    def wake_all(self) -> None:
        """Say that something was put into queues, whichever they are."""
        for queue in self._queues.values():
            queue.wake.set()

    async def state(self) -> tuple[int, timedelta]:
        """Return how many parcels wait, and how long the oldest has."""
        waiting, oldest = await parcels.depth(self._desk.database)
        return waiting, max(timedelta(0), self._desk.system.now() - oldest) if oldest else timedelta(0)


class _Queue:
    """One room's queue: parcels start in order, up to `window` at once, never two of one key."""

    def __init__(self, room: RoomId, desk: Desk, pouring: asyncio.Event) -> None:
        self._desk = desk
        self.wake = asyncio.Event()
        self._room = room
        self._widest = desk.settings.limits.outbox_window
        self._pouring = pouring
        # Opens with each success and closes with the first doubt: a homeserver in trouble is not met by a crowd.
        self._open = 1
        self._failures = 0
        self._busy: dict[Key, asyncio.Task[None]] = {}
        self._paused_until = 0.0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                self.wake.clear()
                await self._start_next(tasks)
                await self._rest()

    async def _start_next(self, tasks: asyncio.TaskGroup) -> None:
        free = self._open - len(self._busy)
        if free <= 0 or self._pause() > 0:
            return
        try:
            taken = await self._desk.database.write(
                lambda tx: parcels.take(tx, self._room, free, tuple(self._busy), self._desk.system.now())
            )
        except StoreFailed as error:
            log.error("outbox.cannot_mark", error=str(error))
            self._pause_for(1.0)
            return
        for parcel in taken:
            self._busy[parcel.key] = tasks.create_task(self._deliver(parcel), name=f"send {parcel.key}")
        if len(self._busy) > _FEW:
            self._pouring.set()

    async def _rest(self) -> None:
        """Wait until something was put, something came back, or a pause is over."""
        pause = self._pause()
        try:
            async with asyncio.timeout(pause if pause > 0 else None):
                await self.wake.wait()
        except TimeoutError:
            return

    def _pause(self) -> float:
        return self._paused_until - self._desk.system.monotonic()

    def _pause_for(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._desk.system.monotonic() + seconds)

    async def _deliver(self, parcel: Parcel) -> None:
        try:
            event = await self._attempt(parcel)
            await self._settle(lambda tx: parcels.delivered(tx, parcel, event, self._desk.system.now()))
            self._succeeded(parcel)
        except OpsError as error:
            await self._failed(parcel, error)
        except Exception as error:
            # A fault of our own must not end the queue: the parcel is kept, unsure, as with any other doubt.
            log.exception("outbox.broken", key=parcel.key)
            await self._failed(parcel, Unreachable("homeserver", type(error).__name__))
        finally:
            del self._busy[parcel.key]
            if not self._busy:
                self._pouring.clear()
            self.wake.set()

    async def _attempt(self, parcel: Parcel) -> EventId:
        if parcel.unsure and (found := await self._look_for(parcel)):
            log.info("outbox.was_there", key=parcel.key, rev=parcel.rev)
            return found
        content = parcel.content
        if parcel.attachment is not None:
            content = await self._desk.matrix.attach(self._room, parcel.attachment, content)
        if parcel.edits and parcel.attachment is None:
            content = as_edit(content, parcel.edits)
        with self._desk.metrics.send_seconds.time():
            return await self._desk.matrix.send(
                self._room, "m.room.message", content, transaction_id(self._room, parcel.key, parcel.rev)
            )

    async def _look_for(self, parcel: Parcel) -> EventId | None:
        """Look whether an attempt without an answer arrived all the same.

        The transaction id alone is not enough: Dendrite forgets it with a restart, Synapse after a day (research §2.1).
        """
        since = (parcel.first_try or self._desk.system.now()) - _MARGIN
        for own in await self._desk.matrix.find_own(self._room, since):
            if (own.key, own.rev) == (parcel.key, parcel.rev):
                return own.event_id
        return None

    def _succeeded(self, parcel: Parcel) -> None:
        self._failures = 0
        self._open = min(self._widest, self._open * 2)
        self._desk.metrics.messages_sent.labels("delivered").inc()
        log.debug("outbox.delivered", key=parcel.key, rev=parcel.rev, attempts=parcel.attempts + 1)

    async def _failed(self, parcel: Parcel, error: OpsError) -> None:
        self._open = 1
        self._desk.metrics.messages_sent.labels(type(error).__name__.lower()).inc()
        match error:
            case RateLimited():
                self._pause_for(error.retry_after)
                await self._settle(lambda tx: parcels.put_back(tx, parcel, unsure=False))
            case Rejected():
                log.error("outbox.rejected", key=parcel.key, reason=error.reason)
                await self._settle(lambda tx: parcels.replace(tx, parcel, shortened(parcel.content)))
            case Unreachable() | StoreFailed():
                self._pause_for(self._backoff())
                log.warning("outbox.unreachable", key=parcel.key, reason=str(error), attempts=parcel.attempts + 1)
                await self._settle(lambda tx: parcels.put_back(tx, parcel, unsure=True))
            case LoggedOut() | NeighbourError():
                self._pause_for(_BARRED if not isinstance(error, LoggedOut) else self._backoff())
                log.error("outbox.barred", room=self._room, reason=str(error))
                await self._settle(lambda tx: parcels.put_back(tx, parcel, unsure=False))
            case _:
                raise error

    def _backoff(self) -> float:
        self._failures += 1
        return min(_SLOWEST, 0.25 * 2.0 ** min(self._failures, 10)) * (0.5 + self._desk.system.jitter() / 2)

    async def _settle(self, work: Callable[[Any], Awaitable[None]]) -> None:
        """Write down what became of an attempt; the disk may be full now and have room later."""
        while True:
            try:
                await self._desk.database.write(work)
            except StoreFailed as error:
                log.error("outbox.cannot_write", error=str(error))
                await self._desk.system.sleep(1.0)
            else:
                return
