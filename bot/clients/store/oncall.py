"""Who is paged, as last set in the room."""

import json

from bot.clients.store import meta
from bot.clients.store.database import Database, Transaction
from bot.core.names import UserId

_NAME = "on_call"


async def get(tx: Transaction) -> tuple[UserId, ...] | None:
    """Return who was set; None when nobody ever was."""
    return _people(await meta.get(tx, _NAME))


async def put(tx: Transaction, people: tuple[UserId, ...]) -> None:
    """Have these people paged from now on."""
    await meta.put(tx, _NAME, json.dumps(people))


class Roster:
    """Who is paged, to read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self) -> tuple[UserId, ...] | None:
        """Return who was set; None when nobody ever was."""
        rows = await self._database.read("SELECT value FROM meta WHERE name = ?", (_NAME,))
        return _people(rows[0]["value"]) if rows else None


def _people(value: str | None) -> tuple[UserId, ...] | None:
    return tuple(UserId(user) for user in json.loads(value)) if value else None
