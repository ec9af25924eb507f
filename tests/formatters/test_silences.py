"""The words of silences, letter by letter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.ending import SilenceEnds
from bot.core.facts import Verdict
from bot.core.firing import FiringAlert
from bot.core.matchers import Matcher, Operator
from bot.core.message import Rendered
from bot.core.names import UserId
from bot.core.silences import Silence, State
from commands.silences import Ended, Extended, Muted, Show, Silenced, SilenceList
from formatters import FORMATTERS
from formatters.document import Glyph
from formatters.pages import MAX_VISIBLE
from formatters.render import render

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANNA = UserId("@anna:example.org")
MATCHERS = (Matcher("alertname", "PostgresDown"), Matcher("pod", "a|b", Operator.LIKE))
DISK = Silence(
    id="1a2b3c4d-0000-0000",
    state=State.ACTIVE,
    matchers=MATCHERS,
    starts_at=NOW - HOUR,
    ends_at=NOW + 2 * HOUR,
    created_by=ANNA,
    comment="new disk [ops x7k2p]",
)
BARE = DISK.model_copy(update={"id": "9f9f9f9f-0000", "matchers": MATCHERS[:1], "comment": "", "created_by": "ben"})
ALERT = FiringAlert(
    labels={"alertname": "PostgresDown", "namespace": "data", "pod": "postgres-1"}, starts_at=NOW - HOUR
)


def said(result: object) -> Rendered:
    return render(result, formatters=FORMATTERS)


def listed(show: Show, *silences: Muted) -> SilenceList:
    return SilenceList(NOW, "UTC", show, silences)


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        (
            listed(Show.ACTIVE, Muted(DISK, 3), Muted(BARE, 0)),
            """🔕 2 silences active — muting 3 alerts
• 1a2b3c4d until 16:00 (2 h) · mutes 3
  alertname="PostgresDown", pod=~"a|b"
  by @anna:example.org · new disk
• 9f9f9f9f until 16:00 (2 h) · mutes nothing
  alertname="PostgresDown"
  by ben""",
        ),
        (listed(Show.ACTIVE), "ℹ️ No silence active"),
        (
            listed(Show.STALE, Muted(BARE, 0)),
            """⚠️ 1 silence mutes nothing
• 9f9f9f9f until 16:00 (2 h) · mutes nothing
  alertname="PostgresDown"
  by ben
next: !silence expire 9f9f9f9f""",
        ),
        (listed(Show.STALE), "ℹ️ No silence is stale: each mutes something"),
        (
            listed(Show.EXPIRED, Muted(BARE.model_copy(update={"ends_at": NOW - HOUR}), 0)),
            """ℹ️ 1 silence expired
• 9f9f9f9f ended 1 h ago
  alertname="PostgresDown"
  by ben""",
        ),
        (
            listed(Show.PENDING, Muted(BARE.model_copy(update={"starts_at": NOW + HOUR}), 0)),
            """ℹ️ 1 silence pending
• 9f9f9f9f from 15:00 until 16:00
  alertname="PostgresDown"
  by ben""",
        ),
        (
            Silenced(NOW, "UTC", DISK, (ALERT,), (), ANNA),
            """🔕 Silenced until 16:00 (2 h) — mutes 1 alert
alertname="PostgresDown", pod=~"a|b"
• PostgresDown — data/postgres-1
by @anna:example.org · new disk · undo: !silence expire 1a2b3c4d""",
        ),
        (
            listed(Show.ACTIVE, Muted(BARE, 1, NOW + 22 * HOUR)),
            """🔕 1 silence active — muting 1 alert
• 9f9f9f9f until resolved, tomorrow 12:00 at the latest · mutes 1
  alertname="PostgresDown"
  by ben""",
        ),
        (
            Silenced(NOW, "UTC", BARE, (ALERT,), (), ANNA, NOW + 24 * HOUR),
            """🔕 Silenced until resolved (1 d at most) — mutes 1 alert
