"""A house that runs barman itself, as the playbook supposes: its pod, and what barman 3.20 prints there."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.demo.clock import Clock
from bot.demo.cluster.exec import Answering, ExecAnswer
from bot.demo.cluster.store import Object
from bot.demo.world.shapes import Row, workload

_ROW = Row("data", "barman", "docker.io/barman/barman:3.20.1", kind="StatefulSet")
_SERVER = "postgres"
_DONE = """Starting backup using postgres method for server postgres in /var/lib/barman/postgres/base
Backup start at LSN: A2C/41000060
Copying files (startup) for backup
Copying files done (time: 14 seconds)
Backup size: 2.1 GiB
Backup completed (start time: 2026-01-01 02:00:00, elapsed time: 17 seconds)
"""
_AGES = (timedelta(hours=5), timedelta(days=1, hours=5), timedelta(days=29, hours=5))
_CHECKS = {
    "postgresql": "",
    "receive_wal_running": "",
    "archiver_errors": "",
    "backup_maximum_age": "interval provided: 1 day, latest backup age: 5 hours",
    "failed_backups": "there are 0 failed backups",
    "retention_policy_settings": "",
}
_RETENTION = "enforced (mode: auto, retention: RECOVERY WINDOW OF 30 DAYS, WAL retention: MAIN)"


def barman(now: datetime) -> list[Object]:
    """Return the StatefulSet `data/barman` with its pod."""
    return workload(_ROW, now)


def barman_answers(clock: Clock) -> list[tuple[tuple[str, ...], Answering]]:
    """Return commands and what barman answers: all is well, and the last backup is five hours old."""
    asked: dict[str, Callable[[], Any]] = {
        "list-backups": lambda: [_backup(clock() - age) for age in _AGES],
        "status": lambda: {"retention_policies": {"description": "Retention policies", "message": _RETENTION}},
        "check": lambda: {name: {"hint": hint, "status": "OK"} for name, hint in _CHECKS.items()},
    }

    def answer(argv: Sequence[str]) -> ExecAnswer:
        return ExecAnswer(json.dumps({_SERVER: asked[argv[3]]()}))

    answers: list[tuple[tuple[str, ...], Answering]] = [
        (("barman", "-f", "json", question, _SERVER), answer) for question in asked
    ]
    return [(("barman", "backup", _SERVER), ExecAnswer(_DONE, seconds=0.2)), *answers]


def _backup(end: datetime) -> Object:
    return {
        "backup_id": f"{end - timedelta(seconds=17):%Y%m%dT%H%M%S}",
        "backup_type": "full",
        "end_time": f"{end:%a %b %d %H:%M:%S %Y}",
        "end_time_timestamp": f"{end.timestamp():.0f}",
        "retention_status": "VALID",
        "size": "2.1 GiB",
        "size_bytes": 2_254_857_830,
        "status": "DONE",
        "wal_size": "96.0 MiB",
        "wal_size_bytes": 100_663_296,
    }
