"""Parcels on their way to a room, and the events that came of those delivered."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.clients.store.database import Database, Row, Transaction, query
from bot.core.message import Message, Priority, attachments, content
from bot.core.names import EventId, Key, RoomId
from bot.core.promises import Waiting


@dataclass(frozen=True, slots=True)
class Parcel:
    """One revision of a message that waits to be delivered."""

    seq: int
    room: RoomId
    key: Key
    rev: int
    content: dict[str, Any]
    attachment: bytes | None
    """What is uploaded first; the content says what it is."""
    unsure: bool
    """An earlier attempt ended without a definite answer: it may be in the room already."""
    attempts: int
    first_try: datetime | None
    edits: EventId | None
    """The event that this revision replaces; None: it is the first."""


async def put(tx: Transaction, message: Message, now: datetime) -> int:
    """Queue a message and return its revision; a revision of the same key that nobody tried to send yet is replaced."""
    rev = await _last_rev(tx, message.room, message.key) + 1
    await _queue(tx, message, message.key, rev, content(message, rev), None, now)
    for each in attachments(message, rev):
        await _queue(tx, message, each.key, rev, each.content, each.data, now)
    return rev


async def _queue(
    tx: Transaction, message: Message, key: Key, rev: int, body: dict[str, Any], data: bytes | None, now: datetime
) -> None:
    text = json.dumps(body, ensure_ascii=False)
    merged = await tx.run(
        "UPDATE outbox SET rev = ?, content = ?, priority = ?, attachment = ?"
        " WHERE room = ? AND key = ? AND state = 'waiting' AND attempts = 0",
        (rev, text, message.priority, data, message.room, key),
    )
    if not merged:
        await tx.run(
            "INSERT INTO outbox (room, key, rev, priority, content, attachment, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (message.room, key, rev, message.priority, text, data, now.isoformat()),
        )


async def known(tx: Transaction, room: RoomId, key: Key) -> bool:
    """Tell whether a message of this key was delivered or waits."""
    return await _last_rev(tx, room, key) > 0


async def event_of(source: Transaction | Database, room: RoomId, key: Key) -> EventId | None:
    """Return the event a key was delivered as."""
    rows = await query(source, "SELECT event_id FROM events WHERE room = ? AND key = ?", room, key)
    return EventId(rows[0][0]) if rows else None


async def waits(source: Transaction | Database, room: RoomId, key: Key) -> bool:
    """Tell whether a message is on its way and nothing of it is in the room yet."""
    sql = (
        "SELECT 1 FROM outbox WHERE room = ?1 AND key = ?2 AND state != 'dead'"
        " AND NOT EXISTS (SELECT 1 FROM events WHERE room = ?1 AND key = ?2)"
    )
    return bool(await query(source, sql, room, key))


async def unsent(tx: Transaction, room: RoomId, key: Key) -> bool:
    """Tell whether nobody tried to send any of a message yet, so that its next revision is its first."""
    tried = "SELECT 1 FROM outbox WHERE room = ? AND key = ? AND NOT (state = 'waiting' AND attempts = 0)"
    return await waits(tx, room, key) and await tx.row(tried, (room, key)) is None


async def since(tx: Transaction, room: RoomId, key: Key, most: int) -> int:
    """Return how many messages of ours came after this one, edits not counted; no more than `most` are."""
    row = await tx.row(
        "SELECT count(*) FROM (SELECT 1 FROM events WHERE room = ?1"
        " AND rowid > (SELECT rowid FROM events WHERE room = ?1 AND key = ?2) LIMIT ?3)",
        (room, key, most),
    )
    return int(row[0]) if row else 0


async def take(tx: Transaction, room: RoomId, count: int, busy: Collection[Key], now: datetime) -> list[Parcel]:
    """Mark the next parcels of a room as being sent and return them.

    The mark is committed before the first byte leaves: what may be in the room is never merged away. Critical ones go
    first, then in the order they came; of one key, only the oldest, and none while another of that key is `busy`.
    """
    rows = await tx.rows(
        "SELECT o.*, e.event_id AS edits FROM outbox o LEFT JOIN events e ON e.room = o.room AND e.key = o.key"
        " WHERE o.room = ? AND o.state = 'waiting' AND NOT EXISTS"
        "   (SELECT 1 FROM outbox b WHERE b.room = o.room AND b.key = o.key AND b.seq < o.seq AND b.state != 'dead')"
        " ORDER BY o.priority, o.seq LIMIT ?",
        (room, count + len(busy)),
    )
    parcels = [_parcel(row) for row in rows if row["key"] not in busy][:count]
    await tx.run_many(
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, first_try = coalesce(first_try, ?)"
        " WHERE seq = ?",
        [(now.isoformat(), parcel.seq) for parcel in parcels],
    )
    return parcels


async def delivered(tx: Transaction, parcel: Parcel, event: EventId, now: datetime) -> None:
    """Forget a parcel that is in the room, and remember the event its key can be edited by."""
    await tx.run("DELETE FROM outbox WHERE seq = ?", (parcel.seq,))
    await tx.run(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (room, key) DO UPDATE SET rev = excluded.rev, sent_at = excluded.sent_at",
        (parcel.room, parcel.key, event, parcel.rev, now.isoformat()),
    )


async def put_back(tx: Transaction, parcel: Parcel, *, unsure: bool) -> None:
    """Let a parcel wait again; `unsure` sticks: once it may have arrived, only a look into the room can tell."""
    untouched = not (unsure or parcel.unsure)
    if untouched and await _catch_up(tx, parcel):
        return
    await tx.run(
        "UPDATE outbox SET state = 'waiting', unsure = max(unsure, ?), attempts = CASE WHEN ? THEN 0 ELSE attempts END"
        " WHERE seq = ?",
        (unsure, untouched, parcel.seq),
    )


async def replace(tx: Transaction, parcel: Parcel, new: dict[str, Any] | None) -> None:
    """Give a parcel that the homeserver will not take other content, under a new revision; None: set it aside."""
    if await _catch_up(tx, parcel):
        return
    if new is None:
        await tx.run("UPDATE outbox SET state = 'dead' WHERE seq = ?", (parcel.seq,))
        return
    rev = await _last_rev(tx, parcel.room, parcel.key) + 1
    await tx.run(
        "UPDATE outbox SET state = 'waiting', attempts = 0, rev = ?, content = ?, attachment = NULL WHERE seq = ?",
        (rev, json.dumps(new, ensure_ascii=False), parcel.seq),
    )


async def _catch_up(tx: Transaction, parcel: Parcel) -> bool:
    """Let a parcel that was surely not taken say, in its place, what a newer one of its key says; False without one."""
    newer = await tx.row(
        "DELETE FROM outbox WHERE room = ? AND key = ? AND seq > ? AND state = 'waiting' AND attempts = 0 RETURNING *",
        (parcel.room, parcel.key, parcel.seq),
    )
    if newer is None:
        return False
    await tx.run(
        "UPDATE outbox SET state = 'waiting', attempts = 0, rev = ?, content = ?, priority = ?, attachment = ?"
        " WHERE seq = ?",
        (newer["rev"], newer["content"], newer["priority"], newer["attachment"], parcel.seq),
    )
    return True


async def recover(tx: Transaction) -> int:
    """Let what was being sent when the last process ended wait again, unsure; return how many."""
    return await tx.run("UPDATE outbox SET state = 'waiting', unsure = 1 WHERE state = 'sending'")


async def depth(database: Database) -> tuple[int, datetime | None]:
    """Return how many parcels wait, and since when the oldest does."""
    rows = await database.read("SELECT count(*), min(created_at) FROM outbox WHERE state != 'dead'")
    return rows[0][0], datetime.fromisoformat(rows[0][1]) if rows[0][1] else None


async def queued(tx: Transaction, room: RoomId) -> int:
    """Return how many parcels of a room wait."""
    row = await tx.row("SELECT count(*) FROM outbox WHERE room = ? AND state != 'dead'", (room,))
    return int(row[0]) if row else 0


async def waiting(database: Database, before: datetime) -> list[Waiting]:
    """Return what has waited since before a moment, oldest first, a thousand at most."""
    sql = (
        "SELECT room, key, rev, priority, created_at FROM outbox WHERE state != 'dead' AND created_at < ?"
        " ORDER BY seq LIMIT 1000"
    )
    return [
        Waiting(
            RoomId(row["room"]),
            Key(row["key"]),
            row["rev"],
            Priority(row["priority"]),
            datetime.fromisoformat(row["created_at"]),
        )
        for row in await database.read(sql, (before.isoformat(),))
    ]


async def move(tx: Transaction, step: timedelta) -> None:
    """Put since when parcels wait into the time of a clock that was set by so much."""
    rows = await tx.rows("SELECT seq, created_at, first_try FROM outbox")
    await tx.run_many(
        "UPDATE outbox SET created_at = ?, first_try = ? WHERE seq = ?",
        [(_moved(row["created_at"], step), _moved(row["first_try"], step), row["seq"]) for row in rows],
    )


def _moved(moment: str | None, step: timedelta) -> str | None:
    return (datetime.fromisoformat(moment) + step).isoformat() if moment else None


async def _last_rev(tx: Transaction, room: RoomId, key: Key) -> int:
    row = await tx.row(
        "SELECT max((SELECT coalesce(max(rev), 0) FROM outbox WHERE room = ?1 AND key = ?2),"
        " (SELECT coalesce(max(rev), 0) FROM events WHERE room = ?1 AND key = ?2))",
        (room, key),
    )
    return int(row[0]) if row else 0


def _parcel(row: Row) -> Parcel:
    return Parcel(
        row["seq"],
        RoomId(row["room"]),
        Key(row["key"]),
        row["rev"],
        json.loads(row["content"]),
        row["attachment"],
        bool(row["unsure"]),
        row["attempts"],
        datetime.fromisoformat(row["first_try"]) if row["first_try"] else None,
        EventId(row["edits"]) if row["edits"] else None,
    )
