"""The Matrix client against a homeserver that misbehaves: a small server that says exactly what a test wants."""

import asyncio
import copy
import json
import logging
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.clients.matrix import Matrix
from bot.clients.matrix.answers import wait_seconds
from bot.core.errors import Denied, LoggedOut, Missing, NeighbourError, RateLimited, Rejected, Unreachable
from bot.core.names import EventId, RoomId, UserId
from bot.demo.loopback import free_port

BOT = UserId("@opsbot:demo.test")
ANNA = "@anna:demo.test"
ROOM = RoomId("!ops:demo.test")
NOW = timedelta(0)
CLOCK = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Homeserver:
    """Answers what it was told to, remembers what it was asked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[tuple[str, str]] = []
        self.bodies: list[Any] = []
        self.tokens = ["token-1"]
        self.special: dict[str, Answering] = {}
        self.sync: dict[str, Any] = {}

    async def respond(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path))
        name = request.path.rsplit("/", 1)[-1]
        if special := self.special.get(name):
            return await special(request)
        if name == "login":
            self.bodies.append(await request.json())
            self.tokens.append(f"token-{len(self.tokens) + 1}")
            device = self.bodies[-1]["device_id"]
            return answer(200, {"user_id": BOT, "device_id": device, "access_token": self.tokens[-1]})
        if request.headers.get("Authorization") != f"Bearer {self.tokens[-1]}":
            return answer(401, {"errcode": "M_UNKNOWN_TOKEN"})
        if name == "whoami":
            return answer(200, {"user_id": BOT, "device_id": "OPSBOT"})
        return answer(200, self.sync) if name == "sync" else answer(404, {"errcode": "M_UNRECOGNIZED"})

    def says(self, name: str, *answers: web.Response) -> None:
        """Answer requests for `name` with these, the last one for ever."""
        waiting = list(answers)

        async def special(_request: web.Request) -> web.StreamResponse:
            given = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            return web.Response(status=given.status, body=given.body, headers=given.headers)

        self.special[name] = special


@pytest.fixture
async def server() -> AsyncIterator[Homeserver]:
    port = free_port()
    stub = Homeserver(port)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stub.respond)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield stub
    await runner.cleanup()


@pytest.fixture
async def bot(server: Homeserver, tmp_path: Path) -> AsyncIterator[Matrix]:
    matrix = make(server, tmp_path, access_token=lambda: "token-1", password=None)
    await matrix.open()
    yield matrix
    await matrix.close()


def make(server: Homeserver, state: Path, **settings: Any) -> Matrix:
    given: dict[str, Any] = {"access_token": None, "password": lambda: "a password", "encryption": False}
    return Matrix(server.url, BOT, device_id="OPSBOT", state=state, now=lambda: CLOCK, **(given | settings))


def answer(status: int, body: object, **headers: str) -> web.Response:
    return web.Response(status=status, body=json.dumps(body), headers={"Content-Type": "application/json"} | headers)


def html(status: int, **headers: str) -> web.Response:
    return web.Response(status=status, body="<html>Bad Gateway</html>", headers={"Content-Type": "text/html"} | headers)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (html(502), Unreachable),
        (html(200), Unreachable),
        (html(404), Unreachable),
        (html(401), Unreachable),
        (
            web.Response(status=200, body='{"event_id": "$trunc', headers={"Content-Type": "application/json"}),
            Unreachable,
        ),
        (web.Response(status=200, body="[" * 100_000), Unreachable),
        (web.Response(status=200, body=b"\xff\xfe\x00"), Unreachable),
        (answer(200, ["event_id"]), Unreachable),
        (answer(200, {"event_id": 5}), Unreachable),
        (answer(500, {"errcode": "M_UNKNOWN"}), Unreachable),
        (answer(503, {}), Unreachable),
        (answer(403, {"errcode": "M_FORBIDDEN"}), Denied),
        (answer(401, {"errcode": "M_USER_LOCKED", "soft_logout": True}), Denied),
        (answer(404, {"errcode": "M_NOT_FOUND"}), Missing),
        (answer(400, {"errcode": "M_BAD_JSON"}), Rejected),
        (answer(413, {"errcode": "M_TOO_LARGE"}), Rejected),
        (html(413), Rejected),
        (answer(429, {"errcode": "M_LIMIT_EXCEEDED"}), RateLimited),
        (html(429), RateLimited),
        (answer(401, {"errcode": "M_UNKNOWN_TOKEN"}), LoggedOut),
    ],
)
async def test_every_answer_has_one_meaning(
    server: Homeserver, bot: Matrix, given: web.Response, expected: type[NeighbourError]
) -> None:
    server.says("t-1", given)

    with pytest.raises(NeighbourError) as caught:
        await bot.send(ROOM, "m.room.message", {"body": "x"}, "t-1")

    assert isinstance(caught.value, expected)


async def test_an_error_shows_neither_the_servers_words_nor_our_token(server: Homeserver, bot: Matrix) -> None:
    server.says("t-1", answer(400, {"errcode": "not a code: token-1", "error": "internal words"}))

    with pytest.raises(NeighbourError) as caught:
        await bot.send(ROOM, "m.room.message", {"body": "x"}, "t-1")

    shown = f"{caught.value!r} {caught.value} {bot!r} {bot._account.login!r}"
    assert "internal" not in shown
    assert "token-1" not in shown


async def test_a_cut_answer_means_not_known(server: Homeserver, bot: Matrix) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"event_id": ')
        assert request.transport
        request.transport.abort()
        return response

    server.special["t-1"] = cut

    with pytest.raises(Unreachable):
        await bot.send(ROOM, "m.room.message", {"body": "x"}, "t-1")


async def test_a_homeserver_that_hangs_is_given_up(server: Homeserver, bot: Matrix) -> None:
    async def hang(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        raise AssertionError

    server.special["whoami"] = hang
    loop = asyncio.get_running_loop()
    started = loop.time()

    with pytest.raises(Unreachable):
        await bot._account.call("GET", "/_matrix/client/v3/account/whoami", limit=timedelta(seconds=0.2))

    assert loop.time() - started < 2


async def test_a_homeserver_that_is_not_there_is_unreachable_and_open_can_be_tried_again(
    server: Homeserver, tmp_path: Path
) -> None:
    absent = Homeserver(free_port())
    bot = make(absent, tmp_path)

    with pytest.raises(Unreachable):
        await bot.open()
    with pytest.raises(Unreachable):
        await bot.sync(None, poll=NOW)
    await bot.close()


async def test_a_redirect_is_not_followed(server: Homeserver, bot: Matrix, tmp_path: Path) -> None:
    server.says("t-1", html(307, Location=f"{server.url}/elsewhere"))
    server.says("login", html(308, Location=f"{server.url}/elsewhere"))

    with pytest.raises(Unreachable):
        await bot.send(ROOM, "m.room.message", {"body": "x"}, "t-1")
    stranger = make(server, tmp_path / "other")
    with pytest.raises(Unreachable):
        await stranger.open()
    await stranger.close()

    assert "/elsewhere" not in [path for _, path in server.asked]


@pytest.mark.parametrize("soft", [True, False])
async def test_a_logged_out_bot_with_a_password_is_the_same_device_again(
    server: Homeserver, tmp_path: Path, soft: bool
) -> None:
    bot = make(server, tmp_path)
    await bot.open()
    said = answer(200, {"event_id": "$sent"})
    server.says("t-1", answer(401, {"errcode": "M_UNKNOWN_TOKEN", "soft_logout": soft}), said)

    event = await bot.send(ROOM, "m.room.message", {"body": "x"}, "t-1")

    assert event == "$sent"
    assert [body["device_id"] for body in server.bodies] == ["OPSBOT", "OPSBOT"]
    await bot.close()


async def test_a_soft_logout_keeps_the_keys_and_a_hard_one_does_not(server: Homeserver, tmp_path: Path) -> None:
    bot = make(server, tmp_path, encryption=True)
    await bot.open()
    first = (bot.device_id, bot._account.device.identity)
    server.says(
        "t-1", answer(401, {"errcode": "M_UNKNOWN_TOKEN", "soft_logout": True}), answer(200, {"event_id": "$a"})
    )
    await bot._put(ROOM, "m.reaction", {}, "t-1")
    after_soft = (bot.device_id, bot._account.device.identity)
    server.says("t-2", answer(401, {"errcode": "M_UNKNOWN_TOKEN"}), answer(200, {"event_id": "$b"}))
    with pytest.raises(Unreachable):
        await bot._put(ROOM, "m.reaction", {}, "t-2")
    after_hard = (bot.device_id, bot._account.device.identity)

    assert after_soft == first
    assert after_hard[0] != first[0]
    assert after_hard[1] != first[1]
    await bot.close()


@pytest.mark.parametrize("soft", [True, False])
async def test_with_a_token_only_a_logout_is_said(server: Homeserver, bot: Matrix, soft: bool) -> None:
    server.says("whoami", answer(401, {"errcode": "M_UNKNOWN_TOKEN", "soft_logout": soft}))

    with pytest.raises(LoggedOut) as caught:
        await bot.whoami()

    assert caught.value.soft is soft


async def test_many_calls_that_are_logged_out_together_log_in_once(server: Homeserver, tmp_path: Path) -> None:
    bot = make(server, tmp_path)
    await bot.open()
    server.tokens.append("another, so ours is dead")

    users = await asyncio.gather(*(bot.whoami() for _ in range(8)))

    assert set(users) == {BOT}
    assert len(server.bodies) == 2
    await bot.close()


async def test_a_damaged_login_file_costs_a_login_only(server: Homeserver, tmp_path: Path) -> None:
    (tmp_path / "matrix").mkdir()
    (tmp_path / "matrix" / "login.json").write_text('{"user": "@ops')
    bot = make(server, tmp_path)

    await bot.open()

    assert await bot.whoami() == BOT
    await bot.close()


@pytest.mark.parametrize(
    ("header", "body", "expected"),
    [
        ("3", {}, 3.0),
        ("2.5", {"retry_after_ms": 9000}, 2.5),
        ("", {"retry_after_ms": 1500}, 1.5),
        ("", {"retry_after_ms": 3_600_000}, 60.0),
        ("3600", {}, 60.0),
        ("0", {}, 0.5),
        ("-7", {}, 0.5),
        ("nan", {"retry_after_ms": 2000}, 2.0),
        ("inf", {}, 60.0),
        ("soon", {"retry_after_ms": "soon"}, 5.0),
        ("soon", {"retry_after_ms": True}, 5.0),
        ("", {"retry_after_ms": -1}, 0.5),
        ("", {"retry_after_ms": 10**400}, 60.0),
        ("", {}, 5.0),
        ("Mon, 23 Nov 2026 12:00:09 GMT", {}, 9.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", {}, 0.5),
        ("Mon, 23 Nov 2099 11:00:00 -0000", {}, 60.0),
    ],
)
def test_the_wait_is_obeyed_within_bounds(header: str, body: dict[str, Any], expected: float) -> None:
    assert wait_seconds({"Retry-After": header}, body, CLOCK) == expected


async def test_a_wait_that_only_the_header_tells_is_obeyed(server: Homeserver, bot: Matrix) -> None:
    server.says("t-1", html(429, **{"Retry-After": "7"}))

    with pytest.raises(RateLimited) as caught:
        await bot.send(ROOM, "m.room.message", {"body": "x"}, "t-1")

    assert caught.value.retry_after == 7.0
    assert len([path for _, path in server.asked if path.endswith("t-1")]) == 1


def message(number: int, body: str = "!status", content: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "m.room.message",
        "event_id": f"$event-{number}",
        "sender": ANNA,
        "origin_server_ts": 1_795_000_000_000 + number,
        "content": {"msgtype": "m.text", "body": body, **(content or {})},
    }


def batch_of(number: int, *events: Any) -> dict[str, Any]:
    timeline = {"events": list(events), "limited": False, "prev_batch": "p"}
    return {
        "next_batch": f"s{number}",
        "rooms": {"join": {ROOM: {"timeline": timeline, "state": {"events": []}}}},
        "device_one_time_keys_count": {"signed_curve25519": 50},
    }


SEEDS: tuple[dict[str, Any], ...] = (
    message(1, content={"m.relates_to": {"m.in_reply_to": {"event_id": "$card"}}}),
    message(
        2, content={"m.new_content": {"body": "b", "msgtype": "m.text"}, "m.relates_to": {"rel_type": "m.replace"}}
    ),
    {**message(3), "type": "m.reaction", "content": {"m.relates_to": {"rel_type": "m.annotation", "key": "👍"}}},
    {**message(4), "type": "m.room.redaction", "redacts": "$card", "content": {"reason": "r"}},
    {**message(5), "unsigned": {"redacted_because": {"type": "m.room.redaction"}, "prev_content": {}}},
    {
        **message(6),
        "type": "m.room.encrypted",
        "content": {
            "algorithm": "m.megolm.v1.aes-sha2",
            "ciphertext": "AwgAEhAAAA",
            "device_id": "PHONE",
            "sender_key": "c2VuZGVy",
            "session_id": "c2Vzc2lvbg",
        },
    },
    {**message(7), "type": "m.room.member", "state_key": ANNA, "content": {"membership": "join"}},
    {**message(8), "type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}},
    {**message(9), "type": "m.room.power_levels", "state_key": "", "content": {"users": {ANNA: 100}}},
)
ODD: tuple[Any, ...] = (
    None,
    "",
    0,
    -1,
    10**30,
    1.5,
    True,
    [],
    {},
    [[]],
    {"": {}},
    "\ud800",
    "$",
    "@",
    "x" * 5000,
    "\0",
    "m.room.encrypted",
)


def places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Return every place of a JSON value where something can be put instead."""
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder))) if isinstance(holder, list) else []
    for key in keys:
        yield holder, key
        yield from places(holder[key])


