"""Single values: the sync position, and which account and server everything else belongs to."""

from bot.clients.store.database import Transaction


async def get(tx: Transaction, name: str) -> str | None:
    """Return a value, None when it was never set."""
    row = await tx.row("SELECT value FROM meta WHERE name = ?", (name,))
    return row["value"] if row else None


async def put(tx: Transaction, name: str, value: str) -> None:
    """Set a value."""
    await tx.run(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
    )


async def drop(tx: Transaction, name: str) -> None:
    """Forget a value."""
    await tx.run("DELETE FROM meta WHERE name = ?", (name,))
