"""Loki: the lines that all services wrote, by label and time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.clients.http import MEBIBYTE, Answer, Http
from bot.core.errors import Rejected, Unreachable

NEIGHBOUR = "loki"
_LONGEST_ANSWER = 16 * MEBIBYTE
_ERROR_BYTES = 4096
_BAD = 400
# Its errors are text (research §5.5).
_REASONS = {
    b"parse error": "it cannot read the question",
    b"at least one regexp or equality matcher": "a label must say what it is",
    b"max entries limit": "that is more lines than it gives at once",
    b"time range exceeds the limit": "that is further back than it looks at once",
    b"maximum of series": "that is too many streams at once, name more labels",
    b"maximum number of series": "that is too many streams at once, name more labels",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a stream; foreign text."""

    at: datetime
    labels: Mapping[str, str]
    text: str


class LokiApi:
    """Loki under its base URL."""

    def __init__(self, http: Http, url: str, *, limit: timedelta = timedelta(seconds=5)) -> None:
        self._http = http
        self._url = url
        self._limit = limit

    async def ready(self) -> None:
        """Return when it says it is ready; raise why not."""
        answer = await self._http.get(f"{self._url}/ready", neighbour=NEIGHBOUR, limit=self._limit)
        answer.expect_ok()

    async def lines(self, query: str, start: datetime, end: datetime, most: int) -> tuple[Entry, ...]:
        """Return the newest lines of a time, oldest first, and those of one stream in the order they have there.

        Raises Rejected with its reason for a question that it does not take.
        """
        # A bare selector is a question about a time: asked about a moment, Loki refuses it.
        found = await self._get(
            "query_range",
            {
                "query": query,
                "start": _nanoseconds(start),
                "end": _nanoseconds(end),
                "limit": str(most),
                "direction": "backward",
            },
        )
        try:
            if found["data"]["resultType"] != "streams":
                raise Rejected(NEIGHBOUR, "that asks for numbers, not for lines")
            rows = [
                (int(row[0]), Entry(_moment(row[0]), stream["stream"], str(row[1])))
                for stream in found["data"]["result"]
                for row in reversed(stream["values"])
            ]
        except (KeyError, TypeError, ValueError, IndexError, OverflowError, OSError) as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error
        return tuple(entry for _, entry in sorted(rows, key=lambda row: row[0]))

    async def labels(self, start: datetime, end: datetime) -> tuple[str, ...]:
        """Return the names of the labels that streams of a time have."""
        found = await self._get("labels", {"start": _nanoseconds(start), "end": _nanoseconds(end)})
        try:
            return tuple(map(str, found.get("data") or ()))
        except TypeError as error:
            raise Unreachable(NEIGHBOUR, "unreadable answer") from error

    async def _get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        answer = await self._http.get(
            f"{self._url}/loki/api/v1/{path}",
            neighbour=NEIGHBOUR,
            limit=self._limit,
            params=params,
            max_bytes=_LONGEST_ANSWER,
        )
        found = _accepted(answer).json()
        if not isinstance(found, dict):
            raise Unreachable(NEIGHBOUR, "unreadable answer")
        return found


def _accepted(answer: Answer) -> Answer:
    """Return a 2xx; raise what a refusal means, as far as it can be read."""
    said = answer.body[:_ERROR_BYTES].lower() if answer.status == _BAD else b""
    for words, reason in _REASONS.items():
        if words in said:
            raise Rejected(NEIGHBOUR, reason)
    return answer.expect_ok()


def _nanoseconds(moment: datetime) -> str:
    return str(round(moment.timestamp() * 1_000_000) * 1000)


def _moment(nanoseconds: str) -> datetime:
    return datetime.fromtimestamp(int(nanoseconds) / 1e9, UTC)
