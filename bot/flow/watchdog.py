"""Watches for the alert that always fires, and says loudly when it does not come."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import structlog
from pydantic import TypeAdapter

from bot.clients.store import meta, oncall, outbox
from bot.clients.store.database import Transaction
from bot.core import watchdog
from bot.core.message import Message, Priority
from bot.core.oncall import on_call
from bot.core.watchdog import Sign, WatchdogSilent
from bot.core.webhook import Alert
from bot.flow.desk import Desk
from bot.flow.duty import every
from bot.flow.outbox import Outbox
from bot.flow.rooms import Rooms
from bot.flow.routes import Routes

log = structlog.get_logger("watchdog")

_LOOKS = timedelta(seconds=60)
_SIGN = TypeAdapter(Sign)
_NAME = "watchdog"


class Watchdog:
    """Remembers when it last came; nothing is said before it first did."""

    def __init__(self, desk: Desk, posts: Outbox, rooms: Rooms, routes: Routes) -> None:
        self._desk = desk
        self._outbox = posts
        self._rooms = rooms
        self._routes = routes
        self._every = desk.settings.alerts.watchdog_every
        self._started = desk.system.monotonic()
        self._overdue = False

    @property
    def overdue(self) -> bool:
        """Whether it was missing when last looked."""
        return self._overdue

    async def run(self) -> None:
        """Look for it until cancelled."""
        await every(self._desk.system, min(_LOOKS, self._every / 12), self.look, "watchdog")

    async def look(self) -> None:
        """Say it once when it is overdue."""
        if self._desk.settings.alerts.watchdog is None:
            return
        self._overdue = await self._desk.database.write(self._look)
        self._desk.metrics.watchdog_silent.set(self._overdue)
        self._outbox.wake_all()

    async def hear(self, tx: Transaction, alerts: Iterable[Alert], receiver: str) -> None:
        """Remember that it came; take back what was said of its silence."""
        now, before = self._desk.system.now(), await _sign(tx)
        after = watchdog.heard(before, alerts, now, lambda alert: self._routes.name(alert, receiver))
        if after is None:
            return
        if before and before.told and after.ended is None:
            await self._say(tx, WatchdogSilent(self._word, before, self._every, now, self._zone, back=now))
        await _keep(tx, after)

    async def move(self, tx: Transaction, step: timedelta) -> None:
        """Put when it last came into the time of a clock that was set by so much."""
        sign = await _sign(tx)
        # What was told goes by that moment's name.
        if sign and not sign.told:
            await _keep(tx, replace(sign, last=sign.last + step))

    async def _look(self, tx: Transaction) -> bool:
        now, sign = self._desk.system.now(), await _sign(tx)
        runs = timedelta(seconds=self._desk.system.monotonic() - self._started)
        if sign is None or not watchdog.silent(sign, self._every, now - runs, now):
            return False
        if not sign.told:
            log.error("watchdog.silent", last=sign.last.isoformat(), ended=sign.ended is not None)
            await self._say(tx, WatchdogSilent(self._word, sign, self._every, now, self._zone))
            await _keep(tx, replace(sign, told=True))
        return True

    async def _say(self, tx: Transaction, result: WatchdogSilent) -> None:
        # A new message rings, and an edit never does: whoever is on call is named while it lasts.
        rings = result.back is None
        people = on_call(self._desk.settings.people, await oncall.get(tx)) if rings else ()
        message = Message(
            # Where a route leads it; a room that has left the configuration is no more.
            self._rooms.find(result.sign.room) or self._rooms.usual,
            watchdog.key(result.sign),
            self._desk.render(result),
            Priority.CRITICAL if rings else Priority.ORDINARY,
            rings=rings,
            mentions=people,
        )
        await outbox.put(tx, message, result.as_of)

    @property
    def _word(self) -> str:
        return self._desk.settings.alerts.watchdog or ""

    @property
    def _zone(self) -> str:
        return self._desk.settings.timezone


async def _sign(tx: Transaction) -> Sign | None:
    kept = await meta.get(tx, _NAME)
    return _SIGN.validate_json(kept) if kept else None


async def _keep(tx: Transaction, sign: Sign) -> None:
    await meta.put(tx, _NAME, _SIGN.dump_json(sign).decode())
