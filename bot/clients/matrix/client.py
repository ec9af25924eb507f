"""The homeserver as the bot sees it: hear, send, look at rooms; every call has a time limit and errors of ours."""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from bot.clients.http import Counter
from bot.clients.matrix import crosssigning, direct
from bot.clients.matrix.account import Account
from bot.clients.matrix.answers import HOMESERVER, Refused
from bot.clients.matrix.events import (
    Json,
    Timeline,
    changed,
    gaps,
    invites,
    items,
    obj,
    own,
    sent_before,
    strings,
    timelines,
)
from bot.clients.matrix.listening import Listened, Listener
from bot.clients.matrix.paths import API, further, part, room_path, said, sync_filter
from bot.core.errors import Missing, NeighbourError, Unreachable
from bot.core.heard import Batch, Heard, OwnEvent, Page, RoomFacts
from bot.core.names import EventId, RoomId, UserId

_FIRST_SYNC = timedelta(seconds=90)
_MARGIN = timedelta(seconds=15)
_KINDLY = timedelta(seconds=5)
_UPLOAD = timedelta(seconds=60)
_PAGE = 100
_log = structlog.get_logger(__name__)


class Matrix:
    """The bot's account on its homeserver.

    `access_token` and `password` are asked when needed, so that they stay in their files; one of them must be given.
    With `encryption`, keys live under `state`, and nothing is sent before the first `sync` told what is encrypted.
    With `confides`, shares that are typed to us in encrypted lines come with the batch, apart from what was heard.
    Every method raises Unreachable, RateLimited, LoggedOut, Denied, Missing or Rejected.
    """

    def __init__(
        self,
        homeserver: str,
        user: UserId,
        *,
        device_id: str,
        state: Path,
        access_token: Callable[[], str] | None,
        password: Callable[[], str] | None,
        encryption: bool,
        confides: bool = False,
        now: Callable[[], datetime],
        count: Counter | None = None,
    ) -> None:
        self.user = user
        self._password = password
        self._account = Account(
            homeserver,
            user,
            device_id=device_id,
            state=state,
            access_token=access_token,
            password=password,
            encryption=encryption,
            now=now,
            count=count,
        )
        self._listener = Listener(user, confides=confides)
        self._known_by = 0
        self._making = asyncio.Lock()

    async def open(self) -> None:
        """Log in, as the same device as last time; may be called again until it succeeds."""
        await self._account.open()

    async def close(self) -> None:
        """Close all connections; the login stays valid."""
        await self._account.close()

    @property
    def device_id(self) -> str:
        """Our device; a sync position belongs to it. Unreachable before `open` succeeded."""
        return self._account.login.device_id

    async def whoami(self) -> UserId:
        """Return whom the homeserver takes us for."""
        answer = await self._account.call("GET", f"{API}/account/whoami")
        return UserId(said(answer, "user_id"))

    async def sync(
        self,
        since: str | None,
        *,
        poll: timedelta,
        rooms: Collection[RoomId] = (),
        limit: int = _PAGE,
        hurry: asyncio.Event | None = None,
    ) -> Batch:
        """Return what happened after `since`, waiting up to `poll` for something; all rooms unless some are given.

        Our own messages do not end the waiting, but with each of them Synapse looks again through all that came since
        `since`, and from the hundredth on pages back through a thousand: set `hurry` when many go out.

        Without `since` it returns at once, and no events: what was said before the bot came is not for it. The caller
        stores the batch and its `next_batch` together and fills the gaps with `history`.
        """
        full = self._account.encryption and self._known_by != self._account.logins
        at_once = since is None or full or not poll
        shown = sync_filter(self.user, rooms, limit if since else 1, keys=self._account.encryption)
        query = {"filter": json.dumps(shown)}
        if since:
            query["since"] = since
        if full:
            # A process that starts with a position is told changes only, and would not know who must get keys.
            query["full_state"] = "true"
        answer = None if at_once else await self._news(query, poll, hurry or asyncio.Event())
        if answer is None:
            answer = await self._account.call("GET", f"{API}/sync", query=query | {"timeout": "0"}, limit=_FIRST_SYNC)
        next_batch = said(answer, "next_batch")
        found = tuple(timelines(answer)) if since else ()
        listened = await self._listen(answer, found, first=full)
        return Batch(
            next_batch,
            self._dated(listened.heard),
            gaps(found),
            invites(answer, self.user),
            max(listened.unreadable, 0),
            changed(answer),
            listened.confided,
        )

    async def history(self, room: RoomId, start: str, stop: str | None, limit: int = _PAGE) -> Page:
        """Return one page of what was said before the position `start`, back to `stop`; go on from its `end`."""
        query = {"dir": "b", "from": start, "limit": str(limit), "filter": json.dumps({"not_senders": [self.user]})}
        if stop:
            query["to"] = stop
        answer = await self._account.call("GET", f"{room_path(room)}/messages", query=query)
        listened = self._listener.read(self._account.device, room, items(answer, "chunk"))
        return Page(self._dated(listened.heard), further(answer, start, stop))

    async def send(self, room: RoomId, event_type: str, content: Json, txn: str) -> EventId:
        """Send an event, encrypted where the room is; the same `txn` from the same device again is the same event."""
        if self._is_encrypted(room):
            event_type, content = await self._account.device.encrypt(room, event_type, content)
        return await self._put(room, event_type, content, txn)

    async def react(self, room: RoomId, event: EventId, emoji: str, txn: str) -> EventId | None:
        """React to an event, never encrypted; None when this reaction of ours is there already under another `txn`."""
        relation = {"rel_type": "m.annotation", "event_id": event, "key": emoji}
        try:
            return await self._put(room, "m.reaction", {"m.relates_to": relation}, txn)
        except Refused as error:
            if error.code != "M_DUPLICATE_ANNOTATION":
                raise
        return None

    async def redact(self, room: RoomId, event: EventId, reason: str, txn: str) -> EventId:
        """Take an event out of the room: ours, or with the power to redact anybody's; Denied without it."""
        body = {"reason": reason} if reason else {}
        answer = await self._account.call("PUT", f"{room_path(room)}/redact/{part(event)}/{part(txn)}", body)
        return EventId(said(answer, "event_id"))

    async def pin(self, room: RoomId, event: EventId) -> None:
        """Pin an event beside those that are; Denied when we may not send that state."""
        path = f"{room_path(room)}/state/m.room.pinned_events/"
        try:
            pinned = strings(items(await self._account.call("GET", path), "pinned"))
        except Missing:
            pinned = ()
        if event not in pinned:
            await self._account.call("PUT", path, {"pinned": [*pinned, event]})

    async def attach(self, room: RoomId, data: bytes, content: Json) -> Json:
        """Upload what an m.file or m.image shows, encrypted where the room is; return the content with its address."""
        if not self._is_encrypted(room):
            url = await self._upload(data, str(content["filename"]), str(content["info"]["mimetype"]))
            return {**content, "url": url}
        sealed, keys = self._account.device.seal(data)
        # Name and type would tell what the content no longer does.
        return {**content, "file": {**keys, "url": await self._upload(sealed, "", "application/octet-stream")}}

    async def find_own(self, room: RoomId, since: datetime, pages: int = 5) -> tuple[OwnEvent, ...]:
        """Return our own keyed events since a moment, newest first; to be asked before something is sent late again.

        Looks through `pages` pages of our own events at most.
        """
        found: list[OwnEvent] = []
        query = {"dir": "b", "limit": str(_PAGE), "filter": json.dumps({"senders": [self.user]})}
        for _ in range(pages):
            answer = await self._account.call("GET", f"{room_path(room)}/messages", query=query)
            chunk = items(answer, "chunk")
            found += [ours for event in chunk if (ours := own(self._clear(room, event), self.user))]
            end = further(answer, query.get("from"), None)
            if end is None or any(sent_before(event, since) for event in chunk):
                break
            query["from"] = end
        return tuple(ours for ours in found if ours.sent_at >= since)

    async def members(self, room: RoomId) -> tuple[UserId, ...]:
        """Return who has joined."""
        answer = await self._account.call("GET", f"{room_path(room)}/joined_members")
        return tuple(UserId(member) for member in obj(answer, "joined"))

    async def room_facts(self, room: RoomId) -> RoomFacts:
        """Return what decides whether a room is fit for dangerous commands; raise when it cannot be asked."""
        return RoomFacts(
            join_rule=await self._state(room, "m.room.join_rules", "join_rule", unsaid="invite"),
            guest_access=await self._state(room, "m.room.guest_access", "guest_access", unsaid="forbidden"),
            history_visibility=await self._state(
                room, "m.room.history_visibility", "history_visibility", unsaid="shared"
            ),
            encrypted=await self._state(room, "m.room.encryption", "algorithm", unsaid="") != "",
            members=await self.members(room),
        )

    async def power_levels(self, room: RoomId) -> Json:
        """Return what m.room.power_levels holds, for `bot.core.powers`; raise Missing where a room has none."""
        return await self._account.call("GET", f"{room_path(room)}/state/m.room.power_levels/")

    async def join(self, room: RoomId) -> None:
        """Join a room we are invited to, or that is open."""
        await self._account.call("POST", f"{API}/join/{part(room)}", {})

    async def leave(self, room: RoomId) -> None:
        """Leave a room, or decline an invitation."""
        await self._account.call("POST", f"{room_path(room)}/leave", {})

    async def direct_room(self, person: UserId) -> RoomId:
        """Return our direct chat with a person, made and with them invited where there is none."""
        # All of them stand in one piece of account data: of two changed at once, one would be lost, and made again.
        async with self._making:
            return await direct.direct_room(self._account.call, self.user, person, encrypted=self._account.encryption)

    def must_reach(self, room: RoomId, person: UserId) -> None:
        """Raise Unreachable while an encrypted room is not known to hold somebody: they could not read what is said."""
        device = self._account.device
        if device.encrypts and not device.is_with(room, person):
            raise Unreachable(HOMESERVER, "the next sync has not told yet that they are in our direct chat")

    async def resolve(self, alias: str) -> RoomId:
        """Return the room an alias (`#name:server`) stands for."""
        return RoomId(said(await self._account.call("GET", f"{API}/directory/room/{part(alias)}"), "room_id"))

    async def joined(self) -> tuple[RoomId, ...]:
        """Return the rooms we are in."""
        answer = await self._account.call("GET", f"{API}/joined_rooms")
        return tuple(RoomId(room) for room in strings(items(answer, "joined_rooms")))

    async def mark_read(self, room: RoomId, event: EventId) -> None:
        """Show that we have seen an event; never fails, it is a courtesy."""
        await self._kindly("POST", f"{room_path(room)}/receipt/m.read/{part(event)}", {})

    async def typing(self, room: RoomId, seconds: float) -> None:
        """Show that we are typing for so long, 0 to stop; never fails, it is a courtesy."""
        body = {"typing": True, "timeout": int(seconds * 1000)} if seconds > 0 else {"typing": False}
        await self._kindly("PUT", f"{room_path(room)}/typing/{part(self.user)}", body)

    async def _news(self, query: Mapping[str, str], poll: timedelta, hurry: asyncio.Event) -> Json | None:
        """Wait for news; None when there was a hurry before there were any."""
        query = {**query, "timeout": str(int(poll.total_seconds() * 1000))}
        waiting = asyncio.ensure_future(self._account.call("GET", f"{API}/sync", query=query, limit=poll + _MARGIN))
        hurried = asyncio.ensure_future(hurry.wait())
        try:
            await asyncio.wait({waiting, hurried}, return_when=asyncio.FIRST_COMPLETED)
            return await waiting if waiting.done() else None
        finally:
            for task in (waiting, hurried):
                task.cancel()
            await asyncio.gather(waiting, hurried, return_exceptions=True)

    async def _listen(self, answer: Json, found: tuple[Timeline, ...], *, first: bool) -> Listened:
        device = self._account.device
        logins = self._account.logins
        letters = await device.take_in(answer)
        listened = self._listener.listen(device, found)
        asked = await device.errands(everybody=first)
        if letters or asked:
            listened += self._listener.read_late(device)
        if first:
            self._known_by = logins
            await self._vouch()
        return listened

    def _dated(self, heard: tuple[Heard, ...]) -> tuple[Heard, ...]:
        """Put when it was said into our time, where the clocks are apart: what is new must not look old, or old new."""
        ahead = self._account.ahead
        return tuple(replace(each, sent_at=each.sent_at + ahead) for each in heard) if ahead else heard

    async def _vouch(self) -> None:
        """Sign our device, once per login; without it phones warn, so a failure is said and not fatal."""
        login, device = self._account.login, self._account.device
        try:
            keys = await asyncio.to_thread(crosssigning.load, self._account.directory / "cross-signing.json")
            outcome = await crosssigning.vouch(
                self._account.call, keys, self.user, login.device_id, device.identity, password=self._password
            )
        except NeighbourError as error:
            outcome = error.reason
        _log.info("cross-signing", outcome=outcome)

    def _is_encrypted(self, room: RoomId) -> bool:
        """Return whether to encrypt; raise Unreachable while that is not known, rather than send in the clear."""
        device = self._account.device
        if not device.encrypts:
            return False
        encrypted = device.is_encrypted(room)
        if encrypted is None:
            raise Unreachable(HOMESERVER, "the first sync has not told yet whether the room is encrypted")
        return encrypted

    def _clear(self, room: RoomId, event: Any) -> Any:
        sealed = isinstance(event, dict) and event.get("type") == "m.room.encrypted"
        return self._account.device.decrypt(room, event) if sealed else event

    async def _put(self, room: RoomId, event_type: str, content: Json, txn: str) -> EventId:
        path = f"{room_path(room)}/send/{part(event_type)}/{part(txn)}"
        return EventId(said(await self._account.call("PUT", path, content), "event_id"))

    async def _upload(self, raw: bytes, name: str, mime: str) -> str:
        query = {"filename": name} if name else None
        answer = await self._account.call(
            "POST", "/_matrix/media/v3/upload", raw, query=query, mime=mime, limit=_UPLOAD
        )
        return said(answer, "content_uri")

    async def _state(self, room: RoomId, event_type: str, field: str, *, unsaid: str) -> str | None:
        """Return one field of a room's state, `unsaid` where the event is missing, None where it has another shape."""
        try:
            found = (await self._account.call("GET", f"{room_path(room)}/state/{event_type}/")).get(field)
        except Missing:
            return unsaid
        return found if isinstance(found, str) else None

    async def _kindly(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        with suppress(NeighbourError):
            await self._account.call(method, path, dict(body), limit=_KINDLY)
