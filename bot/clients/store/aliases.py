"""Rooms that the configuration knows by alias: the ids behind them, and what was accepted before those were known."""

from bot.clients.store import meta
from bot.clients.store.database import Database, Transaction
from bot.core.names import RoomId


async def get(database: Database, alias: RoomId) -> RoomId | None:
    """Return the room behind an alias when it was last asked for."""
    room = await meta.get(database, _name(alias))
    return RoomId(room) if room else None


async def adopt(tx: Transaction, alias: RoomId, room: RoomId) -> None:
    """Remember the room behind an alias, and give it what was accepted under the alias."""
    await meta.put(tx, _name(alias), room)
    await tx.run("UPDATE OR IGNORE outbox SET room = ? WHERE room = ?", (room, alias))
    await tx.run("UPDATE OR IGNORE events SET room = ? WHERE room = ?", (room, alias))
    await tx.run("UPDATE OR IGNORE cards SET room = ? WHERE room = ?", (room, alias))
    await tx.run("UPDATE cards SET posted = ? WHERE posted = ?", (room, alias))
    await tx.run("UPDATE storms SET room = ? WHERE room = ?", (room, alias))


def _name(alias: RoomId) -> str:
    return f"alias {alias}"
