"""What was heard and is not answered yet: stored together with the sync position, so that neither outruns the other."""

from dataclasses import dataclass
from datetime import datetime

from bot.clients.store.database import Database, Row, Transaction
from bot.core.heard import Heard, Sort
from bot.core.names import EventId, RequestId, RoomId, UserId


@dataclass(frozen=True, slots=True)
class Arrival:
    """A heard event with the request id it got, and when it arrived."""

    heard: Heard
    request: RequestId
    arrived_at: datetime


async def add(tx: Transaction, heard: Heard, request: RequestId, now: datetime) -> None:
    """Store an event; one that is already known (a gap's overlap, a repeated sync) stays as it is."""
    await tx.run(
        "INSERT OR IGNORE INTO inbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'new')",
        (
            heard.event_id,
            heard.room,
            heard.sender,
            heard.sort.value,
            heard.body,
            heard.target,
            heard.encrypted,
            heard.sent_at.isoformat(),
            now.isoformat(),
            request,
        ),
    )


async def open_arrivals(database: Database, limit: int = 100) -> list[Arrival]:
    """Return what is not answered yet, oldest first."""
    rows = await database.read("SELECT * FROM inbox WHERE state = 'new' ORDER BY arrived_at, rowid LIMIT ?", (limit,))
    return [_arrival(row) for row in rows]


async def done(tx: Transaction, event: EventId) -> None:
    """Mark an event as answered and forget its words: they may hold what nobody should keep."""
    await tx.run("UPDATE inbox SET state = 'done', body = '' WHERE event_id = ?", (event,))


async def is_ours(tx: Transaction, event: EventId) -> bool:
    """Tell whether an event is a message of ours."""
    return await tx.row("SELECT 1 FROM events WHERE event_id = ?", (event,)) is not None


async def forget(tx: Transaction, before: datetime) -> int:
    """Delete answered rows older than `before`; return how many."""
    return await tx.run("DELETE FROM inbox WHERE state = 'done' AND arrived_at < ?", (before.isoformat(),))


def _arrival(row: Row) -> Arrival:
    heard = Heard(
        EventId(row["event_id"]),
        RoomId(row["room"]),
        UserId(row["sender"]),
        Sort(row["sort"]),
        row["body"],
        datetime.fromisoformat(row["sent_at"]),
        EventId(row["target"]) if row["target"] else None,
        bool(row["encrypted"]),
    )
    return Arrival(heard, RequestId(row["request"]), datetime.fromisoformat(row["arrived_at"]))
