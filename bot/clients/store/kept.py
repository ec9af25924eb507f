"""What an action must not lose while it works: kept until it says that it is safe, also over a crash."""

from bot.clients.store import meta
from bot.clients.store.database import Database
from bot.core.names import RequestId


class Kept:
    """One text for each action; nothing secret."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, action: RequestId) -> str | None:
        """Return what an action keeps; None: nothing."""
        return await meta.get(self._database, _name(action))

    async def put(self, action: RequestId, text: str) -> None:
        """Keep a text; it is on the disk when this returns. Raises StoreFailed."""
        await self._database.write(lambda tx: meta.put(tx, _name(action), text))

    async def drop(self, action: RequestId) -> None:
        """Keep nothing any longer."""
        await self._database.write(lambda tx: meta.drop(tx, _name(action)))


def _name(action: RequestId) -> str:
    return f"kept:{action}"
