"""The demo's homeserver keeps what it was told, and limits whom it is asked to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.names import RoomId
from bot.demo.homeserver import Homeserver, HomeserverRefused, Session
from bot.demo.loopback import DidNotStart

pytestmark = pytest.mark.real


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Homeserver]:
    server = Homeserver(tmp_path, stock_rate_limits=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_a_room_and_a_token_survive_a_crash(own: Homeserver) -> None:
    own.register("anna", "pw")
    anna = own.login("anna", "pw", "PHONE")
    room = own.create_room(anna, "Ops", alias="ops")

    own.kill()
    own.start()

    joined = own.call("GET", "/_matrix/client/v3/joined_rooms", by=anna)["joined_rooms"]
    assert joined == [room]


def test_stock_rate_limits_slow_a_talker_down(own: Homeserver) -> None:
    own.register("anna", "pw")
    anna = own.login("anna", "pw")
    room = own.create_room(anna, "Ops")

    with pytest.raises(HomeserverRefused, match="M_LIMIT_EXCEEDED"):
        _talk(own, anna, room, lines=20)


def test_one_user_can_be_slowed_down_and_freed(homeserver: Homeserver) -> None:
    homeserver.register("warden", "pw", admin=True)
    warden = homeserver.login("warden", "pw")
    talker_id = homeserver.register("talker", "pw")
    talker = homeserver.login("talker", "pw")
    room = homeserver.create_room(talker, "Talk")

    homeserver.override_rate_limit(warden, talker_id, per_second=1, burst=1)
    with pytest.raises(HomeserverRefused, match="M_LIMIT_EXCEEDED"):
        _talk(homeserver, talker, room, lines=5)
    homeserver.forget_rate_limit(warden, talker_id)

    assert homeserver.say(talker, room, "free again")


def test_a_session_does_not_show_its_token(homeserver: Homeserver) -> None:
    homeserver.register("shy", "pw")

    session = homeserver.login("shy", "pw")

    assert session.access_token not in repr(session)


def test_a_taken_port_is_said_and_not_talked_to(tmp_path: Path, homeserver: Homeserver) -> None:
    second = Homeserver(tmp_path, port=homeserver.port)

    with pytest.raises(DidNotStart, match="taken"):
        second.start()


def test_a_server_that_dies_shows_the_tail_of_its_log(tmp_path: Path) -> None:
    broken = Homeserver(tmp_path)
    (tmp_path / "signing.key").write_text("not a key\n")

    with pytest.raises(DidNotStart, match="signing_key"):
        broken.start()


def _talk(server: Homeserver, session: Session, room: RoomId, *, lines: int) -> None:
    for number in range(lines):
        server.say(session, room, f"line {number}")
