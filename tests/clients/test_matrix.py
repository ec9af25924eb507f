"""The Matrix client against a real Synapse."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bot.clients.matrix import Matrix
from bot.core.errors import Denied, LoggedOut, Missing, RateLimited, Unreachable
from bot.core.heard import Heard, Invite, Sort
from bot.core.message import FIELD
from bot.core.names import EventId, RoomId, UserId
from bot.core.powers import Power, lacking
from bot.demo.homeserver import Homeserver, Session

pytestmark = pytest.mark.real
NOW = timedelta(0)
SOON = timedelta(seconds=5)
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Scene:
    server: Homeserver
    bot: UserId
    anna: Session
    admin: Session

    def room(self, **settings: Any) -> RoomId:
        return self.server.create_room(self.anna, "Ops", invite=[self.bot], **settings)

    def says(self, room: RoomId, text: str, **content: Any) -> EventId:
        return self.server.send(self.anna, room, {"msgtype": "m.text", "body": text, **content})

    def matrix(self, state: Path, **settings: Any) -> Matrix:
        given: dict[str, Any] = {"access_token": None, "password": lambda: "bot-pw", "encryption": False}
        return Matrix(
            self.server.url,
            self.bot,
            device_id="OPSBOT",
            state=state,
            now=lambda: datetime.now(UTC),
            **(given | settings),
        )


@pytest.fixture(scope="module")
def scene(homeserver: Homeserver) -> Scene:
    mark = secrets.token_hex(3)
    bot = homeserver.register(f"bot-{mark}", "bot-pw")
    homeserver.register(f"anna-{mark}", "pw", admin=True)
    homeserver.register(f"admin-{mark}", "pw", admin=True)
    anna = homeserver.login(f"anna-{mark}", "pw")
    return Scene(homeserver, bot, anna, homeserver.login(f"admin-{mark}", "pw"))


@pytest.fixture
async def bot(scene: Scene, tmp_path: Path) -> AsyncIterator[Matrix]:
    matrix = scene.matrix(tmp_path)
    await matrix.open()
    yield matrix
    await matrix.close()


@pytest.fixture
async def room(scene: Scene, bot: Matrix) -> RoomId:
    room = scene.room()
    await bot.join(room)
    return room


async def position(bot: Matrix) -> str:
    return (await bot.sync(None, poll=NOW)).next_batch


async def heard_since(bot: Matrix, since: str) -> list[Heard]:
    batch = await bot.sync(since, poll=NOW)
    assert batch.unreadable == 0
    return list(batch.heard)


async def test_what_a_person_says_is_heard(scene: Scene, bot: Matrix, room: RoomId) -> None:
    since = await position(bot)
    event = scene.says(room, "!status")

    batch = await bot.sync(since, poll=SOON)

    (said,) = batch.heard
    assert (said.event_id, said.room, said.sender) == (event, room, scene.anna.user_id)
    assert (said.sort, said.body, said.target, said.encrypted) == (Sort.MESSAGE, "!status", None, False)
    assert abs(datetime.now(UTC) - said.sent_at) < timedelta(minutes=1)


async def test_what_was_said_before_the_bot_came_is_not_heard(scene: Scene, bot: Matrix, room: RoomId) -> None:
    scene.says(room, "!restart data/postgres")

    batch = await bot.sync(None, poll=SOON)

    assert (batch.heard, batch.gaps, batch.unreadable) == ((), (), 0)
    assert (await bot.sync(batch.next_batch, poll=NOW)).heard == ()


async def test_own_words_edits_and_redacted_words_are_not_heard(scene: Scene, bot: Matrix, room: RoomId) -> None:
    since = await position(bot)
    await bot.send(room, "m.room.message", {"msgtype": "m.text", "body": "!own"}, "t-own")
    original = scene.says(room, "!status")
    scene.says(room, "* !restart", **{"m.new_content": {"msgtype": "m.text", "body": "!restart"}, **replaces(original)})
    taken_back = scene.says(room, "!delete")
    scene.server.call("PUT", f"/_matrix/client/v3/rooms/{room}/redact/{taken_back}/t-redact", {}, by=scene.anna)
    scene.server.send(scene.anna, room, {"msgtype": "m.emote", "body": "waves"})

    heard = await heard_since(bot, since)

    assert [(said.sort, said.body) for said in heard] == [(Sort.MESSAGE, "!status"), (Sort.REDACTION, "")]
    assert heard[1].target == taken_back


async def test_a_notice_is_heard_as_one(scene: Scene, bot: Matrix, room: RoomId) -> None:
    since = await position(bot)
    scene.server.send(scene.anna, room, {"msgtype": "m.notice", "body": "all pods ready"})

    (said,) = await heard_since(bot, since)

    assert (said.sort, said.body) == (Sort.NOTICE, "all pods ready")


async def test_a_reply_names_its_target_and_loses_the_quote(scene: Scene, bot: Matrix, room: RoomId) -> None:
    since = await position(bot)
    card = await bot.send(room, "m.room.message", {"msgtype": "m.notice", "body": "pg down"}, "t-card")
    reply = {"m.relates_to": {"m.in_reply_to": {"event_id": card}}}
    scene.says(room, f"> <{bot.user}> pg down\n\nlogs", **reply)

    (said,) = await heard_since(bot, since)

    assert (said.body, said.target) == ("logs", card)


async def test_a_reaction_is_heard_with_its_target(scene: Scene, bot: Matrix, room: RoomId) -> None:
    since = await position(bot)
    card = await bot.send(room, "m.room.message", {"msgtype": "m.notice", "body": "restart?"}, "t-prompt")
    relation = {"rel_type": "m.annotation", "event_id": card, "key": "👍"}
    scene.server.send(scene.anna, room, {"m.relates_to": relation}, "m.reaction")

    (said,) = await heard_since(bot, since)

    assert (said.sort, said.body, said.target) == (Sort.REACTION, "👍", card)


async def test_reacting_twice_is_no_failure(scene: Scene, bot: Matrix, room: RoomId) -> None:
    event = scene.says(room, "!status")

    first = await bot.react(room, event, "👀", "t-react-1")
    again = await bot.react(room, event, "👀", "t-react-1")
    other = await bot.react(room, event, "👀", "t-react-2")

    assert first is not None
    assert (again, other) == (first, None)


async def test_a_message_can_be_edited_and_taken_back(scene: Scene, bot: Matrix, room: RoomId) -> None:
    original = await bot.send(room, "m.room.message", {"msgtype": "m.notice", "body": "one"}, "t-1")
    edit = {"msgtype": "m.notice", "body": "* two", "m.new_content": {"msgtype": "m.notice", "body": "two"}}
    await bot.send(room, "m.room.message", edit | replaces(original), "t-2")
    shown = scene.server.call("GET", f"/_matrix/client/v3/rooms/{room}/event/{original}", by=scene.anna)

    await bot.redact(room, original, "sent twice", "t-3")

    gone = scene.server.call("GET", f"/_matrix/client/v3/rooms/{room}/event/{original}", by=scene.anna)
    assert shown["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]["body"] == "two"
    assert gone["content"] == {}


async def test_a_retry_does_not_double_a_message_even_after_a_crash(scene: Scene, bot: Matrix, room: RoomId) -> None:
    content = {"msgtype": "m.notice", "body": "pg down"}
    first = await bot.send(room, "m.room.message", content, "t-once")

    again = await bot.send(room, "m.room.message", content, "t-once")
    scene.server.kill()
    scene.server.start()
    with suppress(Unreachable):
        # If the old connection is still used it is cut, and what became of the message is not known.
        await bot.send(room, "m.room.message", content, "t-once")
    after_crash = await bot.send(room, "m.room.message", content, "t-once")

    assert again == after_crash == first


async def test_a_gap_is_told_and_history_fills_it(scene: Scene, bot: Matrix, room: RoomId) -> None:
    since = await position(bot)
    said = [scene.says(room, f"!command {number}") for number in range(12)]

    batch = await bot.sync(since, poll=NOW, limit=3)

    (gap,) = batch.gaps
    filled: list[EventId] = []
    start: str | None = gap.prev_batch
    while start:
        page = await bot.history(gap.room, start, since, limit=4)
        filled = [each.event_id for each in reversed(page.heard)] + filled
        start = page.end
    assert gap.room == room
    assert filled + [each.event_id for each in batch.heard] == said


async def test_own_storms_do_not_push_a_command_out_of_the_window(scene: Scene, bot: Matrix, room: RoomId) -> None:
    since = await position(bot)
    command = scene.says(room, "!status")
    for number in range(15):
        await bot.send(room, "m.room.message", {"msgtype": "m.notice", "body": f"alert {number}"}, f"t-storm-{number}")

    batch = await bot.sync(since, poll=NOW, limit=10)

    assert [each.event_id for each in batch.heard] == [command]


async def test_own_messages_do_not_end_the_waiting_and_other_peoples_do(
    scene: Scene, bot: Matrix, room: RoomId
) -> None:
    waiting = asyncio.create_task(bot.sync(await position(bot), poll=timedelta(seconds=20)))

    for number in range(3):
        await bot.send(room, "m.room.message", {"msgtype": "m.notice", "body": "pg down"}, f"t-quiet-{number}")
    ended, _ = await asyncio.wait({waiting}, timeout=0.5)
    scene.says(room, "!status")
    batch = await asyncio.wait_for(waiting, 5)

    assert ended == set()
    assert [each.body for each in batch.heard] == ["!status"]


async def test_a_hurry_ends_the_waiting_and_nothing_is_missed(scene: Scene, bot: Matrix, room: RoomId) -> None:
    hurry = asyncio.Event()
    waiting = asyncio.create_task(bot.sync(await position(bot), poll=timedelta(seconds=20), hurry=hurry))
    await bot.send(room, "m.room.message", {"msgtype": "m.notice", "body": "pg down"}, "t-hurry")

    hurry.set()
    batch = await asyncio.wait_for(waiting, 5)
    scene.says(room, "!status")

    assert batch.heard == ()
    assert [each.body for each in await heard_since(bot, batch.next_batch)] == ["!status"]


async def test_only_the_wanted_rooms_are_heard(scene: Scene, bot: Matrix, room: RoomId) -> None:
    other = scene.room()
    await bot.join(other)
    since = await position(bot)
    scene.says(other, "!elsewhere")
    scene.says(room, "!here")

    batch = await bot.sync(since, poll=NOW, rooms=[room])

    assert [each.body for each in batch.heard] == ["!here"]


async def test_an_invitation_says_by_whom(scene: Scene, bot: Matrix) -> None:
    room = scene.room()

    batch = await bot.sync(None, poll=NOW)

    assert Invite(room, scene.anna.user_id) in batch.invites
    await bot.leave(room)
    assert Invite(room, scene.anna.user_id) not in (await bot.sync(None, poll=NOW)).invites


async def test_own_messages_are_found_again_by_key_and_revision(bot: Matrix, room: RoomId) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    for rev in (1, 2):
        content = {"msgtype": "m.notice", "body": "pg", FIELD: {"key": "alert-1", "rev": rev}}
        await bot.send(room, "m.room.message", content, f"t-own-{rev}")

    found = await bot.find_own(room, before)

    assert [(each.key, each.rev) for each in found] == [("alert-1", 2), ("alert-1", 1)]
    assert await bot.find_own(room, datetime.now(UTC) + timedelta(minutes=1)) == ()


async def test_a_room_is_described(scene: Scene, bot: Matrix) -> None:
    alias = f"ops-{secrets.token_hex(3)}"
    room = scene.room(alias=alias, history_visibility="world_readable", guest_access="can_join")
    await bot.join(room)

    facts = await bot.room_facts(room)

    assert (facts.join_rule, facts.guest_access, facts.history_visibility) == ("invite", "can_join", "world_readable")
    assert (facts.encrypted, set(facts.members)) == (False, {bot.user, scene.anna.user_id})
    assert facts.open_to_anybody
    assert await bot.resolve(f"#{alias}:{scene.server.server_name}") == room
    assert room in await bot.joined()


async def test_a_room_that_is_not_ours_is_denied_and_one_that_is_not_there_missing(scene: Scene, bot: Matrix) -> None:
    foreign = scene.server.create_room(scene.anna, "Private")

    with pytest.raises(Denied):
        await bot.send(foreign, "m.room.message", {"msgtype": "m.notice", "body": "x"}, "t-foreign")
    with pytest.raises(Missing):
        await bot.resolve(f"#nowhere:{scene.server.server_name}")


async def test_a_text_and_a_picture_are_attached(scene: Scene, bot: Matrix, room: RoomId) -> None:
    text = {"msgtype": "m.file", "body": "logs.txt", "filename": "logs.txt"}
    picture = {"msgtype": "m.image", "body": "at 3", "filename": "graph.png"}

    for shown_as, mime, data in ((text, "text/plain", b"line\n" * 3), (picture, "image/png", PNG)):
        content = {**shown_as, "info": {"mimetype": mime}}
        event = await bot.send(room, "m.room.message", await bot.attach(room, data, content), f"t-{content['body']}")

        shown = scene.server.call("GET", f"/_matrix/client/v3/rooms/{room}/event/{event}", by=scene.anna)["content"]
        assert {**shown, "url": ""} == {**content, "url": ""}
        assert scene.server.download(scene.anna, shown["url"]) == (mime, data)


async def test_an_event_is_pinned_once_beside_what_others_pinned(scene: Scene, bot: Matrix, room: RoomId) -> None:
    theirs, ours = scene.says(room, "House rules"), scene.says(room, "Board")
    state = f"/_matrix/client/v3/rooms/{room}/state"
    with pytest.raises(Denied):
        await bot.pin(room, ours)
    powers = scene.server.call("GET", f"{state}/m.room.power_levels/", by=scene.anna)
    powers["users"][bot.user] = 50
    scene.server.call("PUT", f"{state}/m.room.power_levels/", powers, by=scene.anna)

    await bot.pin(room, theirs)
    await bot.pin(room, ours)
    await bot.pin(room, ours)

    assert scene.server.call("GET", f"{state}/m.room.pinned_events/", by=scene.anna) == {"pinned": [theirs, ours]}


async def test_chats_made_at_the_same_time_are_all_found_again(scene: Scene, bot: Matrix) -> None:
    people = [scene.anna.user_id, scene.admin.user_id, scene.server.register(f"cleo-{secrets.token_hex(3)}", "pw")]

    made = await asyncio.gather(*map(bot.direct_room, people))

    assert await asyncio.gather(*map(bot.direct_room, people)) == made


async def test_courtesies_never_fail(scene: Scene, bot: Matrix, room: RoomId) -> None:
    event = scene.says(room, "!status")

    await bot.mark_read(room, event)
    await bot.typing(room, 5)
    await bot.typing(room, 0)
    await bot.mark_read(RoomId("!nowhere:demo.test"), EventId("$nothing"))


async def test_a_slowed_down_bot_is_told_how_long_to_wait(scene: Scene, bot: Matrix, room: RoomId) -> None:
    scene.server.override_rate_limit(scene.admin, bot.user, per_second=1, burst=1)

    with pytest.raises(RateLimited) as caught:
        await send_many(bot, room, 5)
    scene.server.forget_rate_limit(scene.admin, bot.user)

    assert 0.5 <= caught.value.retry_after <= 60


async def test_a_restart_keeps_the_device_and_its_transactions(scene: Scene, tmp_path: Path) -> None:
    room = scene.room()
    content = {"msgtype": "m.notice", "body": "pg down"}
    first = scene.matrix(tmp_path)
    await first.open()
    await first.join(room)
    event = await first.send(room, "m.room.message", content, "t-restart")
    await first.close()

    second = scene.matrix(tmp_path, password=lambda: "not needed any more")
    await second.open()
    again = await second.send(room, "m.room.message", content, "t-restart")
    await second.close()

    assert again == event
    kept = tmp_path / "matrix" / "login.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert devices(scene) == ["OPSBOT"]


async def test_a_deleted_device_logs_in_anew_with_the_password(scene: Scene, bot: Matrix, room: RoomId) -> None:
    scene.server.call("DELETE", f"/_synapse/admin/v2/users/{bot.user}/devices/OPSBOT", by=scene.admin)

    await bot.send(room, "m.room.message", {"msgtype": "m.notice", "body": "still here"}, "t-anew")

    assert (bot.device_id, await bot.whoami()) == ("OPSBOT", bot.user)


async def test_with_a_token_the_device_is_the_tokens(scene: Scene, tmp_path: Path) -> None:
    session = scene.server.login(scene.bot, "bot-pw", "ELSEWHERE")
    matrix = scene.matrix(tmp_path, access_token=lambda: session.access_token, password=None)

    await matrix.open()

    assert matrix.device_id == "ELSEWHERE"
    assert not (tmp_path / "matrix" / "login.json").exists()
    await matrix.close()


async def test_a_dead_token_is_said_and_a_new_one_in_its_file_is_taken(scene: Scene, tmp_path: Path) -> None:
    tokens = [scene.server.login(scene.bot, "bot-pw", "ROTATED").access_token]
    matrix = scene.matrix(tmp_path, access_token=lambda: tokens[-1], password=None)
    await matrix.open()
    scene.server.call("DELETE", f"/_synapse/admin/v2/users/{scene.bot}/devices/ROTATED", by=scene.admin)

    with pytest.raises(LoggedOut):
        await matrix.whoami()
    tokens.append(scene.server.login(scene.bot, "bot-pw", "ROTATED").access_token)

    assert await matrix.whoami() == scene.bot
    await matrix.close()


async def test_anothers_token_is_refused(scene: Scene, tmp_path: Path) -> None:
    matrix = scene.matrix(tmp_path, access_token=lambda: scene.anna.access_token, password=None)

    with pytest.raises(Denied):
        await matrix.open()

    await matrix.close()


async def test_a_wrong_password_is_denied_and_nowhere_shown(scene: Scene, tmp_path: Path) -> None:
    matrix = scene.matrix(tmp_path, password=lambda: "obviously-wrong")

    with pytest.raises(Denied) as caught:
        await matrix.open()

    assert "obviously-wrong" not in repr(caught.value) + repr(matrix)
    await matrix.close()


def replaces(event: EventId) -> dict[str, Any]:
    return {"m.relates_to": {"rel_type": "m.replace", "event_id": event}}


async def send_many(bot: Matrix, room: RoomId, number: int) -> None:
    for each in range(number):
        await bot.send(room, "m.room.message", {"msgtype": "m.notice", "body": str(each)}, f"t-many-{each}")


def devices(scene: Scene) -> list[str]:
    found = scene.server.call("GET", f"/_synapse/admin/v2/users/{scene.bot}/devices", by=scene.admin)["devices"]
    return sorted(each["device_id"] for each in found if each["device_id"] == "OPSBOT")


async def test_a_room_whose_members_or_rules_change_is_named(scene: Scene, bot: Matrix, room: RoomId) -> None:
    since = await position(bot)

    scene.says(room, "only words")
    words = await bot.sync(since, poll=NOW)
    path = f"/_matrix/client/v3/rooms/{quote(room)}/state/m.room.history_visibility/"
    scene.server.call("PUT", path, {"history_visibility": "world_readable"}, by=scene.anna)
    rules = await bot.sync(words.next_batch, poll=NOW)

    assert words.changed == ()
    assert rules.changed == (room,)


@pytest.mark.parametrize(("moderates", "lacks"), [(True, []), (False, [Power.REDACT, Power.PIN])])
async def test_a_room_tells_what_we_may_do_in_it(
    scene: Scene, tmp_path: Path, moderates: bool, lacks: list[Power]
) -> None:
    room = scene.room(moderators=[scene.bot] if moderates else [])
    matrix = scene.matrix(tmp_path)
    await matrix.open()
    await matrix.join(room)

    levels = await matrix.power_levels(room)
    await matrix.close()

    assert [lack.power for lack in lacking(levels, scene.bot, tuple(Power))] == lacks
