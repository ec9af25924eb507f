"""The HTTP protocol of aiohttp with what it lacks: a timer for headers, and errors that tell a stranger nothing.

aiohttp holds a half-sent request for as long as the other side likes (research, finding 11).
"""

import asyncio
import traceback
from typing import Any

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from bot.clients.metrics import Metrics
from bot.web.answers import guarded, line
from bot.web.limits import Limits

_LOG = structlog.get_logger(__name__)
_SERVER_ERROR = 500


class Wire(web.Server):
    """Makes a guarded protocol for every connection."""

    def __init__(self, handler: Any, limits: Limits, metrics: Metrics) -> None:
        super().__init__(
            handler,
            access_log=None,
            # A bomb of 1 MB would be blown up to 1 GB on the event loop; nobody we know compresses.
            auto_decompress=False,
            keepalive_timeout=limits.idle_seconds,
            # Who was refused is parted with in `answers.part`; aiohttp would go on reading for ten seconds.
            lingering_time=0,
            read_bufsize=limits.free_bytes,
        )
        self.limits = limits
        self.metrics = metrics

    def __call__(self) -> RequestHandler:
        """Return the protocol of one new connection."""
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(RequestHandler):
    """One connection; between requests and while headers come in, `_waiter` (aiohttp's) is pending."""

    __slots__ = ("_deadline", "_wire")

    def __init__(self, wire: Wire, *, loop: asyncio.AbstractEventLoop, **settings: Any) -> None:
        super().__init__(wire, loop=loop, **settings)
        self._wire = wire
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._start()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._waits_for_headers():
            self._start()
        else:
            self._stop()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = _SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 -- aiohttp's signature; what it says may quote the request
    ) -> web.StreamResponse:
        """Answer what could not be parsed with 400, and what nobody expected with 503, so that it is sent again."""
        if request.writer.output_size > 0:
            raise ConnectionResetError("the answer was already under way")
        if status >= _SERVER_ERROR:
            response = self._unexpected(exc)
        else:
            self._wire.metrics.http_refusals.labels("syntax").inc()
            response = line(400, "this is not HTTP as it should be")
        response.force_close()
        return guarded(response)

    def _unexpected(self, error: BaseException | None) -> web.Response:
        self._wire.metrics.http_refusals.labels("unexpected").inc()
        # Kind and place only: the message of an error may quote the payload.
        frames = traceback.extract_tb(error.__traceback__)[-4:] if error else []
        _LOG.error(
            "request failed",
            error=type(error).__name__,
            at=[f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames],
        )
        return line(503, "something went wrong here, send it again")

    def _waits_for_headers(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _start(self) -> None:
        if self._deadline is None:
            self._deadline = self._loop.call_later(self._wire.limits.header_seconds, self._cut)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        self._deadline = None
        if self._waits_for_headers():
            self._wire.metrics.http_refusals.labels("slow_headers").inc()
            self.force_close()
