"""Sees a room as one of its members does, and says what they say."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.core.message import FIELD
from bot.core.names import EventId, RoomId, UserId
from bot.demo.homeserver import Homeserver, Session


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as a member's client shows it."""

    event_id: EventId
    sender: UserId
    body: str
    html: str
    edits: EventId | None
    """The message that this one replaces."""
    kind: str
    verdict: str
    key: str
    rev: int
    request: str
    msgtype: str
    mentions: tuple[UserId, ...]
    replies_to: EventId | None
    room: RoomId


class View:
    """One member's client: everything they see from when it was opened, in order."""

    def __init__(self, homeserver: Homeserver, session: Session, room: RoomId, *others: RoomId) -> None:
        """`room`: where they speak; `others`: what else they see."""
        self._homeserver = homeserver
        self._session = session
        self._room = room
        self._rooms = (room, *others)
        self._since = ""
        self.seen: list[Seen] = []
        """Every message so far."""

    async def open(self) -> None:
        """Look from now on; what was said before is not seen."""
        self._since = str((await self._sync(0))["next_batch"])

    async def look(self, seconds: float = 0.0) -> list[Seen]:
        """Return what is new, waiting for it at most so long."""
        answer = await self._sync(int(seconds * 1000))
        self._since = str(answer["next_batch"])
        joined = answer.get("rooms", {}).get("join", {})
        new = [
            _seen(room, event)
            for room in self._rooms
            for event in joined.get(room, {}).get("timeline", {}).get("events", [])
            if event["type"] == "m.room.message" and event.get("content")
        ]
        self.seen.extend(new)
        return new

    async def follow(self) -> AsyncIterator[Seen]:
        """Give every new message as it comes, for ever."""
        while True:
            for seen in await self.look(10):
                yield seen

    async def history(self, limit: int = 200) -> str:
        """Return the last events of the room as this member gets them when they scroll back, as JSON."""
        path = f"/_matrix/client/v3/rooms/{quote(self._room)}/messages?dir=b&limit={limit}"
        return json.dumps(await asyncio.to_thread(self._homeserver.call, "GET", path, by=self._session))

    async def say(self, text: str, reply_to: EventId | None = None) -> EventId:
        """Send a message as a person would."""
        content: dict[str, object] = {"msgtype": "m.text", "body": text}
        if reply_to:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": reply_to}}
        return await asyncio.to_thread(self._homeserver.send, self._session, self._room, content)

    async def tap(self, event: EventId, emoji: str) -> EventId:
        """Put a reaction on a message."""
        relation = {"rel_type": "m.annotation", "event_id": event, "key": emoji}
        content = {"m.relates_to": relation}
        return await asyncio.to_thread(self._homeserver.send, self._session, self._room, content, "m.reaction")

    async def take_back(self, event: EventId) -> None:
        """Redact an event of one's own, as taking a reaction back does."""
        path = f"/_matrix/client/v3/rooms/{quote(self._room)}/redact/{quote(event)}/{secrets.token_hex(8)}"
        await asyncio.to_thread(self._homeserver.call, "PUT", path, {}, by=self._session)

    async def _sync(self, milliseconds: int) -> dict[str, Any]:
        room = {"rooms": list(self._rooms), "timeline": {"limit": 5000}}
        filters = quote(json.dumps({"room": room, "presence": {"types": []}}))
        since = f"&since={quote(self._since)}" if self._since else ""
        path = f"/_matrix/client/v3/sync?timeout={milliseconds}&filter={filters}{since}"
        return await asyncio.to_thread(self._homeserver.call, "GET", path, by=self._session)


def _seen(room: RoomId, event: dict[str, Any]) -> Seen:
    content = event["content"]
    relation = _object(content, "m.relates_to")
    edits = relation.get("event_id") if relation.get("rel_type") == "m.replace" else None
    shown = _object(content, "m.new_content") if edits else content
    ours = _object(content, FIELD)
    mentions = _object(content, "m.mentions").get("user_ids")
    reply = _object(relation, "m.in_reply_to").get("event_id")
    return Seen(
        event_id=EventId(event["event_id"]),
        sender=UserId(event["sender"]),
        body=_words(shown),
        html=str(shown.get("formatted_body", "")),
        edits=EventId(edits) if edits else None,
        kind=str(ours.get("kind", "")),
        verdict=str(ours.get("verdict", "")),
        key=str(ours.get("key", "")),
        rev=rev if isinstance(rev := ours.get("rev"), int) else 0,
        request=str(ours.get("request", "")),
        msgtype=str(content.get("msgtype", "")),
        mentions=tuple(UserId(user) for user in mentions) if isinstance(mentions, list) else (),
        replies_to=EventId(reply) if isinstance(reply, str) else None,
        room=room,
    )


def _words(shown: dict[str, Any]) -> str:
    """Return what a message says; of a picture, its name and what stands below it."""
    body = str(shown.get("body", ""))
    return f"[{shown.get('filename', '')}] {body}" if shown.get("msgtype") == "m.image" else body


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the object under `name`, empty for anything else: members may send what they like."""
    found = holder.get(name)
    return found if isinstance(found, dict) else {}
