"""Prometheus: the numbers behind a check."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.clients.http import MEBIBYTE, Http
from bot.core.errors import Rejected, Unreachable
from bot.core.firing import FiringAlert
from bot.core.graphs import Rule, Series, Window

NEIGHBOUR = "prometheus"
_firing = TypeAdapter(FiringAlert)
_LONGEST_ANSWER = 16 * MEBIBYTE
_LONGEST_RANGE = 4 * MEBIBYTE
"""About a thousand series of a hundred points."""

# What it takes to find out that an answer has another shape.
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, OverflowError)


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

    async def query_range(self, expr: str, over: Window) -> tuple[Series, ...]:
        """Return what an expression was over a time; raise Rejected for more than can be looked at."""
        asked = {
            "query": expr,
            "start": f"{over.start.timestamp():.3f}",
            "end": f"{over.end.timestamp():.3f}",
            "step": f"{over.step.total_seconds():g}",
            "timeout": f"{self._limit.total_seconds():g}s",
        }
        found = await self._get("query_range", asked, max_bytes=_LONGEST_RANGE)
        try:
            return tuple(_series(row) for row in found["data"]["result"])
        except _UNREADABLE as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error

    async def rules(self, alert: str) -> tuple[Rule, ...]:
        """Return the alerting rules of that name."""
        # Before 2.46 it tells of all, whatever the name.
        found = await self._get("rules", {"type": "alert", "rule_name[]": alert}, max_bytes=_LONGEST_ANSWER)
        try:
            rows = [row for group in found["data"]["groups"] for row in group["rules"]]
            return tuple(_rule(row) for row in rows if (row["type"], row["name"]) == ("alerting", alert))
        except _UNREADABLE as error:
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


def _series(row: dict[str, Any]) -> Series:
    # A native histogram has no values that could be drawn.
    points = tuple((float(at), float(value)) for at, value in row.get("values", ()))
    labels = _labels(row["metric"])
    labels.pop("__name__", None)
    return Series(labels, points)


def _rule(row: dict[str, Any]) -> Rule:
    return Rule(
        str(row["query"]),
        _labels(row.get("labels") or {}),
        tuple(_labels(alert["labels"]) for alert in row.get("alerts") or ()),
        timedelta(seconds=row.get("duration") or 0),
    )


def _labels(found: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in found.items()}


def _alert(row: dict[str, Any]) -> FiringAlert:
    return _firing.validate_python(
        {"labels": row["labels"], "annotations": row.get("annotations") or {}, "startsAt": row["activeAt"]}
    )
