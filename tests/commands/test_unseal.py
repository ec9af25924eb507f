"""Whole ceremonies with the real OpenBao, and one that hangs, restarts, doubles or points away; time is stepped."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.command import ActionContext, Context
from bot.core.errors import UsageError
from bot.core.names import UserId
from bot.core.once import Fate, Outcome, Want
from bot.demo.openbao import OpenBao
from commands.ceremony import Invitation, UnsealReport
from commands.unseal import unseal, unseal_cancel
from formatters import FORMATTERS
from formatters.render import render
from tests.clients.test_http import serving
from tests.commands.conftest import House, acting

pytestmark = pytest.mark.real

ANNA, BEN, CLEO, DORA, EVE = (UserId(f"@{name}:example.org") for name in ("anna", "ben", "cleo", "dora", "eve"))
HOLDERS = (ANNA, BEN, CLEO, DORA, EVE)
WRONG = "00" * 33
Take = Callable[[bytearray], Awaitable[Outcome]]


@dataclass
class Team:
    """Five people with a share each, the pages they were sent, and what the room saw."""

    house: House
    pages: dict[UserId, Take] = field(default_factory=dict)
    sent: list[UserId] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    away: set[UserId] = field(default_factory=set)
    """Who no letter reaches."""
    shown: list[str] = field(default_factory=list)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    ctx: ActionContext = field(init=False)

    def page(self, person: UserId, want: Want, about: str, take: Take) -> str:
        assert want is Want.SHARE
        assert about
        self.pages[person] = take
        return f"https://ops.example.org/once/{person}{len(self.sent)}"

    async def letter(self, person: UserId, letter: Invitation) -> bool:
        assert letter.address
        if person not in self.away:
            self.sent.append(person)
        return person not in self.away

    async def close(self, address: str) -> None:
        self.closed.append(address)

    async def show(self, result: Any) -> None:
        self.shown.append(words(result))
        self.moved.set()

    async def until(self, *parts: str) -> str:
        """Wait until the room reads all of this in one message."""
        async with asyncio.timeout(60):
            while not (seen := [each for each in self.shown if all(part in each for part in parts)]):
                self.moved.clear()
                await self.moved.wait()
        return seen[-1]

    async def give(self, person: UserId, share: str) -> Outcome:
        return await self.pages[person](bytearray(share.encode()))


def words(result: Any) -> str:
    return render(result, formatters=FORMATTERS).body


@pytest.fixture
def team(house: House) -> Team:
    house.settings["people"] = {person: {"role": "admin", "key_holder": True} for person in HOLDERS}
    return Team(house)


@asynccontextmanager
async def opened(team: Team, *urls: str) -> AsyncIterator[Context]:
    """Open the house with these pods, and give the action its means."""
    team.house.bao_urls = urls
    async with team.house.open() as ctx:
        team.ctx = acting(replace(ctx, show=team.show), page=team.page, letter=team.letter, close_page=team.close)
        yield ctx


@asynccontextmanager
async def ceremony(team: Team) -> AsyncIterator["asyncio.Task[UnsealReport]"]:
    """Let somebody say !unseal, and wait until the pages are out."""
    team.shown.clear()
    task: asyncio.Task[UnsealReport] = asyncio.ensure_future(unseal.handler(team.ctx))
    waiting = asyncio.create_task(team.until("OpenBao is sealed"))
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        yield task
    finally:
        for each in (waiting, task):
            each.cancel()
            with suppress(asyncio.CancelledError, UsageError):
                await each


def impatient(team: Team, seconds: float) -> None:
    """Give the clients so much patience."""
    team.ctx.neighbours.unsealing._limit = timedelta(seconds=seconds)
    team.ctx.neighbours.openbao._limit = timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """Five shares, three needed."""
    server = OpenBao(tmp_path_factory.mktemp("ceremonies"))
    server.start()
    server.initialise()
    yield server
    server.stop()


@pytest.fixture
def sealed(bao: OpenBao) -> Iterator[OpenBao]:
    """Sealed, and given nothing yet."""
    bao.stop()
    bao.start()
    yield bao
    bao.resume()


@pytest.fixture
def twin(sealed: OpenBao, tmp_path: Path) -> Iterator[OpenBao]:
    """A second pod with the same keys."""
    sealed.stop()
    shutil.copytree(sealed.directory / "raft", tmp_path / "twin" / "raft")
    server = OpenBao(tmp_path / "twin")
    server._keys = sealed.keys
    sealed.start()
    server.start()
    yield server
    server.stop()


async def test_three_of_five_open_it_and_are_thanked_by_name(team: Team, sealed: OpenBao) -> None:
    async with opened(team, sealed.url), ceremony(team) as task:
        fates = [await team.give(who, sealed.keys.shares[number]) for number, who in enumerate((EVE, ANNA, CLEO))]
        report = await task

    assert [(each.fate, each.progress) for each in fates] == [(Fate.COUNTED, 1), (Fate.COUNTED, 2), (Fate.OPENED, 0)]
    assert team.sent == list(HOLDERS)
    assert len(team.closed) == len(HOLDERS)
    assert words(report).startswith("✅ Unsealed 127.0.0.1 in ")
    assert "Given by @eve:example.org @anna:example.org @cleo:example.org" in words(report)


async def test_one_of_one_is_opened_by_one_and_a_wrong_one_is_called_so(team: Team, tmp_path: Path) -> None:
    alone = OpenBao(tmp_path / "alone")
    await asyncio.to_thread(alone.start)
    await asyncio.to_thread(alone.initialise, 1, 1)
    try:
        async with opened(team, alone.url):
            async with ceremony(team) as task:
                wrong = await team.give(ANNA, "00" * 32)
                failed = await task
            async with ceremony(team) as task:
                right = await team.give(ANNA, alone.keys.shares[0])
                report = await task
    finally:
        await asyncio.to_thread(alone.stop)

    assert (wrong.fate, right.fate) == (Fate.WRONG, Fate.OPENED)
    assert words(failed).startswith("❌ The share did not fit: it is of another key, or was not whole")
    assert words(report).startswith("✅ Unsealed")


async def test_one_wrong_share_of_three_spoils_the_set_and_ends_it(team: Team, sealed: OpenBao) -> None:
    async with opened(team, sealed.url), ceremony(team) as task:
        fates = [await team.give(*each) for each in ((ANNA, sealed.keys.shares[0]), (BEN, WRONG), (CLEO, WRONG))]
        last = await team.give(CLEO, sealed.keys.shares[2])
        report = await task

    # The same wrong one twice counts once, as a right one does.
    assert [each.fate for each in fates] == [Fate.COUNTED, Fate.COUNTED, Fate.REPEATED]
    assert last.fate is Fate.WRONG
    assert words(report).startswith("❌ The 3 shares did not fit: one was wrong, start again")


@pytest.mark.parametrize("how", ["reset", "restart"])
async def test_a_count_that_begins_anew_is_said_and_who_gave_is_asked_again(
    team: Team, sealed: OpenBao, how: str
) -> None:
    async with opened(team, sealed.url), ceremony(team) as task:
        await team.give(ANNA, sealed.keys.shares[0])
        await team.until("●○○ 1/3")
        if how == "reset":
            await asyncio.to_thread(sealed.reset)
        else:
            await asyncio.to_thread(sealed.stop)
            await asyncio.to_thread(sealed.start)
        said = await team.until("○○○ 0/3", "began anew: somebody reset it, or the pod restarted")
        for number, who in enumerate((ANNA, BEN, CLEO)):
            await team.give(who, sealed.keys.shares[number])
        report = await task

    assert "Waiting for 3 of" in said
    assert team.sent == [*HOLDERS, ANNA]
    assert words(report).startswith("✅ Unsealed")


async def test_a_stranger_who_resets_it_time_and_again_has_nobody_asked_for_ever(team: Team, sealed: OpenBao) -> None:
    async with opened(team, sealed.url), ceremony(team):
        for _ in range(5):
            await team.give(ANNA, sealed.keys.shares[0])
            await team.until("●○○ 1/3")
            team.shown.clear()
            await asyncio.to_thread(sealed.reset)
            await team.until("○○○ 0/3")
            team.shown.clear()

    assert team.sent == [*HOLDERS, ANNA, ANNA, ANNA]


async def test_each_of_two_pods_gets_each_share(team: Team, sealed: OpenBao, twin: OpenBao) -> None:
    async with opened(team, sealed.url, twin.url), ceremony(team) as task:
        await team.give(ANNA, sealed.keys.shares[0])
        half = await team.until("2 of 2 pods", "1/3")
        await team.give(BEN, sealed.keys.shares[1])
        last = await team.give(CLEO, sealed.keys.shares[2])
        report = await task

    assert half.count("●○○ 1/3") == 2
    assert last.fate is Fate.OPENED
    assert [each.status()["sealed"] for each in (sealed, twin)] == [False, False]
    assert words(report).startswith("✅ Unsealed 127.0.0.1:")


async def test_one_of_two_pods_that_restarts_gets_its_shares_from_the_others(
    team: Team, sealed: OpenBao, twin: OpenBao
) -> None:
    async with opened(team, sealed.url, twin.url), ceremony(team) as task:
        for number, who in enumerate((ANNA, BEN)):
            await team.give(who, sealed.keys.shares[number])
        await asyncio.to_thread(twin.stop)
        await asyncio.to_thread(twin.start)
        await team.until("●●○ 2/3", "○○○ 0/3", "began anew")
        third = await team.give(CLEO, sealed.keys.shares[2])
        await team.give(DORA, sealed.keys.shares[3])
        last = await team.give(EVE, sealed.keys.shares[4])
        report = await task

    # One pod is open by now, the other counts its first: nobody is told that all is done.
    assert (third.fate, third.progress, third.threshold) == (Fate.COUNTED, 1, 3)
    assert last.fate is Fate.OPENED
    assert words(report).startswith("✅ Unsealed")


async def test_a_pod_that_hangs_may_be_given_the_same_share_again_when_it_wakes(team: Team, sealed: OpenBao) -> None:
    async with opened(team, sealed.url), ceremony(team) as task:
        await team.give(ANNA, sealed.keys.shares[0])
        impatient(team, 0.5)
        sealed.pause()
        hung = [await team.give(BEN, sealed.keys.shares[1]), await team.give(CLEO, sealed.keys.shares[2])]
        said = await team.until("no answer in 0.5 s")
        impatient(team, 10)
        sealed.resume()
        again = [await team.give(BEN, sealed.keys.shares[1]), await team.give(CLEO, sealed.keys.shares[2])]
        report = await task

    # Whether the hanging pod had heard the first ones is not known, and makes no difference.
    assert [each.fate for each in hung] == [Fate.UNREACHABLE, Fate.UNREACHABLE]
    assert {each.fate for each in again} <= {Fate.COUNTED, Fate.REPEATED, Fate.OPENED, Fate.OVER}
    assert "❔" in said
    assert words(report).startswith("✅ Unsealed")


async def test_a_pod_that_points_elsewhere_gets_no_share_sent_there(team: Team, sealed: OpenBao) -> None:
    stolen: list[bytes] = []

    async def thief(request: web.Request) -> web.Response:
        stolen.append(await request.read())
        return web.json_response({})

    async with serving(thief) as elsewhere:

        async def pod(request: web.Request) -> web.Response:
            if request.method == "PUT":
                return web.Response(status=307, headers={"Location": f"{elsewhere}{request.path}"})
            return web.json_response(await asyncio.to_thread(sealed.status))

        async with serving(pod) as url, opened(team, url), ceremony(team):
            outcome = await team.give(ANNA, sealed.keys.shares[0])
            said = await team.until("❔ 127.0.0.1 took no share: it points elsewhere, and a share goes nowhere else")

    assert outcome.fate is Fate.UNREACHABLE
    assert "OpenBao is sealed" in said
    assert stolen == []


async def test_ten_minutes_without_enough_shares_end_it_and_what_was_given_stays(team: Team, sealed: OpenBao) -> None:
    async with opened(team, sealed.url), ceremony(team) as task:
        await team.give(ANNA, sealed.keys.shares[0])
        report = await task
        late = await team.give(BEN, sealed.keys.shares[1])

    assert words(report).startswith("⏰ Expired — OpenBao is still sealed, 127.0.0.1 ●○○ 1/3")
    assert "What was given stays counted" in words(report)
    assert late.fate is Fate.OVER
    assert sealed.status()["progress"] == 1
    assert len(team.closed) == len(HOLDERS)


async def test_a_pod_that_hangs_does_not_keep_a_ceremony_from_ending(team: Team, sealed: OpenBao) -> None:
    async with opened(team, sealed.url), ceremony(team) as task:
        impatient(team, 0.01)
        sealed.pause()
        report = await task
        sealed.resume()

    assert words(report).startswith("⏰ Expired — OpenBao is still sealed, 127.0.0.1 ❔ no answer in 0.01 s")
    assert report.took < timedelta(minutes=11)


async def test_who_could_not_be_sent_a_page_is_named(team: Team, sealed: OpenBao) -> None:
    team.away = {DORA}
    async with opened(team, sealed.url), ceremony(team):
        said = await team.until("Could not send a page to @dora:example.org")

    assert "Waiting for 3 of @anna:example.org @ben:example.org @cleo:example.org @eve:example.org" in said


@pytest.mark.parametrize("bad", ["", "hello", '"},{"reset":true', "ab" * 200])
async def test_what_cannot_be_a_share_never_leaves_the_bot(team: Team, sealed: OpenBao, bad: str) -> None:
    async with opened(team, sealed.url), ceremony(team):
        outcome = await team.give(ANNA, bad)

    assert outcome == Outcome(Fate.MALFORMED)
    assert sealed.status()["progress"] == 0


async def test_what_is_open_already_is_said_before_anybody_is_troubled(team: Team, sealed: OpenBao) -> None:
    await asyncio.to_thread(sealed.unseal, sealed.keys.shares[:3])
    async with opened(team, sealed.url):
        with pytest.raises(UsageError, match="unsealed already"):
            await unseal.handler(team.ctx)

    assert team.sent == []


async def test_opened_by_somebody_else_meanwhile_it_ends_well(team: Team, sealed: OpenBao) -> None:
    async with opened(team, sealed.url), ceremony(team) as task:
        await team.give(ANNA, sealed.keys.shares[0])
        await asyncio.to_thread(sealed.unseal, sealed.keys.shares[1:3])
        report = await task

    assert words(report).startswith("✅ Unsealed")
    assert report.gave == (ANNA,)


async def test_cancelling_has_every_pod_forget(team: Team, sealed: OpenBao, twin: OpenBao) -> None:
    async with opened(team, sealed.url, twin.url), ceremony(team) as task:
        await team.give(ANNA, sealed.keys.shares[0])
        result = await unseal_cancel.handler(team.ctx)
        team.house.stopped.set()
        report = await task

    assert [each.status()["progress"] for each in (sealed, twin)] == [0, 0]
    assert words(result).count("○○○ 0/3") == 2
    assert words(report).startswith("❌ Unsealing cancelled — OpenBao is still sealed")
