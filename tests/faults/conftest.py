"""A stage with a faulty proxy between the bot and its homeserver, and what every fault test asks of them."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.demo.homeserver import Homeserver
from bot.demo.ledgers import Promised, Verdict, judge
from bot.demo.openbao import OpenBao
from bot.demo.ordeal import Sender, sender
from bot.demo.proxy import FaultyProxy
from bot.demo.stage import Stage
from bot.demo.view import View

_NUMBERS = itertools.count(1)
SETTINGS = {"limits": {"per_person": 1000, "storm": 0}}
"""Without storms: here every group is to have its own card, however many there are."""


@pytest.fixture
async def proxy(homeserver: Homeserver) -> AsyncIterator[FaultyProxy]:
    proxy = FaultyProxy(homeserver.url, seed=1)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def stage(tmp_path: Path, homeserver: Homeserver, openbao: OpenBao, proxy: FaultyProxy) -> AsyncIterator[Stage]:
    """Everything but the bot; it reaches the shared homeserver through the proxy, under a name of its own."""
    name = f"faults{next(_NUMBERS)}"
    async with Stage(
        tmp_path, homeserver=homeserver, openbao=openbao, homeserver_url=proxy.url, name=name, settings=SETTINGS
    ) as stage:
        yield stage


class Witness:
    """Somebody in the room, and the ledger of what was promised to them."""

    def __init__(self, stage: Stage, posts: Sender) -> None:
        assert stage.homeserver
        self.stage = stage
        self.posts = posts
        self.promised = posts.promised
        self.view = View(stage.homeserver, stage.sessions["anna"], stage.room)

    def verdict(self) -> Verdict:
        return judge(self.promised, self.view.seen, self.stage.user)

    async def until(self, true: Callable[[], bool], seconds: float = 20.0) -> None:
        """Look until something is so; raise TimeoutError."""
        async with asyncio.timeout(seconds):
            while not true():
                await self.view.look(1.0)

    async def until_kept(self, seconds: float = 20.0) -> Verdict:
        """Look until nothing is missing, and a moment longer for what may be doubled."""
        await self.until(lambda: not self.verdict().missing, seconds)
        await self.view.look(0.5)
        return self.verdict()

    async def say(self, words: str) -> None:
        """Say something that has to be answered."""
        self.promised.commands[await self.view.say(words)] = words

    def bodies(self) -> list[str]:
        return [seen.body for seen in self.view.seen if seen.sender == self.stage.user]


@pytest.fixture
async def witness(stage: Stage) -> AsyncIterator[Witness]:
    async with sender(stage, Promised()) as posts:
        witness = Witness(stage, posts)
        await witness.view.open()
        yield witness
