"""Encrypted rooms, against a real Synapse and a plain nio client as the other side."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nio
import pytest
from nio.store import SqliteStore

from bot.clients.matrix import Matrix
from bot.core.errors import Unreachable
from bot.core.heard import Batch
from bot.core.message import FIELD
from bot.core.names import RoomId, UserId
from bot.demo.homeserver import Homeserver, Session

pytestmark = pytest.mark.real
NOW = timedelta(0)
SHARE = "3fa9" * 16 + "c1"


class Phone:
    """A person's encrypting client, as nio makes it by itself."""

    def __init__(self, server: Homeserver, session: Session, directory: Path) -> None:
        config = nio.AsyncClientConfig(store=SqliteStore, encryption_enabled=True)
        self.client = nio.AsyncClient(server.url, session.user_id, store_path=str(directory), config=config)
        self.client.restore_login(session.user_id, session.device_id, session.access_token)

    async def read(self) -> list[str]:
        answer = await self.client.sync(timeout=0, full_state=True)
        events = [event for room in answer.rooms.join.values() for event in room.timeline.events]
        return [getattr(event, "body", "") for event in events]

    async def sync(self) -> list[Any]:
        answer = await self.client.sync(timeout=0, full_state=True)
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        if self.client.should_query_keys:
            await self.client.keys_query()
        await self.client.send_to_device_messages()
        return [event for room in answer.rooms.join.values() for event in room.timeline.events]

    async def says(self, room: RoomId, body: str, **content: Any) -> str:
        sent = await self.client.room_send(
            room, "m.room.message", {"msgtype": "m.text", "body": body, **content}, ignore_unverified_devices=True
        )
        return str(sent.event_id)

    async def close(self) -> None:
        await self.client.close()
        self.client.store.database.close()


@dataclass(frozen=True, slots=True)
class Scene:
    server: Homeserver
    bot: UserId
    anna: Session
    state: Path
    room: RoomId

    def matrix(self, **settings: Any) -> Matrix:
        given: dict[str, Any] = {"access_token": None, "password": lambda: "bot-pw", "encryption": True}
        return Matrix(
            self.server.url,
            self.bot,
            device_id="OPSBOT",
            state=self.state,
            now=lambda: datetime.now(UTC),
            **(given | settings),
        )


@pytest.fixture
def scene(homeserver: Homeserver, tmp_path: Path) -> Scene:
    mark = secrets.token_hex(3)
    bot = homeserver.register(f"bot-{mark}", "bot-pw")
    homeserver.register(f"anna-{mark}", "pw")
    anna = homeserver.login(f"anna-{mark}", "pw", "PHONE")
    room = homeserver.create_room(anna, "Ops", invite=[bot], encrypted=True)
    return Scene(homeserver, bot, anna, tmp_path / "state", room)


@pytest.fixture
async def phone(scene: Scene, tmp_path: Path) -> AsyncIterator[Phone]:
    (tmp_path / "phone").mkdir()
    phone = Phone(scene.server, scene.anna, tmp_path / "phone")
    await phone.sync()
    yield phone
    await phone.close()


@pytest.fixture
async def bot(scene: Scene, phone: Phone) -> AsyncIterator[Matrix]:
    matrix = scene.matrix()
    await matrix.open()
    await matrix.join(scene.room)
    yield matrix
    await matrix.close()


async def test_words_go_both_ways_encrypted(scene: Scene, phone: Phone, bot: Matrix) -> None:
    since = (await bot.sync(None, poll=NOW)).next_batch
    await phone.sync()
    await phone.says(scene.room, "!status")
    batch = await bot.sync(since, poll=NOW)
    await bot.send(scene.room, "m.room.message", {"msgtype": "m.notice", "body": "all well", FIELD: {"rev": 1}}, "t-1")

    events = await phone.sync()

    (said,) = batch.heard
    assert (said.body, said.encrypted, said.sender) == ("!status", True, scene.anna.user_id)
    (answer,) = [each for each in events if each.sender == scene.bot and getattr(each, "body", "")]
    assert (answer.body, answer.decrypted, answer.source["content"][FIELD]) == ("all well", True, {"rev": 1})


