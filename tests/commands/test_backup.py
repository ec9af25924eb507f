"""Backups for real, against the simulated API server: what is told, asked for, followed, repeated, and refused."""

from datetime import timedelta
from typing import Any

import pytest

from bot.command import ActionContext, Context
from bot.core.backups import Schedule, Watch
from bot.core.errors import Denied, NotBegun, Unreachable, UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.names import RequestId
from bot.core.sbbb import BARMAN
from bot.demo.cluster import ExecAnswer
from bot.demo.world import barman
from commands.backup import BackupReport, backup
from commands.backupnow import BackupPlan, BackupRun, backup_now, preview
from tests.commands import conftest
from tests.commands.conftest import House


def acting(ctx: Context, *, again: bool = False) -> ActionContext:
    return conftest.acting(ctx, action=RequestId("a1"), again=again)


def made(house: House) -> list[str]:
    names = [each["metadata"]["name"] for each in house.cluster.store.list("Backup", "data")]
    return [name for name in names if name.startswith("opsbot-")]


def change(house: House, kind: str, **parts: Any) -> None:
    for obj in house.objects:
        if obj["kind"] == kind:
            obj.update(parts)


async def told(ctx: Context, where: str | None = None) -> BackupReport:
    found: BackupReport = await backup.handler(ctx, where)
    return found


async def test_the_last_good_backup_and_how_far_back_come_from_the_object_store(house: House) -> None:
    async with house.open() as ctx:
        report = await told(ctx)

    (found,) = report.databases
    assert report.verdict is Verdict.OK
    assert found.recovery.last == house.now - timedelta(hours=4)
    assert found.recovery.first == house.now - timedelta(days=30)
    assert found.archiving is True
    assert found.recovery.kept == "30d"
    assert isinstance(found.schedule, Schedule)
    assert found.schedule.name == "postgres-daily"


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("ObjectStore", {"status": {}}),
        ("ObjectStore", {"status": {"serverRecoveryWindow": {}}}),
        ("ObjectStore", {"metadata": {"name": "other", "namespace": "elsewhere"}}),
        ("ScheduledBackup", {"status": {}}),
        ("Cluster", {"status": {"phase": "Cluster in healthy state"}}),
    ],
)
async def test_what_is_left_empty_is_unknown_never_fine(house: House, kind: str, parts: dict[str, Any]) -> None:
    change(house, kind, **parts)
    async with house.open() as ctx:
        report = await told(ctx)

    assert report.verdict is Verdict.UNKNOWN


