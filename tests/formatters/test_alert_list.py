"""The words of `!alerts`, letter by letter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.alerts import Card, Member, Severity
from bot.core.facts import Unknown, Verdict
from bot.core.held import Held
from bot.core.names import Key, RoomId, UserId
from bot.core.webhook import Status
from commands.alerts import AlertList, Burning, Show
from formatters.alert_list import alert_list
from formatters.document import Glyph
from formatters.pages import MAX_VISIBLE
from formatters.render import write

NOW = datetime(2026, 5, 1, 14, 8, tzinfo=UTC)
QUIET = AlertList(NOW, "UTC", Show.FIRING, "", (), 0, 0, watchdog=False, alertmanager=None, prometheus=None)
SILENT = Unknown("connection refused")


def burning(name: str, severity: Severity = Severity.WARNING, number: int = 1, minutes: int = 6, **of: str) -> Burning:
    since = NOW - timedelta(minutes=minutes)
    until = NOW + timedelta(hours=2) if of.get("muted") == "silenced" else None
    return Burning(
        name,
        of.get("place", "data"),
        severity,
        number,
        since,
        silenced=of.get("muted") == "silenced",
        until=until,
        inhibited=of.get("muted") == "inhibited",
    )


def card(handle: str) -> Card:
    member = Member("f", Status.FIRING, {"alertname": "Disk"}, {}, NOW, None, "", NOW)
    room = RoomId("!ops:example.org")
    return Card(Key("k"), room, "ops", "{}", 1, {}, (member,), "", 0, NOW, handle=handle, held=Held.QUIET)


DOWN = burning("PostgresDown", Severity.CRITICAL, place="data/postgres-1")
CRASH = burning("PodCrash", number=3, minutes=200, place="ory/hydra")


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        (replace(QUIET, watchdog=True), "✅ Nothing fires\nThe Watchdog fires, as it should"),
        (QUIET, "✅ Nothing fires"),
        (replace(QUIET, wanted="data"), "✅ Nothing fires for data"),
        (
            replace(QUIET, silenced=2, inhibited=1),
            "✅ Nothing fires\n🔕 2 silenced · 1 inhibited by worse ones · !alerts all",
        ),
        (
            replace(QUIET, held=(card("a1"),), quiet_until=NOW + timedelta(hours=17)),
            "✅ Nothing fires\nℹ️ 1 card held back until tomorrow 07:08: Disk #a1",
        ),
        (
            replace(QUIET, held=tuple(card(f"a{number}") for number in range(1, 8))),
            "✅ Nothing fires\nℹ️ 7 cards held back: Disk #a1, Disk #a2, Disk #a3, Disk #a4, Disk #a5 and 2 more",
        ),
        (
            replace(QUIET, groups=(DOWN, CRASH)),
            """🔥 4 alerts firing — 1 critical, 3 warning
• 🔥 critical PostgresDown — data/postgres-1 · since 14:02 (6 min)
• ⚠️ warning PodCrash (3) — ory/hydra · since 10:48 (3 h)""",
        ),
        (
            replace(QUIET, groups=(burning("Odd", Severity.NONE, minutes=60 * 24, place=""),)),
            """⚠️ 1 alert firing — 1 without severity
• ⚠️ alert Odd · since yesterday 14:08 (1 d)""",
        ),
        (
            replace(QUIET, show=Show.SILENCED, groups=(burning("DiskFull", muted="silenced"),)),
            """🔕 1 alert silenced
• ⚠️ warning DiskFull — data · since 14:02 (6 min)
  🔕 silenced until 16:08""",
        ),
        (replace(QUIET, show=Show.SILENCED), "ℹ️ Nothing is silenced"),
        (replace(QUIET, show=Show.ACKED), "ℹ️ Nothing is acked"),
        (
            replace(QUIET, show=Show.ACKED, alertmanager=SILENT),
            """❔ What is acked is not known: Alertmanager did not answer
Alertmanager ❔ connection refused · told by Prometheus, which knows no silences""",
        ),
        (
            replace(QUIET, show=Show.ACKED, groups=(replace(DOWN, card="k7", taken_by=UserId("@ben:example.org")),)),
            """👀 1 alert acked
• 🔥 critical PostgresDown — data/postgres-1 #k7 · since 14:02 (6 min)
  👀 @ben:example.org on it""",
        ),
        (
            replace(QUIET, show=Show.ALL, groups=(burning("NodeLoad", Severity.INFO, muted="inhibited"),)),
            """🔕 1 alert, all of them muted
• ℹ️ info NodeLoad — data · since 14:02 (6 min)
  inhibited by a worse one""",
        ),
        (
            replace(QUIET, alertmanager=SILENT, groups=(DOWN,)),
            """🔥 1 alert firing — 1 critical
• 🔥 critical PostgresDown — data/postgres-1 · since 14:02 (6 min)
Alertmanager ❔ connection refused · told by Prometheus, which knows no silences""",
        ),
        (
            replace(QUIET, alertmanager=SILENT),
            """❔ Prometheus says nothing fires, Alertmanager did not answer
Alertmanager ❔ connection refused · told by Prometheus, which knows no silences""",
        ),
        (
            replace(QUIET, alertmanager=SILENT, prometheus=Unknown("HTTP 503")),
            """❔ What fires is not known: neither Alertmanager nor Prometheus answered
Alertmanager ❔ connection refused
Prometheus ❔ HTTP 503""",
        ),
        (
            replace(QUIET, alertmanager=SILENT, show=Show.SILENCED),
            """❔ What is silenced is not known: Alertmanager did not answer
Alertmanager ❔ connection refused · told by Prometheus, which knows no silences""",
        ),
    ],
)
def test_a_list_says_the_worst_first_and_green_only_for_an_answer(result: AlertList, wanted: str) -> None:
    assert write("alert-list", alert_list(result)).body == wanted


def test_times_are_told_in_the_teams_zone() -> None:
    result = replace(QUIET, groups=(DOWN,), zone="Asia/Tokyo")

    assert "since 23:02 (6 min)" in write("alert-list", alert_list(result)).body


def test_five_hundred_alerts_are_one_message_and_all_of_them_counted() -> None:
    groups = tuple(burning(f"KubePersistentVolumeFillingUp{number}", number=5, place="x" * 60) for number in range(100))

    rendered = write("alert-list", alert_list(replace(QUIET, groups=groups)))

    assert rendered.body.startswith("⚠️ 500 alerts firing — 500 warning")
    assert rendered.body.endswith("…and 425 alerts more in 85 groups")
    assert len(rendered.body) <= MAX_VISIBLE
    assert rendered.file is None


def test_no_foreign_name_passes_for_a_verdict_of_ours() -> None:
    evil = burning("✅ all is well\n✅ really @room", place="\n🔥 CRITICAL x")

    rendered = write("alert-list", alert_list(replace(QUIET, groups=(evil,), wanted="✅\n✅ x")))

    title, *rows = rendered.body.split("\n")
    assert title.startswith("⚠️ 1 alert firing")
    assert len(rows) == 1
    assert not rows[0].startswith(tuple(Glyph))
    assert rendered.verdict is Verdict.WARN
