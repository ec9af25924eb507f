"""Alert cards on disk: the group each is about, and its members as last told."""

from datetime import datetime

from pydantic import TypeAdapter

from bot.clients.store.database import Transaction
from bot.core.alerts import Card
from bot.core.names import RoomId

_CARD = TypeAdapter(Card)


async def latest(tx: Transaction, room: RoomId, receiver: str, group_key: str) -> Card | None:
    """Return a group's newest card, open or over."""
    row = await tx.row(
        "SELECT card FROM cards WHERE room = ? AND receiver = ? AND group_key = ? ORDER BY episode DESC LIMIT 1",
        (room, receiver, group_key),
    )
    return _CARD.validate_json(row["card"]) if row else None


async def save(tx: Transaction, card: Card, now: datetime) -> None:
    """Write a card and its members."""
    at = now.isoformat()
    await tx.run(
        "INSERT INTO cards VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET open = excluded.open, card = excluded.card, updated_at = excluded.updated_at",
        (
            card.key,
            card.room,
            card.receiver,
            card.group_key,
            card.episode,
            card.firing,
            _CARD.dump_json(card).decode(),
            at,
        ),
    )
    await tx.run_many(
        "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " last_change = CASE WHEN status = excluded.status THEN last_change ELSE excluded.last_change END,"
        " status = excluded.status",
        [
            (card.key, member.fingerprint, member.starts_at.isoformat(), member.status, member.name, at, at)
            for member in card.members
        ],
    )