async def test_plain_words_in_an_encrypted_room_are_told_apart(scene: Scene, phone: Phone, bot: Matrix) -> None:
    since = (await bot.sync(None, poll=NOW)).next_batch
    scene.server.say(scene.anna, scene.room, "!restart data/postgres")

    (said,) = (await bot.sync(since, poll=NOW)).heard

    assert said.encrypted is False
    assert (await bot.room_facts(scene.room)).encrypted is True


async def test_a_restarted_bot_reads_what_was_sent_while_it_was_away(scene: Scene, phone: Phone, bot: Matrix) -> None:
    since = (await bot.sync(None, poll=NOW)).next_batch
    device = bot.device_id
    await bot.close()
    await phone.sync()
    await phone.says(scene.room, "!while away")

    again = scene.matrix()
    await again.open()
    batch = await again.sync(since, poll=NOW)
    await again.send(scene.room, "m.room.message", {"msgtype": "m.notice", "body": "back"}, "t-back")

    assert again.device_id == device
    assert bodies(batch) == [("!while away", True)]
    assert "back" in await phone.read()
    await again.close()


async def test_history_is_read_too(scene: Scene, phone: Phone, bot: Matrix) -> None:
    since = (await bot.sync(None, poll=NOW)).next_batch
    await phone.sync()
    for number in range(6):
        await phone.says(scene.room, f"!command {number}")
    batch = await bot.sync(since, poll=NOW, limit=2)

    page = await bot.history(scene.room, batch.gaps[0].prev_batch, since)

    assert [each.body for each in page.heard] == [f"!command {number}" for number in (3, 2, 1, 0)]
    assert all(each.encrypted for each in page.heard)


async def test_a_retry_in_an_encrypted_room_does_not_double_and_is_found_by_its_key(
    scene: Scene, phone: Phone, bot: Matrix
) -> None:
    await bot.sync(None, poll=NOW)
    content = {"msgtype": "m.notice", "body": "pg", FIELD: {"key": "alert-1", "rev": 1}}

    events = {await bot.send(scene.room, "m.room.message", content, "t-once") for _ in range(2)}
    found = await bot.find_own(scene.room, datetime.now(UTC) - timedelta(minutes=1))

    assert len(events) == 1
    assert [(each.event_id, each.key, each.rev) for each in found] == [(*events, "alert-1", 1)]


async def test_words_whose_key_comes_late_are_heard_late(scene: Scene, phone: Phone, bot: Matrix) -> None:
    since = (await bot.sync(None, poll=NOW)).next_batch
    await phone.sync()
    phone.client.rooms[scene.room].remove_member(scene.bot)
    await phone.client.share_group_session(scene.room, ignore_unverified_devices=True)
    key = phone.client.olm.outbound_group_sessions[scene.room].session_key
    await phone.says(scene.room, "!status")
    early = await bot.sync(since, poll=NOW)

    await give_key(phone, scene, bot, key)
    late = await bot.sync(early.next_batch, poll=NOW)

    assert (bodies(early), early.unreadable) == ([], 1)
    assert (bodies(late), late.unreadable) == ([("!status", True)], 0)


async def test_nothing_is_sent_in_the_clear_before_the_rooms_are_known(scene: Scene, bot: Matrix) -> None:
    content = {"msgtype": "m.notice", "body": "secret"}

    with pytest.raises(Unreachable):
        await bot.send(scene.room, "m.room.message", content, "t-early")
    await bot.sync(None, poll=NOW)

    assert await bot.send(scene.room, "m.room.message", content, "t-early")


async def test_a_file_is_encrypted(scene: Scene, phone: Phone, bot: Matrix) -> None:
    await bot.sync(None, poll=NOW)

    shown = {"msgtype": "m.file", "body": "logs.txt", "filename": "logs.txt", "info": {"mimetype": "text/plain"}}
    content = await bot.attach(scene.room, b"line\n", shown)

    assert "url" not in content
    stored = await phone.client.download(mxc=content["file"]["url"])
    file = content["file"]
    assert stored.body != b"line\n"
    assert (
        nio.crypto.decrypt_attachment(stored.body, file["key"]["k"], file["hashes"]["sha256"], file["iv"]) == b"line\n"
    )


