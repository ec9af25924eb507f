"""What a phone sees of backups: the first line says what makes the verdict."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.backups import Backup, Schedule, Watch
from bot.core.cnpg import Recovery
from bot.core.facts import Unknown
from commands.backup import BackupReport, DatabaseBackups
from formatters import FORMATTERS
from formatters.render import render

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAILY = Schedule("postgres-daily", NOW + 12 * HOUR, suspended=False)
DAY = Watch("1 day", late=False)
WELL = DatabaseBackups(
    place="data/postgres",
    archiving=True,
    recovery=Recovery(NOW - 30 * 24 * HOUR, NOW - 4 * HOUR, None, "30d"),
    schedule=DAILY,
    newest=None,
    as_of=NOW,
)


def body(*databases: DatabaseBackups, needed_years: int | None = 7) -> str:
    return render(BackupReport(NOW, "UTC", databases, needed_years), formatters=FORMATTERS).body


NOT_KNOWN = Unknown("none is known")


@pytest.mark.parametrize(
    ("differs", "first"),
    [
        ({}, "✅ data/postgres: backup 4 h · WAL ok"),
        ({"archiving": False}, "❌ data/postgres: backup 4 h · WAL not archived"),
        ({"schedule": None}, "⚠️ data/postgres: backup 4 h · WAL ok · none to come"),
        ({"schedule": replace(DAILY, suspended=True)}, "⚠️ data/postgres: backup 4 h · WAL ok · none to come"),
        ({"schedule": replace(DAILY, next=NOW - HOUR)}, "⚠️ data/postgres: backup 4 h · WAL ok · the next is overdue"),
        ({"schedule": replace(DAILY, next=None)}, "❔ data/postgres: backup 4 h · WAL ok · the next is not known"),
        ({"schedule": Unknown("no")}, "❔ data/postgres: backup 4 h · WAL ok · the next is not known"),
        (
            {"recovery": replace(WELL.recovery, first=NOT_KNOWN)},
            "❔ data/postgres: backup 4 h · WAL ok · how far back is not known",
        ),
        ({"recovery": replace(WELL.recovery, last=NOT_KNOWN)}, "❔ data/postgres: ❔ backup: none is known · WAL ok"),
        (
            {"newest": Backup("a", "failed", None, None, "no space")},
            "⚠️ data/postgres: backup 4 h · WAL ok · the last try failed",
        ),
        ({"by": "data/barman-0", "schedule": DAY}, "✅ data/postgres by data/barman-0: backup 4 h · WAL ok"),
        ({"schedule": replace(DAY, late=True)}, "⚠️ data/postgres: backup 4 h · WAL ok · the next is overdue"),
        ({"failing": ("postgresql",)}, "⚠️ data/postgres: backup 4 h · WAL ok · barman fails 1 check"),
    ],
)
def test_the_first_line_says_what_is_wrong(differs: dict[str, Any], first: str) -> None:
    assert body(replace(WELL, **differs)).splitlines()[0] == first


@pytest.mark.parametrize(
    ("kept", "needed", "said"),
    [
        ("30d", 7, "kept ⚠️ 30 d, but 7 years are needed: what is older is gone"),
        ("30d", None, "kept 30d"),
        ("82m", 7, "kept ⚠️ 2542 d, but 7 years are needed: what is older is gone"),
        ("84m", 7, "kept 84m"),
        (Unknown("no policy is set"), 7, "kept ❔ no policy is set"),
    ],
)
def test_how_long_they_are_kept_is_held_against_what_is_needed(
    kept: str | Unknown, needed: int | None, said: str
) -> None:
    shown = body(replace(WELL, recovery=replace(WELL.recovery, kept=kept)), needed_years=needed)

    assert f"• {said}" in shown.splitlines()


def test_several_databases_are_told_one_below_the_other() -> None:
    other = replace(WELL, place="shop/orders", archiving=False)

    assert body(WELL, other).splitlines()[0] == "❌ Backups of 1 of 2 databases fine"


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"schedule": DAY}, "next barman warns after 1 day without one"),
        ({"schedule": replace(DAY, late=True)}, "next ⚠️ overdue: barman warns after 1 day without one"),
        ({"failing": ("postgresql", "wal level")}, "checks that fail: postgresql, wal level"),
        ({"failing": tuple("abcdefg")}, "checks that fail: a, b, c, d, e …and 2 more"),
        (
            {"newest": Backup("20260501T090000", "failed", None, None, "")},
            "last try ❌ 20260501T090000 failed, and does not say why",
        ),
    ],
)
def test_what_barman_tells_has_lines_of_its_own(differs: dict[str, Any], said: str) -> None:
    assert f"• {said}" in body(replace(WELL, **differs)).splitlines()
