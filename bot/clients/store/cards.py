"""Alert cards on disk: the group each is about, its members as last told, and what came before it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median

from pydantic import TypeAdapter

from bot.clients.store.database import Database, Row, Transaction, query
from bot.core.alerts import Card, Past, common, lasted, where
from bot.core.held import Held
from bot.core.names import EventId, Key, RoomId
from bot.core.webhook import fingerprint

_CARD = TypeAdapter(Card)
_WEEK = timedelta(days=7)


async def latest(tx: Transaction, room: RoomId, receiver: str, group_key: str) -> Card | None:
    """Return a group's newest card, open or over."""
    row = await tx.row(
        "SELECT card, room FROM cards WHERE room = ? AND receiver = ? AND group_key = ? ORDER BY episode DESC LIMIT 1",
        (room, receiver, group_key),
    )
    return _card(row) if row else None


async def get(source: Transaction | Database, key: Key) -> Card | None:
    """Return the card of a key."""
    return _first(await query(source, "SELECT card, room FROM cards WHERE key = ?", key))


async def by_handle(source: Transaction | Database, handle: str) -> Card | None:
    """Return the newest card that a person may mean by `k7`."""
    sql = "SELECT card, room FROM cards WHERE handle = ? ORDER BY opened_at DESC LIMIT 1"
    return _first(await query(source, sql, handle.lower().removeprefix("#")))


async def open_cards(source: Transaction | Database) -> list[Card]:
    """Return the cards that still burn, oldest first."""
    rows = await query(source, "SELECT card, room FROM cards WHERE open ORDER BY opened_at")
    return [_card(row) for row in rows]


async def burning_of(source: Transaction | Database, receiver: str) -> list[Card]:
    """Return the cards of a receiver that still burn, oldest first."""
    sql = "SELECT card, room FROM cards WHERE open AND receiver = ? ORDER BY opened_at"
    return [_card(row) for row in await query(source, sql, receiver)]


async def open_keys(source: Transaction | Database) -> list[Key]:
    """Return the keys of the cards that still burn, oldest first: to have one card at a time, not all of them."""
    return [Key(row["key"]) for row in await query(source, "SELECT key FROM cards WHERE open ORDER BY opened_at")]


async def held(source: Transaction | Database, why: Held) -> list[Card]:
    """Return the cards that are held back for a reason, burning or over, oldest first."""
    rows = await query(source, "SELECT card, room FROM cards WHERE held = ? ORDER BY opened_at", why)
    return [_card(row) for row in rows]


async def of_group(source: Transaction | Database, labels: Mapping[str, str]) -> list[Card]:
    """Return the newest cards about groups of these labels, whoever was told of them, newest first."""
    sql = "SELECT card, room FROM cards WHERE labels = ? ORDER BY opened_at DESC LIMIT 50"
    return [_card(row) for row in await query(source, sql, fingerprint(labels))]


async def rename(tx: Transaction, card: Card, receiver: str, group_key: str) -> None:
    """Give a group, all its cards with it, the receiver and the key that it really has."""
    await tx.run(
        "UPDATE cards SET receiver = ?1, group_key = ?2, card = json_set(card, '$.receiver', ?1, '$.group_key', ?2)"
        " WHERE room = ?3 AND receiver = ?4 AND group_key = ?5",
        (receiver, group_key, card.room, card.receiver, card.group_key),
    )


async def receivers(source: Transaction | Database, but: str) -> dict[str, list[RoomId]]:
    """Return who was told of anything, and the rooms it was posted to; `but`: not counting group keys that begin so."""
    sql = "SELECT DISTINCT receiver, posted FROM cards WHERE substr(group_key, 1, ?) != ? ORDER BY posted"
    found: dict[str, list[RoomId]] = {}
    for row in await query(source, sql, len(but), but):
        found.setdefault(row["receiver"], []).append(RoomId(row["posted"]))
    return found


async def homes(tx: Transaction, posted: RoomId, receiver: str, group_key: str, since: datetime) -> dict[str, RoomId]:
    """Return the room of the card of each alert of a group, by fingerprint: of those that burn or ended since then."""
    rows = await tx.rows(
        "SELECT json_extract(member.value, '$.fingerprint') AS mark, room"
        " FROM cards, json_each(card, '$.members') AS member"
        " WHERE receiver = ? AND group_key = ? AND posted = ? AND (open OR closed_at > ?) ORDER BY opened_at",
        (receiver, group_key, posted, since.isoformat()),
    )
    return {row["mark"]: RoomId(row["room"]) for row in rows}


async def note_posted(tx: Transaction, card: Card, posted: RoomId) -> None:
    """Remember where the webhook of a card was posted that a route led into another room."""
    await tx.run("UPDATE cards SET posted = ? WHERE key = ?", (posted, card.key))


async def opened(source: Transaction | Database, room: RoomId, since: datetime, until: datetime) -> list[datetime]:
    """Return when the cards of a room were opened in a span of time, oldest first."""
    # Not beyond the end: a card from before the clock went back is no sign of a storm.
    sql = "SELECT opened_at FROM cards WHERE room = ? AND opened_at > ? AND opened_at <= ? ORDER BY opened_at"
    rows = await query(source, sql, room, since.isoformat(), until.isoformat())
    return [datetime.fromisoformat(row["opened_at"]) for row in rows]


