"""A faulty proxy before a homeserver: forwards everything, and now and then fails as networks and servers do."""

import random
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import aiohttp
from aiohttp import web
from yarl import URL

from bot.demo.loopback import HOST

_PASSED_ON = ("Authorization", "Content-Type", "User-Agent")
_PASSED_BACK = ("Content-Type", "Retry-After")
_BIG = 64 * 1024 * 1024
_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Fault(StrEnum):
    """What happened to a request."""

    NONE = ""
    BAD_GATEWAY = "502"
    """An answer of the proxy's own, in HTML; the homeserver was not asked."""
    RATE_LIMITED = "429"
    """The homeserver was not asked."""
    CUT = "cut"
    """The homeserver did what it was asked; the answer was dropped, and the connection with it."""
    DOWN = "down"
    """The connection was cut before anything was read."""
    REFUSED = "refused"
    """An answer as `refuse` wants it."""


@dataclass(frozen=True, slots=True)
class Odds:
    """How likely each fault is, between 0 and 1."""

    bad_gateway: float = 0.0
    rate_limited: float = 0.0
    cut: float = 0.0
    """Of requests that send an event."""
    retry_after: float = 0.1
    """Seconds that a 429 asks for; where it says so (header, body, both) is left to chance too."""


HARSH = Odds(bad_gateway=0.05, rate_limited=0.05, cut=0.10)
CALM = Odds()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the proxy saw it."""

    at: float
    """Monotonic seconds."""
    method: str
    path: str
    fault: Fault
    status: int
    """What was answered; 0 for nothing."""

    @property
    def sends(self) -> bool:
        """Whether it was to send an event to a room."""
        return self.method == "PUT" and "/send/" in self.path


@dataclass(slots=True)
class _Refusal:
    part: str
    status: int
    code: str
    times: int


class FaultyProxy:
    """Stands between one client and its homeserver; `odds` and the switches may be changed while it runs."""

    def __init__(self, target: str, *, odds: Odds = CALM, seed: int = 0) -> None:
        self.target = target
        self.odds = odds
        self.forgets = False
        """Give every PUT a transaction id of its own: no homeserver then knows a repetition for what it is."""
        self.asked: list[Asked] = []
        """Every request, oldest first."""
        self.port = 0
        self._down = False
        self._chance = random.Random(seed)  # noqa: S311 - repeatable chance, no secret
        self._refusals: list[_Refusal] = []
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._open: dict[int, web.Request] = {}

    @property
    def url(self) -> str:
        """What the client is told instead of the homeserver's own address."""
        return f"http://{HOST}:{self.port}"

    async def start(self) -> str:
        """Listen on loopback and return the base URL."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=120), trust_env=False
        )
        app = web.Application(client_max_size=_BIG)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self.port).start()
        self.port = self._runner.addresses[0][1]
        return self.url

    async def stop(self) -> None:
        """Cut every connection and listen no more."""
        self._abort_all()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    @property
    def down(self) -> bool:
        """Whether every connection is cut before it is answered; switching it on cuts those under way too."""
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        self._down = down
        if down:
            self._abort_all()

    def refuse(self, part: str, status: int, code: str = "", *, times: int = 1) -> None:
        """Answer the next requests whose path holds `part` with a status; with a Matrix error `code`, or in HTML."""
        self._refusals.append(_Refusal(part, status, code, times))

    def forgive(self) -> None:
        """Take back what `refuse` still has to refuse."""
        self._refusals.clear()

    def sends(self, since: int = 0) -> list[Asked]:
        """Return the requests from the `since`-th on that were to send an event."""
        return [asked for asked in self.asked[since:] if asked.sends]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._open[id(request)] = request
        fault = self._fate(request)
        response = web.Response()
        try:
            response = await self._answer(request, fault)
        finally:
            del self._open[id(request)]
            status = 0 if fault in {Fault.CUT, Fault.DOWN} else response.status
            self.asked.append(Asked(time.monotonic(), request.method, request.path, fault, status))
        return response

    def _fate(self, request: web.Request) -> Fault:
        if self._down:
            return Fault.DOWN
        if any(refusal.part in request.path for refusal in self._refusals):
            return Fault.REFUSED
        drawn = self._chance.random()
        sends = request.method == "PUT" and "/send/" in request.path
        for fault, odds in self._odds(sends=sends):
            if drawn < odds:
                return fault
            drawn -= odds
        return Fault.NONE

    def _odds(self, *, sends: bool) -> Iterator[tuple[Fault, float]]:
        yield Fault.BAD_GATEWAY, self.odds.bad_gateway
        yield Fault.RATE_LIMITED, self.odds.rate_limited
        yield Fault.CUT, self.odds.cut if sends else 0.0

    async def _answer(self, request: web.Request, fault: Fault) -> web.Response:
        match fault:
            case Fault.NONE:
                return await self._forward(request)
            case Fault.BAD_GATEWAY:
                return _bad_gateway()
            case Fault.RATE_LIMITED:
                return self._slow_down()
            case Fault.REFUSED:
                return self._refused(request)
            case Fault.CUT:
                await self._forward(request)
        _abort(request)
        return web.Response()

    async def _forward(self, request: web.Request) -> web.Response:
        assert self._session
        path = request.raw_path
        if self.forgets and request.method == "PUT" and ("/send/" in path or "/redact/" in path):
            path = f"{path}-{secrets.token_hex(4)}"
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        try:
            async with self._session.request(
                request.method,
                URL(f"{self.target}{path}", encoded=True),
                data=await request.read(),
                headers=headers,
                allow_redirects=False,
            ) as answer:
                kept = {name: answer.headers[name] for name in _PASSED_BACK if name in answer.headers}
                return web.Response(status=answer.status, body=await answer.read(), headers=kept)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return _bad_gateway()

    def _slow_down(self) -> web.Response:
        seconds = self.odds.retry_after
        where = self._chance.choice(("header", "body", "both"))
        body = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests"}
        return web.json_response(
            body if where == "header" else body | {"retry_after_ms": int(seconds * 1000)},
            status=429,
            headers={} if where == "body" else {"Retry-After": f"{seconds:g}"},
        )

    def _refused(self, request: web.Request) -> web.Response:
        refusal = next(refusal for refusal in self._refusals if refusal.part in request.path)
        refusal.times -= 1
        if refusal.times <= 0:
            self._refusals.remove(refusal)
        if not refusal.code:
            return web.Response(status=refusal.status, text=_HTML, content_type="text/html")
        return web.json_response({"errcode": refusal.code, "error": "as wished"}, status=refusal.status)

    def _abort_all(self) -> None:
        for request in tuple(self._open.values()):
            _abort(request)


def _bad_gateway() -> web.Response:
    return web.Response(status=502, text=_HTML, content_type="text/html")


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
