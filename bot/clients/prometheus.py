"""Prometheus: the numbers behind a check."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from bot.clients.http import MEBIBYTE, Http
from bot.core.errors import Rejected, Unreachable
from bot.core.firing import FiringAlert

NEIGHBOUR = "prometheus"
_LONGEST_ANSWER = 16 * 1024 * 1024


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
        found = await self._get("query", {"query": expr, "timeout": f"{self._limit.total_seconds():g}s"})
        try:
            return _samples(found["data"])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error

    async def alerts(self) -> tuple[FiringAlert, ...]:
        """Return what its rules say fires, those that still wait left out; it knows of no silences."""
        found = await self._get("alerts", {}, max_bytes=_LONGEST_ANSWER)
        try:
            return tuple(_alert(row) for row in found["data"]["alerts"] if row["state"] == "firing")
        except (KeyError, TypeError, ValidationError) as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error

    async def _get(self, path: str, params: Mapping[str, str], max_bytes: int = MEBIBYTE) -> dict[str, Any]:
        answer = await self._http.get(
            f"{self._url}/api/v1/{path}", neighbour=NEIGHBOUR, limit=self._limit, params=params, max_bytes=max_bytes
        )
        found = answer.expect_ok().json()
        if not isinstance(found, dict) or found.get("status") != "success":
            raise Rejected(NEIGHBOUR, "refused the question")
        return found


def _samples(data: dict[str, Any]) -> tuple[Sample, ...]:
    result = data["result"]
    if data["resultType"] == "scalar":
        return (Sample({}, float(result[1])),)
    return tuple(Sample(row["metric"], float(row["value"][1])) for row in result)


def _alert(row: dict[str, Any]) -> FiringAlert:
    return FiringAlert.model_validate(
        {"labels": row["labels"], "annotations": row.get("annotations") or {}, "startsAt": row["activeAt"]}
    )
