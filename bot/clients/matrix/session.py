"""The HTTP session to the homeserver: it follows no redirects, keeps no cookies and reads only so much."""

import aiohttp

from bot.clients.matrix.answers import HOMESERVER
from bot.core.errors import Rejected

_MAX_BYTES = 64 * 1024 * 1024


def new_session() -> aiohttp.ClientSession:
    """Return a session; call inside the event loop."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        # Unpacked sizes are unknown before they are there: let nobody send us packed ones.
        headers={"Accept-Encoding": "identity"},
        middlewares=(_no_redirects, _no_second_try),
        trust_env=False,
    )


async def read_body(response: aiohttp.ClientResponse) -> bytes:
    """Return what was answered; raise Rejected when it is absurdly long."""
    found = bytearray()
    async for chunk in response.content.iter_any():
        found += chunk
        if len(found) > _MAX_BYTES:
            raise Rejected(HOMESERVER, f"answered more than {_MAX_BYTES // 2**20} MiB")
    return bytes(found)


async def _no_second_try(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a PUT whose connection was cut.

    It may have arrived, and a homeserver that lost its transaction ids would take it twice: whoever sends looks first.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET":
            raise
        raise aiohttp.ClientPayloadError("connection cut") from error


async def _no_redirects(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Refuse to follow: a redirect would carry messages, and a login its password, to another host."""
    response = await handler(request)
    if 300 <= response.status < 400:  # noqa: PLR2004 - the 3xx
        response.close()
        raise aiohttp.ClientConnectionError("redirected")
    return response