async def test_the_bots_device_is_signed_by_its_owner_and_stays_so(scene: Scene, phone: Phone, bot: Matrix) -> None:
    await bot.sync(None, poll=NOW)
    seeds = scene.state / "matrix" / "cross-signing.json"
    before, device_id = seeds.read_bytes(), bot.device_id
    await bot.close()
    again = scene.matrix()
    await again.open()
    await again.sync(None, poll=NOW)
    await again.close()

    keys = scene.server.call("POST", "/_matrix/client/v3/keys/query", {"device_keys": {scene.bot: []}}, by=scene.anna)

    (signing_key,) = keys["self_signing_keys"][scene.bot]["keys"].values()
    signatures = keys["device_keys"][scene.bot][device_id]["signatures"][scene.bot]
    assert f"ed25519:{signing_key}" in signatures
    assert seeds.read_bytes() == before
    assert seeds.stat().st_mode & 0o777 == 0o600


async def test_a_hard_logout_gives_a_new_device_with_new_keys(scene: Scene, phone: Phone, bot: Matrix) -> None:
    since = (await bot.sync(None, poll=NOW)).next_batch
    old = bot.device_id
    scene.server.register(f"admin-{old.lower()}", "pw", admin=True)
    admin = scene.server.login(f"admin-{old.lower()}", "pw")
    scene.server.call("DELETE", f"/_synapse/admin/v2/users/{scene.bot}/devices/{old}", by=admin)

    with pytest.raises(Unreachable):
        await bot.sync(since, poll=NOW)
    since = (await bot.sync(since, poll=NOW)).next_batch
    await phone.sync()
    await phone.says(scene.room, "!status")
    batch = await bot.sync(since, poll=NOW)

    assert bot.device_id != old
    assert bodies(batch) == [("!status", True)]
    assert [path.name for path in (scene.state / "matrix" / "keys").glob(f"*{old}*")] == []


async def test_crafted_encrypted_events_cost_only_themselves(scene: Scene, phone: Phone, bot: Matrix) -> None:
    since = (await bot.sync(None, poll=NOW)).next_batch
    await phone.sync()
    sealed = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA", "device_id": "X"}
    for broken in ({"sender_key": "", "session_id": "a"}, {"sender_key": "a", "session_id": ""}, {}):
        scene.server.send(scene.anna, scene.room, sealed | broken, "m.room.encrypted")
    scene.server.send(scene.anna, scene.room, {"algorithm": 5}, "m.room.encrypted")
    letter = {
        "algorithm": "m.olm.v1.curve25519-aes-sha2",
        "sender_key": "",
        "ciphertext": {"": {"type": 0, "body": ""}},
    }
    path = f"/_matrix/client/v3/sendToDevice/m.room.encrypted/{secrets.token_hex(4)}"
    scene.server.call("PUT", path, {"messages": {scene.bot: {bot.device_id: letter}}}, by=scene.anna)
    await phone.says(scene.room, "!status")

    batch = await bot.sync(since, poll=NOW)

    assert (bodies(batch), batch.unreadable) == ([("!status", True)], 4)


async def test_a_device_with_broken_keys_mutes_nobody(scene: Scene, phone: Phone, bot: Matrix) -> None:
    broken = scene.server.login(str(scene.anna.user_id), "pw", "BROKEN")
    for device in (broken, member(scene, "eve")):
        upload_broken_keys(scene, device)
    await bot.sync(None, poll=NOW)

    await bot.send(scene.room, "m.room.message", {"msgtype": "m.notice", "body": "all well"}, "t-1")

    # Without asking for keys: at these, nio by itself raises.
    assert "all well" in await phone.read()


async def test_another_members_encrypted_words_cannot_be_passed_off_as_ones_own(
    scene: Scene, phone: Phone, bot: Matrix
) -> None:
    eve = member(scene, "eve")
    since = (await bot.sync(None, poll=NOW)).next_batch
    await phone.sync()
    await phone.client.share_group_session(scene.room, ignore_unverified_devices=True)
    phone.client.rooms[scene.room].members_synced = True
    _, sealed = phone.client.encrypt(scene.room, "m.room.message", {"msgtype": "m.text", "body": "!unseal"})
    scene.server.send(eve, scene.room, sealed, "m.room.encrypted")

    batch = await bot.sync(since, poll=NOW)

    assert (bodies(batch), batch.unreadable) == ([], 1)


