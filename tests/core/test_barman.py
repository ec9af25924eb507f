"""What barman prints, read as it printed it: recorded from barman 3.20.1 beside PostgreSQL 15.18."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.core.backups import Backup, Watch
from bot.core.barman import CHECK, LIST, STATUS, BarmanTold, read
from bot.core.facts import Unknown, Verdict

RECORDED = Path(__file__).parents[1] / "data" / "barman"
NO_LIMIT = Unknown("barman calls for none itself, and has no last_backup_maximum_age")


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.json").read_text()


def told(**printed: str) -> BarmanTold:
    """Return what is read where barman printed this to `listed`, `status` and `check`, and else that it is well."""
    answers = {
        LIST: printed.get("listed", recorded("list-backups")),
        STATUS: printed.get("status", recorded("status")),
        CHECK: printed.get("check", recorded("check")),
    }
    return read("postgres", answers)


def test_a_server_that_is_well() -> None:
    found = told()

    assert found.archiving is True
    assert found.recovery.first == datetime(2026, 11, 29, 3, 40, 54, tzinfo=UTC)
    assert found.recovery.last == datetime(2026, 11, 29, 3, 41, 10, tzinfo=UTC)
    assert found.recovery.kept == "30d"
    assert found.watch == Watch("1 day", late=False)
    assert found.newest
    assert not isinstance(found.newest, Unknown)
    assert found.newest.verdict is Verdict.OK
    assert found.failing == ()


def test_a_backup_that_failed_is_the_newest_and_counts_for_nothing() -> None:
    found = told(listed=recorded("list-backups-failed"))

    assert found.newest == Backup("20261129T034611", "failed", None, None, "")
    assert found.newest.verdict is Verdict.BAD
    assert found.recovery == told().recovery


@pytest.mark.parametrize(
    ("check", "archiving", "failing"),
    [
        ("check-pushed", False, ("archive command", "archive mode", "failed backups")),
        ("check-down", Unknown("barman does not say"), ("failed backups", "pg basebackup compatible", "postgresql")),
    ],
)
def test_checks_that_fail_are_named_and_those_of_the_log_say_whether_it_arrives(
    check: str, archiving: bool | Unknown, failing: tuple[str, ...]
) -> None:
    found = told(check=recorded(check))

    assert (found.archiving, found.failing, found.watch) == (archiving, failing, NO_LIMIT)


@pytest.mark.parametrize(
    ("name", "status", "archiving"),
    [
        ("receive_wal_running", "FAILED", False),
        ("continuous_archiving", "OK", True),
        ("archiver_errors", "FAILED", False),
        ("wal_maximum_age", "FAILED", False),
        ("archiver_errors", "OK", Unknown("barman does not say")),
    ],
)
def test_the_log_arrives_when_barman_says_so_and_only_then(name: str, status: str, archiving: bool | Unknown) -> None:
    assert told(check=json.dumps({"postgres": {name: {"status": status}}})).archiving == archiving


def test_a_backup_that_is_too_old_for_barman_is_late() -> None:
    late = {"status": "FAILED", "hint": "interval provided: 26 hours, latest backup age: 3 days"}

    assert told(check=json.dumps({"postgres": {"backup_maximum_age": late}})).watch == Watch("26 hours", late=True)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("enforced (mode: auto, retention: RECOVERY WINDOW OF 84 MONTHS, WAL retention: MAIN)", "84m"),
        ("enforced (mode: auto, retention: RECOVERY WINDOW OF 1 WEEKS, WAL retention: MAIN)", "1w"),
        ("enforced (mode: auto, retention: REDUNDANCY 3, WAL retention: MAIN)", "REDUNDANCY 3"),
        ("not enforced", Unknown("no policy is set")),
    ],
)
def test_how_long_backups_are_kept_is_read_from_its_status(said: str, kept: str | Unknown) -> None:
    status = json.dumps({"postgres": {"retention_policies": {"description": "Retention policies", "message": said}}})

    assert told(status=status).recovery.kept == kept


@pytest.mark.parametrize("state", ["STARTED", "EMPTY", "SYNCING", "WAITING_FOR_WALS"])
def test_only_what_is_done_can_be_brought_back(state: str) -> None:
    going = {"backup_id": "20261129T050000", "status": state, "end_time_timestamp": "1795928400"}
    found = told(listed=json.dumps({"postgres": [going]}))

    assert found.newest
    assert not isinstance(found.newest, Unknown)
    assert found.newest.verdict is Verdict.NONE
    assert found.recovery.last == found.recovery.first == Unknown("none is known")


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        (recorded("unknown-server"), "barman: Unknown server 'nope'"),
        ("", "barman did not answer in JSON"),
        ('{"postgres": [', "barman did not answer in JSON"),
        ("[]", "barman did not tell of this server"),
        ('{"main": []}', "barman did not tell of this server"),
        ('{"_ERROR": []}', "barman did not tell of this server"),
        ('{"postgres": 7}', "barman's answer has another form than that of barman 3.20"),
    ],
)
def test_what_is_no_answer_is_unknown_never_fine(printed: str, why: str) -> None:
    found, reason = told(listed=printed, status=printed, check=printed), Unknown(why)

    assert (found.archiving, found.watch, found.newest) == (reason, reason, reason)
    assert (found.recovery.first, found.recovery.last, found.recovery.kept) == (reason, reason, reason)


def test_no_backups_at_all_are_none_to_come_back_to() -> None:
    found = told(listed='{"postgres": []}')

    assert found.newest is None
    assert found.recovery.last == Unknown("none is known")


@pytest.mark.parametrize("when", [None, "soon", -1, "99999999999999999999"])
def test_a_moment_that_is_none_is_not_guessed(when: Any) -> None:
    done = {"backup_id": "20261129T050000", "status": "DONE", "end_time_timestamp": when}

    assert told(listed=json.dumps({"postgres": [done]})).recovery.last == Unknown("none is known")
