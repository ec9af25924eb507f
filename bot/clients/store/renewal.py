"""Silences that last until what they mute is resolved, so that a restart forgets none."""

from datetime import datetime

from bot.clients.store.database import Database, Row, Transaction, query
from bot.core.renewal import UntilResolved


async def put(tx: Transaction, order: UntilResolved) -> None:
    """Have a silence renewed from now on, or write down the end that it is given next."""
    await tx.run(
        "INSERT INTO until_resolved VALUES (?, ?, ?) ON CONFLICT (silence) DO UPDATE SET until = excluded.until",
        (order.silence, order.until.isoformat(), order.cap.isoformat()),
    )


async def drop(tx: Transaction, silence: str) -> None:
    """Have a silence renewed no more."""
    await tx.run("DELETE FROM until_resolved WHERE silence = ?", (silence,))


async def all_orders(source: Transaction | Database) -> list[UntilResolved]:
    """Return the silences that are renewed."""
    return [_order(row) for row in await query(source, "SELECT * FROM until_resolved ORDER BY silence")]


class Orders:
    """The silences that are renewed, to read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[UntilResolved]:
        """Return the silences that are renewed."""
        return await all_orders(self._database)


def _order(row: Row) -> UntilResolved:
    return UntilResolved(row["silence"], datetime.fromisoformat(row["until"]), datetime.fromisoformat(row["cap"]))