def mutated(given: Any, dice: random.Random) -> Any:
    changed = copy.deepcopy(given)
    for _ in range(dice.randint(1, 3)):
        found = list(places(changed))
        if not found:
            break
        holder, key = dice.choice(found)
        if isinstance(holder, dict) and dice.random() < 0.3:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(dice.choice(ODD))
    return changed if dice.random() < 0.95 else dice.choice(ODD)


async def test_an_outage_does_not_pile_up_keys(server: Homeserver, tmp_path: Path) -> None:
    uploaded: list[Any] = []

    async def refuse(request: web.Request) -> web.StreamResponse:
        uploaded.append(await request.json())
        return html(502)

    server.special["upload"] = refuse
    server.sync = batch_of(1)
    bot = make(server, tmp_path, encryption=True)
    await bot.open()

    for _ in range(3):
        await bot.sync("s", poll=NOW)

    assert len(uploaded) == 3
    assert uploaded[0] == uploaded[1] == uploaded[2]
    await bot.close()


async def test_key_ids_that_are_taken_are_left_for_new_ones(server: Homeserver, tmp_path: Path) -> None:
    uploaded: list[Any] = []

    async def refuse(request: web.Request) -> web.StreamResponse:
        uploaded.append(await request.json())
        return answer(400, {"errcode": "M_UNKNOWN"})

    server.special["upload"] = refuse
    server.sync = batch_of(1)
    bot = make(server, tmp_path, encryption=True)
    await bot.open()

    for _ in range(2):
        await bot.sync("s", poll=NOW)

    assert not set(uploaded[0]["one_time_keys"]) & set(uploaded[1]["one_time_keys"])
    await bot.close()


