"""Sets the stage: every neighbour the bot needs, on loopback, and the bot as a process of its own, as in production."""

import asyncio
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

import yaml

from bot.core.catalogue import relocate
from bot.core.names import RoomId, UserId
from bot.core.sbbb import SBBB
from bot.demo.cluster import SimulatedCluster, kubeconfig
from bot.demo.homeserver import Homeserver, Session
from bot.demo.loopback import free_port, request
from bot.demo.monitoring import Notifier, SimulatedMonitoring
from bot.demo.openbao import OpenBao
from bot.demo.vault import furnish, versions
from bot.demo.world import inhabit, keep_keys

PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "anna": {"role": "admin", "key_holder": True, "on_call": True},
    "ben": {"role": "operator", "key_holder": True},
    "cleo": {"role": "viewer", "key_holder": True},
}
"""Who is in the room, by the part before the colon."""
SOL = "sol"
"""The house's other bot: known, never obeyed, and heard when it says that it is back."""
STRANGER = "mallory"
"""Somebody in the room whom the configuration does not know."""
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_HTTP_OK = 200

Say = Callable[[str], None]


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass
class Stage:
    """The neighbours and the bot's account, room and configuration; an async context manager."""

    directory: Path
    say: Say = _silent
    homeserver: Homeserver | None = None
    """One that runs already, or None to start one."""
    openbao: OpenBao | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Top-level keys of the configuration that differ from the demo's."""
    homeserver_url: str | None = None
    """What the bot is told, where something stands between it and the homeserver."""
    stock_rate_limits: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that the bot's process gets besides ours."""
    name: str = "opsbot"
    """The bot's account; a shared homeserver has one for each stage."""
    room_names: tuple[str, ...] = ("ops",)
    """The short names of the rooms; alerts are posted to the first."""

    async def __aenter__(self) -> Self:
        """Start everything but the bot."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._own: list[Homeserver | OpenBao] = []
        self.cluster = SimulatedCluster(token=secrets.token_hex(16))
        self.monitoring = SimulatedMonitoring()
        self._process: asyncio.subprocess.Process | None = None
        self._notifier: Notifier | None = None
        self.password = secrets.token_hex(6)
        self.webhook_token = secrets.token_hex(16)
        self.port = free_port()
        try:
            await self._start_neighbours()
            await asyncio.to_thread(self._make_rooms)
            self._write_config()
            await self._start_notifier()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop everything that was started here."""
        await self.stop_bot()
        if self._notifier:
            await self._notifier.stop()
        await self.monitoring.stop()
        await self.cluster.stop()
        for server in self._own:
            await asyncio.to_thread(server.stop)

    @property
    def config(self) -> Path:
        """The bot's configuration file."""
        return self.directory / "opsbot.yaml"

    @property
    def url(self) -> str:
        """The bot's own door."""
        return f"http://127.0.0.1:{self.port}"

    async def _start_neighbours(self) -> None:
        if self.homeserver is None:
            self.say("starting a homeserver (Synapse) …")
            self.homeserver = Homeserver(self.directory / "homeserver", stock_rate_limits=self.stock_rate_limits)
            self._own.append(self.homeserver)
            await asyncio.to_thread(self.homeserver.start)
        if self.openbao is None:
            self.say("starting OpenBao, five shares, three of them needed …")
            self.openbao = OpenBao(self.directory / "openbao")
            self._own.append(self.openbao)
            await asyncio.to_thread(self._open_bao, self.openbao)
        self.say("starting the simulated cluster and monitoring …")
        await self.cluster.start()
        inhabit(self.cluster)
        self._jwt = await asyncio.to_thread(furnish, self.openbao, self.cluster)
        self.cluster.controllers.vault_secrets.source = versions(self.openbao)
        await self.monitoring.start()

    def _open_bao(self, bao: OpenBao) -> None:
        bao.start()
        bao.unseal(bao.initialise().shares[:3])

    def _make_rooms(self) -> None:
        """Register everybody, and make the rooms with all of them and the bot in each."""
        assert self.homeserver
        self.sessions: dict[str, Session] = {}
        suffix = "" if self.name == "opsbot" else f"-{self.name}"
        for person in (*PEOPLE, SOL, STRANGER):
            self.homeserver.register(f"{person}{suffix}", self.password)
            self.sessions[person] = self.homeserver.login(f"{person}{suffix}", self.password)
        self.user = self.homeserver.register(self.name, self.password)
        self.rooms = {name: self._make_room(self.homeserver, name) for name in self.room_names}

    def _make_room(self, homeserver: Homeserver, name: str) -> RoomId:
        anna, *others = self.sessions.values()
        guests = [session.user_id for session in others]
        room = homeserver.create_room(anna, name.capitalize(), [*guests, self.user], moderators=[self.user])
        for session in others:
            homeserver.join(session, room)
        return room

    @property
    def room(self) -> RoomId:
        """The first room."""
        return self.rooms[self.room_names[0]]

    def _write_config(self) -> None:
        assert self.homeserver
        (self.directory / "password").write_text(self.password)
        (self.directory / "webhook-token").write_text(self.webhook_token)
        (self.directory / "kubeconfig").write_text(kubeconfig(self.cluster.url, self.cluster.token))
        (self.directory / "jwt").write_text(self._jwt)
        assert self.openbao
        config: dict[str, Any] = {
            "state": str(self.directory / "state"),
            "matrix": {
                "homeserver": self.homeserver_url or self.homeserver.url,
                "user": self.user,
                "password_file": str(self.directory / "password"),
            },
            "rooms": dict(self.rooms),
            "web": {
                "listen": f"127.0.0.1:{self.port}",
                "public_url": self.url,
                "webhook_token_file": str(self.directory / "webhook-token"),
            },
            "people": {self.sessions[name].user_id: dict(person) for name, person in PEOPLE.items()},
            "bots": [self.user_of(SOL)],
            "sol": {"user": self.user_of(SOL)},
            "kubernetes": {"kubeconfig": str(self.directory / "kubeconfig")},
            "openbao": {"pods": [self.openbao.url], "auth": {"jwt_file": str(self.directory / "jwt")}},
            **{
                name: {"url": self.monitoring.url("monitoring", name)}
                for name in ("alertmanager", "prometheus", "loki", "grafana")
            },
            "ingress": {"url": self.monitoring.url("ingress", "pingora")},
            "services": self._services(),
            **self.settings,
        }
        self.config.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))

    def _services(self) -> dict[str, Any]:
        """Return the SBBB's catalogue with its addresses moved to the simulated monitoring."""

        def move(namespace: str, service: str, url: str) -> str:
            return self.monitoring.url(namespace, service) + (urlsplit(url).path or "/")

        moved = relocate(SBBB, move)
        return {
            namespace: {name: probe.model_dump(mode="json", exclude_defaults=True) for name, probe in probes.items()}
            for namespace, probes in moved.items()
        }

    async def _start_notifier(self) -> None:
        def scraped(taken: int) -> None:
            self.monitoring.prometheus.set("opsbot_webhooks_total", taken, result="ok")

        scraped(0)
        self._notifier = Notifier(
            self.monitoring.alertmanager,
            f"{self.url}/alerts/ops",
            token=self.webhook_token,
            group_wait=0.1,
            taken=scraped,
        )
        await self._notifier.start()

    async def start_bot(self, *, ready: bool = True, debug: bool = False) -> None:
        """Start the bot as production does: the installed script, a configuration, a process of its own."""
        words = ["run", "--config", str(self.config), *(["--debug"] if debug else [])]
        with (self.directory / "bot.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                script(), *words, stdout=log, stderr=log, env={**_environment(), **self.environment}
            )
        if ready:
            await self.until_ready()

    async def until_ready(self, path: str = "/readyz") -> None:
        """Wait until the bot says it is ready; raise RuntimeError with the end of its log when it does not."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await asyncio.to_thread(self._answers, path):
                    await asyncio.sleep(0.05)
                    if self._process and self._process.returncode is not None:
                        raise RuntimeError(f"the bot ended:\n{self.log_tail()}")
        except TimeoutError as error:
            raise RuntimeError(f"the bot is not ready:\n{self.log_tail()}") from error

    async def stop_bot(self) -> int | None:
        """Ask the bot to stop and return its exit code."""
        if self._process is None or self._process.returncode is not None:
            return None
        self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()

    async def kill_bot(self) -> None:
        """End the bot as a power cut does."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    @property
    def pid(self) -> int:
        """The bot's process id."""
        assert self._process
        return self._process.pid

    def empower(self, power: int) -> None:
        """Give the bot this power in its first room; 50 may take out what others said."""
        assert self.homeserver
        anna = next(iter(self.sessions.values()))
        path = f"/_matrix/client/v3/rooms/{quote(self.room)}/state/m.room.power_levels/"
        levels = self.homeserver.call("GET", path, by=anna)
        levels["users"][self.user] = power
        self.homeserver.call("PUT", path, levels, by=anna)

    async def keep_keys(self, what: str) -> None:
        """Put keys, nothing or the word `placeholder` into the Secret for them, and let the CronJob's work be done."""
        values = {"present": None, "empty": "", "placeholder": "placeholder"}
        objects = self.cluster.store.list("Secret", "data")
        keep_keys(objects, values[what])
        self.cluster.store.put_all(objects)
        token, file = secrets.token_hex(16), self.directory / "keys-check-kubeconfig"
        self.cluster.access.accounts[token] = "system:serviceaccount:data:openbao-keys-check"
        file.write_text(kubeconfig(self.cluster.url, token))
        process = await asyncio.create_subprocess_exec(
            script(), "keys-check", "--kubeconfig", str(file), env=_environment()
        )
        if await process.wait():
            raise RuntimeError("keys-check failed")

    def log_tail(self, lines: int = 20) -> str:
        """Return the end of the bot's log."""
        log = self.directory / "bot.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    def user_of(self, name: str) -> UserId:
        """Return somebody's Matrix ID."""
        return self.sessions[name].user_id

    def _answers(self, path: str) -> bool:
        try:
            status, _ = request(self.port, "GET", path)
        except OSError:
            return False
        return status == _HTTP_OK


def script() -> str:
    """Return the installed `opsbot`."""
    beside = Path(sys.executable).with_name("opsbot")
    return str(beside) if beside.exists() else shutil.which("opsbot") or "opsbot"


def _environment() -> dict[str, str]:
    """Return our environment less what would send the bot's requests elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
