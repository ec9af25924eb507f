"""The exchange of keys that nio does in its own loop only: ours uploaded, others' claimed, a room's handed out.

Devices and their keys are written by whoever owns them. nio reads an answer as a whole and raises at the first bad key,
so that one member could mute a room; here every device is taken by itself, and a bad one costs its owner only.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import nio
import structlog

from bot.clients.matrix.events import Json, obj
from bot.core.errors import Rejected
from bot.core.names import RoomId

_log = structlog.get_logger(__name__)
_API = "/_matrix/client/v3"
_ERRAND_SECONDS = 10.0


class Ask(Protocol):
    """One authorised request to the homeserver, under a time limit."""

    def __call__(self, method: str, path: str, body: Json) -> Awaitable[Json]:
        """Return the JSON answer or raise a NeighbourError."""


class KeyExchange:
    """What is due for the keys that nio keeps."""

    def __init__(self, client: nio.AsyncClient, ask: Ask) -> None:
        self._client = client
        self._ask = ask
        self._unsent: Json | None = None

    async def errands(self, *, everybody: bool) -> bool:
        """Do what is due, none of it fatal; return whether devices were asked for.

        `everybody` asks for all devices of all members: a change that was told right before a crash is not told again.
        """
        client = self._client
        if everybody:
            encrypted = (room for room in client.rooms.values() if room.encrypted)
            client.olm.add_changed_users({user for room in encrypted for user in room.users})
        asking = bool(client.should_query_keys)
        due: list[Callable[[], Awaitable[Any]]] = [client.send_to_device_messages]
        due += [self.upload] if client.should_upload_keys else []
        due += [self.query] if asking else []
        due += [self._claim_due] if client.should_claim_keys else []
        await asyncio.gather(*(_errand(errand) for errand in due))
        return asking

    async def upload(self) -> None:
        """Upload our keys, kept on disk before the homeserver has them, and the same ones until it took them.

        nio saves them afterwards and makes new ones for every attempt: a crash in between leaves public keys nobody can
        use and ids that are refused from then on, an outage thousands of keys.
        """
        olm = self._client.olm
        self._unsent = self._unsent or olm.share_keys()
        olm.save_account()
        try:
            answer = await self._ask("POST", f"{_API}/keys/upload", self._unsent or {})
        except Rejected:
            # Other keys are there under these ids, from a store that is lost: the next attempt brings new ids.
            olm.mark_keys_as_published()
            self._unsent = None
            raise
        await self._client.receive_response(nio.KeysUploadResponse.from_dict(answer))
        self._unsent = None

    async def query(self) -> None:
        """Ask for the devices of everybody whose devices may have changed."""
        users = sorted(self._client.users_for_key_query)
        answer = await self._ask("POST", f"{_API}/keys/query", {"device_keys": {user: [] for user in users}})
        for user, devices in obj(answer, "device_keys").items():
            sound = {name: keys for name, keys in obj({"": devices}, "").items() if self._is_sound(user, name, keys)}
            await self._take(nio.KeysQueryResponse, {"device_keys": {user: sound}})

    async def claim(self, wanted: Mapping[str, list[str]]) -> None:
        """Claim a one-time key of each wanted device and begin a conversation with it."""
        body = {user: dict.fromkeys(devices, "signed_curve25519") for user, devices in wanted.items()}
        answer = await self._ask("POST", f"{_API}/keys/claim", {"one_time_keys": body})
        for user, devices in obj(answer, "one_time_keys").items():
            for name, key in obj({"": devices}, "").items():
                await self._take(nio.KeysClaimResponse, {"one_time_keys": {user: {name: key}}})

    async def share(self, room: RoomId) -> None:
        """See to it that every device that can read has the room's key; raise when one could not be given it.

        nio calls a key shared whatever the homeserver answered: a message nobody can open would count as delivered.
        """
        client, olm = self._client, self._client.olm
        # All members are known: the first /sync of a process asks for the full state, and none is left out.
        client.rooms[room].members_synced = True
        if client.should_query_keys:
            await self.query()
        if not olm.should_share_group_session(room):
            return
        if missing := client.get_missing_sessions(room):
            await self.claim(missing)
        members = list(client.rooms[room].users)
        for devices, letters in olm.share_group_session_parallel(room, members, ignore_unverified_devices=True):
            await self._ask("PUT", f"{_API}/sendToDevice/m.room.encrypted/{secrets.token_hex(16)}", letters)
            olm.outbound_group_sessions[room].users_shared_with.update(devices)
        olm.outbound_group_sessions[room].shared = True

    async def _claim_due(self) -> None:
        await self.claim(self._client.get_users_for_key_claiming())

    async def _take(self, kind: Any, answer: Json) -> None:
        try:
            response = kind.from_dict(answer)
            await self._client.receive_response(response)
        except Exception as error:  # noqa: BLE001 - a stranger's keys in code that asserts and indexes
            _log.warning("keys could not be taken", kind=kind.__name__, error=type(error).__name__)

    def _is_sound(self, user: str, name: str, device: Any) -> bool:
        try:
            keys = device["keys"]
            return bool(self._client.olm.verify_json({**device}, keys[f"ed25519:{name}"], user, name))
        except Exception as error:  # noqa: BLE001 - see _take; the bindings raise classes of their own
            _log.warning("a device has no usable keys", user=user, error=type(error).__name__)
            return False


async def _errand(errand: Callable[[], Awaitable[Any]]) -> None:
    name = getattr(errand, "__name__", "errand")
    try:
        async with asyncio.timeout(_ERRAND_SECONDS):
            await errand()
    except Exception as error:  # noqa: BLE001 - keys that are late must not stop the bot from hearing what can be read
        _log.warning("keys could not be exchanged", errand=name, error=type(error).__name__, reason=str(error)[:80])
