"""Storms: which rooms have one, what each counts, and what its card last said."""

import json
from datetime import datetime, timedelta

from bot.clients.store.database import Database, Row, Transaction, query
from bot.core.alerts import Severity
from bot.core.names import Key, RoomId
from bot.core.storm import Storm, Struck

_SOON = timedelta(minutes=1)
"""So long a group may wait to be counted."""


async def raging(source: Transaction | Database, room: RoomId) -> Storm | None:
    """Return the storm that a room is in."""
    rows = await query(source, "SELECT * FROM storms WHERE room = ? AND over_at IS NULL", room)
    return _storm(rows[0]) if rows else None


async def unfinished(source: Transaction | Database) -> list[Storm]:
    """Return the storms that rage, and those with groups that still wait for a card of their own; oldest first."""
    return [_storm(row) for row in await query(source, "SELECT * FROM storms WHERE NOT done ORDER BY since")]


async def get(source: Transaction | Database, key: Key) -> Storm | None:
    """Return the storm of a key."""
    rows = await query(source, "SELECT * FROM storms WHERE key = ?", key)
    return _storm(rows[0]) if rows else None


async def struck(source: Transaction | Database, storm: Storm) -> tuple[Struck, ...]:
    """Return the groups that came in a storm, oldest first."""
    sql = "SELECT names, namespace, severity, alerts, open, opened_at FROM struck WHERE storm = ? ORDER BY opened_at"
    rows = await query(source, sql, storm.key)
    return tuple(
        Struck(
            json.loads(row["names"])[0],
            row["namespace"],
            Severity(row["severity"]),
            row["alerts"],
            bool(row["open"]),
            datetime.fromisoformat(row["opened_at"]),
        )
        for row in rows
    )


async def waiting(source: Transaction | Database, storm: Storm) -> list[Key]:
    """Return the cards that burn and are told by a storm alone, oldest first."""
    sql = "SELECT key FROM struck WHERE storm = ? AND held = 'storm' AND open ORDER BY opened_at"
    return [Key(row["key"]) for row in await query(source, sql, storm.key)]


async def save(tx: Transaction, storm: Storm, now: datetime, rev: int = 0) -> None:
    """Write a storm down; `rev` is the revision of the message that tells it."""
    await tx.run(
        "INSERT INTO storms (key, room, since, over_at, told, told_at, rev, done) VALUES (?, ?, ?, ?, ?, ?, ?, FALSE)"
        " ON CONFLICT (key) DO UPDATE SET over_at = excluded.over_at, told = excluded.told, told_at = excluded.told_at,"
        " rev = max(rev, excluded.rev)",
        (
            storm.key,
            storm.room,
            storm.since.isoformat(),
            storm.over_at.isoformat() if storm.over_at else None,
            storm.told,
            now.isoformat(),
            rev,
        ),
    )


async def finish(tx: Transaction, storm: Storm) -> None:
    """Be done with a storm: it is over, what still burns has a card of its own, and what ended never gets one."""
    await tx.run(
        "UPDATE cards SET held = 'named', card = json_set(card, '$.held', 'named')"
        " WHERE key IN (SELECT key FROM struck WHERE storm = ? AND held = 'storm' AND NOT open)",
        (storm.key,),
    )
    await tx.run("UPDATE storms SET done = TRUE WHERE key = ?", (storm.key,))


async def unkept(source: Transaction | Database, since: datetime, now: datetime) -> list[Key]:
    """Return the storms, raging or over since then, whose card is not told, or does not count what came a while ago."""
    sql = (
        "SELECT key FROM storms AS s WHERE coalesce(over_at, ?1) >= ?1 AND ("
        " (max(s.rev, 1) > coalesce((SELECT max(rev) FROM outbox AS o"
        "   WHERE o.room = s.room AND o.key = s.key AND o.state != 'dead'), 0)"
        " AND max(s.rev, 1) > coalesce((SELECT rev FROM events AS e WHERE e.room = s.room AND e.key = s.key), 0))"
        " OR (over_at IS NULL AND EXISTS (SELECT 1 FROM cards AS c WHERE c.room = s.room AND c.held = 'storm'"
        "   AND c.opened_at > s.told_at AND c.opened_at < ?2)))"
    )
    return [Key(row["key"]) for row in await query(source, sql, since.isoformat(), (now - _SOON).isoformat())]


def _storm(row: Row) -> Storm:
    return Storm(
        Key(row["key"]),
        RoomId(row["room"]),
        datetime.fromisoformat(row["since"]),
        datetime.fromisoformat(row["over_at"]) if row["over_at"] else None,
        row["told"],
        datetime.fromisoformat(row["told_at"]),
    )