@pytest.mark.parametrize("encryption", [False, True])
async def test_2000_mutated_events_cost_only_themselves(server: Homeserver, tmp_path: Path, encryption: bool) -> None:
    bot = make(server, tmp_path, encryption=encryption)
    await bot.open()
    dice = random.Random(26)
    missed = []

    for number in range(40):
        crafted = [mutated(dice.choice(SEEDS), dice) for _ in range(50)]
        server.sync = batch_of(number, *crafted[:25], message(1000 + number, "!good"), *crafted[25:])
        batch = await bot.sync("s", poll=NOW)
        if f"$event-{1000 + number}" not in [each.event_id for each in batch.heard]:
            missed.append(number)

    assert missed == []
    await bot.close()


@pytest.mark.parametrize("encryption", [False, True])
async def test_a_mutated_answer_is_a_batch_or_no_answer(server: Homeserver, tmp_path: Path, encryption: bool) -> None:
    bot = make(server, tmp_path, encryption=encryption)
    await bot.open()
    dice = random.Random(27)
    whole = batch_of(1, *SEEDS) | {
        "to_device": {"events": [{"type": "m.room_key", "sender": ANNA, "content": {}}]},
        "device_lists": {"changed": [ANNA], "left": []},
        "presence": {"events": []},
    }

    for _ in range(300):
        server.sync = mutated(whole, dice)
        try:
            await bot.sync("s", poll=NOW)
        except Unreachable:
            continue

    server.sync = batch_of(2, message(1, "!good"))
    assert [each.body for each in (await bot.sync("s", poll=NOW)).heard] == ["!good"]
    await bot.close()


