"""Takes out of the room what nobody should have typed into it, and tells who typed it what to do now."""

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
from bot.core.replies import Leaked
from bot.flow.audit import Deed, note
from bot.flow.desk import Desk
from bot.flow.live import answer_key
from bot.flow.outbox import Outbox

log = structlog.get_logger("leaks")

_REASON = "a secret"
_SLOWEST = 10.0
"""Longest pause, in seconds, before a homeserver that does not answer is asked again."""


class Leaks:
    """Never sees the words themselves: the listener left them out."""

    def __init__(self, desk: Desk, posts: Outbox) -> None:
        self._desk = desk
        self._outbox = posts

    async def see_to(self, arrival: Arrival) -> None:
        """Remove it, however long the homeserver is away, and say so; after a crash, again."""
        heard = arrival.heard
        failures = 0
        while (removed := await self.remove(heard)) is None:
            failures += 1
            await self._desk.system.sleep(min(_SLOWEST, 0.25 * 2.0 ** min(failures, 10)))
        found = tuple(Leak(word) for word in heard.body.split(","))
        what = " and ".join(found)
        log.warning("leaks.found", what=what, removed=removed, sender=heard.sender, room=heard.room)
        for leak in found:
            self._desk.metrics.leaks.labels(leak.value, "yes" if removed else "no").inc()
        await self._desk.database.write(lambda tx: self._tell(tx, arrival, found, removed=removed))
        self._outbox.wake(heard.room)

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

    async def _tell(self, tx: Transaction, arrival: Arrival, found: tuple[Leak, ...], *, removed: bool) -> None:
        heard, now = arrival.heard, self._desk.system.now()
        request = Request(arrival.request, heard.event_id, heard.room, heard.sender, arrival.arrived_at, heard.sent_at)
        outcome = f"{' and '.join(found)} typed, {'removed' if removed else 'not removed'}"
        await note(tx, self._desk.system, Deed(request, None), Phase.REFUSED, outcome)
        message = Message(
            heard.room,
            answer_key(arrival.request),
            self._desk.render(Leaked(found, heard.sender, removed, arrival.request)),
            Priority.CRITICAL,
            reply_to=heard.event_id,
            request=arrival.request,
        )
        await outbox.put(tx, message, now)
        await inbox.done(tx, heard.event_id)
