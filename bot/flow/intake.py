"""Takes alerts in: what a webhook changes and the message that tells it are committed together, then it is promised."""

import asyncio

import structlog

from bot.clients.store import cards as store
from bot.clients.store.database import Transaction
from bot.core.alerts import News
from bot.core.names import RoomId
from bot.core.routing import split
from bot.core.trips import Trips
from bot.core.truth import SETTLED
from bot.core.watchdog import parted
from bot.core.webhook import Webhook
from bot.flow.cards import Cards
from bot.flow.desk import Desk
from bot.flow.outbox import Outbox
from bot.flow.routes import Routes
from bot.flow.watchdog import Watchdog

log = structlog.get_logger("intake")


class Intake:
    """Accepts webhooks; when `accept` returns, nothing short of the disk's death loses them."""

    def __init__(
        self, desk: Desk, posts: Outbox, cards: Cards, watchdog: Watchdog, routes: Routes, trips: Trips
    ) -> None:
        self._desk = desk
        self._outbox = posts
        self._cards = cards
        self._watchdog = watchdog
        self._routes = routes
        self._trips = trips

    async def accept(self, room: RoomId, webhook: Webhook) -> None:
        """Commit a webhook's alerts and the messages that tell of them; raise StoreFailed when that cannot be."""
        # Before, not after: its mark is then written behind ours in the same commit, and the message leaves one disk
        # flush sooner.
        self._outbox.wake(room)
        others = self._trips.hear(webhook, self._desk.system.now())
        news = await self._desk.database.write(lambda tx: self._take_in(tx, room, others)) if others else {}
        for each in news.keys() - {room}:
            self._outbox.wake(each)
        # So many turns of the loop, and the message is on the wire: the room waits for it, nobody for our answer.
        for _ in range(3):
            await asyncio.sleep(0)
        self._desk.metrics.alerts_accepted.inc(len(webhook.alerts))
        told = {each: what.value for each, what in news.items()}
        log.info("alerts.accepted", room=room, alerts=len(webhook.alerts), news=told)

    async def _take_in(self, tx: Transaction, room: RoomId, webhook: Webhook) -> dict[RoomId, News]:
        """Fold each room's part of a webhook into its card there."""
        others, watchdogs = parted(webhook, self._desk.settings.alerts.watchdog)
        if watchdogs:
            await self._watchdog.hear(tx, watchdogs, webhook.receiver)
        if others is None:
            return {}
        since = self._desk.system.now() - SETTLED
        homes = await store.homes(tx, room, others.receiver, others.group_key, since)
        parts = split(others, lambda alert: self._routes.room(alert, others.receiver, homes) or room)
        return {each: await self._cards.fold(tx, each, part, posted=room) for each, part in parts.items()}