async def burning_in(source: Transaction | Database, room: RoomId) -> dict[Key, tuple[str, ...]]:
    """Return the names of the alerts on the cards that burn in a room, without reading the cards."""
    rows = await query(source, "SELECT key, names FROM cards WHERE open AND room = ?", room)
    return {Key(row["key"]): tuple(json.loads(row["names"])) for row in rows}


async def unkept(source: Transaction | Database, since: datetime) -> list[Key]:
    """Return the cards, open or closed since then, whose last revision is neither delivered nor on its way.

    What is held has no revision to be delivered; what a storm holds is told by the storm's card, as long as there is
    one (`storms.unkept`).
    """
    sql = (
        "SELECT key FROM (SELECT key, room, rev FROM cards WHERE open AND (held = '' OR (held = 'storm'"
        "   AND room NOT IN (SELECT room FROM storms WHERE NOT done)))"
        " UNION SELECT key, room, rev FROM cards WHERE closed_at > ? AND held = '') AS c"
        " WHERE max(c.rev, 1) > coalesce((SELECT max(rev) FROM outbox AS o"
        "   WHERE o.room = c.room AND o.key = c.key AND o.state != 'dead'), 0)"
        " AND max(c.rev, 1) > coalesce((SELECT rev FROM events AS e WHERE e.room = c.room AND e.key = c.key), 0)"
    )
    return [Key(row["key"]) for row in await query(source, sql, since.isoformat())]


async def save(tx: Transaction, card: Card, now: datetime, rev: int = 0) -> None:
    """Write a card; `rev` is the revision of the message that tells it."""
    await tx.run(
        "INSERT INTO cards"
        " (key, handle, names, place, room, receiver, group_key, episode, open, card, opened_at, closed_at,"
        " labels, rev, held, posted, namespace, severity, alerts)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET open = excluded.open, card = excluded.card, rev = max(rev, excluded.rev),"
        " held = excluded.held,"
        " closed_at = CASE WHEN excluded.open THEN NULL ELSE coalesce(closed_at, excluded.closed_at) END,"
        " namespace = excluded.namespace, severity = excluded.severity, alerts = excluded.alerts",
        (
            card.key,
            card.handle,
            _names(card),
            where(card.members),
            card.room,
            card.receiver,
            card.group_key,
            card.episode,
            card.firing,
            _CARD.dump_json(card).decode(),
            card.opened_at.isoformat(),
            None if card.firing else now.isoformat(),
            fingerprint(card.group_labels),
            rev,
            card.held,
            card.room,
            common(card.members, "namespace"),
            card.severity,
            len(card.members) + card.truncated,
        ),
    )


async def next_number(tx: Transaction) -> int:
    """Return a number that no card had before."""
    # Not by counting: no card is ever deleted, and counting them takes longer with every one.
    row = await tx.row("SELECT coalesce(max(rowid), 0) FROM cards")
    return int(row[0]) if row else 0


async def past(source: Transaction | Database, card: Card, now: datetime) -> Past:
    """Return what earlier cards about the same alerts in the same place say."""
    earlier = await history(source, card, now - _WEEK)
    spans = [lasted(each).total_seconds() for each in earlier if not each.firing]
    takers = [each.taken.by for each in earlier if each.taken]
    return Past(len(earlier), timedelta(seconds=median(spans)) if spans else None, next(iter(takers), None))


async def history(source: Transaction | Database, card: Card, since: datetime) -> list[Card]:
    """Return earlier cards about the same, newest first."""
    sql = (
        "SELECT card, room FROM cards WHERE names = ? AND place = ? AND key != ? AND opened_at > ?"
        " ORDER BY opened_at DESC LIMIT 500"
    )
    rows = await query(source, sql, _names(card), where(card.members), card.key, since.isoformat())
    return [_card(row) for row in rows]


class CardFile:
    """The cards, to read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: Key) -> Card | None:
        """Return the card of a key."""
        return await get(self._database, key)

    async def by_handle(self, handle: str) -> Card | None:
        """Return the newest card that a person may mean by `#k7`."""
        return await by_handle(self._database, handle)

    async def burning(self) -> list[Card]:
        """Return the cards that still burn, oldest first."""
        return await open_cards(self._database)

    async def earlier(self, card: Card, since: datetime) -> list[Card]:
        """Return earlier cards about the same, newest first."""
        return await history(self._database, card, since)


async def of_event(source: Transaction | Database, event: EventId) -> Key | None:
    """Return the key of the message of ours that an event is."""
    rows = await query(source, "SELECT key FROM events WHERE event_id = ?", event)
    return Key(rows[0]["key"]) if rows else None


def _names(card: Card) -> str:
    return json.dumps(sorted(card.names), ensure_ascii=False)


def _first(rows: list[Row]) -> Card | None:
    return next((_card(row) for row in rows), None)


def _card(row: Row) -> Card:
    # The column knows better than the card: a room may have got its id since (`bot.flow.rooms`).
    return replace(_CARD.validate_json(row["card"]), room=RoomId(row["room"]))
