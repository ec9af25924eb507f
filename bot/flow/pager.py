"""Rings until somebody answers: pages again, reminds who took a card, and asks the second channel at last."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.clients.second import SecondChannel
from bot.clients.store import cards as store
from bot.clients.store.database import Transaction
from bot.core import paging
from bot.core.alerts import Card
from bot.core.errors import NeighbourError, StoreFailed
from bot.core.escalation import Cause
from bot.core.names import Key
from bot.core.paging import Due, Outcome
from bot.flow.cards import Cards
from bot.flow.desk import Desk
from bot.flow.duty import every
from bot.flow.outbox import Outbox

log = structlog.get_logger("pager")

_EVERY = timedelta(seconds=15)
_CAUSES = {Due.UNDELIVERED: Cause.UNDELIVERED, Due.UNANSWERED: Cause.UNANSWERED}


@dataclass(frozen=True, slots=True)
class _Call:
    """What is to go by the second channel."""

    card: Card
    cause: Cause


class Pager:
    """Looks at every open card in turn; all it knows stands on the cards, so that a restart changes nothing."""

    def __init__(self, desk: Desk, posts: Outbox, cards: Cards, second: SecondChannel) -> None:
        self._desk = desk
        self._outbox = posts
        self._cards = cards
        self._second = second

    async def run(self) -> None:
        """Take turns until cancelled."""
        await every(self._desk.system, _EVERY, self.turn, "pager")

    async def turn(self) -> None:
        """Do for each card what is due; what fails for one fails for no other."""
        calls = [await self._safely(key) for key in await store.open_keys(self._desk.database)]
        # After all the pages, and side by side: a second channel that hangs holds no page back.
        async with asyncio.TaskGroup() as tasks:
            for call in filter(None, calls):
                tasks.create_task(self._call(call), name=f"second channel {call.card.handle}")

    async def _safely(self, key: Key) -> _Call | None:
        try:
            return await self._see_to(key)
        except StoreFailed:
            raise
        except Exception:
            log.exception("pager.broken", card=key)
            return None

    async def _see_to(self, key: Key) -> _Call | None:
        card, now = await store.get(self._desk.database, key), self._desk.system.now()
        if card is None or await self._cards.due(self._desk.database, card, now) is Due.NOTHING:
            return None
        call = await self._desk.database.write(lambda tx: self._do(tx, card.key))
        self._outbox.wake(card.room)
        return call

    async def _do(self, tx: Transaction, key: Key) -> _Call | None:
        """Decide once more, with the card as it is now, and commit the count together with the message."""
        now = self._desk.system.now()
        card = await store.get(tx, key)
        if card is None:
            return None
        match due := await self._cards.due(tx, card, now):
            case Due.NOTHING:
                return None
            case Due.PAGE:
                await self._cards.page(tx, card, now)
            case Due.HOLD:
                await store.save(tx, paging.held(card, now), now)
            case Due.REMIND:
                await self._cards.remind(tx, card, now)
            case Due.UNDELIVERED | Due.UNANSWERED:
                # Written down before it is tried: a crash in the middle must not have it tried for ever.
                card = paging.tried(card, _CAUSES[due], now)
                await store.save(tx, card, now)
                return _Call(card, _CAUSES[due])
        return None

    async def _call(self, call: _Call) -> None:
        try:
            outcome = await self._tell(call)
            if outcome:
                await self._desk.database.write(lambda tx: self._settle(tx, call, outcome))
                self._outbox.wake(call.card.room)
        except StoreFailed as error:
            log.error("pager.cannot_record", card=call.card.key, error=str(error))
        except Exception:
            log.exception("pager.broken", card=call.card.key)

    async def _tell(self, call: _Call) -> Outcome | None:
        """Ask the second channel; None when it failed and is to be tried again."""
        if not self._second.configured:
            return Outcome.NONE
        page = self._desk.render(paging.SecondPage(self._cards.view(call.card, self._desk.system.now()), call.cause))
        title, _, body = page.body.partition("\n")
        try:
            sent = await self._second.tell(title, body or title)
        except NeighbourError as error:
            log.error("pager.second_channel_failed", card=call.card.key, reason=str(error))
            self._desk.metrics.second_channel.labels("failed").inc()
            return Outcome.FAILED if paging.last_try(call.card, call.cause) else None
        log.warning("pager.second_channel", card=call.card.key, cause=call.cause.value, addresses=sent)
        self._desk.metrics.second_channel.labels("sent").inc()
        return Outcome.TOLD

    async def _settle(self, tx: Transaction, call: _Call, outcome: Outcome) -> None:
        """Write down that it is done, and let the room know."""
        now = self._desk.system.now()
        card = await store.get(tx, call.card.key)
        if card is None:
            return
        card = paging.settled(card, call.cause)
        await store.save(tx, card, now)
        # Given back and rung as often again, it goes by the second channel, and is told, once more.
        key = Key(f"second:{card.key}:{call.cause.value}:{card.allowed}")
        await self._cards.say(tx, card, key, paging.Escalated(card, call.cause, outcome), now)
