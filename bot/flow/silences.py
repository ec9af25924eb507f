"""Sees to silences: renews those until resolved, ends them when it is over, and gives word before any of them ends."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from bot.clients.alertmanager import AlertmanagerApi
from bot.clients.store import cards as store
from bot.clients.store import outbox, renewal
from bot.clients.store.database import Transaction
from bot.core import truth
from bot.core.ending import SilenceEnds, ending
from bot.core.errors import NeighbourError
from bot.core.message import Message
from bot.core.names import RoomId
from bot.core.renewal import Next, UntilResolved, caps, due, next_end
from bot.core.silences import Silence, State
from bot.flow.cards import Cards
from bot.flow.desk import Desk
from bot.flow.duty import every
from bot.flow.outbox import Outbox
from bot.flow.rooms import Rooms

log = structlog.get_logger("silences")


class Silences:
    """Asks Alertmanager at fixed times; what is to be renewed stands in the database, where a restart finds it."""

    def __init__(self, desk: Desk, posts: Outbox, cards: Cards, rooms: Rooms, alertmanager: AlertmanagerApi) -> None:
        self._desk = desk
        self._outbox = posts
        self._cards = cards
        self._rooms = rooms
        self._alertmanager = alertmanager
        self._quiet: dict[str, float] = {}
        """Since when nothing of a silence burns, by the clock that does not jump."""

    async def run(self) -> None:
        """Look until cancelled."""
        await every(self._desk.system, self._desk.settings.limits.reconcile, self.turn, "silences")

    async def turn(self) -> None:
        """Look once; raise OpsError when Alertmanager does not answer."""
        orders = await renewal.all_orders(self._desk.database)
        found = await self._alertmanager.silences()
        muted = await self._alertmanager.alerts(active=False)
        status = await self._alertmanager.status()
        # Silences end by its clock, whatever ours says.
        now, zone = status.clock(self._desk.system.now()), self._desk.settings.timezone
        if orders:
            # After its restart Alertmanager knows no alert for a while: that nothing burns is then not known.
            young = truth.is_young(status, now, self._desk.settings.limits.gone)
            burning = {each for alert in muted for each in alert.muting.silenced_by}
            await self._see_to_all(orders, found, {each.silence for each in orders} if young else burning, now)
        for ends in ending(found, muted, caps(orders, found), now, zone):
            await self._desk.database.write(lambda tx, ends=ends: self._announce(tx, ends))  # type: ignore[misc]
            self._outbox.wake_all()

    async def _see_to_all(
        self, orders: Collection[UntilResolved], found: Collection[Silence], burning: Collection[str], now: datetime
    ) -> None:
        known = {each.id: each for each in found}
        for order in orders:
            try:
                await self._see_to(order, known, now, burns=order.silence in burning)
            except NeighbourError as error:
                log.warning("silences.not_seen_to", silence=order.silence, reason=str(error))

    async def _see_to(self, order: UntilResolved, found: Mapping[str, Silence], now: datetime, *, burns: bool) -> None:
        known = found.get(order.silence)
        burns = burns or (known is not None and known.state is State.PENDING)
        match due(order, known, now, burns=burns, over=self._is_over(order, burns=burns)):
            case Next.RENEW:
                await self._renew(order, now)
            case Next.END:
                await self._alertmanager.expire(order.silence)
                await self._forget(order, "resolved")
            case Next.FORGET:
                await self._forget(order, "over or extended")
            case Next.NOTHING:
                pass

    def _is_over(self, order: UntilResolved, *, burns: bool) -> bool:
        """Tell whether nothing burned for so long that it is no pause."""
        now = self._desk.system.monotonic()
        if burns:
            self._quiet.pop(order.silence, None)
            return False
        return now - self._quiet.setdefault(order.silence, now) >= self._desk.settings.limits.gone.total_seconds()

    async def _renew(self, order: UntilResolved, now: datetime) -> None:
        later = replace(order, until=next_end(order, now))
        await self._desk.database.write(lambda tx: renewal.put(tx, later))
        given = await self._alertmanager.renew(order.silence, later.until)
        if given.id != order.silence:
            # Somebody ended it at this very moment, and Alertmanager made another of it.
            await self._alertmanager.expire(given.id)
        log.info("silences.renewed", silence=order.silence, until=later.until.isoformat())

    async def _forget(self, order: UntilResolved, why: str) -> None:
        self._quiet.pop(order.silence, None)
        await self._desk.database.write(lambda tx: renewal.drop(tx, order.silence))
        log.info("silences.done", silence=order.silence, why=why)

    async def _announce(self, tx: Transaction, ends: SilenceEnds) -> None:
        """Give word once in each room that has a card of it, below the card; where none has, in the alerts room."""
        now = self._desk.system.now()
        held = [card for card in await store.open_cards(tx) if card.muted and card.muted.silence == ends.silence.id]
        for card in {card.room: card for card in held}.values():
            await self._cards.say(tx, card, ends.key, ends, now)
        if not held and not await outbox.known(tx, self._room, ends.key):
            await outbox.put(tx, Message(self._room, ends.key, self._desk.render(ends)), now)

    @property
    def _room(self) -> RoomId:
        room = self._rooms.find(self._desk.settings.alerts.room)
        assert room is not None, "settings know the room"
        return room
