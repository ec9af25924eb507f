"""Slow, half-finished and exploding requests cost the others nothing (threat model T4, faults F11)."""

import asyncio
import resource
import time
import zlib

from bot.core.webhook import parse
from tests.web.conftest import BEARER, House, Socket, alerts, asked, dial, head, opened

MIB = 1024 * 1024


async def lag(seconds: float, step: float = 0.005) -> float:
    """Return by how much the event loop was late at worst during that time."""
    worst, end = 0.0, time.monotonic() + seconds
    while (before := time.monotonic()) < end:
        await asyncio.sleep(step)
        worst = max(worst, time.monotonic() - before - step)
    return worst


async def crowd(house: House, number: int, *parts: str | bytes) -> list[Socket]:
    sockets = list(await asyncio.gather(*(dial(house) for _ in range(number))))
    for socket in sockets:
        await socket.send(*parts)
    return sockets


async def quick(house: House, body: bytes | None = None) -> float:
    """Return how long a good alert takes; it must be taken."""
    began = time.monotonic()
    status, _, _ = await asked(house, BEARER, body=alerts() if body is None else body)
    assert status == 200
    return time.monotonic() - began


async def test_headers_that_never_end_are_cut_and_hinder_nobody() -> None:
    async with opened(header_seconds=0.4) as house:
        silent = await crowd(house, 100)
        slow = await crowd(house, 100, "POST /alerts/ops HTTP/1.1\r\nHost: bot\r\nX-Slow: ")

        took = await quick(house)
        for _ in range(4):
            await asyncio.gather(*(socket.send("x") for socket in slow), return_exceptions=True)
            await asyncio.sleep(0.1)
        cut = await asyncio.gather(*(socket.ended(1) for socket in silent + slow))

        assert took < 0.5
        assert all(cut)
        assert house.refusals("slow_headers") == 200


async def test_headers_dribbled_on_a_kept_connection_are_cut_too() -> None:
    async with opened(header_seconds=0.2) as house:
        socket = await dial(house)
        await socket.send(head(BEARER, f"Content-Length: {len(alerts())}"), alerts())
        first, _, _ = await socket.answer()
        await asyncio.sleep(0.4)
        await socket.send("POST /alerts")

        closed = await socket.ended(1)

        assert first == 200
        assert closed
        assert house.refusals("slow_headers") == 1


async def test_a_kept_connection_may_be_idle_longer_than_headers_may_take() -> None:
    async with opened(header_seconds=0.1) as house:
        socket = await dial(house)
        answers = []

        for _ in range(2):
            await socket.send(head(BEARER, f"Content-Length: {len(alerts())}"), alerts())
            answers.append((await socket.answer())[0])
            await asyncio.sleep(0.3)

        assert answers == [200, 200]


async def test_an_idle_connection_is_let_go_of_in_the_end() -> None:
    async with opened(idle_seconds=0.2) as house:
        socket = await dial(house)
        await socket.send(head(BEARER, f"Content-Length: {len(alerts())}"), alerts())
        await socket.answer()

        assert await socket.ended(2)


async def test_bodies_that_never_end_hinder_nobody_with_or_without_a_token() -> None:
    async with opened(places=2, body_seconds=0.5, place_seconds=0.1, linger_seconds=0.1) as house:
        strangers = await crowd(house, 100, head("Content-Length: 1000000"), b'{"alerts":')
        slow = await crowd(house, 100, head(BEARER, "Content-Length: 1000000"), b'{"alerts":')

        took = await quick(house)
        large = await quick(house, alerts(500, words=400))
        answers = await asyncio.gather(*(socket.answer() for socket in strangers + slow))

        assert max(took, large) < 0.5
        assert [status for status, _, _ in answers] == [401] * 100 + [503] * 100
        assert house.results("slow") == 100


async def test_long_bodies_wait_for_a_place_and_are_sent_away_kindly_while_short_ones_pass() -> None:
    async with opened(places=2, body_seconds=1, place_seconds=0.2) as house:
        holders = await crowd(house, 2, head(BEARER, "Content-Length: 1000000"), bytes(200_000))
        await asyncio.sleep(0.1)

        busy, _, text = await asked(house, BEARER, body=alerts(500, words=400))
        took = await quick(house)
        held = [(await socket.answer())[0] for socket in holders]
        freed = await quick(house, alerts(500, words=400))

        assert (busy, text) == (503, "too many large webhooks at once, send it again\n")
        assert max(took, freed) < 0.5
        assert held == [503, 503]
        assert house.results("busy") == 1


def exploding(mebibytes: int) -> bytes:
    """Return gzip that becomes that much: a thousandth of it."""
    squeeze = zlib.compressobj(level=1, wbits=31)
    return b"".join(squeeze.compress(bytes(MIB)) for _ in range(mebibytes)) + squeeze.flush()


async def test_a_bomb_is_never_blown_up(house: House) -> None:
    bomb = exploding(256)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    watch = asyncio.create_task(lag(0.5))
    answers = await asyncio.gather(
        *(asked(house, BEARER, "Content-Encoding: gzip", body=bomb) for _ in range(10)),
        *(asked(house, "Content-Encoding: gzip", body=bomb) for _ in range(10)),
    )

    assert [status for status, _, _ in answers] == [400] * 10 + [401] * 10
    assert await watch < 0.1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 64 * 1024


async def test_a_very_large_webhook_does_not_stop_the_loop(house: House) -> None:
    body = alerts(9_000, words=700)

    shares = [await share_stopped(house, body) for _ in range(3)]

    assert len(body) > 7 * MIB
    # 40 ms of 160 where this was written. What stops the loop stops it each time, other processes only now and then.
    assert min(shares) < 0.6


async def share_stopped(house: House, body: bytes) -> float:
    """Return the longest that the loop stops while a webhook is taken, as a share of what reading it takes."""
    began = time.monotonic()
    parse(body)
    alone = time.monotonic() - began
    watch = asyncio.create_task(lag(1.0))
    await quick(house, body)
    return await watch / alone
