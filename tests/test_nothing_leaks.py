"""No secret and nobody's words reach the log, the database or the metrics, whatever the log level."""

from pathlib import Path

import pytest

from bot.demo.homeserver import Homeserver
from bot.demo.loopback import request
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from bot.demo.transcript import Player

SPOKEN = "canary-spoken-71c9"
ALERTED = "canary-alerted-50ab"


@pytest.mark.real
async def test_words_tokens_and_passwords_stay_out_of_log_database_and_metrics(
    tmp_path: Path, homeserver: Homeserver, openbao: OpenBao
) -> None:
    stage = Stage(tmp_path, homeserver=homeserver, openbao=openbao, name="canary")
    async with stage:
        await stage.start_bot(debug=True)
        player = Player(stage)
        await player.open()

        await player.play(f"""
anna> !nonsense {SPOKEN}
bot< ❔ *
…
anna> we talk of {SPOKEN} among ourselves
bot!
~ fire Leaky critical data/{ALERTED} told {ALERTED}
bot< 🔥 CRITICAL Leaky*
…
anna> !status
bot< *
…
""")
        _, _ = request(stage.port, "POST", "/alerts/ops", {}, {"Authorization": f"Bearer {stage.webhook_token}x"})
        await stage.stop_bot()

    log = (tmp_path / "bot.log").read_text()
    assert stage.log_tail(1), "the bot logged nothing at all"
    secrets = (
        stage.password,
        stage.webhook_token,
        stage.cluster.token or "-",
        *openbao.keys.shares,
        openbao.keys.root_token,
    )
    for word in (SPOKEN, ALERTED, *secrets):
        assert word not in log
    database = b"".join(path.read_bytes() for path in (tmp_path / "state").glob("opsbot.db*"))
    assert ALERTED.encode() in database, (
        "what is accepted must be stored: the search below would find nothing otherwise"
    )
    for word in (SPOKEN, *secrets):
        assert word.encode() not in database
