"""Single values: the sync position, and which account and server everything else belongs to."""

from bot.clients.store.database import Database, Transaction, query


async def get(source: Transaction | Database, name: str) -> str | None:
    """Return a value, None when it was never set."""
    rows = await query(source, "SELECT value FROM meta WHERE name = ?", name)
    return rows[0]["value"] if rows else None


async def put(tx: Transaction, name: str, value: str) -> None:
    """Set a value."""
    await tx.run(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
    )


async def drop(tx: Transaction, name: str) -> None:
    """Forget a value."""
    await tx.run("DELETE FROM meta WHERE name = ?", (name,))