async def test_an_answer_whose_schema_is_wrong_is_heard_all_the_same(server: Homeserver, tmp_path: Path) -> None:
    bot = make(server, tmp_path, encryption=True)
    await bot.open()
    server.sync = batch_of(1, message(1)) | {
        "to_device": {"events": 5},
        "device_lists": "none",
        "device_one_time_keys_count": {"signed_curve25519": "many"},
    }

    batch = await bot.sync("s", poll=NOW)

    assert [each.body for each in batch.heard] == ["!status"]
    await bot.close()


async def test_events_that_cannot_be_read_are_counted(server: Homeserver, bot: Matrix) -> None:
    server.sync = batch_of(
        1,
        "no event",
        {"type": "m.room.message"},
        message(1) | {"content": {"msgtype": "m.text", "body": 5}},
        message(2) | {"origin_server_ts": "now"},
        message(3) | {"origin_server_ts": 10**18},
        message(4) | {"event_id": None},
        message(5) | {"sender": "anna"},
        {"type": "m.room.topic"},
        message(6, "half a pair: \ud83d"),
    )

    batch = await bot.sync("s", poll=NOW)

    assert (batch.unreadable, [each.body for each in batch.heard]) == (7, ["half a pair: ?"])


async def test_own_words_are_not_heard_when_the_homeserver_sends_them_all_the_same(
    server: Homeserver, bot: Matrix
) -> None:
    server.sync = batch_of(1, message(1, "!own") | {"sender": BOT}, message(2, "!anna's"))

    batch = await bot.sync("s", poll=NOW)

    assert [each.body for each in batch.heard] == ["!anna's"]


