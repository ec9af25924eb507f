"""The way out over HTTP, against servers that misbehave."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bot.clients.http import Answer, Http
from bot.core.errors import Denied, Missing, NeighbourError, RateLimited, Rejected, Unreachable

SECOND = timedelta(seconds=1)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server on loopback that answers everything with `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with Http() as client:
        yield client


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """What a server with a certificate of its own making speaks."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + SECOND * 60)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "both.pem").write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return context


async def reason(http: Http, url: str, limit: timedelta = SECOND) -> str:
    with pytest.raises(Unreachable) as caught:
        await http.get(url, neighbour="loki", limit=limit)
    return caught.value.reason


async def test_an_answer_of_any_status_is_an_answer(http: Http) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.json_response({"ready": False}, status=503)

    async with serving(handler) as url:
        answer = await http.get(url, neighbour="loki", limit=SECOND)

    assert (answer.status, answer.json()) == (503, {"ready": False})


async def test_a_redirect_is_not_followed(http: Http) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.path)
        raise web.HTTPFound("/elsewhere")

    async with serving(handler) as url:
        answer = await http.get(f"{url}/here", neighbour="loki", limit=SECOND)

    assert (answer.status, seen) == (302, ["/here"])


async def test_a_server_that_never_answers_costs_no_more_than_the_limit(http: Http) -> None:
    async def handler(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with serving(handler) as url, asyncio.timeout(2):
        assert await reason(http, url, timedelta(seconds=0.1)) == "no answer in 0.1 s"


async def test_a_server_that_drips_its_answer_costs_no_more_than_the_limit(http: Http) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.02)

    async with serving(handler) as url, asyncio.timeout(2):
        assert await reason(http, url, timedelta(seconds=0.2)) == "no answer in 0.2 s"


async def test_a_closed_port_is_told_as_such(http: Http) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert await reason(http, f"http://127.0.0.1:{port}/") == "connection refused"


async def test_a_name_nobody_has_is_told_as_such(http: Http) -> None:
    assert await reason(http, "http://nobody.invalid/", timedelta(seconds=5)) == "name not found"


async def test_an_answer_that_is_not_http_is_unreadable(http: Http) -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await reason(http, f"http://127.0.0.1:{port}/") == "unreadable answer"


async def test_a_plain_server_does_not_speak_tls(http: Http) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response()

    async with serving(handler) as url:
        said = await reason(http, url.replace("http:", "https:"))

    assert said == "no TLS"


async def test_a_certificate_nobody_signed_is_not_trusted(http: Http, self_signed: ssl.SSLContext) -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0, ssl=self_signed)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await reason(http, f"https://localhost:{port}/") == "certificate not trusted"


async def test_a_cut_connection_is_tried_once_more(http: Http) -> None:
    attempts: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        attempts.append(request.method)
        if len(attempts) == 1 and request.transport:
            request.transport.abort()
        return web.Response(text="well")

    async with serving(handler) as url:
        answer = await http.get(url, neighbour="loki", limit=SECOND)

    assert (answer.body, len(attempts)) == (b"well", 2)


async def test_a_connection_that_is_always_cut_is_not_tried_for_ever(http: Http) -> None:
    attempts: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        attempts.append(request.method)
        if request.transport:
            request.transport.abort()
        return web.Response()

    async with serving(handler) as url:
        said = await reason(http, url)

    assert (said, len(attempts)) == ("connection cut", 2)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_what_is_not_a_get_is_never_sent_twice(http: Http, method: str) -> None:
    attempts: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        attempts.append(request.path)
        if request.path == "/cut" and request.transport:
            request.transport.abort()
        return web.Response(status=503, headers={"Retry-After": "0"})

    async with serving(handler) as url:
        answer = await http.request(method, f"{url}/busy", neighbour="loki", limit=SECOND, json={})
        with pytest.raises(Unreachable):
            await http.request(method, f"{url}/cut", neighbour="loki", limit=SECOND, json={})

    assert (answer.status, attempts) == (503, ["/busy", "/cut"])


async def test_a_server_that_says_later_is_asked_later(http: Http) -> None:
    attempts: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        attempts.append(request.method)
        busy = len(attempts) < 3
        return web.Response(status=429 if busy else 200, headers={"Retry-After": "0"})

    async with serving(handler) as url:
        answer = await http.get(url, neighbour="loki", limit=SECOND)

    assert (answer.status, len(attempts)) == (200, 3)


async def test_a_server_that_says_much_later_is_not_waited_for(http: Http) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "3600"})

    async with serving(handler) as url, asyncio.timeout(2):
        answer = await http.get(url, neighbour="loki", limit=timedelta(seconds=60))

    assert answer.status == 503


async def test_a_long_answer_is_not_read_to_its_end(http: Http) -> None:
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(10_000):
            await response.write(b"x" * 65_536)
            sent += 65_536
        return response

    async with serving(handler) as url:
        with pytest.raises(Rejected) as caught:
            await http.get(url, neighbour="loki", limit=SECOND, max_bytes=100 * 1024)

    assert caught.value.reason == "answered more than 100 KiB"
    assert sent < 50 * 1024 * 1024


async def test_no_error_tells_the_address_or_the_servers_words(http: Http) -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.transport:
            request.transport.abort()
        return web.Response(text="a-servers-secret")

    async with serving(handler) as url:
        with pytest.raises(Unreachable) as caught:
            await http.get(f"{url}/path?token=a-secret-query", neighbour="loki", limit=SECOND)

    assert str(caught.value) == "loki: connection cut"


async def test_proxies_of_the_environment_are_ignored(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="straight")

    async with serving(handler) as url:
        answer = await http.get(url, neighbour="loki", limit=SECOND)

    assert answer.body == b"straight"


async def test_every_question_is_counted_with_its_result() -> None:
    counted: list[tuple[str, str]] = []

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/long":
            return web.Response(body=b"x" * 100)
        return web.Response(status=204)

    async with Http(count=lambda *pair: counted.append(pair)) as http, serving(handler) as url:
        await http.get(url, neighbour="loki", limit=SECOND)
        with pytest.raises(Rejected):
            await http.get(f"{url}/long", neighbour="grafana", limit=SECOND, max_bytes=10)
        with pytest.raises(Unreachable):
            await http.get("http://127.0.0.1:1/", neighbour="openbao", limit=SECOND)

    assert counted == [("loki", "204"), ("grafana", "rejected"), ("openbao", "unreachable")]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, Rejected),
        (400, Rejected),
        (401, Denied),
        (403, Denied),
        (404, Missing),
        (409, Rejected),
        (429, RateLimited),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
def test_a_status_means_one_error(status: int, error: type[NeighbourError]) -> None:
    with pytest.raises(error) as caught:
        Answer("loki", status, {}, b"a-servers-secret").expect_ok()

    assert "secret" not in str(caught.value)


def test_a_2xx_is_fine_as_it_is() -> None:
    answer = Answer("loki", 204, {}, b"")

    assert answer.expect_ok() is answer


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_an_unreadable_answer(body: bytes) -> None:
    with pytest.raises(Unreachable, match="unreadable answer"):
        Answer("loki", 200, {}, body).json()
