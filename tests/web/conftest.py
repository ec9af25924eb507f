"""A door on loopback whose callables the tests steer, and a socket to speak HTTP by hand."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.clients.metrics import Metrics
from bot.core.health import Check, Readiness
from bot.core.names import RoomId
from bot.core.webhook import Webhook
from bot.web.limits import Limits
from bot.web.server import Door, Page

TOKEN = "obviously-a-test-token-0123456789"
NEXT_TOKEN = "obviously-the-next-test-token-987"
OPS = RoomId("!abc:example.org")
BEARER = f"Authorization: Bearer {TOKEN}"
BASIC = "Authorization: Basic " + base64.b64encode(f"anybody:{NEXT_TOKEN}".encode()).decode()


def _all_well() -> Readiness:
    return Readiness({"database": Check(ok=True, words="writable")})


@dataclass
class House:
    """What stands behind the door, and what came through it."""

    metrics: Metrics = field(default_factory=Metrics)
    taken: list[tuple[RoomId, Webhook]] = field(default_factory=list)
    overflowed: list[RoomId] = field(default_factory=list)
    accepting: Callable[[], Awaitable[None]] | None = None
    readiness: Readiness | Exception = field(default_factory=_all_well)
    port: int = 0
    sockets: list["Socket"] = field(default_factory=list)
    """Hung up with the door, whoever dialled."""

    async def accept(self, room: RoomId, webhook: Webhook) -> None:
        if self.accepting:
            await self.accepting()
        self.taken.append((room, webhook))

    async def ready(self) -> Readiness:
        if isinstance(self.readiness, Exception):
            raise self.readiness
        return self.readiness

    def counted(self, line: str) -> float:
        """Return the value of a line of the metrics, 0 when it is not there."""
        for each in self.metrics.render().decode().splitlines():
            if each.startswith(line + " "):
                return float(each.rsplit(" ", 1)[1])
        return 0.0

    def results(self, result: str) -> float:
        return self.counted(f'opsbot_webhooks_total{{result="{result}"}}')

    def refusals(self, reason: str) -> float:
        return self.counted(f'opsbot_http_refusals_total{{reason="{reason}"}}')


@asynccontextmanager
async def opened(pages: Mapping[str, Page] | None = None, **limits: Any) -> AsyncIterator[House]:
    """Open a door with these pages and limits, everything else as in production but for the quick end."""
    house = House()
    door = Door(
        "127.0.0.1:0",
        tokens=lambda: (TOKEN, "", NEXT_TOKEN),
        rooms={"ops": OPS, str(OPS): OPS}.get,
        accept=house.accept,
        overflow=house.overflowed.append,
        readiness=house.ready,
        metrics=house.metrics,
        pages=pages or {},
        limits=Limits(**({"stop_seconds": 0.2} | limits)),
    )
    house.port = await door.start()
    try:
        yield house
    finally:
        await door.stop()
        for socket in house.sockets:
            socket.close()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened() as house:
        yield house


@dataclass
class Socket:
    """One connection, spoken by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *parts: str | bytes) -> None:
        for part in parts:
            self.writer.write(part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part)
        await self.writer.drain()

    async def answer(self, *, bare: bool = False) -> tuple[int, dict[str, str], str]:
        """Read one answer: status, headers by lower-case name, body; `bare`: of a HEAD, which has none."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 30)).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
        body = b"" if bare else await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(first.split()[1]), headers, body.decode()

    async def ended(self, seconds: float = 5) -> bool:
        """Whether the other side closes within that time."""
        try:
            async with asyncio.timeout(seconds):
                while await self.reader.read(65536):
                    pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self.writer.transport.abort()


async def dial(house: House) -> Socket:
    socket = Socket(*await asyncio.open_connection("127.0.0.1", house.port))
    house.sockets.append(socket)
    return socket


def head(*lines: str, to: str = "/alerts/ops", method: str = "POST") -> str:
    return "\r\n".join([f"{method} {to} HTTP/1.1", "Host: bot", *lines, "", ""])


def alerts(number: int = 1, words: int = 0) -> bytes:
    """Return a webhook with that many alerts, each with a summary of that length."""
    one = {
        "status": "firing",
        "labels": {"alertname": "DiskFull", "namespace": "data"},
        "annotations": {"summary": ("the disk is nearly full, " * (words // 25 + 1))[:words]},
        "startsAt": "2026-10-01T10:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
    }
    return json.dumps({"receiver": "ops", "status": "firing", "groupKey": "k", "alerts": [one] * number}).encode()


async def asked(house: House, *lines: str, body: bytes | str = b"", **where: str) -> tuple[int, dict[str, str], str]:
    """Send one whole request on a connection of its own and read the answer."""
    socket = await dial(house)
    payload = body.encode() if isinstance(body, str) else body
    sized = [f"Content-Length: {len(payload)}"] if payload else []
    try:
        await socket.send(head(*lines, *sized, **where), payload)
        return await socket.answer(bare=where.get("method") == "HEAD")
    finally:
        socket.close()
