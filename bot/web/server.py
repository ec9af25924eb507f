"""The door: one HTTP server that knows its few paths and keeps everybody else outside."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from urllib.parse import unquote

from aiohttp import web

from bot.clients.metrics import Metrics
from bot.core.health import Readiness
from bot.core.names import RoomId
from bot.core.webhook import Webhook
from bot.web import health
from bot.web.answers import guarded, line, part
from bot.web.limits import Limits
from bot.web.metrics import metrics as exposed
from bot.web.webhook import Intake
from bot.web.wire import Wire

Page = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
"""Answers every request below its prefix, whatever the method."""

_ALERTS = "/alerts/"
_NO_PAGES: Mapping[str, Page] = MappingProxyType({})
_DEFAULT = Limits()


class Door:
    """The bot's HTTP server; what it is asked it passes on to the callables it was given.

    `rooms` knows a room by its short name or its id, None for every other; `accept` returns when the alerts are on disk
    and raises StoreFailed when they are not; `overflow` is told the room of a webhook that was too large to take;
    `tokens` are asked for at every request, so that a rotated one is known at once; `pages` are further answers by
    prefix, such as `/once/`.
    """

    def __init__(
        self,
        listen: str,
        *,
        tokens: Callable[[], tuple[str, ...]],
        rooms: Callable[[str], RoomId | None],
        accept: Callable[[RoomId, Webhook], Awaitable[None]],
        overflow: Callable[[RoomId], None],
        readiness: Callable[[], Awaitable[Readiness]],
        metrics: Metrics,
        pages: Mapping[str, Page] = _NO_PAGES,
        limits: Limits = _DEFAULT,
    ) -> None:
        self._host, self._port = address(listen)
        self._intake = Intake(
            tokens=tokens, rooms=rooms, accept=accept, overflow=overflow, metrics=metrics, limits=limits
        )
        self._readiness = readiness
        self._metrics = metrics
        self._pages = pages
        self._limits = limits
        self._runner: web.ServerRunner | None = None

    async def start(self) -> int:
        """Open the door; return the port it stands on, which is the system's choice where `listen` says 0."""
        wire = Wire(self._answer, self._limits, self._metrics)
        runner = web.ServerRunner(wire, shutdown_timeout=self._limits.stop_seconds)
        await runner.setup()
        await web.TCPSite(runner, self._host, self._port, backlog=512).start()
        self._runner = runner
        return int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the door; requests under way are answered first."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        response = guarded(await self._routed(request, path))
        # Only who showed the token may keep a connection: all others would keep theirs for nothing.
        if not (path.startswith(_ALERTS) and response.status == web.HTTPOk.status_code):
            await part(request, response, self._limits.linger_seconds)
        return response

    async def _routed(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        page = next((page for prefix, page in self._pages.items() if path.startswith(prefix)), None)
        if page is not None:
            return await page(request)
        wanted = "POST" if path.startswith(_ALERTS) else "GET"
        if path not in {"/livez", "/readyz", "/metrics"} and wanted == "GET":
            return self._refused("path", line(404, "nothing here"))
        if request.method != wanted:
            return self._refused("method", line(405, f"only {wanted} here", {"Allow": wanted}))
        return await self._served(request, path)

    async def _served(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        match path:
            case "/livez":
                return await health.livez()
            case "/readyz":
                return await health.readyz(self._readiness, self._limits.readiness_seconds)
            case "/metrics":
                return await exposed(self._metrics)
        return await self._intake.answer(request, unquote(path.removeprefix(_ALERTS)))

    def _refused(self, reason: str, response: web.Response) -> web.Response:
        self._metrics.http_refusals.labels(reason).inc()
        return response


def address(listen: str) -> tuple[str, int]:
    """Split `0.0.0.0:8080` or `[::1]:8080`; raise ValueError for anything else."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal():
        raise ValueError("listen must be host:port, like 0.0.0.0:8080")
    return host.removeprefix("[").removesuffix("]"), int(port)
