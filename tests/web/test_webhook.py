"""`POST /alerts/{room}`: who is let in, what is refused and with which status, so that no alert is lost."""

import asyncio
import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.errors import StoreFailed
from tests.web.conftest import BASIC, BEARER, NEXT_TOKEN, OPS, TOKEN, House, alerts, asked, dial, head, opened

MIB = 1024 * 1024


def basic(text: bytes) -> str:
    return "Authorization: Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize(
    "header",
    [
        BEARER,
        BASIC,
        f"Authorization: Bearer {NEXT_TOKEN}",
        f"authorization:   bearer   {TOKEN}  ",
        basic(f":{TOKEN}".encode()),
    ],
)
async def test_every_valid_token_opens_as_bearer_and_as_basic(house: House, header: str) -> None:
    status, _, text = await asked(house, header, body=alerts())

    assert (status, text) == (200, "ok\n")
    assert [room for room, _ in house.taken] == [OPS]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Authorization:"],
        ["Authorization: Bearer"],
        ["Authorization: Bearer "],
        [f"Authorization: Bearer {TOKEN[:-1]}"],
        [f"Authorization: Bearer {TOKEN}x"],
        [f"Authorization: Bearer {TOKEN.upper()}"],
        ["Authorization: Bearer tökén-überall"],
        ["Authorization: Bearer \udcff\udcfe"],
        [f"Authorization: Token {TOKEN}"],
        [f"Authorization: {TOKEN}"],
        [f"Authorization: Basic {TOKEN}"],
        ["Authorization: Basic %%%"],
        ["Authorization: Basic \udcff"],
        [basic(TOKEN.encode())],
        [basic(b"anybody:")],
        [basic(b"\xff\xfe:\xff")],
        [BEARER, BEARER],
        [BEARER, "Authorization: Bearer wrong"],
        [f"X-Authorization: Bearer {TOKEN}"],
    ],
)
async def test_everything_else_is_refused_alike(house: House, headers: list[str]) -> None:
    status, answered, text = await asked(house, *headers, body=alerts())

    assert (status, text) == (401, "the token is missing or not known\n")
    assert "Bearer" in answered["www-authenticate"]
    assert house.taken == []
    assert house.results("unauthorized") == 1


async def test_a_stranger_does_not_learn_which_rooms_there_are(house: House) -> None:
    known, unknown = [await asked(house, body=alerts(), to=f"/alerts/{room}") for room in ("ops", "other")]

    assert known[0] == unknown[0] == 401


async def test_a_stranger_is_answered_before_the_body_and_cut_off_without_reading_it(house: House) -> None:
    socket = await dial(house)
    sent = 0

    await socket.send(head("Content-Length: 1073741824"))
    status, answered, _ = await socket.answer()
    try:
        async with asyncio.timeout(5):
            while True:
                await socket.send(bytes(65536))
                sent += 65536
    except ConnectionError:
        pass

    assert (status, answered["connection"]) == (401, "close")
    # What the kernel's buffers hold on both sides, not what the bot read.
    assert sent < 16 * MIB


@pytest.mark.parametrize("name", ["ops", "!abc:example.org", "%21abc%3Aexample.org"])
async def test_a_room_goes_by_its_short_name_and_by_its_id(house: House, name: str) -> None:
    status, _, _ = await asked(house, BEARER, body=alerts(), to=f"/alerts/{name}")

    assert status == 200
    assert house.taken[0][0] == OPS


@pytest.mark.parametrize("name", ["", "other", "ops/", "OPS", "%ff", "ops%00", "%2e%2e/readyz", "!abc:example.com"])
async def test_a_room_that_is_not_in_the_config_is_not_found(house: House, name: str) -> None:
    status, _, text = await asked(house, BEARER, body=alerts(), to=f"/alerts/{name}")

    assert (status, text) == (404, "no such room in the config\n")
    assert house.results("unknown_room") == 1


async def test_a_query_after_the_room_does_not_matter(house: House) -> None:
    status, _, _ = await asked(house, BEARER, body=alerts(), to="/alerts/ops?via=alertmanager")

    assert status == 200


async def test_what_is_no_webhook_is_told_by_field_and_not_repeated(house: House) -> None:
    status, _, text = await asked(house, BEARER, body=b'{"alerts": [{"status": "s3cret"}]}')

    assert (status, text) == (400, "alerts[0].status must be firing or resolved\n")
    assert house.results("malformed") == 1


async def test_a_webhook_without_a_body_is_refused(house: House) -> None:
    status, _, _ = await asked(house, BEARER)

    assert status == 400


async def test_a_body_cut_short_is_not_taken(house: House) -> None:
    socket = await dial(house)

    await socket.send(head(BEARER, f"Content-Length: {len(alerts())}"), alerts()[:-1])
    socket.writer.write_eof()
    await asyncio.sleep(0.05)
    socket.close()
    await asyncio.sleep(0.05)

    assert house.taken == []
    assert house.results("cut") == 1


@pytest.mark.parametrize("header", ["Content-Encoding: gzip", "Content-Encoding: identity, br", "Content-Encoding: x"])
async def test_a_compressed_body_is_asked_for_plain(house: House, header: str) -> None:
    status, _, text = await asked(house, BEARER, header, body=gzip.compress(alerts()))

    assert (status, text) == (400, "send it uncompressed\n")


