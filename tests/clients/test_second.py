"""The second channel: what arrives at an address, what is told of one that fails, and that none is ever quoted."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.clients.second import SecondChannel
from bot.core.errors import NeighbourError, Unreachable
from bot.demo.loopback import free_port

SECRET = "obviously-secret"


class Address:
    """An address on loopback that Apprise's `json` speaks to; it keeps what came."""

    def __init__(self) -> None:
        self.came: list[dict[str, Any]] = []
        self.pause = 0.0
        self.status = 200
        self.elsewhere: str | None = None

    async def take(self, request: web.Request) -> web.Response:
        self.came.append(await request.json())
        await asyncio.sleep(self.pause)
        headers = {"Location": self.elsewhere} if self.elsewhere else None
        return web.Response(status=self.status, headers=headers)

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/{anything}", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        self.port = free_port()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        return runner

    @property
    def url(self) -> str:
        # With a user: without one, requests warns of what it will do in its next version.
        return f"json://anna:{SECRET}@127.0.0.1:{self.port}/{SECRET}"


@pytest.fixture
async def address() -> AsyncIterator[Address]:
    here = Address()
    runner = await here.start()
    yield here
    await runner.cleanup()


def channel(*urls: str, **changed: Any) -> SecondChannel:
    return SecondChannel(lambda: urls, **changed)


async def test_title_and_text_arrive_as_they_are(address: Address) -> None:
    sent = await channel(address.url).tell("🔥 CRITICAL Down — data/postgres #k7", "It is <down>\n• *postgres-1*")

    assert sent == 1
    assert [(each["title"], each["message"]) for each in address.came] == [
        ("🔥 CRITICAL Down — data/postgres #k7", "It is <down>\n• *postgres-1*")
    ]


async def test_one_address_that_fails_keeps_it_from_no_other(address: Address) -> None:
    closed = f"json://anna:{SECRET}@127.0.0.1:{free_port()}/"

    sent = await channel(closed, "nonsense", address.url).tell("Down", "down")

    assert (sent, len(address.came)) == (1, 1)


async def test_a_refusal_counts_as_not_sent(address: Address) -> None:
    address.status = 500

    with pytest.raises(Unreachable, match="none of 1 took it"):
        await channel(address.url).tell("Down", "down")


async def test_a_redirect_is_not_followed(address: Address) -> None:
    other = Address()
    runner = await other.start()
    address.status, address.elsewhere = 307, f"http://127.0.0.1:{other.port}/elsewhere"

    with pytest.raises(Unreachable):
        await channel(address.url).tell("Down", "down")

    assert other.came == []
    await runner.cleanup()


async def test_an_address_that_hangs_is_given_up(address: Address) -> None:
    address.pause = 2.0

    with pytest.raises(Unreachable):
        async with asyncio.timeout(1.5):
            await channel(address.url, limit=timedelta(seconds=0.5)).tell("Down", "down")


async def test_an_address_that_hangs_hides_no_success_of_another(address: Address) -> None:
    other = Address()
    runner = await other.start()
    address.pause = 2.0

    assert await channel(address.url, other.url, limit=timedelta(seconds=0.5)).tell("Down", "down") == 1
    await runner.cleanup()


@pytest.mark.parametrize(
    "broken", ["json://{secret}:x@[/", "nonsense://{secret}", "json://a:{secret}@127.0.0.1:{port}/"]
)
async def test_no_address_is_quoted_or_logged(
    broken: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)

    with pytest.raises(Unreachable) as raised:
        await channel(broken.format(secret=SECRET, port=free_port())).tell("Down", "down")

    said = capfd.readouterr()
    assert SECRET not in f"{raised.value!r} {raised.value.__cause__!r} {caplog.text} {said.out} {said.err}"


async def test_without_addresses_there_is_none() -> None:
    assert not SecondChannel(None).configured
    assert channel().configured
    with pytest.raises(Unreachable):
        await channel().tell("Down", "down")


async def test_a_file_that_cannot_be_read_is_a_failure_like_others() -> None:
    def addresses() -> tuple[str, ...]:
        raise NeighbourError("secret file", "cannot be read")

    with pytest.raises(NeighbourError, match="cannot be read"):
        await SecondChannel(addresses).tell("Down", "down")


async def test_every_attempt_is_counted(address: Address) -> None:
    counted: list[str] = []

    await channel(address.url, count=lambda _, result: counted.append(result)).tell("Down", "down")
    address.status = 500
    with pytest.raises(Unreachable):
        await channel(address.url, count=lambda _, result: counted.append(result)).tell("Down", "down")

    assert counted == ["sent", "unreachable"]


async def test_addresses_are_read_without_anything_being_sent(address: Address) -> None:
    channel = SecondChannel(lambda: (address.url, "nonsense", f"unheard-of://{SECRET}"))

    assert await channel.usable() == (1, 3)
    assert await SecondChannel(None).usable() == (0, 0)
    assert address.came == []
