"""Tells somebody outside, every minute, that all is well: when that stops, they know before we could say it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from bot.clients.http import Http
from bot.config.secrets import secret
from bot.core.health import Readiness
from bot.flow.desk import Desk
from bot.flow.duty import every

log = structlog.get_logger("heartbeat")

_EVERY = timedelta(seconds=60)
_LIMIT = timedelta(seconds=10)


class Heartbeat:
    """Asks for one address while the bot is fit to serve and alerts get through."""

    def __init__(
        self,
        desk: Desk,
        http: Http,
        readiness: Callable[[], Awaitable[Readiness]],
        watchdog_is_silent: Callable[[], bool],
    ) -> None:
        self._desk = desk
        self._http = http
        self._readiness = readiness
        self._watchdog_is_silent = watchdog_is_silent

    async def run(self) -> None:
        """Beat until cancelled; nothing happens where no address is configured."""
        await every(self._desk.system, _EVERY, self.beat, "heartbeat")

    async def beat(self) -> None:
        """Ask for the address if all is well; raise OpsError when it does not answer with a 2xx."""
        alerts = self._desk.settings.alerts
        url = secret(alerts.heartbeat_url, alerts.heartbeat_url_file)
        if not url:
            return
        readiness = await self._readiness()
        if not readiness.ready or self._watchdog_is_silent():
            log.warning("heartbeat.withheld", lacking=readiness.lacking, watchdog=self._watchdog_is_silent())
            return
        answer = await self._http.get(url, neighbour="heartbeat", limit=_LIMIT)
        answer.expect_ok()
