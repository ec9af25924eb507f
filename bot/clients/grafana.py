"""Grafana: the alert rules that it keeps itself."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bot.clients.http import MEBIBYTE, Http
from bot.core.errors import Unreachable
from bot.core.rules import FINE, FIRING, GrafanaRule

NEIGHBOUR = "grafana"
_LONGEST_ANSWER = 16 * MEBIBYTE
# Its own words for an alert that fires, with the reason it may add: `Alerting`, `Alerting (NoData)`.
_ALERTING = ("alerting", "firing")


class GrafanaApi:
    """Grafana under its base URL; `token` is a service account's, read anew for each question."""

    def __init__(
        self, http: Http, url: str, *, token: Callable[[], str] | None = None, limit: timedelta = timedelta(seconds=5)
    ) -> None:
        self._http = http
        self._url = url
        self._token = token
        self._limit = limit

    async def ready(self) -> None:
        """Return when it says it is well; raise why not."""
        answer = await self._http.get(f"{self._url}/api/health", neighbour=NEIGHBOUR, limit=self._limit)
        answer.expect_ok()

    async def rules(self) -> tuple[GrafanaRule, ...]:
        """Return every rule that we may see, paused ones too; raise Denied without a valid token."""
        headers = {"Authorization": f"Bearer {self._token()}"} if self._token else {}
        answer = await self._http.get(
            # In Prometheus's words, which say how a rule stands; the provisioning API tells only how it is written.
            f"{self._url}/api/prometheus/grafana/api/v1/rules",
            neighbour=NEIGHBOUR,
            limit=self._limit,
            headers=headers,
            max_bytes=_LONGEST_ANSWER,
        )
        found = answer.expect_ok().json()
        try:
            groups = found["data"]["groups"]
            return tuple(_rule(group, row) for group in groups for row in group["rules"] if _alerts(row))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error


def _alerts(row: dict[str, Any]) -> bool:
    return bool(row.get("type", "alerting") == "alerting")


def _rule(group: dict[str, Any], row: dict[str, Any]) -> GrafanaRule:
    burning = [each for each in row.get("alerts") or () if each["state"].lower().startswith(_ALERTING)]
    return GrafanaRule(
        name=str(row["name"]),
        folder=str(group.get("file", "")),
        group=str(group["name"]),
        labels={str(name): str(value) for name, value in (row.get("labels") or {}).items()},
        state=str(row["state"]),
        health=str(row.get("health") or FINE),
        paused=row.get("isPaused") is True,
        firing=len(burning) if row["state"] == FIRING else 0,
        since=min((datetime.fromisoformat(each["activeAt"]) for each in burning), default=None),
    )