alertname="PostgresDown"
• PostgresDown — data/postgres-1
by @anna:example.org · undo: !silence expire 9f9f9f9f""",
        ),
        (
            SilenceEnds(DISK, NOW + HOUR / 4, (ALERT,), NOW, "UTC"),
            """🔕 A silence ends in 15 min, at 14:15 — 1 alert will be told again
• PostgresDown — data/postgres-1
by @anna:example.org · new disk · longer: !silence extend 1a2b3c4d 2h""",
        ),
        (
            SilenceEnds(BARE, NOW + HOUR / 12, (ALERT,) * 7, NOW, "UTC"),
            """🔕 A silence ends in 5 min, at 14:05 — 7 alerts will be told again
• PostgresDown — data/postgres-1
• PostgresDown — data/postgres-1
• PostgresDown — data/postgres-1
• PostgresDown — data/postgres-1
• PostgresDown — data/postgres-1
…and 2 more
by ben · longer: !silence extend 9f9f9f9f 2h""",
        ),
        (
            Silenced(NOW, "Asia/Tokyo", BARE, (), ("PostgresDown",), ANNA),
            """🔕 Silenced until tomorrow 01:00 (2 h) — nothing of it fires now
alertname="PostgresDown"
Nothing of that name fires. Near: PostgresDown
by @anna:example.org · undo: !silence expire 9f9f9f9f""",
        ),
        (
            Extended(NOW, "UTC", DISK, DISK.model_copy(update={"ends_at": NOW + 72 * HOUR})),
            """🔕 Silence 1a2b3c4d now until Mon 4 May 14:00 (3 d)
alertname="PostgresDown", pod=~"a|b" · was until 16:00""",
        ),
        (
            Ended((DISK,), 2),
            """✅ Silence 1a2b3c4d ended — 2 alerts will be told again
• 1a2b3c4d alertname="PostgresDown", pod=~"a|b\"""",
        ),
        (
            Ended((DISK.model_copy(update={"state": State.EXPIRED}), BARE), 0),
            """✅ 2 silences ended — they muted nothing that fires
• 1a2b3c4d alertname="PostgresDown", pod=~"a|b" · was over already
• 9f9f9f9f alertname="PostgresDown\"""",
        ),
    ],
)
def test_silences_are_told_with_their_end_and_the_way_back(result: object, wanted: str) -> None:
    assert said(result).body == wanted


def test_many_silences_and_five_hundred_muted_alerts_are_one_message() -> None:
    many = said(listed(Show.ACTIVE, *(Muted(DISK, 50) for _ in range(100))))
    storm = said(Silenced(NOW, "UTC", DISK, (ALERT,) * 500, (), ANNA))

    assert many.body.endswith("…and 90 more")
    assert "mutes 500 alerts" in storm.body
    assert "…and 495 more" in storm.body
    assert max(len(many.body), len(storm.body)) <= MAX_VISIBLE
    assert (many.file, storm.file) == (None, None)


def test_a_strangers_comment_and_name_stay_on_their_line_and_name_nobody() -> None:
    evil = DISK.model_copy(
        update={"comment": "✅ RESOLVED\n✅ all well @room", "created_by": "\n🔥 @cleo:example.org x"}
    )

    body = said(listed(Show.ACTIVE, Muted(evil, 1))).body

    assert len(body.splitlines()) == 4
    assert not [row for row in body.splitlines()[1:] if row.lstrip().startswith(tuple(Glyph))]
    assert "@room" not in body


def test_only_what_mutes_nothing_is_worth_a_warning() -> None:
    stale, active = listed(Show.STALE, Muted(DISK, 0)), listed(Show.ACTIVE, Muted(DISK, 1))

    assert [said(each).verdict for each in (stale, active, replace(stale, silences=()))] == [
        Verdict.WARN,
        Verdict.NONE,
        Verdict.NONE,
    ]
