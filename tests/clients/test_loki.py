"""Loki against the simulated one: lines by time, its refusals in our words, nonsense that is no silence."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.clients.http import Http
from bot.clients.loki import LokiApi
from bot.core.errors import NeighbourError, RateLimited, Rejected, Unreachable
from bot.demo.monitoring import SimulatedMonitoring

RANGE = "/monitoring/loki/loki/api/v1/query_range"
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def monitoring() -> AsyncIterator[SimulatedMonitoring]:
    server = SimulatedMonitoring(clock=lambda: NOW)
    server.loki.entries.clear()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def loki(monitoring: SimulatedMonitoring) -> AsyncIterator[LokiApi]:
    async with Http() as http:
        yield LokiApi(http, monitoring.url("monitoring", "loki"))


async def test_lines_of_all_streams_come_by_time_the_newest_last(
    loki: LokiApi, monitoring: SimulatedMonitoring
) -> None:
    for number in range(6):
        app = {"app": "ab"[number % 2]}
        monitoring.loki.add(app, f"line {number}", NOW - timedelta(minutes=10 - number))
    monitoring.loki.add({"app": "a"}, "too old", NOW - 2 * HOUR)
    monitoring.loki.add({"app": "c"}, "not asked for", NOW - HOUR / 2)

    found = await loki.lines('{app=~"a|b"}', NOW - HOUR, NOW, 4)

    assert [(entry.text, entry.labels["app"]) for entry in found] == [
        ("line 2", "a"),
        ("line 3", "b"),
        ("line 4", "a"),
        ("line 5", "b"),
    ]
    assert found[-1].at == NOW - timedelta(minutes=5)


async def test_lines_of_one_moment_keep_the_order_of_their_stream(
    loki: LokiApi, monitoring: SimulatedMonitoring
) -> None:
    # Newest first, as it answers.
    values = [[str(int(NOW.timestamp()) * 10**9), text] for text in ("third", "second", "first")]
    streams = [{"stream": {"app": "a"}, "values": values}]
    monitoring.answer(RANGE, json={"data": {"resultType": "streams", "result": streams}})

    assert [entry.text for entry in await loki.lines("{}", NOW, NOW, 10)] == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("query", "most", "wanted"),
    [
        ("{app", 10, "it cannot read the question"),
        ('{app=~".*"}', 10, "a label must say what it is"),
        ('{app="a"}', 5001, "that is more lines than it gives at once"),
    ],
)
async def test_what_it_refuses_is_told_in_our_words(loki: LokiApi, query: str, most: int, wanted: str) -> None:
    with pytest.raises(Rejected, match=wanted):
        await loki.lines(query, NOW - HOUR, NOW, most)


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (400, "the query time range exceeds the limit (query length: 800h, limit: 721h)", Rejected),
        (400, "something new", Rejected),
        (429, "too many outstanding requests", RateLimited),
        (504, "context deadline exceeded", Unreachable),
        (500, "parse error", Unreachable),
    ],
)
async def test_none_of_its_own_text_is_repeated(
    loki: LokiApi, monitoring: SimulatedMonitoring, status: int, text: str, error: type[NeighbourError]
) -> None:
    monitoring.answer(RANGE, status, text=text)

    with pytest.raises(error) as refused:
        await loki.lines('{app="a"}', NOW - HOUR, NOW, 10)

    assert text not in str(refused.value)


@pytest.mark.parametrize(
    "nonsense",
    [
        [],
        {},
        {"data": {"resultType": "streams"}},
        {"data": {"resultType": "streams", "result": [{"stream": {}, "values": [["x", "y"]]}]}},
        {"data": {"resultType": "streams", "result": [{"stream": {}, "values": [[]]}]}},
        {"data": {"resultType": "streams", "result": [{"stream": {}, "values": [["9" * 40, "y"]]}]}},
    ],
)
async def test_nonsense_is_no_answer(loki: LokiApi, monitoring: SimulatedMonitoring, nonsense: Any) -> None:
    monitoring.answer(RANGE, json=nonsense)

    with pytest.raises(Unreachable):
        await loki.lines('{app="a"}', NOW - HOUR, NOW, 10)


async def test_numbers_are_not_taken_for_lines(loki: LokiApi, monitoring: SimulatedMonitoring) -> None:
    monitoring.answer(RANGE, json={"data": {"resultType": "matrix", "result": []}})

    with pytest.raises(Rejected, match="numbers"):
        await loki.lines('{app="a"}', NOW - HOUR, NOW, 10)


async def test_its_labels_and_its_health_are_asked(loki: LokiApi, monitoring: SimulatedMonitoring) -> None:
    monitoring.loki.add({"app": "a", "level": "info"}, "line")

    await loki.ready()
    assert await loki.labels(NOW - HOUR, NOW) == ("app", "level")
