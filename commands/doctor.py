"""`!doctor`: what the bot may do and whom it reaches, and what would have to be changed."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from bot.command import Context, command
from bot.core.errors import Denied, LoggedOut, Missing, Rejected
from bot.core.facts import Unknown, Verdict, worst
from bot.core.firing import HIDDEN
from bot.core.grants import Grant, grants, missing
from bot.core.identity import Identity
from bot.core.kinds import Kind
from bot.core.names import RoomId
from bot.core.permissions import Refused, looks
from bot.core.powers import Lack, Power, lacking
from commands.asking import PART, ask
from commands.neighbours import NeighbourStatus, neighbours
from commands.permissions import permissions
from commands.probes import READY_KINDS

Answer = TypeVar("Answer")

_ARRIVED = 'sum(opsbot_webhooks_total{result="ok"})'


@dataclass(frozen=True, slots=True)
class Unfit:
    """A definite no: asking again does not help, something has to be changed."""

    reason: str


class Pointing(StrEnum):
    """Where Alertmanager posts, as far as it tells."""

    HERE = "here"
    HIDDEN = "hidden"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class AlertPath:
    """Whether alerts find their way to the bot."""

    pointing: Pointing | Unknown
    arrived: int | Unknown
    """Webhooks that the bot took, as Prometheus counts them."""

    @property
    def verdict(self) -> Verdict:
        """How it is; a webhook that came is the better proof."""
        if self.pointing is Pointing.HERE or (not isinstance(self.arrived, Unknown) and self.arrived > 0):
            return Verdict.OK
        return Verdict.WARN if self.pointing is Pointing.ELSEWHERE else Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class RoomCheck:
    """One room of the configuration."""

    name: str
    joined: bool
    lacks: tuple[Lack, ...] = ()
    is_open: bool = False
    """Whether anybody may join it: what is dangerous is refused there."""

    @property
    def verdict(self) -> Verdict:
        """How it is."""
        if not self.joined or any(lack.power is Power.POST for lack in self.lacks):
            return Verdict.BAD
        return Verdict.WARN if self.lacks or self.is_open else Verdict.OK


@dataclass(frozen=True, slots=True)
class LoginCheck:
    """The bot's own login at OpenBao."""

    me: Identity
    lacks: tuple[Grant, ...]
    """What its policy does not let it do."""

    @property
    def verdict(self) -> Verdict:
        """How it is: too little is as wrong as too much."""
        return Verdict.WARN if self.lacks else self.me.verdict


@dataclass(frozen=True, slots=True)
class SecondChannelCheck:
    """How many addresses of the second channel can be used."""

    usable: int
    all: int

    @property
    def verdict(self) -> Verdict:
        """How it is; that there is none is somebody's choice."""
        return Verdict.OK if self.usable == self.all else Verdict.WARN


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """What was found at one moment."""

    as_of: datetime
    cluster: str | Unknown | Unfit
    """The API server's version."""
    commands: int
    """How many commands need something of it."""
    refused: tuple[Refused, ...] | Unknown | Unfit
    rooms: tuple[RoomCheck, ...] | Unknown | Unfit
    neighbours: tuple[NeighbourStatus, ...]
    login: LoginCheck | Unknown | Unfit
    alerts: AlertPath
    second: SecondChannelCheck | Unknown | Unfit
    pages: bool
    """Whether people can reach one-time pages: `web.public_url`."""
    plain: bool

    @property
    def hindered(self) -> tuple[Refused, ...]:
        """What keeps commands from working; rules that name some objects leave others out on purpose."""
        found = self.refused if isinstance(self.refused, tuple) else ()
        return tuple(each for each in found if not each.partly)

    @property
    def left_out(self) -> tuple[Refused, ...]:
        """What the rules allow for some objects and not for these."""
        found = self.refused if isinstance(self.refused, tuple) else ()
        return tuple(each for each in found if each.partly)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """How each part is."""
        rooms = [each.verdict for each in self.rooms] if isinstance(self.rooms, tuple) else [_verdict(self.rooms)]
        second = self.second.verdict if isinstance(self.second, SecondChannelCheck) else _verdict(self.second)
        login = self.login.verdict if isinstance(self.login, LoginCheck) else _verdict(self.login)
        return (
            _verdict(self.refused),
            *[Verdict.WARN] * bool(self.hindered),
            *rooms,
            *(each.verdict for each in self.neighbours),
            login,
            self.alerts.verdict,
            second,
        )

    @property
    def verdict(self) -> Verdict:
        """The worst of it."""
        return worst(self.verdicts)

    @property
    def exit_code(self) -> int:
        """For the command line: 1 something has to be changed, 2 something could not be asked, 0 neither."""
        if {Verdict.BAD, Verdict.WARN} & {*self.verdicts}:
            return 1
        return 2 if Verdict.UNKNOWN in self.verdicts else 0