async def test_words_are_not_sent_before_their_readers_have_the_key(scene: Scene, phone: Phone, bot: Matrix) -> None:
    await bot.sync(None, poll=NOW)
    content = {"msgtype": "m.notice", "body": "pg down"}
    scene.server.kill()

    with pytest.raises(Unreachable):
        await bot.send(scene.room, "m.room.message", content, "t-1")
    scene.server.start()
    await bot.send(scene.room, "m.room.message", content, "t-1")

    assert (await phone.read()).count("pg down") == 1


def upload_broken_keys(scene: Scene, device: Session) -> None:
    names = {"algorithms": ["m.megolm.v1.aes-sha2"], "device_id": device.device_id, "user_id": device.user_id}
    keys = {f"{kind}:{device.device_id}": "not a key" for kind in ("ed25519", "curve25519")}
    signatures = {device.user_id: {f"ed25519:{device.device_id}": "not a signature"}}
    body = {"device_keys": names | {"keys": keys, "signatures": signatures}}
    scene.server.call("POST", "/_matrix/client/v3/keys/upload", body, by=device)


def member(scene: Scene, name: str) -> Session:
    localpart = f"{name}-{secrets.token_hex(3)}"
    user = scene.server.register(localpart, "pw")
    session = scene.server.login(localpart, "pw")
    scene.server.call("POST", f"/_matrix/client/v3/rooms/{scene.room}/invite", {"user_id": user}, by=scene.anna)
    scene.server.join(session, scene.room)
    return session


def bodies(batch: Batch) -> list[tuple[str, bool]]:
    return [(each.body, each.encrypted) for each in batch.heard]


async def give_key(phone: Phone, scene: Scene, bot: Matrix, session_key: str) -> None:
    """Send the bot the key to the room as the phone would have, had it known of the bot in time."""
    olm = phone.client.olm
    olm.users_for_key_query.add(scene.bot)
    await phone.client.keys_query()
    await phone.client.keys_claim({scene.bot: [bot.device_id]})
    device = olm.device_store[scene.bot][bot.device_id]
    content = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "room_id": scene.room,
        "session_id": olm.outbound_group_sessions[scene.room].id,
        "session_key": session_key,
    }
    letter = olm._olm_encrypt(olm.session_store.get(device.curve25519), device, "m.room_key", content)
    path = f"/_matrix/client/v3/sendToDevice/m.room.encrypted/{secrets.token_hex(4)}"
    scene.server.call("PUT", path, {"messages": {scene.bot: {bot.device_id: letter}}}, by=scene.anna)


async def test_of_a_new_chat_it_is_told_whether_who_is_meant_could_read(scene: Scene, bot: Matrix) -> None:
    batch = await bot.sync(None, poll=NOW)
    chat = await bot.direct_room(scene.anna.user_id)

    with pytest.raises(Unreachable, match="not told yet"):
        bot.must_reach(chat, scene.anna.user_id)
    await bot.sync(batch.next_batch, poll=NOW)

    bot.must_reach(chat, scene.anna.user_id)


@pytest.mark.parametrize(("confides", "shares"), [(True, [SHARE]), (False, [])])
async def test_a_share_is_handed_on_apart_and_only_where_that_is_wanted(
    scene: Scene, phone: Phone, bot: Matrix, confides: bool, shares: list[str]
) -> None:
    await bot.close()
    bot = scene.matrix(confides=confides)
    await bot.open()
    since = (await bot.sync(None, poll=NOW)).next_batch
    await phone.sync()
    for words in (f"!unseal {SHARE}", f"!unseal {SHARE} please", SHARE, "!unseal hello"):
        await phone.says(scene.room, words)
    scene.server.say(scene.anna, scene.room, f"!unseal {SHARE}")

    batch = await bot.sync(since, poll=NOW)
    await bot.close()

    assert [each.share.decode() for each in batch.confided] == shares
    assert SHARE not in repr(batch)
    assert [each.body for each in batch.heard] == [*["unseal share"] * 3, "!unseal hello", "unseal share"]
