"""A value that is made inside, given on a page or put back is in OpenBao, and nowhere else that anybody can look."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.demo.homeserver import Homeserver
from bot.demo.loopback import page
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from bot.demo.transcript import Player

GIVEN = "canary-given-3e07-on-a-page"
TYPED = "canary-typed-91ab"


@pytest.mark.real
async def test_no_value_is_in_room_log_database_or_metrics(
    tmp_path: Path, homeserver: Homeserver, openbao: OpenBao
) -> None:
    async with Stage(tmp_path, homeserver=homeserver, openbao=openbao, name="valuables") as stage:
        await stage.start_bot(debug=True)
        player = Player(stage)
        await player.open()
        before = await asyncio.to_thread(values, openbao, "hive")

        await player.play(f"""
anna> !vault kv patch secret/hive oidc-client-secret --random 32
bot< ⏳ Patch secret/hive *
…
anna> yes <code>
bot= ✅ secret/hive — version *
…
anna> !undo
bot< ⏳ Take secret/hive *
…
anna> yes <code>
bot= ✅ secret/hive is back *
…
ben> !vault kv patch secret/hive oidc-client-id --ask
bot< ⏳ Patch secret/hive *
…
ben> yes <code>
bot= ⏳ Waiting for a value *
…
~ value ben {GIVEN}
bot= ✅ secret/hive — version *
…
ben> !vault kv patch secret/hive oidc-client-id={TYPED} --random 32
bot< 🔒 Removed: the value of a secret *
…
~ gone {TYPED}
~ bao write hive
""")
        made = await asyncio.to_thread(values, openbao, "hive", -3)
        history = "".join([await view.history() for view in player.views.values()])
        _, metrics = await asyncio.to_thread(page, stage.port, "GET", "/metrics")
        await stage.stop_bot()

    given = await asyncio.to_thread(values, openbao, "hive", -1)
    assert given["oidc-client-id"] == GIVEN
    assert made["oidc-client-secret"] != before["oidc-client-secret"]
    state = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert b"oidc-client-secret" in state, (
        "what is recorded must be found: the search below would find nothing otherwise"
    )
    for value in (*before.values(), *made.values(), GIVEN, TYPED):
        assert value not in history
        assert value not in (tmp_path / "bot.log").read_text()
        assert value not in metrics
        assert value.encode() not in state


def values(bao: OpenBao, path: str, back: int = 0) -> dict[str, str]:
    """Return a secret's values, of the newest version or of one before it, as root."""
    about: dict[str, Any] = bao.call("GET", f"/v1/secret/metadata/{path}", token=bao.keys.root_token)["data"]
    version = about["current_version"] + back
    found: dict[str, str] = bao.call("GET", f"/v1/secret/data/{path}?version={version}", token=bao.keys.root_token)[
        "data"
    ]["data"]
    return found
