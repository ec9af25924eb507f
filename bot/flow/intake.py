"""Takes alerts in: what a webhook changes and the message that tells it are committed together, then it is promised."""

import structlog

from bot.core.alerts import News
from bot.core.names import RoomId
from bot.core.webhook import Webhook
from bot.flow.cards import Cards
from bot.flow.desk import Desk
from bot.flow.outbox import Outbox

log = structlog.get_logger("intake")


class Intake:
    """Accepts webhooks; when `accept` returns, nothing short of the disk's death loses them."""

    def __init__(self, desk: Desk, posts: Outbox, cards: Cards) -> None:
        self._desk = desk
        self._outbox = posts
        self._cards = cards

    async def accept(self, room: RoomId, webhook: Webhook) -> None:
        """Commit a webhook's alerts and the message that tells of them; raise StoreFailed when that cannot be."""
        # Before as well: its mark then shares our commit, and the message leaves one disk flush sooner.
        self._outbox.wake(room)
        news = await self._desk.database.write(lambda tx: self._cards.fold(tx, room, webhook))
        if news is not News.NOTHING:
            self._outbox.wake(room)
        self._desk.metrics.alerts_accepted.inc(len(webhook.alerts))
        log.info("alerts.accepted", room=room, alerts=len(webhook.alerts), news=news.value)
