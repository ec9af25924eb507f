"""The bot's device: its HTTP session and its keys; with `keys`, the only place for matrix-nio.

nio is used as a layer: no `sync_forever`, no callbacks, no stored sync token. It loses events when a callback fails,
spins on error answers, sleeps as long as a server asks and retries for ever; here it sends one request and keeps keys.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nio
import structlog
from nio.crypto import encrypt_attachment
from nio.store import SqliteStore

from bot.clients.http import OUTAGES, outage
from bot.clients.matrix.answers import HOMESERVER, read
from bot.clients.matrix.events import Json, items, obj, states
from bot.clients.matrix.keys import KeyExchange
from bot.clients.matrix.login import Login
from bot.clients.matrix.session import new_session, read_body
from bot.core.errors import Unreachable
from bot.core.names import RoomId, UserId

_log = structlog.get_logger(__name__)
_LIMIT = timedelta(seconds=30)
# nio quotes the offending event in its schema warnings and whole bodies at DEBUG; peewee prints SQL with pickled keys.
_FLOORS = {"nio": logging.ERROR, "peewee": logging.WARNING}


class Device:
    """A session with the homeserver and, when `store` is given, the keys to encrypted rooms."""

    def __init__(
        self, homeserver: str, user: UserId, *, store: Path | None, pickle_key: str, now: Callable[[], datetime]
    ) -> None:
        for name, level in _FLOORS.items():
            logging.getLogger(name).setLevel(level)
        config = nio.AsyncClientConfig(
            encryption_enabled=store is not None,
            store=SqliteStore,
            pickle_key=pickle_key,
            store_sync_tokens=False,
            # Retrying and waiting are the outbox's business, and it needs to know.
            max_timeouts=0,
            max_limit_exceeded=0,
            request_timeout=_LIMIT.total_seconds(),
        )
        self._client = nio.AsyncClient(homeserver.rstrip("/"), user, store_path=str(store or ""), config=config)
        self._session = self._client.client_session = new_session()
        self._user = user
        self._now = now
        self._fed = 0
        self._keys = KeyExchange(self._client, self._ask)
        self._sharing = asyncio.Lock()

    def adopt(self, login: Login) -> None:
        """Be this device from now on; loads its keys."""
        self._client.restore_login(login.user, login.device_id, login.access_token)

    async def close(self) -> None:
        """Close the session and the key store."""
        # Not by nio's close: it would open a new session for whoever still asks.
        await self._session.close()
        if self._client.store:
            self._client.store.database.close()

    async def discard(self) -> None:
        """Close, and forget the keys: after a hard logout they must not be used again (spec, soft logout)."""
        path = Path(self._client.store.database_path) if self._client.store else None
        await self.close()
        if path:
            path.unlink(missing_ok=True)

    async def request(
        self, method: str, path: str, data: str | bytes | None, headers: Mapping[str, str], limit: timedelta
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers and body of one answer; raise Unreachable when there is none within `limit`."""
        if self._session.closed:
            raise Unreachable(HOMESERVER, "closed")
        try:
            async with asyncio.timeout(limit.total_seconds()):
                response = await self._client.send(method, path, data, dict(headers), timeout=limit.total_seconds())
                async with response:
                    return response.status, response.headers, await read_body(response)
        except OUTAGES as error:
            raise Unreachable(HOMESERVER, outage(error, limit)) from error

    # From here on: encrypted rooms.

    @property
    def encrypts(self) -> bool:
        """Whether this device has keys."""
        return self._client.olm is not None

    @property
    def identity(self) -> str:
        """The device's own signing key, unpadded base64."""
        return str(self._client.olm.account.identity_keys["ed25519"])

    def is_encrypted(self, room: RoomId) -> bool | None:
        """Return whether a room is encrypted, None when its state is not here yet."""
        known = self._client.rooms.get(room)
        return None if known is None else bool(known.encrypted) or room in self._client.encrypted_rooms

    def is_with(self, room: RoomId, person: UserId) -> bool:
        """Tell whether somebody is known to be in a room or invited to it, so that they would be given its key."""
        known = self._client.rooms.get(room)
        return known is not None and person in known.users

    async def take_in(self, answer: Json) -> bool:
        """Take keys, members and settings from a /sync answer; return whether keys may have come.

        Piece by piece, each guarded by itself: any member, and any user of the homeserver through to-device messages,
        can send what makes nio raise, and that must cost one event, not the answer.
        """
        if not self.encrypts:
            return False
        letters = items(obj(answer, "to_device"), "events")
        for letter in letters:
            await self._feed({"to_device": {"events": [letter]}})
        for room, state in states(answer):
            if not await self._feed(_joined(room, state)):
                for event in state:
                    await self._feed(_joined(room, [event]))
        await self._feed({"device_lists": obj(answer, "device_lists")})
        self._count_keys(answer)
        return bool(letters)

    async def errands(self, *, everybody: bool = False) -> bool:
        """Exchange keys as far as it is due (see `KeyExchange.errands`); return whether devices were asked for."""
        return await self._keys.errands(everybody=everybody) if self.encrypts else False

    def decrypt(self, room: RoomId, event: Json) -> Json | None:
        """Return the event in clear, None when it cannot be read (yet) or comes from no known device of its sender.

        The sender's name is the homeserver's claim; the key is not. nio ties the two together for verified devices
        only, so it is done here for all: the session must belong to a device that the sender's account lists.
        """
        if not self.encrypts:
            return None
        try:
            sealed = nio.Event.parse_event(self._completed(room, event))
            if not isinstance(sealed, nio.MegolmEvent):
                return None
            sealed.room_id = room
            clear = self._client.decrypt_event(sealed).source
        except Exception as error:  # noqa: BLE001 - a member chooses these bytes, and nio asserts and indexes as it reads them
            _log.info("event could not be decrypted", room=room, error=type(error).__name__)
            return None
        return clear if isinstance(clear, dict) and self._is_from(sealed.sender, sealed.sender_key) else None

    async def encrypt(self, room: RoomId, event_type: str, content: Json) -> tuple[str, Json]:
        """Return type and content for an encrypted room, after everybody who can read got the key.

        Raises what a request raises when a device could not be given it: what its reader cannot open is lost.
        """
        try:
            async with self._sharing, asyncio.timeout(_LIMIT.total_seconds()):
                await self._keys.share(room)
                sealed_type, sealed = self._client.encrypt(room, event_type, content)
        except OUTAGES as error:
            raise Unreachable(HOMESERVER, outage(error, _LIMIT)) from error
        except (nio.LocalProtocolError, nio.EncryptionError, KeyError) as error:
            raise Unreachable(HOMESERVER, "the room's key is not ready") from error
        return sealed_type, sealed

    @staticmethod
    def seal(raw: bytes) -> tuple[bytes, Json]:
        """Return a file's bytes encrypted, and what the event must hold to open them (all but the `url`)."""
        sealed, keys = encrypt_attachment(raw)
        return sealed, keys

    async def _ask(self, method: str, path: str, body: Json) -> Json:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._client.access_token}"}
        return read(*await self.request(method, path, json.dumps(body), headers, _LIMIT), self._now())

    async def _feed(self, piece: Json) -> bool:
        # nio drops an answer whose next_batch it has just seen; ours only ever counts up.
        self._fed += 1
        try:
            response = nio.SyncResponse.from_dict({"next_batch": str(self._fed), **piece})
            if not isinstance(response, nio.SyncResponse):
                return False
            await self._client.receive_response(response)
        except Exception as error:  # noqa: BLE001 - see take_in: foreign bytes in code that asserts and indexes
            _log.warning("part of a sync could not be taken in", part=next(iter(piece)), error=type(error).__name__)
            return False
        return True

    def _count_keys(self, answer: Json) -> None:
        """Tell nio how many one-time keys are left; by itself it overlooks a zero, and never uploads new ones."""
        if isinstance(answer.get("device_one_time_keys_count"), dict):
            left = obj(answer, "device_one_time_keys_count").get("signed_curve25519", 0)
            self._client.olm.uploaded_key_count = left if isinstance(left, int) else 0

    def _completed(self, room: RoomId, event: Json) -> Json:
        """Return the event with `sender_key` and `device_id`, which the specification deprecates and nio demands."""
        content = obj(event, "content")
        if "sender_key" in content and "device_id" in content:
            return event
        sessions = self._client.olm.inbound_group_store[room].items()
        key = next((key for key, known in sessions if content.get("session_id") in known), "")
        return {**event, "content": {"device_id": "", "sender_key": key, **content}}

    def _is_from(self, sender: str, key: str) -> bool:
        olm = self._client.olm
        if sender == self._user and key == olm.account.identity_keys["curve25519"]:
            return True
        if olm.device_store.device_from_sender_key(sender, key) is not None:
            return True
        olm.users_for_key_query.add(sender)
        return False


def _joined(room: str, state: list[Any]) -> Json:
    return {"rooms": {"join": {room: {"state": {"events": state}, "timeline": {"events": []}}}}}
