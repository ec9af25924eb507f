"""Twelve known secrets on every path into the bot and through it: afterwards nobody finds one, wherever they look."""

import asyncio
import base64
import json
import secrets
import string
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.core.names import RoomId
from bot.demo import holders
from bot.demo.cluster import Object
from bot.demo.cluster.exec import ExecAnswer
from bot.demo.cluster.troubles import event
from bot.demo.homeserver import Homeserver
from bot.demo.loopback import page
from bot.demo.openbao import OpenBao
from bot.demo.proxy import FaultyProxy
from bot.demo.stage import Stage
from bot.demo.transcript import Player

pytestmark = [pytest.mark.real, pytest.mark.slow]
_LETTERS = string.ascii_letters + string.digits


def made_up(length: int, letters: str = _LETTERS) -> str:
    """Return something that nobody else has; letters of both sorts and a digit stand in it for certain."""
    return "aZ7" + "".join(secrets.choice(letters) for _ in range(length - 3))


def _pem_line() -> str:
    return base64.b64encode(secrets.token_bytes(48)).decode()


@dataclass(frozen=True)
class Canaries:
    """One secret of each sort, made up for this run."""

    bao_token: str = field(default_factory=lambda: f"hvs.{made_up(90)}")
    old_token: str = field(default_factory=lambda: f"s.{made_up(24)}")
    git_token: str = field(default_factory=lambda: f"ghp_{made_up(36)}")
    cloud_key: str = field(default_factory=lambda: made_up(40))
    bearer: str = field(default_factory=lambda: made_up(43))
    url_password: str = field(default_factory=lambda: made_up(16))
    named_password: str = field(default_factory=lambda: made_up(14))
    json_password: str = field(default_factory=lambda: made_up(20))
    kv_value: str = field(default_factory=lambda: made_up(32))
    typed_value: str = field(default_factory=lambda: made_up(18))
    pem: str = field(default_factory=_pem_line)
    typed_share: str = field(default_factory=lambda: secrets.token_hex(33))

    @property
    def all(self) -> dict[str, str]:
        """Each by its name."""
        return dict(vars(self))


@pytest.mark.timeout(600)
async def test_no_canary_is_found_in_room_chat_log_database_or_metrics(
    tmp_path: Path, homeserver: Homeserver, openbao: OpenBao
) -> None:
    birds = Canaries()
    proxy = FaultyProxy(homeserver.url, seed=1)
    address = await proxy.start()
    async with Stage(tmp_path, homeserver=homeserver, openbao=openbao, homeserver_url=address, name="birds") as stage:
        await stage.start_bot(debug=True)
        player = Player(stage)
        await player.open()
        await _typed(player, birds)
        await _unsealed(player)
        await _alerted(player, birds)
        await _shown(player, birds)
        await _run(player, birds)
        await _refused(player, birds, proxy)
        _, metrics = await asyncio.to_thread(page, stage.port, "GET", "/metrics")
        room = await player.views["cleo"].history(1000)
        chats = json.dumps([await _chat(stage, person) for person in ("anna", "ben", "cleo")])
        await stage.stop_bot()
    await proxy.stop()

    places = {
        "room": room,
        "direct chats": chats,
        "metrics": metrics,
        "log": (tmp_path / "bot.log").read_text(),
        "state": _kept(tmp_path / "state"),
    }
    shares = {f"share {number}": share for number, share in enumerate(openbao.keys.shares)}
    found = [
        (name, place)
        for name, secret in (birds.all | shares | {"root": openbao.keys.root_token, "jwt": stage._jwt}).items()
        for place, text in places.items()
        if secret in text
    ]
    # What looks would find something, if it was there.
    assert "[secret]" in room
    assert "Leaky" in places["state"]
    assert "leaks.found" in places["log"]
    assert "homeserver: HTTP 500" in places["log"]
    assert "Your share, please" not in chats, "letters are taken back"
    assert found == []


def _kept(state: Path) -> str:
    """Return all that stands in the bot's directory, the database's journal too."""
    return "".join(path.read_bytes().decode("latin-1") for path in state.rglob("*") if path.is_file())


async def _typed(player: Player, birds: Canaries) -> None:
    """What people type where others read it, and to the bot alone."""
    for words in (
        f"!unseal {birds.typed_share}",
        f"!vault kv put secret/messages/x KEY={birds.typed_value}",
        f"look: {birds.bao_token} and {birds.old_token}",
        f"psql postgres://app:{birds.url_password}@postgres-rw.data/app",
        f"-----BEGIN RSA PRIVATE KEY-----\n{birds.pem}\n-----END RSA PRIVATE KEY-----",
    ):
        await player.views["ben"].say(words)
        await player.play("bot< 🔒 Removed: *\n…")


async def _unsealed(player: Player) -> None:
    """Shares on pages, a wrong one among them, and one in the direct chat."""
    stage = player.stage
    assert stage.openbao
    assert stage.homeserver
    await player.play("~ seal\nanna> !unseal\nbot< 🔥 OpenBao is sealed*\n…\n~ give anna 0\nbot= 🔥 *1/3\n…")
    address = await holders.page_of(stage.homeserver, stage.sessions["ben"], stage.user)
    await asyncio.to_thread(holders.give, address, f"{stage.openbao.keys.shares[1]} and more")
    chat = RoomId(str((await _chat(stage, "cleo"))["room"]))
    await asyncio.to_thread(
        stage.homeserver.say, stage.sessions["cleo"], chat, f"!unseal {stage.openbao.keys.shares[2]}"
    )
    await player.play("~ give ben 1\n~ give cleo 2\nbot= ✅ Unsealed*\n…")


