"""Prometheus: the numbers behind a check."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.clients.http import Http
from bot.core.errors import Rejected, Unreachable

NEIGHBOUR = "prometheus"


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of an answer; it may be NaN or infinite."""

    labels: Mapping[str, str]
    value: float


class PrometheusApi:
    """Prometheus under its base URL."""

    def __init__(self, http: Http, url: str, *, limit: timedelta = timedelta(seconds=5)) -> None:
        self._http = http
        self._url = url
        self._limit = limit

    async def ready(self) -> None:
        """Return when it says it is ready; raise why not."""
        answer = await self._http.get(f"{self._url}/-/ready", neighbour=NEIGHBOUR, limit=self._limit)
        answer.expect_ok()

    async def query(self, expr: str) -> tuple[Sample, ...]:
        """Return what an expression is now: one sample for a scalar, none where there are no series."""
        answer = await self._http.get(
            f"{self._url}/api/v1/query",
            neighbour=NEIGHBOUR,
            limit=self._limit,
            params={"query": expr, "timeout": f"{self._limit.total_seconds():g}s"},
        )
        found = answer.expect_ok().json()
        if not isinstance(found, dict) or found.get("status") != "success":
            raise Rejected(NEIGHBOUR, "refused the question")
        try:
            return _samples(found["data"])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error


def _samples(data: dict[str, Any]) -> tuple[Sample, ...]:
    result = data["result"]
    if data["resultType"] == "scalar":
        return (Sample({}, float(result[1])),)
    return tuple(Sample(row["metric"], float(row["value"][1])) for row in result)