@pytest.mark.parametrize("size", [16 * MIB + 1, 40 * MIB, 10**15])
async def test_a_body_too_large_is_refused_by_its_length_alone_and_fetched_otherwise(house: House, size: int) -> None:
    socket = await dial(house)

    await socket.send(head(BEARER, f"Content-Length: {size}"))
    status, _, text = await socket.answer()
    closed = await socket.ended()

    assert (status, text) == (413, "the body must be at most 16777216 bytes\n")
    assert closed
    assert house.overflowed == [OPS]
    assert house.results("too_large") == 1


async def test_forty_megabytes_in_chunks_are_cut_at_the_cap_and_the_sender_learns_why(house: House) -> None:
    socket = await dial(house)
    chunk = b"10000\r\n" + bytes(65536) + b"\r\n"

    async def pour() -> None:
        for _ in range(640):
            await socket.send(chunk)

    await socket.send(head(BEARER, "Transfer-Encoding: chunked"))
    pouring = asyncio.create_task(pour())
    status, _, _ = await socket.answer()
    ended = await asyncio.gather(pouring, return_exceptions=True)

    assert status == 413
    assert isinstance(ended[0], ConnectionError)
    assert house.overflowed == [OPS]


async def test_more_alerts_than_can_be_shown_are_fetched_otherwise(house: House) -> None:
    status, _, text = await asked(house, BEARER, body=alerts(10_001))

    assert (status, text) == (413, "alerts must be at most 10,000\n")
    assert house.overflowed == [OPS]


async def test_ten_thousand_alerts_are_taken(house: House) -> None:
    status, _, _ = await asked(house, BEARER, body=alerts(10_000, words=500))

    assert status == 200
    assert len(house.taken[0][1].alerts) == 10_000


async def test_a_sender_that_waits_to_be_asked_is_asked_only_when_it_may_come_in(house: House) -> None:
    body = alerts()
    socket = await dial(house)

    await socket.send(head(BEARER, "Expect: 100-continue", f"Content-Length: {len(body)}"))
    asked_for = await socket.reader.readuntil(b"\r\n\r\n")
    await socket.send(body)
    status, _, _ = await socket.answer()
    stranger = await asked(house, "Expect: 100-continue", f"Content-Length: {len(body)}")

    assert asked_for == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert status == 200
    assert stranger[0] == 401


async def test_a_store_that_cannot_commit_is_answered_so_that_it_comes_again(house: House) -> None:
    async def fail() -> None:
        raise StoreFailed("disk full at /secret/place")

    house.accepting = fail
    status, _, text = await asked(house, BEARER, body=alerts())

    assert (status, text) == (503, "could not store it, send it again\n")
    assert house.results("not_stored") == 1


async def test_a_store_that_hangs_is_given_up_on_in_time() -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    async with opened(accept_seconds=0.1) as house:
        house.accepting = hang
        async with asyncio.timeout(2):
            status, _, _ = await asked(house, BEARER, body=alerts())

    assert status == 503
    assert house.results("not_stored") == 1


@pytest.mark.parametrize(
    "error", [ValueError("s3cret"), ConnectionResetError("s3cret"), OSError("s3cret"), KeyError("x")]
)
async def test_what_nobody_expected_comes_again_and_tells_nothing(
    house: House, error: Exception, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise error

    house.accepting = fail
    status, _, text = await asked(house, BEARER, body=alerts())

    assert status == 503
    said = "".join(capsys.readouterr()) + caplog.text
    assert "s3cret" not in text + said
    assert type(error).__name__ in said
    assert house.results("unexpected") == 1


async def test_a_connection_serves_one_webhook_after_the_other(house: House) -> None:
    body = alerts()
    socket = await dial(house)

    answers = []
    for _ in range(3):
        await socket.send(head(BEARER, f"Content-Length: {len(body)}"), body)
        answers.append((await socket.answer())[0])

    assert answers == [200, 200, 200]
    assert len(house.taken) == 3


async def test_two_webhooks_sent_at_once_on_one_connection_are_both_answered(house: House) -> None:
    request = head(BEARER, f"Content-Length: {len(alerts())}").encode() + alerts()
    socket = await dial(house)

    await socket.send(request + request)
    answers = [(await socket.answer())[0] for _ in range(2)]

    assert answers == [200, 200]


async def test_fifty_webhooks_at_once_are_all_taken(house: House) -> None:
    answers = await asyncio.gather(*(asked(house, BEARER, body=alerts(50, words=100)) for _ in range(50)))

    assert {status for status, _, _ in answers} == {200}
    assert len(house.taken) == 50


async def test_a_webhook_under_way_is_answered_before_the_door_closes() -> None:
    async def slowly() -> None:
        await asyncio.sleep(0.2)

    async with opened(stop_seconds=5) as house:
        house.accepting = slowly
        request = asyncio.create_task(asked(house, BEARER, body=alerts()))
        await asyncio.sleep(0.1)

    assert (await request)[0] == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Bytes, JSON, or a webhook with some of its fields changed."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=200))
    if draw(st.booleans()):
        return json.dumps(draw(JSON)).encode()
    body: dict[str, Any] = json.loads(alerts())
    part = draw(st.sampled_from([body, body["alerts"][0]]))
    part[draw(st.sampled_from(sorted(part)))] = draw(JSON)
    return json.dumps(body).encode()


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def standing(loop: asyncio.Runner) -> Iterator[House]:
    """A door that stays open from one example to the next."""
    door = opened()
    yield loop.run(door.__aenter__())
    loop.run(door.__aexit__(None, None, None))


@given(body=bodies())
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_makes_the_bot_answer_with_an_error_of_its_own(
    loop: asyncio.Runner, standing: House, body: bytes
) -> None:
    status, _, text = loop.run(asked(standing, BEARER, body=body))

    assert status in {200, 400}
    assert text.count("\n") == 1
