"""`GET /livez` and `GET /readyz`: whether to restart the bot, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from bot.core.errors import OpsError
from bot.core.health import Check, Readiness
from bot.web.answers import line

_LOG = structlog.get_logger(__name__)
_UNANSWERED = Readiness({"readiness": Check(ok=False, words="could not be asked")})


async def livez() -> web.Response:
    """Answer that the event loop turns, which it does if this runs."""
    return line(200, "ok")


async def readyz(ask: Callable[[], Awaitable[Readiness]], seconds: float) -> web.Response:
    """Answer 200, or 503 with what is lacking: `{"ready": false, "lacking": {"sync": "last one 134 s ago"}}`."""
    found = await _asked(ask, seconds)
    return web.json_response(
        {"ready": found.ready, "lacking": found.lacking},
        status=200 if found.ready else 503,
    )


async def _asked(ask: Callable[[], Awaitable[Readiness]], seconds: float) -> Readiness:
    try:
        async with asyncio.timeout(seconds):
            return await ask()
    except (OpsError, TimeoutError) as error:
        _LOG.warning("readiness not known", error=type(error).__name__)
        return _UNANSWERED
