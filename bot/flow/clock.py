"""Notices when the machine's clock is set, and puts what is counted from a moment into the new time."""

from datetime import timedelta

import structlog

from bot.clients.store import cards, meta, outbox
from bot.clients.store.database import Transaction
from bot.core import paging
from bot.flow.desk import Desk
from bot.flow.duty import every
from bot.flow.watchdog import Watchdog

log = structlog.get_logger("clock")

_EVERY = timedelta(seconds=1)
_STEP = 2.0
"""Seconds; less is how two clocks go apart by themselves."""
_NAME = "clock"


class ClockWatch:
    """Compares the clock on the wall with the one that does not jump, also over a restart of ours.

    Without this an hour forwards would ring, remind and complain at once, and an hour back keep silent for as long.
    """

    def __init__(self, desk: Desk, watchdog: Watchdog) -> None:
        self._desk = desk
        self._watchdog = watchdog
        self._apart: float | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        await every(self._desk.system, _EVERY, self.look, "clock")

    async def look(self) -> None:
        """Look now; raise StoreFailed when what is to be moved cannot be, and try again the next time."""
        system = self._desk.system
        apart = system.now().timestamp() - system.monotonic()
        if self._apart is not None and abs(apart - self._apart) < _STEP:
            return
        await self._desk.database.write(lambda tx: self._set(tx, apart))
        self._apart = apart

    async def _set(self, tx: Transaction, apart: float) -> None:
        boot, _, before = (await meta.get(tx, _NAME) or "").partition(" ")
        # After a reboot the other clock began anew, and nobody knows what happened to this one.
        if boot == self._desk.system.boot and abs(apart - float(before)) >= _STEP:
            await self._move(tx, timedelta(seconds=apart - float(before)))
        await meta.put(tx, _NAME, f"{self._desk.system.boot} {apart}")

    async def _move(self, tx: Transaction, step: timedelta) -> None:
        log.warning("clock.set", seconds=round(step.total_seconds()))
        now = self._desk.system.now()
        for key in await cards.open_keys(tx):
            if card := await cards.get(tx, key):
                await cards.save(tx, paging.moved(card, step), now)
        await outbox.move(tx, step)
        await self._watchdog.move(tx, step)
