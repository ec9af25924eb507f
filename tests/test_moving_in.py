"""Moving in as docs/migrate.md says: the receiver's configuration, one command, and the webhook at the URL it had."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bot.__main__ import main
from bot.core.names import RoomId
from bot.demo.homeserver import Homeserver
from bot.demo.loopback import Process, free_port, request
from bot.demo.view import Seen, View

pytestmark = pytest.mark.real

PASSWORD = "not-a-secret"
# As its README shows it, with the account, the room and the ports of this machine.
THEIRS = """\
http:
  address: 127.0.0.1
  port: {port}
  alerts-path-prefix: /alerts
  basic-username: alertmanager
  basic-password: ${{AM_PASSWORD}}
matrix:
  homeserver-url: {homeserver}
  user-id: "{user}"
  access-token: ${{ACCESS_TOKEN}}
  room-mapping:
    pager: "{room}"
templating:
  external-url-mapping:
    "http://alertmanager:9093": https://alertmanager.example.org
  generator-url-mapping:
    "http://prometheus:9090": https://prometheus.example.org
  firing-template: '
    <p><strong>{{{{ .Alert.Status | ToUpper }}}}</strong> {{{{ .Alert.Labels.alertname }}}}</p>'
"""


class Moved:
    """The bot that was made of the receiver's configuration, and its room as a member sees it."""

    def __init__(self, port: int, room: RoomId, view: View) -> None:
        self.port, self.room, self.view = port, room, view

    def post(self, path: str, body: Any, *, password: str = PASSWORD, name: str = "alertmanager") -> int:
        """Post as Alertmanager does; return the status."""
        word = base64.b64encode(f"{name}:{password}".encode()).decode()
        return request(self.port, "POST", path, body, {"Authorization": f"Basic {word}"})[0]

    async def said(self) -> list[Seen]:
        """Return what is said in the room next, waiting for it."""
        async with asyncio.timeout(15):
            while not (new := await self.view.look(5)):
                pass
        return new


@pytest.fixture
async def moved(
    homeserver: Homeserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Moved]:
    for name in ("mover", "moved"):
        homeserver.register(name, PASSWORD)
    anna, receiver = homeserver.login("mover", PASSWORD), homeserver.login("moved", PASSWORD)
    room = homeserver.create_room(anna, "Pager", [receiver.user_id])
    homeserver.join(receiver, room)
    monkeypatch.setenv("ACCESS_TOKEN", receiver.access_token)
    monkeypatch.setenv("AM_PASSWORD", PASSWORD)
    theirs, ours, port = tmp_path / "config.yaml", tmp_path / "opsbot.yaml", free_port()
    theirs.write_text(THEIRS.format(port=port, homeserver=homeserver.url, user=receiver.user_id, room=room))

    assert main(["import-receiver", str(theirs)]) == 0
    ours.write_text(f"{capsys.readouterr().out}state: {tmp_path / 'state'}\n")
    assert main(["check-config", str(ours)]) == 0
    view = View(homeserver, anna, room)
    await view.open()
    words = [str(Path(sys.executable).with_name("opsbot")), "run", "--config", str(ours)]
    bot = Process(words, tmp_path, log=tmp_path / "bot.log", ready=lambda: request(port, "GET", "/readyz")[0] == 200)
    await asyncio.to_thread(bot.start)
    yield Moved(port, room, view)
    await asyncio.to_thread(bot.stop)


def firing(**changed: Any) -> Any:
    body = json.loads((Path(__file__).parent / "data" / "webhooks" / "firing.json").read_text())
    body["alerts"][0]["generatorURL"] = "http://prometheus:9090/graph?g0.expr=up"
    return body | {"externalURL": "http://alertmanager:9093"} | changed


async def test_a_webhook_at_the_old_url_becomes_a_card_whose_links_lead_outside(moved: Moved) -> None:
    assert moved.post("/alerts/pager", firing()) == 200

    (card,) = await moved.said()
    assert (card.kind, card.room) == ("alert-card", moved.room)
    assert card.body.startswith("🔥 CRITICAL PostgresDown")
    assert 'href="https://alertmanager.example.org"' in card.html
    assert 'href="https://prometheus.example.org/graph?g0.expr=up"' in card.html

    # The room's own id in the URL does as well, and any user name; it is the same group, so the same card.
    for path in (f"/alerts/{moved.room}", f"/alerts/{quote(moved.room, safe='')}"):
        assert moved.post(path, firing(), name="anybody") == 200
    assert await moved.view.look(1) == []

    assert moved.post("/alerts/pager", firing(), password="another") == 401
    assert moved.post("/alerts/elsewhere", firing()) == 404
    assert moved.post("/alerts/!elsewhere:example.org", firing()) == 404
