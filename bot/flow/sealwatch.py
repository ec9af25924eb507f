"""Watches every pod of OpenBao for its seal, without waiting for anybody's alert."""

import structlog

from bot.clients.openbao import OpenBao, namespaces
from bot.clients.store import cards as store
from bot.clients.store.database import Transaction
from bot.core import sealing
from bot.core.alerts import News
from bot.core.names import RoomId
from bot.core.sealing import Pods
from bot.flow.cards import Cards
from bot.flow.desk import Desk
from bot.flow.duty import every
from bot.flow.outbox import Outbox
from bot.flow.rooms import Rooms

log = structlog.get_logger("sealwatch")


class SealWatch:
    """What it knows stands on its card, so that a restart tells nothing twice."""

    def __init__(self, desk: Desk, posts: Outbox, cards: Cards, rooms: Rooms, pods: OpenBao) -> None:
        self._desk = desk
        self._outbox = posts
        self._cards = cards
        self._rooms = rooms
        self._pods = pods

    async def run(self) -> None:
        """Look until cancelled."""
        await every(self._desk.system, self._desk.settings.limits.seal, self.look, "sealwatch")

    async def look(self) -> None:
        """Ask every pod, and tell what changed; a pod that does not answer is told by others."""
        pods = await self._pods.all()
        room, news = await self._desk.database.write(lambda tx: self._tell(tx, pods))
        if news is not News.NOTHING:
            log.warning("sealwatch.told", news=news.value)
            self._outbox.wake(room)

    async def _tell(self, tx: Transaction, pods: Pods) -> tuple[RoomId, News]:
        card = next(iter(await store.burning_of(tx, sealing.RECEIVER)), None)
        # Where it was told it ends, whatever the configuration says by now.
        room = card.room if card else self._rooms.usual
        hook = sealing.news(card, pods, namespaces(self._pods.pods), self._desk.system.now())
        return room, await self._cards.fold(tx, room, hook) if hook else News.NOTHING
