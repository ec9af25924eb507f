"""The test stand: one Synapse, the bot as a process of its own, and beside it those it is compared with."""

import asyncio
import itertools
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

import aiohttp

from benchmarks.contenders import Contender, NotTaken, Post, hand, mark, webhook
from benchmarks.peer import NoPeer, Peer, installed
from benchmarks.watcher import Watcher
from bot.demo.homeserver import Homeserver, Session
from bot.demo.loopback import HOST, free_port
from bot.demo.stage import Stage

Say = Callable[[str], None]

_TICK = os.sysconf("SC_CLK_TCK")
_SIZES = (1, 10, 50)
"""Alerts in a webhook, in all measurements."""
_PROBE_SECONDS = 30.0
# A card for every group, so that messages can be counted; and none closed because the Alertmanager, which is simulated,
# does not know of them.
SETTINGS = {"limits": {"per_person": 1000, "storm": 0, "gone": 86_400}}


@dataclass(frozen=True, slots=True)
class Stand:
    """Everything a measurement needs."""

    stage: Stage
    watcher: Watcher
    contenders: Mapping[str, Contender]
    """By name: put, receiver, peer (where it can be installed), bot."""
    ask: Callable[[str], Awaitable[str]]
    """Says something in the bot's room and returns the event."""
    limit: Callable[[], Awaitable[None]]
    """Lets Synapse's own rate limits count, from now on."""

    @property
    def bot(self) -> Contender:
        """The bot."""
        return self.contenders["bot"]

    @property
    def put(self) -> Contender:
        """The load itself, which PUTs what the bot said about a webhook of as many alerts."""
        return self.contenders["put"]


@asynccontextmanager
async def stand(directory: Path, say: Say) -> AsyncIterator[Stand]:
    """Set it all up, with the bot ready and every way tried once."""
    async with AsyncExitStack() as opened:
        stage = await opened.enter_async_context(Stage(directory, say, settings=SETTINGS, stock_rate_limits=True))
        home = _home(stage)
        (bare, room), (other, den) = [await asyncio.to_thread(_room, stage, name) for name in ("bare", "peer")]
        limit = await _without_limits(stage, (bare, other))
        rooms = (stage.room, room, den)
        watcher = await opened.enter_async_context(Watcher(home.url, stage.sessions["cleo"].access_token, rooms))
        session = await opened.enter_async_context(_session())
        say("starting the bot …")
        await stage.start_bot()
        token = {"Authorization": f"Bearer {stage.webhook_token}"}
        restart = partial(stage.start_bot, ready=False)
        post = _poster(session, f"{stage.url}/alerts/ops", token)
        bot = Contender("bot", post, kill=stage.kill_bot, start=restart)
        contents = {alerts: await _content(bot, alerts, watcher) for alerts in _SIZES}
        where = f"{home.url}/_matrix/client/v3/rooms/{quote(room)}"
        receiver = _Receiver(directory, where, bare, contents[1])
        peer = await _peer(stage, directory, other, den, say)
        found = [
            Contender("put", _putter(session, where, bare, contents)),
            Contender("receiver", _poster(session, receiver.url), kill=receiver.kill, start=receiver.start),
            *(
                [Contender("peer", _poster(session, peer.url), each=True, kill=peer.kill, start=peer.start)]
                if peer
                else ()
            ),
            bot,
        ]
        for each in found:
            await opened.enter_async_context(_running(each))
        yield Stand(stage, watcher, {each.name: each for each in found}, _asker(session, home.url, stage), limit)


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


def _home(stage: Stage) -> Homeserver:
    assert stage.homeserver
    return stage.homeserver


def _room(stage: Stage, name: str) -> tuple[Session, str]:
    """Make a room as large as the bot's, with another sender: the bot must not be woken by what is not for it."""
    home = _home(stage)
    home.register(name, stage.password)
    sender = home.login(name, stage.password)
    room = home.create_room(sender, name, [session.user_id for session in stage.sessions.values()])
    for session in stage.sessions.values():
        home.join(session, room)
    return sender, room


async def _peer(stage: Stage, directory: Path, session: Session, room: str, say: Say) -> Peer | None:
    try:
        script = await installed(say)
    except NoPeer as error:
        say(f"WITHOUT matrix-alertbot, which cannot be installed: {error}")
        return None
    return Peer(script, directory / "peer", _home(stage), session, room, stage.password)


async def _without_limits(stage: Stage, others: Iterable[Session]) -> Callable[[], Awaitable[None]]:
    """Free all senders and the asker of Synapse's limits; return what puts the limits back."""
    home = _home(stage)
    await asyncio.to_thread(home.register, "root", stage.password, admin=True)
    root = await asyncio.to_thread(home.login, "root", stage.password)
    users = (stage.user, stage.user_of("anna"), *(each.user_id for each in others))
    for user in users:
        await asyncio.to_thread(home.override_rate_limit, root, user, 0, 0)

    async def put_back() -> None:
        for user in users:
            await asyncio.to_thread(home.forget_rate_limit, root, user)

    return put_back


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    # Alertmanager has no limit of its own; what is bounded is how many webhooks a measurement has in flight.
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
        yield session


def _poster(session: aiohttp.ClientSession, url: str, headers: Mapping[str, str] | None = None) -> Post:
    async def post(name: str, alerts: int) -> int:
        return await _answer(session.post(url, json=webhook(name, alerts), headers=headers))

    return post


def _putter(session: aiohttp.ClientSession, room: str, by: Session, contents: Mapping[int, str]) -> Post:
    headers = {"Authorization": f"Bearer {by.access_token}", "Content-Type": "application/json"}

    async def put(name: str, alerts: int) -> int:
        url = f"{room}/send/m.room.message/put-{name}"
        content = contents[alerts].replace("@MARK@", name).encode()
        return await _answer(session.put(url, data=content, headers=headers))

    return put


async def _answer(asking: "aiohttp.client._BaseRequestContextManager[aiohttp.ClientResponse]") -> int:
    """Return the status of an answer, 0 for none."""
    try:
        async with asking as response:
            await response.read()
            return response.status
    except (aiohttp.ClientError, TimeoutError):
        return 0


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


async def _content(bot: Contender, alerts: int, watcher: Watcher) -> str:
    """Return what the bot says about a webhook, `@MARK@` for its mark: those who only PUT send the same."""
    name = mark()
    await bot.send(name, alerts)
    await watcher.until_seen([name], 10)
    return json.dumps(watcher.contents[name], ensure_ascii=False).replace(name, "@MARK@")


@asynccontextmanager
async def _running(contender: Contender) -> AsyncIterator[None]:
    """Start somebody, unless it runs, and wait until a webhook is taken: a door may be open before all is ready."""
    if contender.start and contender.name != "bot":
        await contender.start()
    try:
        handed = await hand(contender.post, mark(), 1, time.perf_counter() + _PROBE_SECONDS)
        if not handed.taken:
            raise NotTaken(f"{contender.name} takes no webhook")
        yield
    finally:
        if contender.kill:
            await contender.kill()


class _Receiver:
    """The bare receiver's process."""

    def __init__(self, directory: Path, room: str, by: Session, content: str) -> None:
        path = directory / "bare-content.json"
        path.write_text(content, "utf-8")
        self._port = free_port()
        self._words = (sys.executable, "-m", "benchmarks.receiver", str(self._port), room)
        self._environment = {**os.environ, "BARE_TOKEN": by.access_token, "BARE_CONTENT": str(path)}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}/alerts/ops"

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(*self._words, env=self._environment)
        await _until_open(self._port)

    async def kill(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def _until_open(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
