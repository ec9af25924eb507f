"""Alertmanager: what fires now."""

from datetime import timedelta
from typing import Any

from bot.clients.http import Http
from bot.core.errors import Unreachable

NEIGHBOUR = "alertmanager"
_LONGEST_ANSWER = 16 * 1024 * 1024


class AlertmanagerApi:
    """Alertmanager under its base URL."""

    def __init__(self, http: Http, url: str, *, limit: timedelta = timedelta(seconds=5)) -> None:
        self._http = http
        self._url = url
        self._limit = limit

    async def ready(self) -> None:
        """Return when it says it is ready; raise why not."""
        answer = await self._http.get(f"{self._url}/-/ready", neighbour=NEIGHBOUR, limit=self._limit)
        answer.expect_ok()

    async def alerts(self) -> tuple[dict[str, Any], ...]:
        """Return every alert it knows, silenced and inhibited ones too, as its API v2 tells them."""
        answer = await self._http.get(
            f"{self._url}/api/v2/alerts", neighbour=NEIGHBOUR, limit=self._limit, max_bytes=_LONGEST_ANSWER
        )
        found = answer.expect_ok().json()
        if not isinstance(found, list):
            raise Unreachable(NEIGHBOUR, "unreadable answer")
        return tuple(alert for alert in found if isinstance(alert, dict))