async def _alerted(player: Player, birds: Canaries) -> None:
    """What whoever writes alerts puts into them."""
    labels = {"alertname": "Leaky", "severity": "critical", "namespace": "data", "token": birds.git_token}
    annotations = {
        "summary": f"dial postgres://app:{birds.url_password}@postgres-rw:5432: refused",
        "description": f'{{"user": "app", "password": "{birds.json_password}"}} Authorization: Bearer {birds.bearer}',
        "runbook_url": f"https://ops:{birds.named_password}@runbooks.example.org/leaky?token={birds.bao_token}",
    }
    player.stage.monitoring.alertmanager.fire(labels, annotations)
    await player.play("bot< 🔥 CRITICAL Leaky*\n…\nanna> !alerts\nbot< *\n…\nanna> !why Leaky\nbot< *\n…")
    player.stage.monitoring.alertmanager.resolve(labels)
    await player.play("bot= ✅ RESOLVED Leaky*\n…\nanna> !history Leaky\nbot< *\n…")


async def _shown(player: Player, birds: Canaries) -> None:
    """What the house shows when it is asked: lines, output, conditions, events, secrets."""
    stage = player.stage
    assert stage.openbao
    lines = (
        f"password={birds.named_password} user=app",
        f'level=info msg="login" authorization="Bearer {birds.bearer}"',
        f"aws_secret_access_key = {birds.cloud_key}",
        f"token {birds.old_token} accepted, was {birds.git_token}",
    )
    for line in lines:
        await player.play(f"~ say ory/hydra {line}")
        stage.monitoring.loki.add({"namespace": "ory", "app": "hydra", "level": "info"}, line)
    stage.cluster.execs.answer(
        "data", "*", ["valkey-cli", "ping"], ExecAnswer(f"requirepass {birds.json_password}\n", lines[2], 1)
    )
    store = stage.cluster.store
    pod = next(each for each in store.list("pods", "data") if each["metadata"]["name"].startswith("valkey-"))

    def soil(draft: Object) -> None:
        draft["metadata"].setdefault("annotations", {})["last-applied"] = json.dumps({"password": birds.json_password})
        draft["spec"]["containers"][0].setdefault("env", []).append({"name": "API_TOKEN", "value": birds.bao_token})
        draft["status"]["conditions"][0].update(
            status="False", message=f"cannot log in: password={birds.named_password}"
        )

    store.change("Pod", "data", pod["metadata"]["name"], soil)
    store.put_all([event(pod, "FailedLogin", f"tried token={birds.old_token} and {birds.git_token}", store.clock())])
    root = stage.openbao.keys.root_token
    await asyncio.to_thread(
        stage.openbao.call, "POST", "/v1/secret/data/canary", {"data": {"API_KEY": birds.kv_value}}, token=root
    )
    await player.play(
        """
anna> !logs ory/hydra --tail 4
bot< *
…
anna> !mon loki logs {app=hydra}
bot< *
…
anna> !check data
bot< *
…
anna> !k8s describe pod data/valkey
bot< *
…
anna> !events data
bot< *
…
anna> !vault kv get secret/canary
bot< *
…
"""
    )


async def _run(player: Player, birds: Canaries) -> None:
    """What a command in a container prints, and how it fails."""
    words = f"connecting with password={birds.named_password} and token {birds.bao_token}"
    await player.play(f"""
~ barman there
~ run data/barman-0 7 {words}
anna> !k8s exec data/barman-0 -- barman check postgres
bot< ⏳ Run barman check postgres*
…
anna> yes <code>
bot= ❌ barman check postgres*
…
bot< ❌ !k8s exec *
~ barman gone
""")


async def _refused(player: Player, birds: Canaries, proxy: FaultyProxy) -> None:
    """What neighbours say when they fail, with what they were told or found in it; the homeserver is one of them."""
    stage = player.stage
    words = (
        f"could not use {birds.bao_token} for postgres://app:{birds.url_password}@db: password={birds.named_password}"
    )
    for neighbour in ("alertmanager", "prometheus", "loki", "grafana"):
        stage.monitoring.answer(f"/monitoring/{neighbour}", 500, text=words)
    proxy.refuse("/send/", 500, f"M_UNKNOWN {words}", times=2)
    stage.cluster.faults.add("/(pods|deployments|statefulsets)", status=500, text=words)
    await player.play("""
anna> !alerts
bot< *
…
anna> !mon loki logs {app=hydra}
bot< *
…
anna> !status
bot< *
…
anna> !check monitoring
bot< *
…
anna> !vault kv get secret/nobody-wrote-this
bot< *
…
""")
    stage.cluster.faults.clear()
    stage.monitoring.heal()


async def _chat(stage: Stage, person: str) -> dict[str, object]:
    """Return somebody's direct chat with the bot as they see it when they scroll back."""
    assert stage.homeserver
    session = stage.sessions[person]
    sync = await asyncio.to_thread(stage.homeserver.call, "GET", "/_matrix/client/v3/sync?timeout=0", by=session)
    rooms = [room for room in sync["rooms"]["join"] if room not in stage.rooms.values()]
    rooms = [room for room in rooms if stage.user in json.dumps(sync["rooms"]["join"][room])]
    if not rooms:
        (room,) = sync["rooms"]["invite"]
        await asyncio.to_thread(stage.homeserver.join, session, RoomId(room))
        rooms = [room]
    path = f"/_matrix/client/v3/rooms/{quote(rooms[0])}/messages?dir=b&limit=200"
    history = await asyncio.to_thread(stage.homeserver.call, "GET", path, by=session)
    return {"room": rooms[0], "history": history}
