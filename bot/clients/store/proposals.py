"""Actions that wait for a confirmation, or are under way: each leaves a state once, by one atomic UPDATE."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.clients.store.database import Database, Row, Transaction, query
from bot.core.confirmation import Proposal
from bot.core.names import EventId, Key, RequestId, RoomId, UserId
from bot.core.policy import Risk


async def add(tx: Transaction, proposal: Proposal, *, state: str = "pending") -> None:
    """Store a proposal; one with this id, from before a crash, stays as it is."""
    await tx.run(
        "INSERT OR IGNORE INTO proposals (id, event_id, room, requester, verb, tokens, risk, target, code_hash, tries,"
        " boot, not_before, deadline, sent_at, created_at, state, about, beneath)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            proposal.id,
            proposal.event,
            proposal.room,
            proposal.requester,
            proposal.verb,
            json.dumps(proposal.tokens),
            int(proposal.risk),
            proposal.target,
            proposal.code_hash,
            proposal.tries,
            proposal.boot,
            proposal.not_before,
            proposal.deadline,
            proposal.sent_at.isoformat(),
            proposal.created_at.isoformat(),
            state,
            proposal.about,
            proposal.beneath,
        ),
    )


async def in_state(source: Transaction | Database, state: str, room: RoomId | None = None) -> list[Proposal]:
    """Return the proposals in a state, newest first, of one room or of all."""
    sql = "SELECT * FROM proposals WHERE state = ? AND (?2 IS NULL OR room = ?2) ORDER BY created_at DESC, id"
    return [_proposal(row) for row in await query(source, sql, state, room)]


async def done_by(source: Transaction | Database, event: EventId) -> Proposal | None:
    """Return the action that an event asked for and that was done, or may have been."""
    sql = "SELECT * FROM proposals WHERE event_id = ? AND state IN ('done', 'unknown')"
    return next((_proposal(row) for row in await query(source, sql, event)), None)


async def leave(tx: Transaction, proposal: RequestId, old: str, new: str, by: UserId | None = None) -> bool:
    """Move a proposal from one state to another; False when it had left already: whoever moves it, moves it once."""
    changed = await tx.run(
        "UPDATE proposals SET state = ?, confirmer = coalesce(?, confirmer) WHERE id = ? AND state = ?",
        (new, by, proposal, old),
    )
    return changed == 1


async def ended(tx: Transaction, proposal: RequestId, inverse: Sequence[str], now: datetime) -> None:
    """Note when an action came to its end, and the words that take it back."""
    await tx.run(
        "UPDATE proposals SET ended_at = ?, inverse = ? WHERE id = ?",
        (now.isoformat(), json.dumps(inverse) if inverse else None, proposal),
    )


async def wrong_code(tx: Transaction, proposal: RequestId) -> int:
    """Count a wrong code and return how many there were."""
    rows = await tx.rows("UPDATE proposals SET tries = tries + 1 WHERE id = ? RETURNING tries", (proposal,))
    return int(rows[0][0]) if rows else 0


@dataclass(frozen=True, slots=True)
class Done:
    """An action that came to its end, and what takes it back."""

    id: RequestId
    verb: str
    tokens: tuple[str, ...]
    state: str
    """`done`, `failed` or `unknown`."""
    inverse: tuple[str, ...]
    """Verb and arguments; empty where nothing takes it back."""
    ended_at: datetime


class DeedFile:
    """The actions that are over, to read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_room(self, room: RoomId, since: datetime) -> list[Done]:
        """Return what was done in a room since a moment, newest first."""
        sql = (
            "SELECT id, verb, tokens, state, inverse, ended_at FROM proposals"
            " WHERE room = ? AND ended_at > ? ORDER BY ended_at DESC, id"
        )
        rows = await query(self._database, sql, room, since.isoformat())
        return [
            Done(
                RequestId(row["id"]),
                row["verb"],
                tuple(json.loads(row["tokens"])),
                row["state"],
                tuple(json.loads(row["inverse"] or "[]")),
                datetime.fromisoformat(row["ended_at"]),
            )
            for row in rows
        ]


def _proposal(row: Row) -> Proposal:
    return Proposal(
        id=RequestId(row["id"]),
        event=EventId(row["event_id"]),
        room=RoomId(row["room"]),
        requester=UserId(row["requester"]),
        verb=row["verb"],
        tokens=tuple(json.loads(row["tokens"])),
        risk=Risk(row["risk"]),
        target=row["target"],
        code_hash=row["code_hash"],
        tries=row["tries"],
        boot=row["boot"],
        not_before=row["not_before"],
        deadline=row["deadline"],
        sent_at=datetime.fromisoformat(row["sent_at"]),
        about=Key(row["about"]) if row["about"] else None,
        beneath=EventId(row["beneath"]) if row["beneath"] else None,
        created_at=datetime.fromisoformat(row["created_at"]),
    )
