"""Giving shares to a pod: the real OpenBao's own answers, and servers that are none."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from bot.clients.http import Http
from bot.clients.unsealing import Unsealing, wipe
from bot.core.errors import NeighbourError, Rejected, Unreachable
from bot.demo.openbao import OpenBao
from tests.clients.test_http import serving

SHARE = "ab" * 33


@pytest.fixture
async def unsealing() -> AsyncIterator[Unsealing]:
    async with Http() as http:
        yield Unsealing(http)


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """An OpenBao of its own, sealed."""
    server = OpenBao(tmp_path_factory.mktemp("unsealing"))
    server.start()
    server.initialise()
    yield server
    server.stop()


def share(text: str) -> bytearray:
    return bytearray(text.encode())


@pytest.mark.real
async def test_each_share_moves_the_real_one_and_a_repeated_one_does_not(bao: OpenBao, unsealing: Unsealing) -> None:
    await unsealing.reset(bao.url)

    answers = [await unsealing.give(bao.url, share(bao.keys.shares[number])) for number in (0, 1, 1)]
    after = await unsealing.reset(bao.url)

    assert [each.progress for each in answers if each] == [1, 2, 2]
    assert len({each.nonce for each in answers if each}) == 1
    assert (after.progress, after.nonce, after.sealed) == (0, "", True)


@pytest.mark.real
@pytest.mark.parametrize("bad", ["ab" * 4, "zz" * 33, "_-" * 22])
async def test_what_it_cannot_read_it_does_not_take(bao: OpenBao, unsealing: Unsealing, bad: str) -> None:
    assert await unsealing.give(bao.url, share(bad)) is None


@pytest.mark.real
async def test_a_set_that_does_not_fit_is_not_taken_and_gone(bao: OpenBao, unsealing: Unsealing) -> None:
    await unsealing.reset(bao.url)
    await unsealing.give(bao.url, share(bao.keys.shares[0]))
    await unsealing.give(bao.url, share(bao.keys.shares[1]))

    taken = await unsealing.give(bao.url, share("00" * 33))

    assert taken is None
    assert (await asyncio.to_thread(bao.status))["progress"] == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_share_is_not_sent_where_somebody_points(unsealing: Unsealing, status: int) -> None:
    elsewhere: list[bytes] = []

    async def collect(request: web.Request) -> web.Response:
        elsewhere.append(await request.read())
        return web.Response()

    async with serving(collect) as thief:

        async def point(_: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": f"{thief}/v1/sys/unseal"})

        async with serving(point) as pod:
            with pytest.raises(Rejected, match="points elsewhere"):
                await unsealing.give(pod, share(SHARE))

    assert elsewhere == []


async def test_a_pod_that_hangs_is_waited_for_no_longer_than_the_limit_and_asked_once() -> None:
    asked: list[str] = []

    async def hang(request: web.Request) -> web.Response:
        asked.append(request.method)
        await asyncio.sleep(60)
        return web.Response()

    async with serving(hang) as pod, Http() as http:
        with pytest.raises(Unreachable, match=r"no answer in 0\.5 s"):
            await Unsealing(http, limit=timedelta(seconds=0.5)).give(pod, share(SHARE))

    assert set(asked) <= {"PUT"}
    assert len(asked) <= 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"sealed": true}',
        b'{"initialized": true, "sealed": "perhaps", "t": 3, "n": 5, "progress": 0}',
        json.dumps({"initialized": True, "sealed": True, "t": -3, "n": 5, "progress": 0}).encode(),
        b"[" * 100_000,
    ],
    ids=["empty", "html", "list", "half", "perhaps", "negative", "deep"],
)
async def test_what_is_no_seal_status_is_no_answer(unsealing: Unsealing, body: bytes) -> None:
    async def babble(_: web.Request) -> web.Response:
        return web.Response(body=body)

    async with serving(babble) as pod:
        with pytest.raises(Unreachable, match="unreadable answer"):
            await unsealing.give(pod, share(SHARE))


@pytest.mark.parametrize("status", [200, 403, 404, 405, 429, 500, 503])
async def test_nothing_that_goes_wrong_repeats_the_share_or_the_servers_words(
    unsealing: Unsealing, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def echo(request: web.Request) -> web.Response:
        # Since 2.6 OpenBao quotes what it could not parse.
        return web.Response(status=status, body=b"could not read " + await request.read())

    async with serving(echo) as pod:
        with caplog.at_level("DEBUG"), pytest.raises(NeighbourError) as failed:
            await unsealing.give(pod, share(SHARE))

    error: BaseException | None = failed.value
    while error:
        # The cause of an unreadable answer holds what was read: no traceback prints it, and it goes no further.
        assert SHARE not in f"{error} {error!r}"
        error = error.__cause__
    assert SHARE not in caplog.text


async def test_a_pod_that_is_away_is_said_to_be(unsealing: Unsealing, tmp_path: Path) -> None:
    gone = OpenBao(tmp_path)

    with pytest.raises(Unreachable, match="connection refused"):
        await unsealing.give(gone.url, share(SHARE))


async def test_the_callers_bytes_are_left_to_the_caller_who_wipes_them(unsealing: Unsealing) -> None:
    given, sent = share(SHARE), []

    async def listen(request: web.Request) -> web.Response:
        sent.append(await request.json())
        return web.json_response({"initialized": True, "sealed": True, "t": 3, "n": 5, "progress": 1, "nonce": "n"})

    async with serving(listen) as pod:
        await unsealing.give(pod, given)
    assert given == share(SHARE)
    wipe(given)

    assert sent == [{"key": SHARE}]
    assert given == bytearray(len(SHARE))
