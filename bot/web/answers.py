"""What the door answers: short fixed lines, the same safe headers on each, and a way to part with who was refused."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from aiohttp import web

_HEADERS = {
    "Server": "opsbot",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def line(status: int, words: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return one line of plain text."""
    return web.Response(status=status, text=f"{words}\n", headers=headers)


def guarded(response: web.StreamResponse) -> web.StreamResponse:
    """Put the headers on a response that every one carries, unless it brought its own."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def part(request: web.BaseRequest, response: web.StreamResponse, seconds: float) -> None:
    """Send the response, then close without reading what the other side still sends.

    Closing at once over unread bytes resets the connection, and the sender may lose the answer that says why. So the
    socket stays for a moment with nobody reading: its buffers fill, the sender stops, and it has time to look.
    """
    response.force_close()
    if request.content.is_eof():
        return
    with suppress(TimeoutError, ConnectionError, web.RequestPayloadError):
        await response.prepare(request)
        await response.write_eof()
        async with asyncio.timeout(seconds):
            await request.content.wait_eof()
