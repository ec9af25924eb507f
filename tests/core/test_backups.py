"""Backups as CloudNativePG tells of them: when the next comes, how one is taken, and when it is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.backups import Backup, Schedule, asked, how, newest, read_backup, schedule_of, span
from bot.core.facts import Verdict

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
Object = dict[str, Any]
PLUGIN = {"name": "barman-cloud.cloudnative-pg.io"}
BY_SNAPSHOT = {"method": "volumeSnapshot"}
BY_PLUGIN = {"method": "plugin", "pluginConfiguration": PLUGIN}


def cluster(**spec: Any) -> Object:
    metadata = {"name": "postgres", "namespace": "data"}
    return {"apiVersion": "postgresql.cnpg.io/v1", "metadata": metadata, "spec": {"instances": 1} | spec}


def of_cluster(name: str, *, of: str = "postgres", namespace: str = "data", **parts: Any) -> Object:
    spec = {"cluster": {"name": of}} | parts.pop("spec", {})
    return {"metadata": {"name": name, "namespace": namespace} | parts.pop("metadata", {}), "spec": spec} | parts


def due(name: str, at: str | None, **spec: Any) -> Object:
    return of_cluster(name, spec=spec, status={"nextScheduleTime": at} if at else {})


@pytest.mark.parametrize(
    ("schedules", "name"),
    [
        ([], None),
        ([due("daily", "2026-05-02T02:00:00Z"), due("hourly", "2026-05-01T15:00:00Z")], "hourly"),
        ([due("off", "2026-05-01T15:00:00Z", suspend=True), due("daily", "2026-05-02T02:00:00Z")], "daily"),
        ([due("new", None), due("daily", "2026-05-02T02:00:00Z")], "daily"),
        ([of_cluster("other", of="else", status={"nextScheduleTime": "2026-05-01T15:00:00Z"})], None),
        ([of_cluster("other", namespace="elsewhere")], None),
    ],
)
def test_the_schedule_is_the_one_of_this_cluster_whose_turn_comes_first(
    schedules: list[Object], name: str | None
) -> None:
    found = schedule_of(cluster(), schedules)

    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("schedule", "verdict"),
    [
        (Schedule("daily", NOW + timedelta(hours=1), suspended=False), Verdict.OK),
        (Schedule("daily", NOW - timedelta(minutes=5), suspended=False), Verdict.OK),
        (Schedule("daily", NOW - timedelta(hours=1), suspended=False), Verdict.WARN),
        (Schedule("daily", NOW + timedelta(hours=1), suspended=True), Verdict.WARN),
        (Schedule("daily", None, suspended=False), Verdict.UNKNOWN),
    ],
)
def test_a_turn_that_was_missed_or_is_suspended_is_never_fine(schedule: Schedule, verdict: Verdict) -> None:
    assert schedule.verdict(NOW) is verdict


@pytest.mark.parametrize(
    ("of", "schedules", "settings"),
    [
        (cluster(), [of_cluster("daily", spec=BY_PLUGIN | {"target": "primary"})], BY_PLUGIN | {"target": "primary"}),
        (cluster(plugins=[PLUGIN]), [of_cluster("daily", spec=BY_SNAPSHOT)], BY_SNAPSHOT),
        (cluster(plugins=[PLUGIN]), [of_cluster("daily", of="else", spec=BY_SNAPSHOT)], BY_PLUGIN),
        (cluster(), [due("old", None, suspend=True), of_cluster("daily", spec=BY_PLUGIN)], BY_PLUGIN),
        (cluster(plugins=[PLUGIN]), [], BY_PLUGIN),
        (cluster(backup={"barmanObjectStore": {"destinationPath": "s3://a"}}), [], {"method": "barmanObjectStore"}),
        (cluster(backup={"volumeSnapshot": {"className": "a"}}), [], {"method": "volumeSnapshot"}),
        (cluster(backup={"retentionPolicy": "30d"}), [], None),
        (cluster(), [], None),
    ],
)  # fmt: skip
def test_a_backup_is_taken_as_the_schedule_has_it_or_as_the_cluster_can(
    of: Object, schedules: list[Object], settings: Object | None
) -> None:
    assert how(of, schedules) == settings


def test_what_is_asked_for_carries_its_name_and_its_cluster() -> None:
    wanted = asked(cluster(), BY_PLUGIN, "opsbot-7f3a")

    assert wanted["metadata"] == {"name": "opsbot-7f3a", "namespace": "data"}
    assert wanted["spec"] == {"cluster": {"name": "postgres"}} | BY_PLUGIN


@pytest.mark.parametrize(
    ("phase", "over", "verdict"),
    [
        ("", False, Verdict.NONE),
        ("pending", False, Verdict.NONE),
        ("started", False, Verdict.NONE),
        ("running", False, Verdict.NONE),
        ("finalizing", False, Verdict.NONE),
        ("walArchivingFailing", False, Verdict.BAD),
        ("completed", True, Verdict.OK),
        ("failed", True, Verdict.BAD),
        ("invalid backup definition", True, Verdict.BAD),
        ("some phase of tomorrow", False, Verdict.NONE),
    ],
)
def test_only_completed_is_good(phase: str, over: bool, verdict: Verdict) -> None:
    found = read_backup({"metadata": {"name": "a"}, "status": {"phase": phase}})

    assert (found.over, found.verdict) == (over, verdict)


def test_the_newest_is_the_one_asked_for_last() -> None:
    old = of_cluster("b", metadata={"creationTimestamp": "2026-04-30T02:00:00Z"}, status={"phase": "completed"})
    new = of_cluster(
        "a",
        metadata={"creationTimestamp": "2026-05-01T02:00:00Z"},
        status={"phase": "failed", "error": "no space", "startedAt": "2026-05-01T02:00:01Z"},
    )

    found = newest(cluster(), [new, old, of_cluster("c", of="else")])

    assert found == Backup("a", "failed", datetime(2026, 5, 1, 2, 0, 1, tzinfo=UTC), None, "no space")
    assert newest(cluster(), []) is None


@pytest.mark.parametrize(
    ("policy", "days"), [("30d", 30), ("4w", 28), ("12m", 372), ("0d", None), ("30", None), ("", None), ("a30d", None)]
)
def test_a_retention_policy_is_so_many_days(policy: str, days: int | None) -> None:
    assert span(policy) == (timedelta(days=days) if days else None)
