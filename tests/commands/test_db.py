"""`!db` and `!db connections` against the simulated API server and Prometheus: numbers, and what is not known."""

from datetime import timedelta

import pytest

from bot.core.connections import Leak
from bot.core.facts import Unknown, Verdict
from commands.db import ConnectionReport, DatabaseReport, db, db_connections
from tests.commands.conftest import House


async def test_each_part_of_a_cluster_is_told_with_its_primary(house: House) -> None:
    async with house.open() as ctx:
        report: DatabaseReport = await db.handler(ctx)

    (found,) = report.databases
    assert (report.verdict, found.place, found.primary, found.becomes) == (
        Verdict.OK,
        "data/postgres",
        "postgres-1",
        "",
    )


async def test_a_change_of_the_primary_is_something_to_look_at(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.store.change(
            "Cluster", "data", "postgres", lambda draft: draft["status"].update(targetPrimary="postgres-2")
        )
        report: DatabaseReport = await db.handler(ctx)

    assert (report.verdict, report.databases[0].becomes) == (Verdict.WARN, "postgres-2")


async def test_connections_are_told_by_application_and_state_and_who_leaks(house: House) -> None:
    async with house.open() as ctx:
        report: ConnectionReport = await db_connections.handler(ctx)

    assert not isinstance(report.applications, Unknown)
    assert (report.used, report.most, report.verdict) == (61, 100, Verdict.WARN)
    messages = next(each for each in report.applications if each.name == "messages")
    assert messages.longest == timedelta(seconds=94)
    assert messages.leaks == (Leak.HOLDS,)
    assert [each.name for each in report.applications if each.leaks] == ["messages"]


async def test_who_takes_more_and_more_within_the_hour_is_seen(house: House) -> None:
    async with house.open() as ctx:
        prometheus = house.monitoring.prometheus
        docs_now = {"namespace": "data", "pod": "postgres-1", "usename": "docs", "state": "idle"}
        prometheus.set("cnpg_backends_total", 20, 12, **docs_now)
        report: ConnectionReport = await db_connections.handler(ctx)

    assert not isinstance(report.applications, Unknown)
    docs = next(each for each in report.applications if each.name == "docs")
    assert docs.grew in (12, 13)
    assert docs.leaks == (Leak.GROWS,)


async def test_only_the_primarys_connections_count(house: House) -> None:
    async with house.open() as ctx:
        prometheus = house.monitoring.prometheus
        prometheus.set("cnpg_backends_total", 80, namespace="data", pod="postgres-2", usename="docs", state="idle")
        report: ConnectionReport = await db_connections.handler(ctx)

    assert report.used == 61


@pytest.mark.parametrize("missing", ["cnpg_backends_total", "cnpg_pg_settings_setting"])
async def test_a_metric_that_is_missing_is_unknown(house: House, missing: str) -> None:
    async with house.open() as ctx:
        table = house.monitoring.prometheus
        table.samples = [each for each in table.samples if each.name != missing]
        report: ConnectionReport = await db_connections.handler(ctx)

    assert report.verdict is Verdict.UNKNOWN


async def test_without_open_transactions_being_told_the_rest_is(house: House) -> None:
    async with house.open() as ctx:
        table = house.monitoring.prometheus
        table.samples = [each for each in table.samples if each.name != "cnpg_backends_max_tx_duration_seconds"]
        report: ConnectionReport = await db_connections.handler(ctx)

    assert not isinstance(report.applications, Unknown)
    assert (report.verdict, report.used) == (Verdict.UNKNOWN, 61)
    assert [gap.what for gap in report.gaps] == ["open transactions"]
    assert all(each.longest is None for each in report.applications)
