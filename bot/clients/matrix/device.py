"""The bot's device: its HTTP session and its keys; the only place for matrix-nio.

nio is used as a layer: no `sync_forever`, no callbacks, no stored sync token. It loses events when a callback fails,
spins on error answers, sleeps as long as a server asks and retries for ever; here it sends one request and keeps keys.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nio
import structlog
from nio.crypto import encrypt_attachment
from nio.store import SqliteStore

from bot.clients.http import OUTAGES, outage
from bot.clients.matrix.answers import HOMESERVER, problem, read
from bot.clients.matrix.events import Json, items, obj, states
from bot.clients.matrix.login import Login
from bot.clients.matrix.session import new_session, read_body
from bot.core.errors import NeighbourError, Rejected, Unreachable
from bot.core.names import RoomId, UserId

_log = structlog.get_logger(__name__)
_LIMIT = timedelta(seconds=30)
_ERRAND_SECONDS = 10.0
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
        self._unsent: Json | None = None
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
        """Upload, ask for and claim keys as far as it is due; return whether devices were asked for.

        `everybody` asks for all devices of all members: a change that was told right before a crash is not told again.
        """
        client = self._client
        if not self.encrypts:
            return False
        if everybody:
            encrypted = (room for room in client.rooms.values() if room.encrypted)
            client.olm.add_changed_users({user for room in encrypted for user in room.users})
        asking = bool(client.should_query_keys)
        due = [client.send_to_device_messages]
        due += [self._upload] if client.should_upload_keys else []
        due += [client.keys_query] if asking else []
        due += [self._claim] if client.should_claim_keys else []
        await asyncio.gather(*(_errand(errand) for errand in due))
        return asking

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

        Raises Unreachable when a member's device did not get it: a message that its reader cannot open is lost.
        """
        try:
            async with self._sharing, asyncio.timeout(_LIMIT.total_seconds()):
                await self._share(room)
                sealed_type, sealed = self._client.encrypt(room, event_type, content)
        except OUTAGES as error:
            raise Unreachable(HOMESERVER, outage(error, _LIMIT)) from error
        except (nio.LocalProtocolError, nio.EncryptionError) as error:
            raise Unreachable(HOMESERVER, "the room's key is not ready") from error
        return sealed_type, sealed

    @staticmethod
    def seal(raw: bytes) -> tuple[bytes, Json]:
        """Return a file's bytes encrypted, and what the event must hold to open them (all but the `url`)."""
        sealed, keys = encrypt_attachment(raw)
        return sealed, keys

    async def _share(self, room: RoomId) -> None:
        client = self._client
        if not client.rooms[room].members_synced:
            self._done(await client.joined_members(room))
        if client.should_query_keys:
            self._done(await client.keys_query())
        if not client.olm.should_share_group_session(room):
            return
        if missing := client.get_missing_sessions(room):
            self._done(await client.keys_claim(missing))
        await client.share_group_session(room, ignore_unverified_devices=True)
        if unreached := self._unreached(room):
            client.invalidate_outbound_session(room)
            raise Unreachable(HOMESERVER, f"{len(unreached)} devices did not get the room's key")

    def _unreached(self, room: RoomId) -> list[str]:
        """Return devices that could have got the key and did not: nio calls a session shared even so."""
        olm = self._client.olm
        session = olm.outbound_group_sessions[room]
        served = session.users_shared_with | session.users_ignored
        return [
            each.id
            for user in self._client.rooms[room].users
            for each in olm.device_store.active_user_devices(user)
            if (each.user_id, each.id) not in served and olm.session_store.get(each.curve25519) is not None
        ]

    def _done(self, response: Any) -> None:
        """Raise what an error object of nio means: it returns errors instead of raising them."""
        if not isinstance(response, nio.ErrorResponse):
            return
        code = {"errcode": response.status_code, "soft_logout": response.soft_logout}
        wait = {"retry_after_ms": response.retry_after_ms}
        transport = response.transport_response
        raise problem(transport.status, transport.headers, code | wait, self._now())

    async def _upload(self) -> None:
        """Upload our keys, kept on disk before the homeserver has them, and the same ones until it took them.

        nio saves them afterwards and makes new ones for every attempt: a crash in between leaves public keys nobody can
        use and ids that are refused from then on, an outage thousands of keys.
        """
        olm = self._client.olm
        self._unsent = self._unsent or olm.share_keys()
        olm.save_account()
        headers = {"Authorization": f"Bearer {self._client.access_token}"}
        path = "/_matrix/client/v3/keys/upload"
        try:
            answer = read(*await self.request("POST", path, json.dumps(self._unsent), headers, _LIMIT), self._now())
        except Rejected:
            # Other keys are there under these ids, from a store that is lost: the next attempt brings new ids.
            olm.mark_keys_as_published()
            self._unsent = None
            raise
        await self._client.receive_response(nio.KeysUploadResponse.from_dict(answer))
        self._unsent = None

    async def _claim(self) -> Any:
        return await self._client.keys_claim(self._client.get_users_for_key_claiming())

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


async def _errand(errand: Callable[[], Awaitable[Any]]) -> None:
    name = getattr(errand, "__name__", "errand")
    try:
        async with asyncio.timeout(_ERRAND_SECONDS):
            response = await errand()
    except (*OUTAGES, NeighbourError, nio.LocalProtocolError) as error:
        _log.warning("keys could not be exchanged", errand=name, error=type(error).__name__)
    else:
        if isinstance(response, nio.ErrorResponse):
            _log.warning("keys were refused", errand=name, code=response.status_code)
