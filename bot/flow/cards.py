"""The living cards: every change of one is committed together with the message that tells it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.clients.store import cards, oncall, outbox
from bot.clients.store.database import Database, Transaction
from bot.core import paging, quiet
from bot.core.alerts import AlertCard, Card, News, flapping, handle, merge, reads_the_same, turned
from bot.core.held import Held
from bot.core.message import Message, Priority
from bot.core.names import Key, RoomId, UserId
from bot.core.oncall import on_call
from bot.core.reasons import Loudness, loudness
from bot.core.truth import stand_in
from bot.core.webhook import Webhook
from bot.flow.desk import Desk
from bot.flow.storm import Storms

Change = Callable[[Card], Card]
"""Makes a card into what it is next."""
_SCROLLED = 15
"""After so many further messages of ours a card has left the screen, and its end is told anew."""


class Cards:
    """Folds webhooks and people's words into cards, and queues what the room is told of them."""

    def __init__(self, desk: Desk, storms: Storms) -> None:
        self._desk = desk
        self._storms = storms
        self._paged = paging.rules(desk.settings.alerts.page)
        self._quiet = [quiet.read(line) for line in desk.settings.alerts.quiet]

    async def fold(self, tx: Transaction, room: RoomId, webhook: Webhook, posted: RoomId | None = None) -> News:
        """Take a webhook in; say whether there is anything new. `posted`: where it was, if not in this room."""
        now = self._desk.system.now()
        before = await cards.latest(tx, room, webhook.receiver, webhook.group_key)
        before = before or await self._adopted(tx, room, webhook)
        card, news = merge(before, webhook, room, now)
        if news is News.NOTHING:
            return news
        is_new = before is None or card.key != before.key
        if is_new:
            card = replace(card, handle=handle(await cards.next_number(tx)), past=await cards.past(tx, card, now))
            card = replace(card, turns=before.turns if before else (), held=await self._held(tx, card, now))
        if news in {News.OPENED, News.RESOLVED}:
            card = turned(card, now)
        loud = loudness(webhook.reason, news, fresh=paging.fresh(None if is_new else before, card, self._paged))
        card = await self._rung(tx, card, now, loud)
        await self.show(tx, card, now)
        if posted and is_new:
            await cards.note_posted(tx, card, posted)
        if news is News.RESOLVED:
            await self._tell_end(tx, card, now)
        return news

    async def _adopted(self, tx: Transaction, room: RoomId, webhook: Webhook) -> Card | None:
        """Return the card that was made while this group's webhook did not come, under the group's own name."""
        card = stand_in(await cards.of_group(tx, webhook.group_labels), room, webhook)
        if card is None:
            return None
        await cards.rename(tx, card, webhook.receiver, webhook.group_key)
        return replace(card, receiver=webhook.receiver, group_key=webhook.group_key, external_url=webhook.external_url)

    async def amend(self, tx: Transaction, key: Key, change: Change) -> Card | None:
        """Change a card and tell it, silently; None when there is no such card."""
        card = await cards.get(tx, key)
        if card is None:
            return None
        changed = change(card)
        now = self._desk.system.now()
        if reads_the_same(card, changed):
            await cards.save(tx, changed, now)
        else:
            await self.show(tx, changed, now)
        if card.firing and not changed.firing:
            await self._tell_end(tx, changed, now)
        return changed

    async def show(self, tx: Transaction, card: Card, now: datetime) -> None:
        """Save a card and queue the message that tells it.

        A card that may ring says so in every revision: only the first, a new message, does ring (edits never do), and
        which one that is only the outbox knows, since revisions that wait are merged. What is held is only saved,
        until it is urgent or somebody's.
        """
        if card.held and (paging.urgent(card, self._paged) or card.taken):
            card = replace(card, held=Held.NO)
        if card.held:
            await cards.save(tx, card, now)
            await self._storms.vouch(tx, card, now)
            return
        pages = self.pages(card, now)
        people = on_call(self._desk.settings.people, await oncall.get(tx)) if pages else ()
        message = Message(
            room=card.room,
            key=card.key,
            rendered=self._desk.render(self.view(card, now)),
            priority=Priority.CRITICAL if pages else Priority.ORDINARY,
            rings=pages,
            mentions=people,
        )
        rev = await outbox.put(tx, message, now)
        await cards.save(tx, card, now, rev)

    async def release(self, tx: Transaction, card: Card, now: datetime) -> None:
        """Give a card that was held back a message of its own, unless it is quiet now."""
        await self.show(tx, replace(card, held=Held.QUIET if self._is_hushed(card, now) else Held.NO), now)

    def view(self, card: Card, now: datetime) -> AlertCard:
        """Return a card as it is to be told now."""
        zone, alerts = self._desk.settings.timezone, self._desk.settings.alerts
        return AlertCard(card, zone, now, alerts.link_hosts, alerts.external_urls, alerts.summary)

    def quiet_until(self, now: datetime) -> datetime | None:
        """Return when the quiet hours end that it is now; None when it is not quiet."""
        return quiet.until(self._quiet, self._desk.settings.timezone, now)

    def pages(self, card: Card, now: datetime) -> bool:
        """Tell whether a card may ring a phone."""
        return paging.rings(card, self._paged, now)

    async def due(self, source: Transaction | Database, card: Card, now: datetime) -> paging.Due:
        """Tell what is to be done about a card now."""
        if self._is_hushed(card, now):
            return paging.Due.NOTHING
        last = paging.page_key(card.key, card.pages)
        # Asked only where it matters: a storm leaves hundreds of cards that do not ring.
        waits = self.pages(card, now) and (
            await outbox.waits(source, card.room, card.key) or await outbox.waits(source, card.room, last)
        )
        return paging.due(card, self._paged, now, delivered=not waits)

    async def page(self, tx: Transaction, card: Card, now: datetime) -> Card:
        """Ring once more: by a message of its own, counted together with it."""
        card = paging.rung(card, now)
        result = paging.Page(self.view(card, now), card.pages, card.allowed)
        people = on_call(self._desk.settings.people, await oncall.get(tx))
        key = paging.page_key(card.key, card.pages)
        await cards.save(tx, card, now)
        await self.say(tx, card, key, result, now, mentions=people)
        self._desk.metrics.pages.inc()
        return card

    async def remind(self, tx: Transaction, card: Card, now: datetime) -> None:
        """Ask the one who took a card whether they are still on it."""
        card = paging.reminded(card, now)
        await cards.save(tx, card, now)
        if card.taken:
            result = paging.Reminder(self.view(card, now))
            await self.say(tx, card, paging.reminder_key(card), result, now, mentions=(card.taken.by,))

    async def say(
        self,
        tx: Transaction,
        card: Card,
        key: Key,
        result: Any,
        now: datetime,
        mentions: tuple[UserId, ...] | None = None,
    ) -> None:
        """Queue a message below a card, once for its key; it rings when `mentions` is given, else it is silent."""
        if await outbox.known(tx, card.room, key):
            return
        rings = mentions is not None
        message = Message(
            card.room,
            key,
            self._desk.render(result),
            Priority.CRITICAL if rings else Priority.ORDINARY,
            rings=rings,
            mentions=mentions or (),
            reply_to=await outbox.event_of(tx, card.room, card.key),
        )
        await outbox.put(tx, message, now)

    async def _held(self, tx: Transaction, card: Card, now: datetime) -> Held:
        """Say what holds a new card back."""
        return Held.QUIET if self._is_hushed(card, now) else await self._storms.meet(tx, card, now)

    def _is_hushed(self, card: Card, now: datetime) -> bool:
        """Tell whether nothing new is to be said of a card because of the quiet hours."""
        return self.quiet_until(now) is not None and not paging.urgent(card, self._paged)

    async def _rung(self, tx: Transaction, card: Card, now: datetime, loud: Loudness) -> Card:
        """Count a card that rings by its own first message; let what became urgent after it ring by another."""
        if not self.pages(card, now):
            return card
        if card.pages:
            # It rings in its turn (`paging.due`), and at once for what was added.
            anew = paging.anew(card, now) if loud is Loudness.RING else None
            return await self.page(tx, anew, now) if anew else card
        if not await outbox.known(tx, card.room, card.key) or await outbox.unsent(tx, card.room, card.key):
            return paging.rung(card, now)
        return await self.page(tx, card, now)

    async def _tell_end(self, tx: Transaction, card: Card, now: datetime) -> None:
        """Say that a card is over, where the room would not see it from the card."""
        if await outbox.event_of(tx, card.room, card.key) is None:
            return
        gone_by = await outbox.since(tx, card.room, card.key, _SCROLLED + 1)
        # What comes and goes may well be back, and who was not rung for it does not wait for its end.
        loud = not (flapping(card, now) or self._is_hushed(card, now))
        if card.pages or (gone_by > _SCROLLED and loud):
            await self.say(tx, card, Key(f"over:{card.key}"), paging.Over(card), now)
