"""Takes out of the room what nobody should have typed into it, and tells who typed it what to do now."""

import asyncio

import structlog

from bot.clients.store import inbox, outbox
from bot.clients.store.database import Transaction
from bot.clients.store.inbox import Arrival
from bot.command import Request
from bot.core.audit import Phase
from bot.core.errors import LoggedOut, Missing, NeighbourError, RateLimited, Unreachable
from bot.core.heard import Heard
from bot.core.leaks import Leak
from bot.core.message import Message, Priority, transaction_id
from bot.core.names import Key
from bot.core.once import Outcome
from bot.core.replies import Leaked, Whispered
from bot.flow.audit import Deed, note
from bot.flow.desk import Desk
from bot.flow.letters import Letters
from bot.flow.live import answer_key
from bot.flow.outbox import Outbox
from bot.flow.rooms import Rooms
from bot.flow.whispers import Whispers

log = structlog.get_logger("leaks")

_REASON = "a secret"
_SLOWEST = 10.0
"""Longest pause, in seconds, before a homeserver that does not answer is asked again."""


class Leaks:
    """Never sees the words themselves: the listener left them out."""

    def __init__(self, desk: Desk, posts: Outbox, rooms: Rooms, letters: Letters, whispers: Whispers) -> None:
        self._desk = desk
        self._outbox = posts
        self._rooms = rooms
        self._letters = letters
        self._whispers = whispers

    async def see_to(self, arrival: Arrival) -> None:
        """Remove it, however long the homeserver is away, and say so; after a crash, again."""
        heard = arrival.heard
        removed, outcome = await asyncio.gather(self.remove(heard), self._whispers.use(heard))
        failures = 0
        while removed is None:
            failures += 1
            await self._desk.system.sleep(min(_SLOWEST, 0.25 * 2.0 ** min(failures, 10)))
            removed = await self.remove(heard)
        if outcome:
            await self._taken(arrival, outcome, removed=removed)
        else:
            await self._leaked(arrival, removed=removed)

    async def _taken(self, arrival: Arrival, outcome: Outcome, *, removed: bool) -> None:
        """Tell somebody what became of the share that they confided."""
        sender = arrival.heard.sender
        log.info("leaks.share_confided", sender=sender, fate=outcome.fate.value, removed=removed)
        words = f"share by direct chat: {outcome.fate}, {_removed(removed)}"
        await self._desk.database.write(lambda tx: self._note(tx, arrival, Phase.OUTCOME, words))
        await self._letters.send(sender, Whispered(outcome, removed))

    async def _leaked(self, arrival: Arrival, *, removed: bool) -> None:
        heard = arrival.heard
        found = tuple(Leak(word) for word in heard.body.split(","))
        what = " and ".join(found)
        log.warning("leaks.found", what=what, removed=removed, sender=heard.sender, room=heard.room)
        for leak in found:
            self._desk.metrics.leaks.labels(leak.value, "yes" if removed else "no").inc()
        reply = Leaked(found, heard.sender, removed, arrival.request)
        await self._desk.database.write(lambda tx: self._tell(tx, arrival, reply))
        self._outbox.wake(heard.room)
        if heard.room not in self._rooms.all and heard.sender in self._desk.settings.people:
            await self._letters.send(heard.sender, reply)

    async def remove(self, heard: Heard) -> bool | None:
        """Try once to take it out of the room; False: we may not, None: the homeserver does not say."""
        txn = transaction_id(heard.room, Key(f"leak:{heard.event_id}"), 1)
        try:
            await self._desk.matrix.redact(heard.room, heard.event_id, _REASON, txn)
        except Missing:
            return True
        except (Unreachable, RateLimited, LoggedOut):
            return None
        except NeighbourError as error:
            log.error("leaks.not_removed", room=heard.room, reason=error.reason)
            return False
        return True

    async def _note(self, tx: Transaction, arrival: Arrival, phase: Phase, words: str) -> None:
        heard = arrival.heard
        request = Request(arrival.request, heard.event_id, heard.room, heard.sender, arrival.arrived_at, heard.sent_at)
        await note(tx, self._desk.system, Deed(request, None), phase, words)
        await inbox.done(tx, heard.event_id)

    async def _tell(self, tx: Transaction, arrival: Arrival, reply: Leaked) -> None:
        """Put it on record, and say it where it was typed; of a direct chat, letters do that."""
        heard, now = arrival.heard, self._desk.system.now()
        await self._note(tx, arrival, Phase.REFUSED, f"{' and '.join(reply.leaks)} typed, {_removed(reply.removed)}")
        if heard.room not in self._rooms.all:
            return
        message = Message(
            heard.room,
            answer_key(arrival.request),
            self._desk.render(reply),
            Priority.CRITICAL,
            reply_to=heard.event_id,
            request=arrival.request,
        )
        await outbox.put(tx, message, now)


def _removed(removed: bool) -> str:
    return "removed" if removed else "not removed"