async def test_a_store_that_may_not_be_read_is_unknown_and_the_rest_is_told(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("list", "objectstores", group="barmancloud.cnpg.io")
        report = await told(ctx)

    assert isinstance(report.databases[0].recovery.last, Unknown)
    assert report.databases[0].archiving is True


async def test_a_failure_that_only_the_backup_itself_tells_is_something_to_look_at(house: House) -> None:
    async with house.open() as ctx:
        house.sicken("Cluster", "data", "postgres", "wal-fails")
        house.now += timedelta(minutes=1)
        await backup_now.handler(acting(ctx))
        report = await told(ctx)

    assert report.databases[0].recovery.failed is None
    assert report.verdict is Verdict.WARN


async def test_backups_that_may_not_be_listed_leave_a_doubt(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("list", "backups", group="postgresql.cnpg.io")
        report = await told(ctx)

    assert report.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("where", ["data/postgres", "postgres", "post", "data", "data/postgres-1"])
async def test_a_cluster_is_found_by_place_name_beginning_or_namespace(house: House, where: str) -> None:
    async with house.open() as ctx:
        report = await told(ctx, where)

    assert [each.place for each in report.databases] == ["data/postgres"]


@pytest.mark.parametrize("where", ["data/mysql", "mysql", "ory"])
async def test_a_cluster_that_is_not_there_is_said_with_what_is(house: House, where: str) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError) as caught:
            await told(ctx, where)

    assert "No Postgres cluster" in caught.value.problem


async def test_the_preview_tells_how_and_asks_the_api_server_without_changing_anything(house: House) -> None:
    async with house.open() as ctx:
        plan = await preview(ctx)
        house.cluster.access.deny("create", "backups", group="postgresql.cnpg.io")

        with pytest.raises(Denied, match="may not create backups in data"):
            await preview(ctx)

    assert isinstance(plan.what, BackupPlan)
    assert (plan.what.method, plan.what.running) == ("plugin", "")
    assert made(house) == []


async def test_what_cannot_be_backed_up_is_said_before_anybody_is_asked(house: House) -> None:
    house.objects = [obj for obj in house.objects if obj["kind"] != "ScheduledBackup"]
    for obj in house.objects:
        if obj["kind"] == "Cluster":
            del obj["spec"]["plugins"]
    async with house.open() as ctx:
        with pytest.raises(UsageError, match="nowhere to put a backup"):
            await preview(ctx)


async def test_a_backup_is_named_after_its_action_and_followed_to_the_end(house: House) -> None:
    async with house.open() as ctx:
        run: BackupRun = await backup_now.handler(acting(ctx))
        report = await told(ctx)

    assert made(house) == ["opsbot-a1"]
    assert (run.verdict, run.backup.phase) == (Verdict.OK, "completed")
    assert house.shown[0].over is False
    assert report.databases[0].recovery.last == run.backup.stopped


@pytest.mark.parametrize(("trouble", "phase"), [("backup-fails", "failed"), ("wal-fails", "walArchivingFailing")])
async def test_a_backup_that_fails_or_waits_for_the_log_is_no_backup(house: House, trouble: str, phase: str) -> None:
    async with house.open() as ctx:
        house.sicken("Cluster", "data", "postgres", trouble)
        run: BackupRun = await backup_now.handler(acting(ctx))

    assert (run.verdict, run.over, run.backup.phase) == (Verdict.BAD, True, phase)
    assert run.backup.error


async def test_a_failed_backup_is_told_next_time(house: House) -> None:
    async with house.open() as ctx:
        house.sicken("Cluster", "data", "postgres", "backup-fails")
        house.now += timedelta(minutes=1)
        await backup_now.handler(acting(ctx))
        report = await told(ctx)

    assert report.verdict is Verdict.WARN
    assert report.databases[0].newest


async def test_a_repeat_after_a_crash_finds_its_backup_and_makes_no_second(house: House) -> None:
    async with house.open() as ctx:
        await backup_now.handler(acting(ctx))
        run: BackupRun = await backup_now.handler(acting(ctx, again=True))

    assert made(house) == ["opsbot-a1"]
    assert run.verdict is Verdict.OK


async def test_a_repeat_of_what_never_began_does_not_begin_it(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(NotBegun):
            await backup_now.handler(acting(ctx, again=True))

    assert made(house) == []


async def test_an_answer_that_was_cut_off_after_it_was_asked_for_is_followed_all_the_same(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/backups$", cut=True, after_commit=True, times=1, methods=["POST"])
        run: BackupRun = await backup_now.handler(acting(ctx))

    assert made(house) == ["opsbot-a1"]
    assert run.verdict is Verdict.OK


async def test_an_answer_that_was_cut_off_before_it_was_asked_for_is_not_said_to_be_done(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/backups$", cut=True, times=1, methods=["POST"])
        with pytest.raises(Unreachable):
            await backup_now.handler(acting(ctx))

    assert made(house) == []


async def test_what_cannot_be_asked_while_it_runs_is_asked_again(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/backups/opsbot-a1$", status=500, times=2, methods=["GET"])
        run: BackupRun = await backup_now.handler(acting(ctx))

    assert run.verdict is Verdict.OK
    assert any(each.unknown for each in house.shown)


def with_barman(house: House, **answers: str) -> None:
    """Have barman in the house, which prints these words to these questions."""
    house.cluster.store.put_all(barman(house.now))
    for question, printed in answers.items():
        words = BARMAN[0].argv(question.replace("_", "-"))
        house.cluster.execs.answer("data", "barman-0", words, ExecAnswer(printed))


def without_operator(house: House) -> None:
    house.objects[:] = [obj for obj in house.objects if obj["kind"] != "Cluster"]


async def test_where_barman_keeps_them_it_is_asked_in_its_own_words(house: House) -> None:
    without_operator(house)
    async with house.open() as ctx:
        with_barman(house)
        report = await told(ctx)

    (found,) = report.databases
    assert (found.place, found.by, report.verdict) == ("data/postgres", "data/barman-0", Verdict.OK)
    assert found.recovery.last == house.now - timedelta(hours=5)
    assert found.recovery.first == house.now - timedelta(days=29, hours=5)
    assert (found.archiving, found.recovery.kept, found.schedule) == (True, "30d", Watch("1 day", late=False))


@pytest.mark.parametrize("where", ["data/postgres", "postgres", "data"])
async def test_barmans_database_is_found_by_place_name_or_namespace(house: House, where: str) -> None:
    without_operator(house)
    async with house.open() as ctx:
        with_barman(house)
        report = await told(ctx, where)
        with pytest.raises(UsageError):
            await told(ctx, "data/mysql")

    assert [each.by for each in report.databases] == ["data/barman-0"]


async def test_a_cluster_with_a_store_of_its_own_is_told_beside_barmans_and_one_without_is_barmans(
    house: House,
) -> None:
    async with house.open() as ctx:
        with_barman(house)
        both = await told(ctx)
        cluster = house.cluster.store.get("clusters", "data", "postgres")
        del cluster["spec"]["plugins"]
        house.cluster.store.put_all([cluster])
        one = await told(ctx)

    assert [each.by for each in both.databases] == ["", "data/barman-0"]
    assert [each.by for each in one.databases] == ["data/barman-0"]


@pytest.mark.parametrize("question", ["list_backups", "status", "check"])
async def test_a_question_that_barman_does_not_answer_is_unknown_and_the_rest_is_told(
    house: House, question: str
) -> None:
    without_operator(house)
    async with house.open() as ctx:
        with_barman(house, **{question: "Traceback (most recent call last):"})
        report = await told(ctx)

    (found,) = report.databases
    parts = (found.recovery.last, found.recovery.kept, found.archiving)
    assert [isinstance(part, Unknown) for part in parts] == [
        question == "list_backups",
        question == "status",
        question == "check",
    ]


async def test_a_barman_that_is_not_ready_or_may_not_be_asked_leaves_a_doubt(house: House) -> None:
    without_operator(house)
    async with house.open() as ctx:
        with_barman(house)
        house.cluster.access.deny("get", "pods/exec")
        house.cluster.access.deny("create", "pods/exec")
        denied = await told(ctx)
        (pod,) = [each for each in house.cluster.store.list("pods", "data") if each["metadata"]["name"] == "barman-0"]
        pod["status"]["conditions"] = []
        house.cluster.store.put_all([pod])
        unready = await told(ctx)

    assert (denied.verdict, unready.verdict) == (Verdict.UNKNOWN, Verdict.UNKNOWN)
    assert unready.databases[0].recovery.last == Unknown("barman's pod is not ready")


async def test_a_backup_that_barman_makes_is_led_to_its_words(house: House) -> None:
    without_operator(house)
    async with house.open() as ctx:
        with_barman(house)
        with pytest.raises(UsageError) as caught:
            await preview(ctx)

    assert caught.value.problem == "data/postgres is backed up by barman"
    assert caught.value.hint == "that is !k8s exec data/barman-0 -- barman backup postgres"
