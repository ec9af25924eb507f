"""A simulated Loki: streams of lines, selectors and line filters, with the refusals of the real one."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from bot.demo.clock import Clock
from bot.demo.monitoring.answers import MISSING, Answer
from bot.demo.monitoring.matchers import Matcher, all_hold, parse

_QUERY = re.compile(r"\s*(?P<selector>\{[^{}]*\})(?P<stages>.*)", re.DOTALL)
_FILTER = re.compile(r'(\|=|!=|\|~|!~)\s*(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)')
_MOST_ENTRIES = 5000
_USUAL_ENTRIES = 100
_LAST_HOUR = timedelta(hours=1)
_NOT_INSTANT = "log queries are not supported as an instant query type, please change your query to a range query type"
_TOO_WIDE = (
    "queries require at least one regexp or equality matcher that does not have an empty-compatible value. "
    'For instance, app=~".*" does not meet this requirement, but app=~".+" will'
)

Entry = tuple[datetime, dict[str, str], str]
"""When, the stream's labels, the line."""


class Loki:
    """Lines by stream, and the API that asks for them."""

    def __init__(self, clock: Clock) -> None:
        self.entries: list[Entry] = []
        self._clock = clock
        for age, labels, line in _HOUSE:
            self.add(labels, line, clock() - age)

    def add(self, labels: dict[str, str], line: str, at: datetime | None = None) -> None:
        """Write a line into a stream."""
        self.entries.append((at or self._clock(), labels, line))

    async def handle(self, request: web.Request, path: str) -> Answer:
        """Answer one request of the API; `path` has no leading slash."""
        names = sorted({name for _, labels, _ in self.entries for name in labels})
        match path.removeprefix("loki/api/v1/").split("/"):
            case ["ready"]:
                return Answer(text="ready\n")
            case ["query_range"]:
                return self._query_range(request)
            case ["query"]:
                return Answer(text=_NOT_INSTANT, status=400)
            case ["labels"]:
                return Answer({"status": "success", "data": names})
            case ["label", name, "values"]:
                values = sorted({labels[name] for _, labels, _ in self.entries if name in labels})
                return Answer({"status": "success", "data": values})
            case _:
                return MISSING

    def _query_range(self, request: web.Request) -> Answer:
        query, limit = request.query.get("query", ""), int(request.query.get("limit", _USUAL_ENTRIES))
        if limit > _MOST_ENTRIES:
            why = f"limit > max_entries_limit_per_query ({limit} > {_MOST_ENTRIES})"
            return Answer(text=f"max entries limit per query exceeded, {why}", status=400)
        try:
            matchers, filters = _parsed(query)
        except (ValueError, re.error) as error:
            return Answer(text=f"parse error at line 1, col 1: {error}", status=400)
        if all(matcher.holds({}) for matcher in matchers):
            return Answer(text=_TOO_WIDE, status=400)
        start, end = self._span(request)
        found = [
            (at, labels, line)
            for at, labels, line in self.entries
            if start <= at < end and all_hold(matchers, labels) and all(passes(line) for passes in filters)
        ]
        backward = request.query.get("direction", "backward") == "backward"
        found.sort(key=lambda entry: entry[0], reverse=backward)
        return Answer(_streams(found[:limit]))

    def _span(self, request: web.Request) -> tuple[datetime, datetime]:
        now = self._clock()
        end = _moment(request.query["end"]) if "end" in request.query else now + timedelta(seconds=1)
        return (_moment(request.query["start"]) if "start" in request.query else now - _LAST_HOUR), end


def _parsed(query: str) -> tuple[list[Matcher], list[Callable[[str], bool]]]:
    found = _QUERY.fullmatch(query)
    if found is None:
        raise ValueError("syntax error: unexpected IDENTIFIER, expecting {")
    return parse(found["selector"]), [_filter(*parts) for parts in _FILTER.findall(found["stages"])]


def _filter(operator: str, quoted: str, raw: str) -> Callable[[str], bool]:
    text = raw or re.sub(r"\\(.)", r"\1", quoted)
    wanted = operator.startswith("|")
    if operator.endswith("~"):
        pattern = re.compile(text)
        return lambda line: bool(pattern.search(line)) is wanted
    return lambda line: (text in line) is wanted


def _moment(text: str) -> datetime:
    if not re.fullmatch(r"[\d.]+", text):
        return datetime.fromisoformat(text)
    # Whole numbers of more than ten digits are nanoseconds, anything else is seconds.
    seconds = float(text) if "." in text or len(text) <= 10 else int(text) / 1e9  # noqa: PLR2004 - see above
    return datetime.fromtimestamp(seconds, UTC)


def _streams(entries: Iterable[Entry]) -> dict[str, Any]:
    streams: dict[tuple[tuple[str, str], ...], list[list[str]]] = {}
    for at, labels, line in entries:
        nanoseconds = int(at.timestamp() * 1_000_000) * 1000
        streams.setdefault(tuple(sorted(labels.items())), []).append([str(nanoseconds), line])
    result = [{"stream": dict(labels), "values": values} for labels, values in streams.items()]
    return {"status": "success", "data": {"resultType": "streams", "result": result, "stats": {}}}


def _stream(namespace: str, app: str, level: str) -> dict[str, str]:
    return {"namespace": namespace, "app": app, "container": app, "level": level, "job": f"{namespace}/{app}"}


_HOUSE = (
    *(
        (
            timedelta(minutes=minutes),
            _stream("lasuite", "messages-mta-out", "error"),
            "relay refused: 450 try again later",
        )
        for minutes in range(2, 50, 4)
    ),
    (timedelta(minutes=7), _stream("lasuite", "docs", "error"), "Internal Server Error: /api/v1.0/documents/"),
    (timedelta(minutes=21), _stream("devtools", "gitea", "error"), "could not read webhook delivery: timeout"),
    (timedelta(minutes=3), _stream("ory", "kratos", "info"), "completed handling request status=200"),
    (timedelta(minutes=5), _stream("matrix", "sol", "info"), "indexed 23 messages"),
)
