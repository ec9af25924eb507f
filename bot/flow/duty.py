"""What is done again and again at fixed times, whatever becomes of it each time."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from bot.clients.system import System
from bot.core.errors import OpsError

log = structlog.get_logger("duty")


async def every(system: System, pause: timedelta, duty: Callable[[], Awaitable[None]], name: str) -> None:
    """Do a duty after each pause until cancelled; a failure is logged, and it is done again."""
    while True:
        await system.sleep(pause.total_seconds())
        try:
            await duty()
        except OpsError as error:
            log.warning("duty.failed", duty=name, reason=str(error))
        except Exception:
            log.exception("duty.broken", duty=name)
