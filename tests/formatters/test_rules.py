"""The words of `!alerts --rules`, letter by letter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.facts import Verdict
from bot.core.rules import GrafanaRule
from commands.rules import RuleList
from formatters import FORMATTERS
from formatters.pages import MAX_VISIBLE
from formatters.render import render

NOW = datetime(2026, 5, 1, 14, 8, tzinfo=UTC)
QUIET = GrafanaRule("Quiet", "mail", "queues", {}, "inactive", "ok", paused=False, firing=0, since=None)
FIRES = replace(
    QUIET, name="Disk", labels={"severity": "critical"}, state="firing", firing=3, since=NOW - timedelta(minutes=6)
)
SOON = replace(QUIET, name="Soon", state="pending")
PAUSED = replace(QUIET, name="Old", paused=True)
FAILS = replace(QUIET, name="Sync", folder="", health="error")


def listed(*rules: GrafanaRule, wanted: str = "") -> RuleList:
    return RuleList(NOW, "UTC", wanted, rules)


@pytest.mark.parametrize(
    ("result", "verdict", "wanted"),
    [
        (listed(), Verdict.NONE, "ℹ️ Grafana keeps no alert rules"),
        (listed(QUIET), Verdict.OK, "✅ None of 1 Grafana rule fires\nQuiet"),
        (
            listed(FIRES, FAILS, PAUSED, SOON, QUIET, QUIET, wanted="mail"),
            Verdict.BAD,
            """🔥 1 of 6 Grafana rules fires for mail
• 🔥 Disk — mail/queues · 3 alerts since 14:02 (6 min)
• ❔ Sync — queues · not known: its query fails
• ℹ️ Old — mail/queues · paused
• ⏳ Soon — mail/queues · pending
2 more quiet""",
        ),
        (
            listed(replace(FIRES, labels={}, firing=1)),
            Verdict.WARN,
            """⚠️ 1 of 1 Grafana rule fires
• ⚠️ Disk — mail/queues · 1 alert since 14:02 (6 min)""",
        ),
        (
            listed(FAILS, QUIET),
            Verdict.UNKNOWN,
            """❔ 1 of 2 Grafana rules cannot be believed
• ❔ Sync — queues · not known: its query fails
1 more quiet""",
        ),
        (listed(PAUSED), Verdict.OK, "✅ None of 1 Grafana rule fires\n• ℹ️ Old — mail/queues · paused"),
    ],
)
def test_what_fires_is_named_and_only_a_sound_rule_is_quiet(result: RuleList, verdict: Verdict, wanted: str) -> None:
    said = render(result, formatters=FORMATTERS)

    assert said.body == wanted
    assert said.verdict is verdict


def test_many_rules_are_one_message() -> None:
    said = render(listed(*[FIRES] * 500, *[QUIET] * 500), formatters=FORMATTERS)

    assert len(said.body) < MAX_VISIBLE
    assert "…and 485 more" in said.body
