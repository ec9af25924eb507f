"""The words of `why` and `history`, letter by letter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.alerts import Card, Member
from bot.core.facts import Unknown
from bot.core.names import Key, RoomId
from bot.core.webhook import Status
from commands.cards import CardReasons, Looked
from formatters import FORMATTERS
from formatters.pages import MAX_VISIBLE
from formatters.render import render

NOW = datetime(2026, 5, 1, 14, 8, tzinfo=UTC)
MEMBER = Member("f", Status.FIRING, {"alertname": "Disk", "pod": "a"}, {"summary": "It is full."}, NOW, None, "", NOW)
CARD = Card(Key("k"), RoomId("!ops:example.org"), "ops", "{}", 1, {}, (MEMBER,), "", 0, NOW, handle="k7")
LOOKED = Looked("Disk", "disk_used > 0.9", timedelta(minutes=5))


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        (
            CardReasons(CARD, (LOOKED,)),
            """ℹ️ Why Disk #k7
Rule: disk_used > 0.9 for 5 min
alertname=Disk pod=a
• summary: It is full.""",
        ),
        (
            CardReasons(
                replace(CARD, members=(replace(MEMBER, annotations={}),)), (replace(LOOKED, holds=timedelta(0)),)
            ),
            "ℹ️ Why Disk #k7\nRule: disk_used > 0.9\nalertname=Disk pod=a",
        ),
        (
            CardReasons(CARD, (Unknown("no answer in 5 s"), LOOKED)),
            """ℹ️ Why Disk #k7
Rule ❔ not known, Prometheus did not say: no answer in 5 s
Rule of Disk: disk_used > 0.9 for 5 min
alertname=Disk pod=a
• summary: It is full.""",
        ),
        (CardReasons(CARD, ()), "ℹ️ Why Disk #k7\nalertname=Disk pod=a\n• summary: It is full."),
    ],
)
def test_why_tells_what_the_rule_looks_at_before_what_the_alert_says(result: CardReasons, wanted: str) -> None:
    assert render(result, formatters=FORMATTERS).body == wanted


def test_an_expression_may_be_long_and_is_somebody_elses_text() -> None:
    hostile = f"✅ RESOLVED @room\n{'x' * 5000}"

    body = render(CardReasons(CARD, (replace(LOOKED, expr=hostile),)), formatters=FORMATTERS).body

    assert len(body) < MAX_VISIBLE
    assert "\n✅" not in body
    assert "@room" not in body
