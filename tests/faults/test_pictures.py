"""A picture goes through the same outbox as words: once, whatever the homeserver answers and however the bot ends."""

import pytest

from bot.demo.proxy import FaultyProxy, Odds
from bot.demo.stage import Stage
from bot.demo.view import Seen
from tests.faults.conftest import Witness

pytestmark = [pytest.mark.real, pytest.mark.slow]

LABELS = {"alertname": "VolumeFull", "severity": "critical", "namespace": "data", "pod": "postgres-1"}
ASKED = 4


def said(witness: Witness, kind: str, msgtype: str) -> list[Seen]:
    return [seen for seen in witness.view.seen if (seen.kind, seen.msgtype) == (kind, msgtype) and not seen.edits]


async def test_a_picture_arrives_once(stage: Stage, witness: Witness, proxy: FaultyProxy) -> None:
    await stage.start_bot()
    stage.monitoring.alertmanager.fire(LABELS, {})
    await witness.until(lambda: bool(said(witness, "alert-card", "m.text")))
    (card,) = said(witness, "alert-card", "m.text")

    # The homeserver does not know a repetition either, as Dendrite after a restart: only a look into the room helps.
    proxy.forgets, proxy.odds = True, Odds(bad_gateway=0.2, cut=0.5)
    for _ in range(ASKED):
        await witness.view.say("graph", card.event_id)
    await witness.until(lambda: bool(said(witness, "card-graph", "m.image")), 60)
    await stage.kill_bot()
    await stage.start_bot()
    await witness.until(lambda: len(said(witness, "card-graph", "m.image")) >= ASKED, 60)
    await witness.view.look(2.0)

    pictures, answers = said(witness, "card-graph", "m.image"), said(witness, "card-graph", "m.notice")
    assert len({seen.key for seen in pictures}) == len(pictures) == ASKED
    assert sorted(f"{seen.key}/image" for seen in answers) == sorted(seen.key for seen in pictures)
