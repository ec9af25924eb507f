"""The test stand: one Synapse, the bot as a process of its own, and beside it those who only PUT."""

import asyncio
import itertools
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from benchmarks.watcher import Watcher
from bot.demo.homeserver import Session
from bot.demo.loopback import free_port
from bot.demo.monitoring.payloads import Alert, webhook_body
from bot.demo.stage import Stage

Send = Callable[[str], Awaitable[None]]
"""Sends the message of a mark on its way, and returns when that was accepted."""

_TICK = os.sysconf("SC_CLK_TCK")
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Stand:
    """Everything a measurement needs."""

    stage: Stage
    watcher: Watcher
    bot: Send
    put: Send
    receiver: Send
    fifty: Send
    """As `bot`, with 50 alerts of one group."""
    put_fifty: Send
    """PUTs the message that `fifty` became."""
    ask: Callable[[str], Awaitable[str]]
    """Says something in the bot's room and returns the event."""
    limit: Callable[[], Awaitable[None]]
    """Lets Synapse's own rate limits count, from now on."""


@asynccontextmanager
async def stand(directory: Path, say: Callable[[str], None]) -> AsyncIterator[Stand]:
    """Set it all up, with the bot ready and every way tried once."""
    async with AsyncExitStack() as opened:
        stage = await opened.enter_async_context(
            Stage(directory, say, settings={"limits": {"per_person": 1000, "storm": 0}}, stock_rate_limits=True)
        )
        bare, room = await asyncio.to_thread(_bare_room, stage)
        limit = await _without_limits(stage, bare)
        assert stage.homeserver
        url = stage.homeserver.url
        watcher = await opened.enter_async_context(
            Watcher(url, stage.sessions["cleo"].access_token, (stage.room, room))
        )
        session = await opened.enter_async_context(_session())
        say("starting the bot …")
        await stage.start_bot()
        bot, fifty = _poster(session, stage, _one), _poster(session, stage, _fifty)
        content, content_of_fifty = await _content(bot, watcher), await _content(fifty, watcher)
        where = f"{url}/_matrix/client/v3/rooms/{quote(room)}"
        port = await opened.enter_async_context(_receiver(directory, where, bare, content))
        yield Stand(
            stage=stage,
            watcher=watcher,
            bot=bot,
            put=_putter(session, where, bare, content),
            receiver=_receiver_poster(session, port),
            fifty=fifty,
            put_fifty=_putter(session, where, bare, content_of_fifty),
            ask=_asker(session, url, stage),
            limit=limit,
        )


def mark() -> str:
    """Return a name that no other message holds."""
    return f"Bench{secrets.token_hex(4)}"


def memory(pid: int) -> float:
    """Return a process's resident memory in MiB."""
    return _status(pid, "VmRSS")


def peak(pid: int) -> float:
    """Return the most resident memory that a process ever had, in MiB."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> float:
    fields = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in fields if line.startswith(name))


def cpu(pid: int) -> float:
    """Return the seconds of processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _bare_room(stage: Stage) -> tuple[Session, str]:
    """Make a room as large as the bot's, with another sender: the bot must not be woken by what is not for it."""
    assert stage.homeserver
    home = stage.homeserver
    home.register("bare", stage.password)
    bare = home.login("bare", stage.password)
    room = home.create_room(bare, "Bare", [session.user_id for session in stage.sessions.values()])
    for session in stage.sessions.values():
        home.join(session, room)
    return bare, room


async def _without_limits(stage: Stage, bare: Session) -> Callable[[], Awaitable[None]]:
    """Free both senders and the asker of Synapse's limits; return what puts the limits back."""
    assert stage.homeserver
    home = stage.homeserver
    await asyncio.to_thread(home.register, "root", stage.password, admin=True)
    root = await asyncio.to_thread(home.login, "root", stage.password)
    users = (stage.user, bare.user_id, stage.user_of("anna"))
    for user in users:
        await asyncio.to_thread(home.override_rate_limit, root, user, 0, 0)

    async def put_back() -> None:
        for user in users:
            await asyncio.to_thread(home.forget_rate_limit, root, user)

    return put_back


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=_AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
        yield session


def _poster(session: aiohttp.ClientSession, stage: Stage, body_of: Callable[[str], dict[str, Any]]) -> Send:
    url, headers = f"{stage.url}/alerts/ops", {"Authorization": f"Bearer {stage.webhook_token}"}

    async def send(name: str) -> None:
        async with session.post(url, json=body_of(name), headers=headers) as response:
            await response.read()
            response.raise_for_status()

    return send


def _receiver_poster(session: aiohttp.ClientSession, port: int) -> Send:
    async def send(name: str) -> None:
        async with session.post(f"http://127.0.0.1:{port}/alerts/ops", json=_one(name)) as response:
            await response.read()
            response.raise_for_status()

    return send


def _putter(session: aiohttp.ClientSession, room: str, by: Session, content: str) -> Send:
    headers = {"Authorization": f"Bearer {by.access_token}", "Content-Type": "application/json"}

    async def send(name: str) -> None:
        url = f"{room}/send/m.room.message/put-{name}"
        async with session.put(url, data=content.replace("@MARK@", name).encode(), headers=headers) as response:
            await response.read()
            response.raise_for_status()

    return send


def _asker(session: aiohttp.ClientSession, url: str, stage: Stage) -> Callable[[str], Awaitable[str]]:
    room = f"{url}/_matrix/client/v3/rooms/{quote(stage.room)}"
    headers = {"Authorization": f"Bearer {stage.sessions['anna'].access_token}"}
    numbers = itertools.count()

    async def ask(text: str) -> str:
        content = {"msgtype": "m.text", "body": text}
        address = f"{room}/send/m.room.message/ask-{next(numbers)}"
        async with session.put(address, json=content, headers=headers) as response:
            response.raise_for_status()
            return str((await response.json())["event_id"])

    return ask


async def _content(send: Send, watcher: Watcher) -> str:
    """Return what the bot says about a webhook, `@MARK@` for its mark: those who only PUT send the same."""
    name = mark()
    await send(name)
    await watcher.until_seen([name], 10)
    return json.dumps(watcher.contents[name], ensure_ascii=False).replace(name, "@MARK@")


@asynccontextmanager
async def _receiver(directory: Path, room: str, by: Session, content: str) -> AsyncIterator[int]:
    port, path = free_port(), directory / "bare-content.json"
    await asyncio.to_thread(path.write_text, content, "utf-8")
    environment = {**os.environ, "BARE_TOKEN": by.access_token, "BARE_CONTENT": str(path)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.receiver", str(port), room, env=environment
    )
    try:
        await _until_open(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _until_open(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def _one(name: str) -> dict[str, Any]:
    return webhook_body([_alert(name, 0)], receiver="benchmark")


def _fifty(name: str) -> dict[str, Any]:
    return webhook_body([_alert(name, number) for number in range(50)], receiver="benchmark")


def _alert(name: str, number: int) -> Alert:
    labels = {"alertname": name, "namespace": "ory", "pod": f"hydra-{number}", "severity": "warning"}
    words = {"summary": "Hydra answers slowly", "description": "p99 is above one second for five minutes"}
    return Alert(labels, datetime.now(UTC), words)
