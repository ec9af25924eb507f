"""Backups of Postgres as CloudNativePG takes them: when the next comes, how one is asked for, how it goes; pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.cnpg import BARMAN_CLOUD, barman_plugin
from bot.core.facts import Verdict
from bot.core.kinds import Object
from bot.core.moments import moment

COMPLETED, FAILED, WAL_FAILS = "completed", "failed", "walArchivingFailing"
"""Phases of a Backup; in the last it waits until the log can be archived again."""
YEAR = timedelta(days=365)
_INVALID = "invalid"
_LATE = timedelta(minutes=15)
"""The operator looks every minute; more than this and it does not come."""
_POLICY = re.compile(r"([1-9][0-9]*)([dwm])")
_DAYS = {"d": 1, "w": 7, "m": 31}
"""As Barman counts."""
_SETTINGS = ("method", "pluginConfiguration", "target", "online", "onlineConfiguration")
"""What a ScheduledBackup says of how its backups are taken."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When backups come by themselves."""

    name: str
    next: datetime | None
    """None: it does not say."""
    suspended: bool

    def verdict(self, now: datetime) -> Verdict:
        """How well that is."""
        if self.suspended:
            return Verdict.WARN
        if self.next is None:
            return Verdict.UNKNOWN
        return Verdict.WARN if now - self.next > _LATE else Verdict.OK


@dataclass(frozen=True, slots=True)
class Watch:
    """Who keeps the backups does not call for any, and only says when there was none for too long."""

    limit: str
    """How long that is, in its words: `1 day`."""
    late: bool

    def verdict(self, _now: datetime) -> Verdict:
        """How well that is."""
        return Verdict.WARN if self.late else Verdict.OK


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup, as far as it has come."""

    name: str
    phase: str
    """As CloudNativePG calls it; empty: nobody has begun it."""
    started: datetime | None
    stopped: datetime | None
    error: str

    @property
    def over(self) -> bool:
        """Whether nothing more will become of it."""
        return self.phase in {COMPLETED, FAILED} or self.phase.startswith(_INVALID)

    @property
    def verdict(self) -> Verdict:
        """Only what is completed is good."""
        if self.phase == COMPLETED:
            return Verdict.OK
        return Verdict.BAD if self.over or self.phase == WAL_FAILS else Verdict.NONE


def schedule_of(cluster: Object, schedules: Iterable[Object]) -> Schedule | None:
    """Return the cluster's schedule whose turn comes first; one that runs before one that is suspended."""
    ours = _first(cluster, schedules)
    return _schedule(ours) if ours else None


def read_backup(obj: Object) -> Backup:
    """Read a Backup."""
    status = obj.get("status") or {}
    return Backup(
        name=obj["metadata"]["name"],
        phase=str(status.get("phase") or ""),
        started=moment(status.get("startedAt")),
        stopped=moment(status.get("stoppedAt")),
        error=str(status.get("error") or status.get("commandError") or ""),
    )


def newest(cluster: Object, backups: Iterable[Object]) -> Backup | None:
    """Return the cluster's backup that was asked for last."""
    found = [each for each in backups if _is_of(cluster, each)]
    last = max(found, key=lambda each: str(each["metadata"].get("creationTimestamp", "")), default=None)
    return read_backup(last) if last else None


def how(cluster: Object, schedules: Iterable[Object]) -> Object | None:
    """Return the settings of a Backup as the cluster's own schedule has them, or as the cluster can be backed up.

    None: it has nowhere to put one.
    """
    if ours := _first(cluster, schedules):
        return {name: ours["spec"][name] for name in _SETTINGS if name in ours["spec"]}
    if barman_plugin(cluster):
        return {"method": "plugin", "pluginConfiguration": {"name": BARMAN_CLOUD}}
    place = cluster["spec"].get("backup") or {}
    return next(({"method": each} for each in ("barmanObjectStore", "volumeSnapshot") if place.get(each)), None)


def asked(cluster: Object, settings: Object, name: str) -> Object:
    """Return the Backup object that asks for one."""
    return {
        "apiVersion": cluster["apiVersion"],
        "kind": "Backup",
        "metadata": {"name": name, "namespace": cluster["metadata"]["namespace"]},
        "spec": {"cluster": {"name": cluster["metadata"]["name"]}, **settings},
    }


def span(policy: str) -> timedelta | None:
    """Return how long a retention policy (`30d`, `4w`, `12m`) keeps backups; None for what is none."""
    match = _POLICY.fullmatch(policy)
    return timedelta(days=int(match[1]) * _DAYS[match[2]]) if match else None


def _first(cluster: Object, schedules: Iterable[Object]) -> Object | None:
    def turn(obj: Object) -> tuple[bool, bool, str]:
        found = _schedule(obj)
        return found.suspended, found.next is None, str(found.next)

    return min((each for each in schedules if _is_of(cluster, each)), key=turn, default=None)


def _schedule(obj: Object) -> Schedule:
    next_time = moment((obj.get("status") or {}).get("nextScheduleTime"))
    return Schedule(obj["metadata"]["name"], next_time, suspended=bool(obj["spec"].get("suspend")))


def _is_of(cluster: Object, obj: Object) -> bool:
    same = obj["metadata"].get("namespace") == cluster["metadata"].get("namespace")
    return bool(same and (obj["spec"].get("cluster") or {}).get("name") == cluster["metadata"]["name"])
