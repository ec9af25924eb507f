"""`POST /alerts/{room}`: a webhook is taken only when its alerts are kept, and refused so that nothing is lost.

Alertmanager sends again after 5xx only, never after 4xx, and copies the answer into its log.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from bot.clients.metrics import Metrics
from bot.core.errors import StoreFailed, UsageError
from bot.core.names import RoomId
from bot.core.webhook import TooMany, Webhook, parse
from bot.web import credentials
from bot.web.answers import line
from bot.web.body import Bodies, Refused
from bot.web.limits import Limits

_LOG = structlog.get_logger(__name__)
_TOO_LARGE = 413
_RESULTS = (
    "ok", "unauthorized", "unknown_room", "compressed", "malformed", "too_large", "slow", "busy", "not_stored",
    "cut", "unexpected",
)  # fmt: skip


class Intake:
    """Takes webhooks in: token, room, size, time, shape, and then the store's word."""

    def __init__(
        self,
        *,
        tokens: Callable[[], tuple[str, ...]],
        rooms: Callable[[str], RoomId | None],
        accept: Callable[[RoomId, Webhook], Awaitable[None]],
        overflow: Callable[[RoomId], None],
        metrics: Metrics,
        limits: Limits,
    ) -> None:
        self._tokens = tokens
        self._rooms = rooms
        self._accept = accept
        self._overflow = overflow
        self._metrics = metrics
        self._limits = limits
        self._bodies = Bodies(limits)
        # One at a time: a body of 16 MiB becomes 100 MiB of objects while it is read.
        self._parsing = asyncio.Lock()
        for result in _RESULTS:
            # So that a rate can be told from the very first refusal.
            metrics.webhooks.labels(result)

    async def answer(self, request: web.BaseRequest, name: str) -> web.Response:
        """Answer one webhook for the room of that short name or id."""
        # Before the room and before a byte of body: without the token nothing is learnt and nothing is kept.
        given = credentials.presented(request.headers.getall("Authorization", []))
        if not credentials.known(given, self._tokens()):
            self._metrics.webhooks.labels("unauthorized").inc()
            return line(401, "the token is missing or not known", credentials.CHALLENGE)
        with self._metrics.webhook_seconds.time():
            return await self._counted(request, name)

    async def _counted(self, request: web.BaseRequest, name: str) -> web.Response:
        # What nobody expected passes through, is logged and answered with 503 in `wire`, and counted here.
        result = "unexpected"
        try:
            await self._take(request, name)
            result = "ok"
        except Refused as refused:
            result = refused.result
            return line(refused.status, refused.words)
        finally:
            self._metrics.webhooks.labels(result).inc()
        return line(200, "ok")

    async def _take(self, request: web.BaseRequest, name: str) -> None:
        room = self._rooms(name)
        if room is None:
            raise Refused(404, "unknown_room", "no such room in the config")
        _must_be_plain(request)
        try:
            async with self._bodies.of(request) as body:
                await self._keep(room, body)
        except Refused as refused:
            if refused.status == _TOO_LARGE:
                # Alertmanager will not send it again: somebody has to go and ask.
                self._overflow(room)
            raise

    async def _keep(self, room: RoomId, body: bytes) -> None:
        try:
            async with asyncio.timeout(self._limits.accept_seconds):
                webhook = await self._parsed(body)
                await self._accept(room, webhook)
        except (StoreFailed, TimeoutError) as error:
            _LOG.warning("webhook not stored", room=room, error=type(error).__name__)
            raise Refused(503, "not_stored", "could not store it, send it again") from error

    async def _parsed(self, body: bytes) -> Webhook:
        try:
            if len(body) <= self._limits.thread_bytes:
                return parse(body)
            async with self._parsing:
                return await asyncio.to_thread(parse, body)
        except TooMany as error:
            raise Refused(_TOO_LARGE, "too_large", error.problem) from None
        except UsageError as error:
            raise Refused(400, "malformed", error.problem) from None


def _must_be_plain(request: web.BaseRequest) -> None:
    encodings = request.headers.getall("Content-Encoding", [])
    if any(encoding.strip().lower() not in {"", "identity"} for encoding in encodings):
        raise Refused(400, "compressed", "send it uncompressed")
