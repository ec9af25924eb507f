"""Barman of the house's own: what it tells of a server's backups in its own JSON, as barman 3.20 writes it; pure."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot.core.backups import COMPLETED, FAILED, Backup, Watch
from bot.core.cnpg import Recovery
from bot.core.facts import Unknown
from bot.core.moments import epoch

LIST, STATUS, CHECK = "list-backups", "status", "check"
QUESTIONS = (LIST, STATUS, CHECK)
"""The subcommands that are asked; none of them changes anything."""
_PHASES = {"DONE": COMPLETED, "FAILED": FAILED}
# Which of these a check has depends on how the log comes: streamed, or pushed by PostgreSQL.
_ARRIVES = ("receive_wal_running", "continuous_archiving")
_LOG = (*_ARRIVES, "archive_mode", "archive_command", "archiver_errors", "wal_maximum_age")
_AGE = "backup_maximum_age"
_INTERVAL = re.compile(r"interval provided: ([0-9]+ [a-z]+)")
_WINDOW = re.compile(r"retention: RECOVERY WINDOW OF ([0-9]+) (DAY|WEEK|MONTH)S?")
_NUMBER = re.compile(r"retention: (REDUNDANCY [0-9]+)")
_NONE = Unknown("none is known")
_LONGEST = 80
Part = TypeVar("Part")


class BarmanServer(BaseModel):
    """A database that barman keeps the backups of, and where barman runs."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    namespace: str
    """Where barman's pod is."""
    selector: str
    """Label selector of the pod."""
    container: str
    """The container, named because meshed pods have several."""
    server: str
    """What barman calls the database."""

    def argv(self, question: str) -> tuple[str, ...]:
        """Return the argument vector of one of QUESTIONS."""
        return ("barman", "-f", "json", question, self.server)

    @property
    def backup(self) -> tuple[str, ...]:
        """What makes one more."""
        return ("barman", "backup", self.server)


@dataclass(frozen=True, slots=True)
class BarmanTold:
    """What barman tells of one server."""

    archiving: bool | Unknown
    """Whether the write-ahead log arrives."""
    recovery: Recovery
    watch: Watch | Unknown
    newest: Backup | Unknown | None
    failing: tuple[str, ...]
    """Its checks that failed, in its own words."""


class _Listed(BaseModel):
    backup_id: str
    """When it began, by barman's own clock: later ones sort behind."""
    status: str
    end_time_timestamp: str | int | None = None
    """Seconds since 1970; not there of one that failed."""


class _Fact(BaseModel):
    message: str


class _Check(BaseModel):
    status: str
    hint: str = ""


_LISTED = TypeAdapter(list[_Listed])
_FACTS = TypeAdapter(dict[str, _Fact])
_CHECKS = TypeAdapter(dict[str, _Check])


def read(server: str, answers: Mapping[str, str | Unknown]) -> BarmanTold:
    """Read what barman printed to each of QUESTIONS; what is not an answer is unknown.

    Its exit code says no more than the words do: `check` ends with 1 when any check fails, and its JSON is whole.
    """
    listed = _part(server, answers[LIST], _LISTED)
    facts = _part(server, answers[STATUS], _FACTS)
    checks = _part(server, answers[CHECK], _CHECKS)
    return BarmanTold(
        archiving=checks if isinstance(checks, Unknown) else _archiving(checks),
        recovery=_recovery(listed, facts),
        watch=checks if isinstance(checks, Unknown) else _watch(checks.get(_AGE)),
        newest=listed if isinstance(listed, Unknown) else _newest(listed),
        failing=() if isinstance(checks, Unknown) else _failing(checks),
    )


def _part(server: str, printed: str | Unknown, shape: TypeAdapter[Part]) -> Part | Unknown:
    if isinstance(printed, Unknown):
        return printed
    try:
        whole = json.loads(printed)
    except ValueError:
        return Unknown("barman did not answer in JSON")
    if not isinstance(whole, dict) or server not in whole:
        return Unknown(_complaint(whole))
    try:
        return shape.validate_python(whole[server])
    except ValidationError:
        return Unknown("barman's answer has another form than that of barman 3.20")


def _complaint(whole: Any) -> str:
    said = whole.get("_ERROR") if isinstance(whole, dict) else None
    if isinstance(said, list) and said and isinstance(said[0], str):
        return f"barman: {said[0][:_LONGEST]}"
    return "barman did not tell of this server"


def _archiving(checks: Mapping[str, _Check]) -> bool | Unknown:
    if any(name in _LOG and not _well(check) for name, check in checks.items()):
        return False
    arrives = any(name in checks for name in _ARRIVES)
    return True if arrives else Unknown("barman does not say")


def _recovery(listed: list[_Listed] | Unknown, facts: Mapping[str, _Fact] | Unknown) -> Recovery:
    """Return how far the backups reach: back to any moment since the oldest one ended."""
    kept = facts if isinstance(facts, Unknown) else _kept(facts.get("retention_policies"))
    if isinstance(listed, Unknown):
        return Recovery(listed, listed, None, kept)
    ends = [end for each in listed if each.status == "DONE" and (end := epoch(each.end_time_timestamp))]
    return Recovery(min(ends, default=_NONE), max(ends, default=_NONE), None, kept)


def _kept(policies: _Fact | None) -> str | Unknown:
    words = policies.message if policies else ""
    if window := _WINDOW.search(words):
        return f"{window[1]}{window[2][0].lower()}"
    number = _NUMBER.search(words)
    return number[1] if number else Unknown("no policy is set")


def _watch(check: _Check | None) -> Watch | Unknown:
    limit = _INTERVAL.search(check.hint) if check else None
    if check is None or limit is None:
        return Unknown("barman calls for none itself, and has no last_backup_maximum_age")
    return Watch(limit[1], late=not _well(check))


def _newest(listed: Iterable[_Listed]) -> Backup | None:
    last = max(listed, key=lambda each: each.backup_id, default=None)
    if last is None:
        return None
    phase = _PHASES.get(last.status, last.status.lower().replace("_", " "))
    return Backup(last.backup_id, phase, None, epoch(last.end_time_timestamp), "")


def _failing(checks: Mapping[str, _Check]) -> tuple[str, ...]:
    return tuple(name.replace("_", " ") for name, check in checks.items() if not _well(check))


def _well(check: _Check) -> bool:
    return check.status == "OK"
