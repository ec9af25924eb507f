"""Takes alerts in: what a webhook changes and the message that tells it are committed together, then it is promised."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from bot.clients.metrics import Metrics
from bot.clients.store import cards, outbox
from bot.clients.store.database import Database, Transaction
from bot.clients.system import System
from bot.core.alerts import AlertCard, Card, News, Severity, merge
from bot.core.message import Message, Priority, Rendered
from bot.core.names import RoomId, UserId
from bot.core.webhook import Webhook
from bot.flow.outbox import Outbox

log = structlog.get_logger("intake")


class Intake:
    """Accepts webhooks; when `accept` returns, nothing short of the disk's death loses them."""

    def __init__(
        self,
        database: Database,
        posts: Outbox,
        system: System,
        metrics: Metrics,
        render: Callable[[Any], Rendered],
        on_call: tuple[UserId, ...],
        zone: str,
    ) -> None:
        self._database = database
        self._outbox = posts
        self._system = system
        self._metrics = metrics
        self._render = render
        self._on_call = on_call
        self._zone = zone

    async def accept(self, room: RoomId, webhook: Webhook) -> None:
        """Commit a webhook's alerts and the message that tells of them; raise StoreFailed when that cannot be."""
        # Before as well: its mark then shares our commit, and the message leaves one disk flush sooner.
        self._outbox.wake(room)
        news = await self._database.write(lambda tx: self._fold(tx, room, webhook))
        if news is not News.NOTHING:
            self._outbox.wake(room)
        self._metrics.alerts_accepted.inc(len(webhook.alerts))
        log.info("alerts.accepted", room=room, alerts=len(webhook.alerts), news=news.value)

    async def _fold(self, tx: Transaction, room: RoomId, webhook: Webhook) -> News:
        now = self._system.now()
        before = await cards.latest(tx, room, webhook.receiver, webhook.group_key)
        card, news = merge(before, webhook, room, now)
        if news is not News.NOTHING:
            await cards.save(tx, card, now)
            await outbox.put(tx, self._message(card, now), now)
        return news

    def _message(self, card: Card, now: datetime) -> Message:
        pages = card.firing and card.severity is Severity.CRITICAL
        return Message(
            room=card.room,
            key=card.key,
            rendered=self._render(AlertCard(card, self._zone, now)),
            priority=Priority.CRITICAL if pages else Priority.ORDINARY,
            rings=pages,
            mentions=self._on_call if pages else (),
        )
