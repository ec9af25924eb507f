"""The living cards: every change of one is committed together with the message that tells it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.clients.store import cards, outbox
from bot.clients.store.database import Transaction
from bot.core.alerts import AlertCard, Card, News, Severity, flapping, handle, merge, turned
from bot.core.message import Message, Priority
from bot.core.names import Key, RoomId, UserId
from bot.core.webhook import Webhook
from bot.flow.desk import Desk

Change = Callable[[Card], Card]
"""Makes a card into what it is next."""


class Cards:
    """Folds webhooks and people's words into cards, and queues what the room is told of them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def fold(self, tx: Transaction, room: RoomId, webhook: Webhook) -> News:
        """Take a webhook in; say whether there is anything new."""
        now = self._desk.system.now()
        before = await cards.latest(tx, room, webhook.receiver, webhook.group_key)
        card, news = merge(before, webhook, room, now)
        if news is News.NOTHING:
            return news
        if before is None or card.key != before.key:
            card = replace(card, handle=handle(await cards.next_number(tx)), past=await cards.past(tx, card, now))
            card = replace(card, turns=before.turns if before else ())
        if news in {News.OPENED, News.RESOLVED}:
            card = turned(card, now)
        if news is News.OPENED and self.pages(card, now):
            card = replace(card, pages=1, paged_at=now)
        await self.show(tx, card, now)
        return news

    async def amend(self, tx: Transaction, key: Key, change: Change) -> Card | None:
        """Change a card and tell it, silently; None when there is no such card."""
        card = await cards.get(tx, key)
        if card is None:
            return None
        changed = change(card)
        if changed != card:
            await self.show(tx, changed, self._desk.system.now())
        return changed

    async def show(self, tx: Transaction, card: Card, now: datetime) -> None:
        """Save a card and queue the message that tells it.

        A card that may ring says so in every revision: only the first, a new message, does ring (edits never do), and
        which one that is only the outbox knows, since revisions that wait are merged.
        """
        await cards.save(tx, card, now)
        settings, pages = self._desk.settings, self.pages(card, now)
        message = Message(
            room=card.room,
            key=card.key,
            rendered=self._desk.render(AlertCard(card, settings.timezone, now, settings.alerts.link_hosts)),
            priority=Priority.CRITICAL if pages else Priority.ORDINARY,
            rings=pages,
            mentions=self.on_call() if pages else (),
        )
        await outbox.put(tx, message, now)

    def pages(self, card: Card, now: datetime) -> bool:
        """Tell whether a card may ring a phone."""
        critical = card.firing and card.severity is Severity.CRITICAL
        return critical and card.muted is None and card.taken is None and not flapping(card, now)

    def on_call(self) -> tuple[UserId, ...]:
        """Return who is rung."""
        return tuple(user for user, person in self._desk.settings.people.items() if person.on_call)
