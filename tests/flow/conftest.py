"""A bot without a homeserver, with a clock that is stepped, ids that are counted and actions that only note."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.app import App
from bot.clients.store import inbox
from bot.clients.store import outbox as parcels
from bot.clients.store.audit import AuditLog
from bot.clients.store.inbox import Arrival
from bot.clients.system import System
from bot.command import ActionContext, Command, Context, Plan, Request, action, command
from bot.config import Settings
from bot.core.confirmation import Proposal, heard_as_answer, tapped_as_answer
from bot.core.errors import Unreachable
from bot.core.heard import Heard, Sort
from bot.core.names import EventId, RequestId, RoomId, UserId
from bot.core.policy import Risk
from bot.core.replies import Unsure
from bot.demo.loopback import free_port
from bot.flow.chat import request_from
from bot.flow.gate import Said
from commands import COMMANDS
from commands.announce import Announced
from commands.help import help_
from commands.undo import undo

ANNA, BEN, CLEO, MALLORY, SOL = (UserId(f"@{name}:example.org") for name in ("anna", "ben", "cleo", "mallory", "sol"))
ROOM = RoomId("!ops:example.org")
CODE = "4821"


class Clock:
    """Both clocks of a machine; they move when they are told to."""

    def __init__(self) -> None:
        self.wall = datetime.now(UTC)
        self.monotonic = 1000.0
        self.boot = "boot-1"
        self._set = timedelta(0)
        self._sleepers: list[tuple[float, asyncio.Event]] = []
        self._ids = itertools.count(1)

    @property
    def system(self) -> System:
        return System(
            now=lambda: self.wall,
            monotonic=lambda: self.monotonic,
            boot=self.boot,
            sleep=self.sleep,
            new_id=lambda _: f"k{next(self._ids)}",
            new_code=lambda: CODE,
            jitter=lambda: 0.5,
        )

    async def sleep(self, seconds: float) -> None:
        awake = asyncio.Event()
        self._sleepers.append((self.monotonic + seconds, awake))
        await awake.wait()

    def step(self, seconds: float) -> None:
        """Let time pass, and wake who slept until then."""
        self.wall += timedelta(seconds=seconds)
        self.monotonic += seconds
        for until, awake in self._sleepers:
            if until <= self.monotonic:
                awake.set()
        self._sleepers = [(until, awake) for until, awake in self._sleepers if not awake.is_set()]

    def set(self, seconds: float) -> None:
        """Set the clock on the wall forwards, or back; no time passes."""
        self._set += timedelta(seconds=seconds)
        self.wall += timedelta(seconds=seconds)

    @property
    def elsewhere(self) -> datetime:
        """What time it is by a clock that nobody set."""
        return self.wall - self._set

    @property
    def sleepers(self) -> int:
        """How many wait for the time to pass."""
        return len(self._sleepers)

    def reboot(self) -> None:
        """Start the machine anew: what was counted from its start begins again."""
        self.boot, self.monotonic = "boot-2", 3.0


@dataclass
class Ledger:
    """What the actions of a test did, and what they are to do."""

    done: list[tuple[str, UserId, str]] = field(default_factory=list)
    """Verb, on whose behalf, action id."""
    began: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    plan: Plan | Exception = field(default_factory=lambda: Plan(None))
    """What weighing before a lift finds."""
    stopped: list[int] = field(default_factory=list)
    """How many were stopped each time."""

    @property
    def commands(self) -> tuple[Command, ...]:
        """One action of every class, two that are slow, one that fails, one that does not know, and a broken look."""

        async def note(ctx: ActionContext, verb: str) -> Announced:
            self.done.append((verb, ctx.request.sender, ctx.action))
            return Announced(ctx.request.sender)

        @action("poke", summary="Poke something", risk=Risk.REVERSIBLE)
        async def poke(ctx: ActionContext, thing: str = "it") -> Announced:
            return await note(ctx, f"poke {thing}")

        @action("shove", summary="Shove something", risk=Risk.AFFECTING)
        async def shove(ctx: ActionContext, thing: str = "it") -> Announced:
            return await note(ctx, f"shove {thing}")

        @action("smash", summary="Smash something", risk=Risk.DANGEROUS)
        async def smash(ctx: ActionContext, thing: str = "it") -> Announced:
            return await note(ctx, f"smash {thing}")

        @action("dig", summary="Dig for a while", risk=Risk.REVERSIBLE)
        async def dig(ctx: ActionContext) -> Announced:
            self.began.set()
            await self.go_on.wait()
            return await note(ctx, "dig")

        @action("paint", summary="Paint, as often as you like", risk=Risk.REVERSIBLE, repeatable=True)
        async def paint(ctx: ActionContext) -> Announced:
            self.began.set()
            await self.go_on.wait()
            return await note(ctx, "paint")

        @action("reach", summary="Reach for what is away", risk=Risk.REVERSIBLE)
        async def reach(ctx: ActionContext) -> Announced:
            raise Unreachable("kubernetes", "no answer in 5 s")

        @action("guess", summary="Do it and not see whether it is done", risk=Risk.REVERSIBLE)
        async def guess(ctx: ActionContext) -> Unsure:
            return Unsure("!guess", ctx.request.id)

        @command("stumble", summary="Stumble over a fault of ours")
        async def stumble(ctx: Context) -> Announced:
            raise RuntimeError("obviously-secret")

        return (help_, poke, shove, smash, dig, paint, reach, guess, *self._followed, undo, stumble)

    @property
    def _followed(self) -> tuple[Command, ...]:
        """One action that is weighed first, a look that goes on until it is stopped, and what stops it."""

        async def weigh(ctx: Context, thing: str = "it") -> Plan:
            if isinstance(self.plan, Exception):
                raise self.plan
            return self.plan

        @action("lift", summary="Lift what is weighed first", risk=Risk.REVERSIBLE, preview=weigh)
        async def lift(ctx: ActionContext, thing: str = "it") -> Announced:
            ctx.undo_by("shove", thing)
            self.done.append((f"lift {thing}", ctx.request.sender, ctx.action))
            return Announced(ctx.request.sender)

        @command("watch", summary="Watch for a while", limit=timedelta(minutes=10))
        async def watch(ctx: Context) -> Announced:
            await ctx.show(Announced(ANNA))
            await ctx.show(Announced(ANNA))
            self.began.set()
            await ctx.stopped.wait()
            return Announced(BEN)

        @command("stop", summary="Stop watching")
        async def stop(ctx: Context) -> Announced:
            self.stopped.append(ctx.stop())
            return Announced(CLEO)

        return (lift, watch, stop)


class Real(Ledger):
    """The commands that everybody has, instead of those of a test."""

    @property
    def commands(self) -> Any:
        return COMMANDS


def settings(state: Path, **changed: Any) -> Settings:
    fields: dict[str, Any] = {
        "state": state,
        "matrix": {
            "homeserver": f"http://127.0.0.1:{free_port()}",
            "user": "@opsbot:example.org",
            "access_token": "obviously-fake",
        },
        "rooms": {"ops": ROOM},
        "web": {"listen": "127.0.0.1:0", "webhook_token": "obviously-fake"},
        "people": {ANNA: {"role": "admin"}, BEN: {"role": "operator"}, CLEO: {"role": "viewer"}},
        "bots": [SOL],
    }
    return Settings.model_validate(fields | changed)


class Bot:
    """One process of the bot, its database open and nothing running; what it would send is taken by hand."""

    def __init__(self, state: Path, clock: Clock, ledger: Ledger, **changed: Any) -> None:
        self.clock = clock
        self.ledger = ledger
        self.app = App(settings(state, **changed), clock.system, ledger.commands)
        self._events = itertools.count(1)
        self._is_open = False

    async def open(self) -> "Bot":
        await self.app.database.open()
        self._is_open = True
        return self

    async def close(self) -> None:
        if self._is_open:
            await self.app.database.close()
        self._is_open = False

    def command(self, verb: str) -> Command:
        return next(command for command in self.ledger.commands if command.verb == verb)

    def arrival(
        self, who: UserId, words: str, *, target: EventId | None = None, sort: Sort = Sort.MESSAGE, age: float = 0.0
    ) -> Arrival:
        """Return what somebody says, as the listener would have stored it."""
        number = self.clock.system.new_id(8)
        sent = self.clock.wall - timedelta(seconds=age)
        heard = Heard(EventId(f"${who}-{number}"), ROOM, who, sort, words, sent, target)
        return Arrival(heard, RequestId(number), self.clock.wall)

    async def hears(self, arrival: Arrival) -> None:
        """Have it in the inbox."""
        await self.app.database.write(lambda tx: inbox.add(tx, arrival.heard, arrival.request, arrival.arrived_at))

    async def asks(self, who: UserId, verb: str, *words: str) -> Request:
        """Show a prompt for an action."""
        request = request_from(self.arrival(who, f"!{verb}"))
        await self.app.gate.propose(self.command(verb), words, request)
        return request

    async def says(self, who: UserId, words: str, *, target: EventId | None = None) -> Proposal | None:
        """Answer a prompt in words, and do what that confirms."""
        answer = heard_as_answer(words)
        assert answer
        return await self._run(Said(answer, self.arrival(who, words, target=target)))

    async def taps(self, who: UserId, emoji: str, target: EventId) -> Proposal | None:
        """Answer a prompt by a reaction, and do what that confirms."""
        answer = tapped_as_answer(emoji)
        assert answer
        return await self._run(Said(answer, self.arrival(who, emoji, target=target, sort=Sort.REACTION)))

    async def _run(self, said: Said) -> Proposal | None:
        confirmed = await self.app.gate.hear(said)
        if confirmed:
            await self.app.executor.run(confirmed)
        return confirmed

    async def sent(self, room: RoomId = ROOM) -> list[dict[str, Any]]:
        """Take what waits to be sent, and have it delivered; each has the event it became, or edits, as `event`."""
        now = self.clock.wall
        taken = await self.app.database.write(lambda tx: parcels.take(tx, room, 1000, (), now))
        out = []
        for parcel in taken:
            event = parcel.edits or EventId(f"$bot-{next(self._events)}")
            await self.app.database.write(lambda tx, p=parcel, e=event: parcels.delivered(tx, p, e, now))  # type: ignore[misc]
            out.append({**parcel.content, "event": event})
        return out

    async def said(self, room: RoomId = ROOM) -> list[str]:
        """Take what waits to be sent; return the first line of each."""
        return [content["body"].splitlines()[0] for content in await self.sent(room)]

    async def trail(self) -> list[tuple[str, str, str]]:
        """Return phase, command and result of every row of the audit trail."""
        links = await AuditLog(self.app.database).whole()
        return [(link.entry.phase.value, link.entry.command, link.entry.result) for link in links]

    async def full_disk(self, full: bool) -> None:
        """Make every write fail, or succeed again, in the database itself."""
        await self.app.database._connection.execute(f"PRAGMA query_only={int(full)}")


class Second:
    """What the second channel brought."""

    def __init__(self) -> None:
        self.came: list[dict[str, Any]] = []
        self.status = 200

    async def take(self, request: web.Request) -> web.Response:
        self.came.append(await request.json())
        return web.Response(status=self.status)


MakeBot = Callable[..., "Bot"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
async def make(tmp_path: Path, clock: Clock, ledger: Ledger) -> AsyncIterator[MakeBot]:
    """Make another process on the same state; its predecessor must be closed."""
    made: list[Bot] = []

    def make(**changed: Any) -> Bot:
        made.append(Bot(tmp_path / "state", clock, ledger, **changed))
        return made[-1]

    yield make
    for bot in made:
        await bot.close()


@pytest.fixture
async def bot(make: MakeBot) -> Bot:
    return await make().open()


@pytest.fixture
async def second() -> AsyncIterator[tuple[Second, str]]:
    here, port = Second(), free_port()
    app = web.Application()
    app.router.add_post("/page", here.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield here, f"json://anna:obviously-fake@127.0.0.1:{port}/page"
    await runner.cleanup()
