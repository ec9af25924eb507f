"""Vouching for the bot's own device, so that phones show no red shield and do not go silent on it.

The account gets a master key, and a self-signing key that signs the device (specification: cross-signing). Their
seeds stay in a file of ours; what another client of the account set up is left alone.
"""

import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

from bot.clients.matrix.events import Json, obj
from bot.clients.matrix.login import write_secret
from bot.core.names import UserId

USAGES = ("master", "self_signing", "user_signing")


class Call(Protocol):
    """One authorised request to the homeserver."""

    def __call__(self, method: str, path: str, body: Json) -> Awaitable[Json]:
        """Return the JSON answer or raise."""


class Keys:
    """The account's three signing keys, by usage."""

    def __init__(self, seeds: dict[str, str]) -> None:
        self._keys = {usage: ECC.construct(curve="Ed25519", seed=base64.b64decode(seeds[usage])) for usage in USAGES}

    def public(self, usage: str) -> str:
        """Return the public half, unpadded base64."""
        return _unpadded(self._keys[usage].public_key().export_key(format="raw"))

    def sign(self, usage: str, user: UserId, content: Json) -> Json:
        """Return the content with one more signature."""
        bare = {name: value for name, value in content.items() if name not in {"signatures", "unsigned"}}
        signature = _unpadded(eddsa.new(self._keys[usage], "rfc8032").sign(_canonical(bare)))
        return {**bare, "signatures": {user: {f"ed25519:{self.public(usage)}": signature}}}

    def upload(self, user: UserId) -> Json:
        """Return the three public keys as the homeserver takes them."""
        described = {
            usage: {"user_id": user, "usage": [usage], "keys": {f"ed25519:{self.public(usage)}": self.public(usage)}}
            for usage in USAGES
        }
        signed = {usage: self.sign("master", user, described[usage]) for usage in USAGES[1:]}
        return {f"{usage}_key": key for usage, key in {**described, **signed}.items()}


def load(path: Path) -> Keys:
    """Return the keys kept in a file, new ones the first time."""
    if not path.exists():
        seeds = {usage: ECC.generate(curve="Ed25519").seed for usage in USAGES}
        write_secret(path, json.dumps({usage: base64.b64encode(seed).decode() for usage, seed in seeds.items()}))
    return Keys(json.loads(path.read_text(encoding="ascii")))


async def vouch(
    call: Call, keys: Keys, user: UserId, device_id: str, identity: str, *, password: Callable[[], str] | None
) -> str:
    """Sign our device unless it is signed; return what was found or done: `signed`, `done`, `foreign` or `unknown`.

    `identity` is the device's own key as we know it: a device that the homeserver shows with another one is not ours
    and is not signed (`unknown`). `foreign` is an account whose keys somebody else set up.
    """
    known = await call("POST", "/_matrix/client/v3/keys/query", {"device_keys": {user: []}})
    master = obj(obj(obj(known, "master_keys"), user), "keys")
    device = obj(obj(obj(known, "device_keys"), user), device_id)
    if obj(device, "keys").get(f"ed25519:{device_id}") != identity:
        return "unknown"
    if master and keys.public("master") not in master.values():
        return "foreign"
    if not master:
        await _upload(call, keys.upload(user), user, password)
    if f"ed25519:{keys.public('self_signing')}" in obj(obj(device, "signatures"), user):
        return "signed"
    signed = keys.sign("self_signing", user, device)
    await call("POST", "/_matrix/client/v3/keys/signatures/upload", {user: {device_id: signed}})
    return "done"


async def _upload(call: Call, body: Json, user: UserId, password: Callable[[], str] | None) -> None:
    """Upload the keys; the first upload of an account needs no password (MSC3967), where it does we give it."""
    if password is not None:
        identifier = {"type": "m.id.user", "user": user}
        body = {**body, "auth": {"type": "m.login.password", "identifier": identifier, "password": password()}}
    await call("POST", "/_matrix/client/v3/keys/device_signing/upload", body)


def _canonical(content: Json) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _unpadded(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")
