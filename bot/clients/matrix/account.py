"""Being logged in: one authorised request, and a new login when the homeserver has forgotten the old one."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import structlog

from bot.clients.http import Counter, said_at
from bot.clients.matrix.answers import HOMESERVER, read
from bot.clients.matrix.events import Json
from bot.clients.matrix.login import Login, keep, kept, write_secret
from bot.core.errors import Denied, LoggedOut, Unreachable
from bot.core.names import UserId

if TYPE_CHECKING:
    from bot.clients.matrix.device import Device

_log = structlog.get_logger(__name__)
_LIMIT = timedelta(seconds=30)
# Synapse dates an answer by when it was asked for: a waiting /sync is half a minute old.
_APART = timedelta(seconds=60)
_LARGE_BYTES = 1024 * 1024
_OK = 200


class Account:
    """The bot's account at the homeserver; `open` may be tried again until it succeeds."""

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
        now: Callable[[], datetime],
        count: Counter | None = None,
    ) -> None:
        if access_token is None and password is None:
            raise ValueError("needs an access token or a password")
        self.user = user
        self.encryption = encryption
        self.directory = state / "matrix"
        self.logins = 0
        """Counts the devices this process has been: a change means that what nio knew is gone."""
        self.ahead = timedelta(0)
        """How far our clock is ahead of the homeserver's; nothing while that is less than a minute."""
        self._homeserver = homeserver
        self._device_id = device_id
        self._access_token = access_token
        self._password = password
        self._now = now
        self._count = count or (lambda _neighbour, _result: None)
        self._device: Device | None = None
        self._login: Login | None = None
        self._entering = asyncio.Lock()

    async def open(self) -> None:
        """Log in, as the same device as last time; raise LoggedOut, Denied or what a request raises."""
        async with self._entering:
            if self._login is None:
                await self._enter()

    async def close(self) -> None:
        """Close everything; the login stays valid."""
        self._login = None
        if self._device is not None:
            await self._device.close()
            self._device = None

    @property
    def device(self) -> "Device":
        """The device; raise Unreachable before there is one."""
        if self._device is None:
            raise Unreachable(HOMESERVER, "not logged in yet")
        return self._device

    @property
    def login(self) -> Login:
        """Who we are there; raise Unreachable before we are somebody."""
        if self._login is None:
            raise Unreachable(HOMESERVER, "not logged in yet")
        return self._login

    async def call(
        self,
        method: str,
        path: str,
        body: Json | bytes | None = None,
        *,
        query: Mapping[str, str] | None = None,
        mime: str = "application/json",
        limit: timedelta = _LIMIT,
    ) -> Json:
        """Return the JSON object of a 2xx; log in again once when that is what it takes.

        Raises Unreachable, RateLimited, LoggedOut, Denied, Missing, Rejected (see `answers`).
        """
        address = f"{path}?{urlencode(query)}" if query else path
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body)

        async def ask(token: str) -> Json:
            return await self._ask(method, address, data, mime=mime, token=token, limit=limit)

        return await self._authorised(ask)

    async def _authorised(self, ask: Callable[[str], Awaitable[Json]]) -> Json:
        login, logins = self.login, self.logins
        try:
            return await ask(login.access_token)
        except LoggedOut as error:
            await self._enter_again(login, error)
        if self.encryption and self.logins != logins:
            # What was encrypted for the device we were must not be sent by the device we are.
            raise Unreachable(HOMESERVER, "logged in as a new device: ask again")
        return await ask(self.login.access_token)

    async def _enter(self) -> None:
        if self._device is None:
            self._device = await self._new_device()
        if self._access_token is not None:
            try:
                self._adopt(await self._whoami(self._access_token()))
            except LoggedOut:
                if self._password is None:
                    raise
            else:
                return
        login = await asyncio.to_thread(kept, self._kept, self.user)
        if login is None:
            await self._log_in(self._fresh_device_id())
            return
        try:
            self._adopt(await self._whoami(login.access_token))
        except LoggedOut as error:
            await self._log_in_again(login, soft=error.soft)

    async def _enter_again(self, stale: Login, error: LoggedOut) -> None:
        async with self._entering:
            if self.login is not stale:
                return
            _log.warning("the homeserver ended our login", soft=error.soft)
            # The file may hold a new token by now: that is how an operator rotates it.
            if self._access_token is not None and (token := self._access_token()) != stale.access_token:
                with suppress(LoggedOut):
                    self._adopt(await self._whoami(token))
                    return
            if self._password is None:
                raise error
            await self._log_in_again(stale, soft=error.soft)

    async def _log_in_again(self, stale: Login, *, soft: bool) -> None:
        if soft or not self.encryption:
            await self._log_in(stale.device_id)
            return
        device = self.device
        # Its keys can be found and wiped only under its own name.
        device.adopt(stale)
        await device.discard()
        await asyncio.to_thread(self._kept.unlink, missing_ok=True)
        self._device = await self._new_device()
        await self._log_in(self._fresh_device_id())

    async def _log_in(self, device_id: str) -> None:
        """Log in with the password as `device_id` and keep the token; the device stays the same over restarts."""
        if self._password is None:
            raise LoggedOut(soft=False)
        identifier = {"type": "m.id.user", "user": self.user}
        body = {
            "type": "m.login.password",
            "identifier": identifier,
            "password": self._password(),
            "device_id": device_id,
            "initial_device_display_name": "Sunbeam Ops",
        }
        answer = await self._ask("POST", "/_matrix/client/v3/login", json.dumps(body))
        login = self._checked(answer, str(answer.get("access_token", "")))
        await asyncio.to_thread(keep, self._kept, login)
        self._adopt(login)

    async def _whoami(self, token: str) -> Login:
        return self._checked(await self._ask("GET", "/_matrix/client/v3/account/whoami", token=token), token)

    def _checked(self, answer: Json, token: str) -> Login:
        if answer.get("user_id") != self.user:
            raise Denied(HOMESERVER, "the login belongs to another account than matrix.user")
        return Login(self.user, str(answer.get("device_id") or self._device_id), token)

    def _adopt(self, login: Login) -> None:
        self.device.adopt(login)
        if self._login is None or self._login.device_id != login.device_id:
            self.logins += 1
        self._login = login

    async def _ask(
        self,
        method: str,
        address: str,
        data: str | bytes | None = None,
        *,
        mime: str = "application/json",
        token: str = "",
        limit: timedelta = _LIMIT,
    ) -> Json:
        headers = {"Content-Type": mime} | ({"Authorization": f"Bearer {token}"} if token else {})
        try:
            status, found, raw = await self.device.request(method, address, data, headers, limit)
        except Unreachable:
            self._count(HOMESERVER, "unreachable")
            raise
        self._count(HOMESERVER, str(status))
        self._compare(said_at(found))
        if len(raw) > _LARGE_BYTES:
            return await asyncio.to_thread(read, status, found, raw, self._now())
        return read(status, found, raw, self._now())

    def _compare(self, told: datetime | None) -> None:
        """Note how far the two clocks are apart."""
        apart = self._now() - told if told else timedelta(0)
        apart = apart if abs(apart) > _APART else timedelta(0)
        if abs(apart - self.ahead) > _APART:
            _log.warning("the homeserver's clock and ours are apart", seconds=round(apart.total_seconds()))
            self.ahead = apart

    async def _new_device(self) -> "Device":
        make = await asyncio.to_thread(_device_class)
        store = self.directory / "keys" if self.encryption else None
        pickle_key = await asyncio.to_thread(self._pickle_key) if store else ""
        return make(self._homeserver, self.user, store=store, pickle_key=pickle_key, now=self._now)

    def _pickle_key(self) -> str:
        """Return what the key store is sealed with; in a file of its own, so that the store alone opens nothing."""
        path = self.directory / "pickle-key"
        (self.directory / "keys").mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileNotFoundError):
            return path.read_text(encoding="ascii")
        write_secret(path, secrets.token_urlsafe(32))
        return path.read_text(encoding="ascii")

    def _fresh_device_id(self) -> str:
        # Others pin a device's keys by its id: the same id with new keys would not be believed by anybody.
        return f"{self._device_id}-{secrets.token_hex(3).upper()}" if self.encryption else self._device_id

    @property
    def _kept(self) -> Path:
        return self.directory / "login.json"


def _device_class() -> "type[Device]":
    # Loading nio takes about a second: in a thread and late, so that the webhook's door is open before.
    from bot.clients.matrix.device import Device  # noqa: PLC0415 - see above

    return Device
