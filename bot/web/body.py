"""Reading a request's body within bounds of size, time and number."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web

from bot.web.limits import Limits


class Refused(Exception):
    """What a request gets instead of being taken: a status, a word for the metric and one fixed line."""

    def __init__(self, status: int, result: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.result = result
        self.words = words


class Bodies:
    """Reads bodies; of the long ones only as many at once as there are places."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places = asyncio.Semaphore(limits.places)

    @asynccontextmanager
    async def of(self, request: web.BaseRequest) -> AsyncIterator[bytes]:
        """Give the body, and keep its place until the block ends; raise Refused."""
        if (request.content_length or 0) > self._limits.body_bytes:
            raise self._too_large()
        await _invite(request)
        async with AsyncExitStack() as place:
            yield await self._in_time(request, place)

    async def _in_time(self, request: web.BaseRequest, place: AsyncExitStack) -> bytes:
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                return await self._read(request, place)
        except TimeoutError:
            raise Refused(503, "slow", "the body came too slowly") from None
        except ConnectionError:
            raise Refused(503, "cut", "the body ended early") from None
        except web.RequestPayloadError:
            raise Refused(400, "malformed", "the body is not framed as HTTP wants it") from None

    async def _read(self, request: web.BaseRequest, place: AsyncExitStack) -> bytes:
        pieces, size, placed = [], 0, False
        while piece := await request.content.readany():
            pieces.append(piece)
            size += len(piece)
            if size > self._limits.body_bytes:
                raise self._too_large()
            if size > self._limits.free_bytes and not placed:
                await self._take(place)
                placed = True
        return b"".join(pieces)

    async def _take(self, place: AsyncExitStack) -> None:
        try:
            async with asyncio.timeout(self._limits.place_seconds):
                await place.enter_async_context(self._places)
        except TimeoutError:
            raise Refused(503, "busy", "too many large webhooks at once, send it again") from None

    def _too_large(self) -> Refused:
        return Refused(413, "too_large", f"the body must be at most {self._limits.body_bytes} bytes")


async def _invite(request: web.BaseRequest) -> None:
    """Ask for a body whose sender waits to be asked, as curl does above 1 MiB."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # aiohttp takes any written byte for the begin of the answer.
        request.writer.output_size = 0