async def test_a_thread_without_a_reply_answers_its_root(server: Homeserver, bot: Matrix) -> None:
    thread = {"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {"event_id": "$last"}}
    server.sync = batch_of(
        1,
        message(1, "logs", {"m.relates_to": thread | {"is_falling_back": True}}),
        message(2, "logs", {"m.relates_to": thread}),
        message(3, "> quoted, not a reply\n\nmine"),
    )

    batch = await bot.sync("s", poll=NOW)

    assert [each.target for each in batch.heard] == ["$root", "$last", None]
    assert batch.heard[2].body == "> quoted, not a reply\n\nmine"


async def test_a_reaction_that_is_there_already_counts_as_done(server: Homeserver, bot: Matrix) -> None:
    server.says("t-1", answer(400, {"errcode": "M_DUPLICATE_ANNOTATION"}))

    assert await bot.react(ROOM, EventId("$card"), "👀", "t-1") is None


async def test_libraries_never_log_what_was_said(
    server: Homeserver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bot = make(server, tmp_path, encryption=True)
    await bot.open()
    topic = {"type": "m.room.topic", "state_key": "", "content": {"topic": "a private sentence"}}
    server.sync = batch_of(1, message(1, "a private sentence"), message(2) | topic)

    await bot.sync("s", poll=NOW)
    await bot.close()

    assert "a private sentence" not in caplog.text
    assert "token-" not in caplog.text


async def test_the_client_module_loads_without_nio() -> None:
    program = "import sys, bot.clients.matrix; sys.exit('nio' in sys.modules)"

    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program)

    assert await child.wait() == 0