@command(
    "doctor",
    summary="Ask what I may do and whom I reach",
    examples=("!doctor", "!doctor --cluster staging"),
    # Rules name their objects, so it must know which there are.
    needs=looks(*READY_KINDS, Kind.CLUSTERS),
)
async def doctor(ctx: Context) -> DoctorReport:
    """Ask the API server which commands it would refuse, and every neighbour whether it is fit for us."""
    limit = ctx.settings.limits.probe
    async with asyncio.TaskGroup() as tasks:
        version = tasks.create_task(_ask(ctx.neighbours.kubernetes.version(), limit))
        refused = tasks.create_task(_ask(permissions(ctx), ctx.settings.limits.command * PART))
        rooms = tasks.create_task(_ask(_rooms(ctx), limit))
        others = tasks.create_task(neighbours(ctx, limit))
        login = tasks.create_task(_ask(_login(ctx), limit))
        alerts = tasks.create_task(_alerts(ctx, limit))
        second = tasks.create_task(_ask(_second(ctx), limit))
    return DoctorReport(
        as_of=ctx.clock(),
        cluster=version.result(),
        commands=sum(bool(each.needs) for each in ctx.commands),
        refused=refused.result(),
        rooms=rooms.result(),
        neighbours=others.result(),
        login=login.result(),
        alerts=alerts.result(),
        second=second.result(),
        pages=ctx.settings.web.public_url is not None,
        plain=ctx.settings.plain,
    )


def pointing(webhooks: tuple[str, ...], rooms: frozenset[str]) -> Pointing:
    """Tell whether one of these addresses leads to a room of ours; behind which host we are is not ours to know."""
    if any(_room_of(url) in rooms for url in webhooks):
        return Pointing.HERE
    return Pointing.HIDDEN if HIDDEN in webhooks else Pointing.ELSEWHERE


def _room_of(url: str) -> str:
    try:
        before, _, name = urlsplit(url).path.rstrip("/").rpartition("/")
    except ValueError:
        return ""
    return unquote(name) if before.endswith("/alerts") else ""


async def _alerts(ctx: Context, limit: timedelta) -> AlertPath:
    webhooks, arrived = await asyncio.gather(
        ask(ctx.neighbours.alertmanager.webhooks(), limit), ask(_arrived(ctx), limit)
    )
    rooms = frozenset((*ctx.settings.rooms, *ctx.settings.rooms.values()))
    return AlertPath(webhooks if isinstance(webhooks, Unknown) else pointing(webhooks, rooms), arrived)


async def _arrived(ctx: Context) -> int:
    samples = await ctx.neighbours.prometheus.query(_ARRIVED)
    if not samples:
        raise Missing("prometheus", "it does not scrape me")
    return int(samples[0].value)


async def _rooms(ctx: Context) -> tuple[RoomCheck, ...]:
    matrix = ctx.neighbours.matrix
    await matrix.open()
    joined = set(await matrix.joined())
    return tuple(await asyncio.gather(*(_room(ctx, name, joined) for name in ctx.settings.rooms)))


async def _room(ctx: Context, name: str, joined: set[RoomId]) -> RoomCheck:
    matrix, told = ctx.neighbours.matrix, ctx.settings.rooms[name]
    room = await matrix.resolve(told) if told.startswith("#") else RoomId(told)
    if room not in joined:
        return RoomCheck(name, joined=False)
    wanted = (Power.POST, Power.REACT, Power.REDACT, *(() if not ctx.settings.alerts.board else (Power.PIN,)))
    levels, facts = await asyncio.gather(matrix.power_levels(room), matrix.room_facts(room))
    return RoomCheck(
        name,
        joined=True,
        lacks=lacking(levels, ctx.settings.matrix.user, wanted),
        is_open=facts.open_to_anybody,
    )


async def _login(ctx: Context) -> LoginCheck:
    account, granted = ctx.neighbours.kv.account, grants(ctx.settings.openbao.mount)
    me = await account.identity()
    found = await account.capabilities(tuple(each.sample for each in granted))
    return LoginCheck(me, missing(granted, found))


async def _second(ctx: Context) -> SecondChannelCheck:
    return SecondChannelCheck(*await ctx.neighbours.second.usable())


async def _ask(question: Awaitable[Answer], limit: timedelta) -> Answer | Unknown | Unfit:
    """Return the answer, why there is none, or why there never will be."""

    async def definite() -> Answer | Unfit:
        try:
            return await question
        except (Denied, LoggedOut, Missing, Rejected) as error:
            return Unfit(error.reason)

    return await ask(definite(), limit)


def _verdict(found: object) -> Verdict:
    if isinstance(found, Unfit):
        return Verdict.BAD
    return Verdict.UNKNOWN if isinstance(found, Unknown) else Verdict.OK
