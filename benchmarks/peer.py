"""matrix-alertbot beside the bot: in a virtual environment of its own, set up and started as its users do."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import yaml

from bot.demo.homeserver import Homeserver, Session
from bot.demo.loopback import HOST, Process, claim, free_port, request

NAME = "matrix-alertbot 0.3.3"
_LOCK = Path(__file__).parents[1] / "requirements" / "peer.txt"
_HOME = Path(__file__).parent / "out" / "peer"
_INSTALL_SECONDS = 300


class NoPeer(RuntimeError):
    """It cannot be installed here; the message says why."""


async def installed(say: Callable[[str], None]) -> Path:
    """Return the script, which is installed once for every version of the lock file; raise NoPeer."""
    script, mark = _HOME / "bin" / "matrix-alertbot", _HOME / "installed"
    if mark.exists() and mark.read_text() == _LOCK.read_text():
        return script
    say(f"installing {NAME} …")
    await _run(sys.executable, "-m", "venv", "--clear", str(_HOME))
    quiet = ("--quiet", "--disable-pip-version-check", "--require-hashes")
    await _run(str(_HOME / "bin" / "python"), "-m", "pip", "install", *quiet, "--requirement", str(_LOCK))
    mark.write_text(_LOCK.read_text())
    return script


class Peer:
    """Its process, with an account and a room of its own."""

    def __init__(
        self, script: Path, directory: Path, home: Homeserver, session: Session, room: str, password: str
    ) -> None:
        directory.mkdir(exist_ok=True)
        self.port = free_port()
        self._directory = directory
        self._room = room
        self._settings = {
            "matrix": {
                "allowed_rooms": [room],
                "accounts": [{"id": session.user_id, "password": password, "url": home.url}],
            },
            "webhook": {"address": HOST, "port": self.port},
            "alertmanager": {"url": f"http://{HOST}:{free_port()}"},
            "cache": {"path": "cache"},
            "storage": {"path": "store"},
            # Without a filter for direct messages every alert is taken for one, and answered with 500.
            "dm": {"filter_labels": {"direct": "yes"}},
        }
        self._process = Process(
            [str(script), "config.yaml"],
            directory,
            log=directory / "peer.log",
            ready=lambda: request(self.port, "GET", "/health")[0] == 200,
        )

    @property
    def url(self) -> str:
        """Where it takes webhooks."""
        return f"http://{HOST}:{self.port}/alerts/{quote(self._room, safe='')}"

    async def start(self) -> None:
        """Start it; its door opens before it has logged in."""
        (self._directory / "config.yaml").write_text(yaml.safe_dump(self._settings))
        claim(self.port)
        await asyncio.to_thread(self._process.start)

    async def kill(self) -> None:
        """End it as a power cut does."""
        await asyncio.to_thread(self._process.kill)


async def _run(*words: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env=environment
    )
    try:
        async with asyncio.timeout(_INSTALL_SECONDS):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        raise NoPeer(f"{words[0]} took more than {_INSTALL_SECONDS} s") from None
    if process.returncode:
        raise NoPeer(said.decode(errors="replace").strip().splitlines()[-1])
