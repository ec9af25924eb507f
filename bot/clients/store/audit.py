"""The audit trail on disk: rows are only ever added, each chained to the one before."""

import json
from dataclasses import asdict

from bot.clients.store.database import Database, Row, Transaction
from bot.core.audit import GENESIS, Entry, Link, Phase, chain


async def add(tx: Transaction, entry: Entry) -> Link | None:
    """Append an entry; None when this phase of the request is on record already: a crash may repeat the asking."""
    known = await tx.row("SELECT 1 FROM audit WHERE request = ? AND phase = ?", (entry.request, entry.phase))
    if known:
        return None
    last = await tx.row("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
    seq, previous = (last["seq"] + 1, last["hash"]) if last else (1, GENESIS)
    link = Link(seq, entry, previous, chain(previous, seq, entry))
    text = json.dumps(asdict(entry), sort_keys=True, ensure_ascii=False)
    await tx.run(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)", (seq, entry.request, entry.phase, text, previous, link.hash)
    )
    return link


class AuditLog:
    """The trail, to read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, count: int) -> tuple[Link, ...]:
        """Return the newest rows, oldest of them first."""
        rows = await self._database.read("SELECT * FROM audit ORDER BY seq DESC LIMIT ?", (count,))
        return tuple(_link(row) for row in reversed(rows))

    async def whole(self) -> tuple[Link, ...]:
        """Return every row."""
        return tuple(_link(row) for row in await self._database.read("SELECT * FROM audit ORDER BY seq"))


def _link(row: Row) -> Link:
    fields = json.loads(row["entry"])
    return Link(row["seq"], Entry(**{**fields, "phase": Phase(fields["phase"])}), row["previous"], row["hash"])
