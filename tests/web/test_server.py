"""The rest of the door: health, metrics, strangers' paths and broken HTTP."""

import asyncio
import json

import pytest
from aiohttp import web

from bot.clients.metrics import Metrics
from bot.core.errors import StoreFailed
from bot.core.health import Check, Readiness
from bot.web.server import Door, address
from tests.web.conftest import BEARER, House, alerts, asked, dial, opened


async def test_livez_says_that_the_loop_turns(house: House) -> None:
    status, _, text = await asked(house, to="/livez", method="GET")

    assert (status, text) == (200, "ok\n")


async def test_readyz_is_content_when_everything_holds(house: House) -> None:
    status, _, text = await asked(house, to="/readyz", method="GET")

    assert status == 200
    assert json.loads(text) == {"ready": True, "lacking": {}}


async def test_readyz_names_what_is_lacking_and_nothing_else(house: House) -> None:
    checks = {"database": Check(ok=True, words="writable"), "sync": Check(ok=False, words="last one 134 s ago")}
    house.readiness = Readiness(checks)

    status, _, text = await asked(house, to="/readyz", method="GET")

    assert status == 503
    assert json.loads(text) == {"ready": False, "lacking": {"sync": "last one 134 s ago"}}


async def test_readiness_that_cannot_be_asked_is_no_readiness(house: House) -> None:
    house.readiness = StoreFailed("database is locked")

    status, _, text = await asked(house, to="/readyz", method="GET")

    assert status == 503
    assert json.loads(text) == {"ready": False, "lacking": {"readiness": "could not be asked"}}


async def test_nothing_checked_is_no_readiness(house: House) -> None:
    house.readiness = Readiness({})

    status, _, _ = await asked(house, to="/readyz", method="GET")

    assert status == 503


async def test_metrics_show_what_was_counted(house: House) -> None:
    await asked(house, BEARER, body=alerts())

    status, headers, text = await asked(house, to="/metrics", method="GET")

    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    assert 'opsbot_webhooks_total{result="ok"} 1.0' in text
    assert "opsbot_webhook_seconds_count 1.0" in text
    assert "opsbot_outbox_depth 0.0" in text


async def test_metrics_hold_no_text_from_outside(house: House) -> None:
    await asked(house, "Authorization: Bearer s3cret", body=b"s3cret", to="/alerts/s3cret")
    await asked(house, BEARER, body=b"s3cret", to="/alerts/s3cret")
    await asked(house, to="/s3cret", method="GET")
    await asked(house, to="/livez", method="S3CRET")

    _, _, text = await asked(house, to="/metrics", method="GET")

    assert "s3cret" not in text.lower()


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", 404),
        ("GET", "/livez/", 404),
        ("GET", "//livez", 404),
        ("POST", "/alerts", 404),
        ("GET", "/metrics/../livez", 404),
        ("GET", "/once/abc", 404),
        ("OPTIONS", "*", 404),
        ("GET", "/alerts/ops", 405),
        ("PUT", "/alerts/ops", 405),
        ("POST", "/livez", 405),
        ("DELETE", "/metrics", 405),
        ("HEAD", "/readyz", 405),
    ],
)
async def test_other_paths_and_methods_get_one_line(house: House, method: str, path: str, expected: int) -> None:
    socket = await dial(house)

    await socket.send(f"{method} {path} HTTP/1.1\r\nHost: bot\r\n\r\n")
    first = (await socket.reader.readuntil(b"\r\n\r\n")).decode()

    assert int(first.split()[1]) == expected
    assert await socket.ended()
    assert house.refusals("path" if expected == 404 else "method") == 1


@pytest.mark.parametrize(
    "request_text",
    [
        "s3cret\r\n\r\n",
        "GET /s3cret\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: s3cret\r\n\r\n",
        "GET / HTTP/1.1\r\nX-Large: " + "s3cret" * 2000 + "\r\n\r\n",
        "POST /alerts/ops HTTP/1.1\r\nHost: a\r\nContent-Length: s3cret\r\n\r\n",
        "POST /alerts/ops HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /alerts/ops HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET http://[s3cret/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT s3cret:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
async def test_broken_http_is_refused_without_repeating_it(
    house: House, request_text: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    socket = await dial(house)

    await socket.send(request_text)
    status, headers, text = await socket.answer()

    assert 400 <= status < 500
    assert text.count("\n") == 1
    assert headers["server"] == "opsbot"
    assert "s3cret" not in text + "".join(capsys.readouterr()) + caplog.text
    assert await socket.ended()


async def test_chunks_that_are_none_are_refused(house: House) -> None:
    socket = await dial(house)

    await socket.send(f"POST /alerts/ops HTTP/1.1\r\nHost: a\r\n{BEARER}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    status, _, _ = await socket.answer()

    assert status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/livez"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/x"), ("POST", "/alerts/x")],
)
async def test_every_answer_is_guarded_and_names_no_version(house: House, method: str, path: str) -> None:
    _, headers, _ = await asked(house, to=path, method=method)

    assert headers["server"] == "opsbot"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["connection"] == "close"


async def test_a_page_is_answered_below_its_prefix_only() -> None:
    async def page(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=request.method, headers={"Cache-Control": "private"})

    house = House()
    door = Door(
        "127.0.0.1:0",
        tokens=tuple,
        rooms=lambda _: None,
        accept=house.accept,
        overflow=house.overflowed.append,
        readiness=house.ready,
        metrics=house.metrics,
        pages={"/once/": page},
    )
    house.port = await door.start()
    found = await asked(house, to="/once/abc", method="PUT")
    other = await asked(house, to="/oncex", method="GET")
    await door.stop()

    assert (found[0], found[2]) == (200, "PUT")
    assert found[1]["cache-control"] == "private"
    assert other[0] == 404


async def test_without_any_token_nobody_comes_in() -> None:
    house = House()
    door = Door(
        "127.0.0.1:0",
        tokens=lambda: ("",),
        rooms=lambda _: None,
        accept=house.accept,
        overflow=house.overflowed.append,
        readiness=house.ready,
        metrics=house.metrics,
    )
    house.port = await door.start()
    answers = [
        await asked(house, header, body=alerts()) for header in ("Authorization: Bearer ", "Authorization: Basic Og==")
    ]
    await door.stop()

    assert [status for status, _, _ in answers] == [401, 401]


async def test_a_closed_door_takes_no_connection() -> None:
    async with opened() as house:
        pass

    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", house.port)


@pytest.mark.parametrize(
    ("listen", "expected"), [("0.0.0.0:8080", ("0.0.0.0", 8080)), ("[::1]:80", ("::1", 80)), (":8080", ("", 8080))]
)
def test_an_address_is_host_and_port(listen: str, expected: tuple[str, int]) -> None:
    assert address(listen) == expected


@pytest.mark.parametrize("listen", ["", "8080", "host", "host:", "host:http", "host:-1"])
def test_anything_else_is_no_address(listen: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        address(listen)


def test_two_bots_in_one_process_do_not_share_their_figures() -> None:
    first, second = Metrics(), Metrics()

    first.outbox_depth.set(7)

    assert b"opsbot_outbox_depth 7.0" in first.render()
    assert b"opsbot_outbox_depth 0.0" in second.render()
