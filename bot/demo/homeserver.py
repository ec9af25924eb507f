"""A real Matrix homeserver (Synapse on SQLite) that listens on loopback and talks to nobody."""

import base64
import hashlib
import hmac
import http.client
import secrets
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from bot.core.names import EventId, RoomId, UserId
from bot.demo.loopback import HOST, Process, claim, free_port, request

SERVER_NAME = "demo.test"
_DOWNLOAD_SECONDS = 10
_GENEROUS = {"per_second": 100_000, "burst_count": 100_000}


class HomeserverRefused(RuntimeError):
    """The homeserver answered a set-up call with an error."""


@dataclass(frozen=True, slots=True)
class Session:
    """A logged-in device."""

    user_id: UserId
    access_token: str = field(repr=False)
    device_id: str


class Homeserver:
    """One Synapse with its directory; `restart` keeps rooms, users, tokens and the port.

    Everything blocks (start about 2.5 s): from a coroutine, call it through `asyncio.to_thread`.
    """

    def __init__(self, directory: Path, *, port: int = 0, stock_rate_limits: bool = False) -> None:
        self.server_name = SERVER_NAME
        self.port = port or free_port()
        self.directory = directory
        self._secret = secrets.token_urlsafe(32)
        self._stock_rate_limits = stock_rate_limits
        self._process = Process(
            [sys.executable, "-m", "synapse.app.homeserver", "-c", str(directory / "homeserver.yaml")],
            directory,
            log=directory / "homeserver.out",
            ready=lambda: request(self.port, "GET", "/_matrix/client/versions")[0] == 200,  # noqa: PLR2004 - HTTP's OK
        )

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers; raise DidNotStart with the tail of the log."""
        claim(self.port)
        self.directory.mkdir(parents=True, exist_ok=True)
        _write_once(self.directory / "signing.key", f"ed25519 a_demo {_key_seed()}\n")
        (self.directory / "log.yaml").write_text(yaml.safe_dump(_log_settings(self.directory)))
        (self.directory / "homeserver.yaml").write_text(yaml.safe_dump(self._settings()))
        self._process.start()

    def stop(self) -> None:
        """Stop it orderly; nothing if it is not running."""
        self._process.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()

    def pause(self) -> None:
        """Let it hang: it takes connections and answers nothing."""
        self._process.pause()

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._process.resume()

    def restart(self) -> None:
        """Stop and start it again."""
        self.stop()
        self.start()

    def call(self, method: str, path: str, body: object = None, *, by: Session | None = None) -> dict[str, Any]:
        """Return the JSON answer of any API call; raise HomeserverRefused on an error status."""
        headers = {"Authorization": f"Bearer {by.access_token}"} if by else {}
        status, answer = request(self.port, method, path, body, headers)
        if status >= 400:  # noqa: PLR2004 - HTTP's border between done and not done
            raise HomeserverRefused(f"{method} {path}: {status} {answer.get('errcode', '')} {answer.get('error', '')}")
        return answer

    def register(self, localpart: str, password: str, *, admin: bool = False) -> UserId:
        """Create an account by the shared-secret API and return its Matrix ID."""
        nonce = str(self.call("GET", "/_synapse/admin/v1/register")["nonce"])
        words = (nonce, localpart, password, "admin" if admin else "notadmin")
        proof = hmac.new(self._secret.encode(), "\0".join(words).encode(), hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": localpart, "password": password, "admin": admin, "mac": proof}
        return UserId(self.call("POST", "/_synapse/admin/v1/register", body)["user_id"])

    def login(self, localpart: str, password: str, device_id: str | None = None) -> Session:
        """Log a device in; the same device id again keeps the device and ends its older token."""
        body: dict[str, Any] = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": localpart},
            "password": password,
        }
        if device_id:
            body["device_id"] = device_id
        answer = self.call("POST", "/_matrix/client/v3/login", body)
        return Session(UserId(answer["user_id"]), answer["access_token"], answer["device_id"])

    def create_room(
        self,
        session: Session,
        name: str,
        invite: Sequence[UserId] = (),
        *,
        alias: str | None = None,
        preset: str = "private_chat",
        encrypted: bool = False,
        history_visibility: str = "joined",
        guest_access: str = "forbidden",
        moderators: Sequence[UserId] = (),
    ) -> RoomId:
        """Create a room that does not federate; `alias` is the part before the colon; `moderators` may redact."""
        state: list[dict[str, Any]] = [
            _state("m.room.history_visibility", {"history_visibility": history_visibility}),
            _state("m.room.guest_access", {"guest_access": guest_access}),
        ]
        if encrypted:
            state.append(_state("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}))
        body: dict[str, Any] = {
            "name": name,
            "preset": preset,
            "invite": list(invite),
            "initial_state": state,
            "creation_content": {"m.federate": False},
        }
        if moderators:
            # Whoever creates a room stands above all levels since room version 12.
            body["power_level_content_override"] = {"users": dict.fromkeys(moderators, 50)}
        if alias:
            body["room_alias_name"] = alias
        if moderators:
            # Whoever creates a room has every power in it, and is not listed (room version 12).
            body["power_level_content_override"] = {"users": dict.fromkeys(moderators, 50)}
        return RoomId(self.call("POST", "/_matrix/client/v3/createRoom", body, by=session)["room_id"])

    def join(self, session: Session, room: RoomId) -> None:
        """Join a room one is invited to."""
        self.call("POST", f"/_matrix/client/v3/join/{quote(room)}", {}, by=session)

    def send(
        self, session: Session, room: RoomId, content: dict[str, Any], event_type: str = "m.room.message"
    ) -> EventId:
        """Send an event as anybody, exactly as given."""
        path = f"/_matrix/client/v3/rooms/{quote(room)}/send/{event_type}/{secrets.token_hex(8)}"
        return EventId(self.call("PUT", path, content, by=session)["event_id"])

    def say(self, session: Session, room: RoomId, text: str) -> EventId:
        """Send an m.text message as a person would."""
        return self.send(session, room, {"msgtype": "m.text", "body": text})

    def download(self, session: Session, url: str) -> tuple[str, bytes]:
        """Return type and content of what was uploaded; raise HomeserverRefused on an error status."""
        path = f"/_matrix/client/v1/media/download/{url.removeprefix('mxc://')}"
        with closing(http.client.HTTPConnection(HOST, self.port, timeout=_DOWNLOAD_SECONDS)) as connection:
            connection.request("GET", path, headers={"Authorization": f"Bearer {session.access_token}"})
            answer = connection.getresponse()
            if answer.status != HTTPStatus.OK:
                raise HomeserverRefused(f"GET {path}: {answer.status}")
            return answer.headers.get_content_type(), answer.read()

    def override_rate_limit(self, admin: Session, user_id: UserId, per_second: int, burst: int) -> None:
        """Give one user a message limit of their own, whatever the server's is."""
        body = {"messages_per_second": per_second, "burst_count": burst}
        self.call("POST", f"/_synapse/admin/v1/users/{quote(user_id)}/override_ratelimit", body, by=admin)

    def forget_rate_limit(self, admin: Session, user_id: UserId) -> None:
        """Give one user the server's message limit again."""
        self.call("DELETE", f"/_synapse/admin/v1/users/{quote(user_id)}/override_ratelimit", by=admin)

    def _settings(self) -> dict[str, Any]:
        directory = self.directory
        return {
            "server_name": self.server_name,
            "public_baseurl": f"{self.url}/",
            "pid_file": str(directory / "homeserver.pid"),
            "listeners": [
                {
                    "port": self.port,
                    "type": "http",
                    "bind_addresses": [HOST],
                    "resources": [{"names": ["client"]}],
                }
            ],
            "database": {"name": "sqlite3", "args": {"database": str(directory / "homeserver.db")}},
            "media_store_path": str(directory / "media"),
            "signing_key_path": str(directory / "signing.key"),
            "log_config": str(directory / "log.yaml"),
            "registration_shared_secret": self._secret,
            "macaroon_secret_key": secrets.token_urlsafe(32),
            "form_secret": secrets.token_urlsafe(32),
            # 4 instead of 12: hashing is most of what a registration costs (250 ms against 16 ms).
            "bcrypt_rounds": 4,
            # The default of 100 cuts a test's /sync silently.
            "filter_timeline_limit": 5000,
            # The default of two minutes answers a first /sync with an old one, and with it an old position.
            "caches": {"sync_response_cache_duration": "0s"},
            "trusted_key_servers": [],
            "federation_domain_whitelist": [],
            "report_stats": False,
            "presence": {"enabled": False},
            "push": {"enabled": False},
            "url_preview_enabled": False,
            "enable_registration": False,
            **_rate_limits(stock=self._stock_rate_limits),
        }


def _rate_limits(*, stock: bool) -> dict[str, Any]:
    """Return generous limits; with `stock` only for getting in, so that messages keep Synapse's own."""
    getting_in = {
        "rc_registration": _GENEROUS,
        "rc_login": {"address": _GENEROUS, "account": _GENEROUS, "failed_attempts": _GENEROUS},
    }
    if stock:
        return getting_in
    return getting_in | {
        "rc_message": _GENEROUS,
        "rc_admin_redaction": _GENEROUS,
        "rc_joins": {"local": _GENEROUS, "remote": _GENEROUS},
        "rc_joins_per_room": _GENEROUS,
        "rc_invites": {"per_room": _GENEROUS, "per_user": _GENEROUS, "per_issuer": _GENEROUS},
        "rc_room_creation": _GENEROUS,
        "rc_media_create": _GENEROUS,
    }


def _log_settings(directory: Path) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {
            "file": {
                "class": "logging.FileHandler",
                "filename": str(directory / "homeserver.log"),
                "formatter": "plain",
            }
        },
        "root": {"level": "WARNING", "handlers": ["file"]},
    }


def _state(event_type: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"type": event_type, "state_key": "", "content": content}


def _key_seed() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(text)
