"""Takes alerts in: what a webhook changes and the message that tells it are committed together, then it is promised."""

import structlog

from bot.clients.store.database import Transaction
from bot.core.alerts import News
from bot.core.names import RoomId
from bot.core.watchdog import parted
from bot.core.webhook import Webhook
from bot.flow.cards import Cards
from bot.flow.desk import Desk
from bot.flow.outbox import Outbox
from bot.flow.watchdog import Watchdog

log = structlog.get_logger("intake")


class Intake:
    """Accepts webhooks; when `accept` returns, nothing short of the disk's death loses them."""

    def __init__(self, desk: Desk, posts: Outbox, cards: Cards, watchdog: Watchdog) -> None:
        self._desk = desk
        self._outbox = posts
        self._cards = cards
        self._watchdog = watchdog

    async def accept(self, room: RoomId, webhook: Webhook) -> None:
        """Commit a webhook's alerts and the message that tells of them; raise StoreFailed when that cannot be."""
        # Before as well: its mark then shares our commit, and the message leaves one disk flush sooner.
        self._outbox.wake(room)
        news = await self._desk.database.write(lambda tx: self._take_in(tx, room, webhook))
        if news is not News.NOTHING:
            self._outbox.wake(room)
        self._desk.metrics.alerts_accepted.inc(len(webhook.alerts))
        log.info("alerts.accepted", room=room, alerts=len(webhook.alerts), news=news.value)

    async def _take_in(self, tx: Transaction, room: RoomId, webhook: Webhook) -> News:
        others, watchdogs = parted(webhook, self._desk.settings.alerts.watchdog)
        if watchdogs:
            await self._watchdog.hear(tx, watchdogs)
        return await self._cards.fold(tx, room, others) if others else News.NOTHING
