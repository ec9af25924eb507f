"""`!k8s get` and `describe` against the simulated house."""

from dataclasses import replace
from typing import Any

import pytest

from bot.command import Command, Context
from bot.core.errors import Denied, Missing, UsageError
from bot.core.facts import Unknown, Verdict
from bot.demo.world import crash_looping, unsynced
from commands.events import EventReport
from commands.kinds import SHOWN
from commands.objects import ObjectReport, ObjectTable, describe, get
from tests.commands.conftest import House


async def told(command: Command, ctx: Context, line: str) -> Any:
    """Run the command as the room would type it."""
    bound = command.bind(tuple(line.split()))
    return await command.handler(ctx, *bound.args, **bound.kwargs)


async def listed(ctx: Context, line: str) -> ObjectTable:
    table = await told(get, ctx, line)
    assert isinstance(table, ObjectTable)
    return table


def places(table: ObjectTable) -> list[str]:
    return [row.place for row in table.rows]


@pytest.mark.parametrize(
    "line",
    [
        "pods -n data openbao-0",
        "pod data/openbao-0",
        "po/openbao-0 -n data",
        "pods openbao-0",
        "pods -A openbao-0",
        "POD openbao",
        "pods -n data -l app.kubernetes.io/name=openbao",
        "pods --namespace data --selector app.kubernetes.io/name=openbao",
    ],
)
async def test_an_object_is_found_in_every_usual_way(house: House, line: str) -> None:
    async with house.open() as ctx:
        assert places(await listed(ctx, line)) == ["data/openbao-0"]


@pytest.mark.parametrize("kind", SHOWN)
async def test_every_kind_that_may_be_shown_can_be_listed(house: House, kind: Any) -> None:
    async with house.open() as ctx:
        answer = await told(get, ctx, f"{kind.plural}.{kind.group}" if kind.group else kind.plural)

    assert isinstance(answer, ObjectTable | EventReport)


async def test_what_is_not_well_comes_first(house: House) -> None:
    crash_looping(house.objects, "lasuite", "messages-mta-out", house.now)
    unsynced(house.objects, "ory", "kratos-db-credentials", house.now)

    async with house.open() as ctx:
        pods = await listed(ctx, "pods -n lasuite")
        secrets = await listed(ctx, "vaultdynamicsecrets -A")

    assert (pods.verdict, pods.troubled, pods.rows[0].verdict) == (Verdict.BAD, 1, Verdict.BAD)
    assert places(secrets)[0] == "ory/kratos-db-credentials"


async def test_the_beginning_of_a_name_lists_all_that_begin_so(house: House) -> None:
    async with house.open() as ctx:
        table = await listed(ctx, "pods ory/hydra")

    assert len(table.rows) == 2


@pytest.mark.parametrize(
    "word", ["secret", "secrets", "SECRETS", "secrets.v1", "secret/openbao-keys", "configmaps", "cm"]
)
async def test_secrets_and_configmaps_are_refused_without_asking(house: House, word: str) -> None:
    async with house.open() as ctx:
        for command in (get, describe):
            with pytest.raises(UsageError, match="I do not read"):
                await told(command, ctx, f"{word} -n data")

    assert not [path for _, path in house.cluster.request_log if "secrets" in path or "configmaps" in path]


@pytest.mark.parametrize("line", ["pots", "deployments.example.org", "pods ory/x -n data", "pods ../x", "pods X"])
async def test_what_cannot_be_meant_is_a_usage_error(house: House, line: str) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError):
            await told(get, ctx, line)


async def test_a_name_that_is_not_there_is_answered_with_near_ones(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError) as caught:
            await told(get, ctx, "deployment -n data valky")

    assert (caught.value.problem, caught.value.near) == ("No deployment “data/valky”", ("valkey",))


async def test_an_empty_namespace_says_so_and_a_missing_one_is_named(house: House) -> None:
    async with house.open() as ctx:
        table = await listed(ctx, "jobs -n data")
        with pytest.raises(UsageError, match="No namespace “nowhere”"):
            await told(get, ctx, "pods -n nowhere")

    assert (table.rows, table.verdict) == ((), Verdict.NONE)


async def test_a_kind_whose_operator_is_missing_is_no_such_thing(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/certificates", status=404)
        with pytest.raises(Missing):
            await told(get, ctx, "certificates")


async def test_roles_given_by_namespace_are_enough_and_what_is_denied_is_told(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add(r"^/api/v1/pods$", status=403)
        house.cluster.access.deny("list", "pods", namespace="ory")
        table = await listed(ctx, "pods")

    assert [(gap.namespace, gap.reason) for gap in table.gaps] == [("ory", "may not list pods in ory (403)")]
    assert table.verdict is Verdict.UNKNOWN
    assert "data/openbao-0" in places(table)


async def test_nodes_that_may_not_be_listed_are_refused(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("list", "nodes")
        with pytest.raises(Denied, match="may not list nodes"):
            await told(get, ctx, "nodes")


async def test_events_are_told_as_by_the_command_of_their_own(house: House) -> None:
    crash_looping(house.objects, "lasuite", "docs", house.now)

    async with house.open() as ctx:
        report = await told(get, ctx, "events -n lasuite")

    assert isinstance(report, EventReport)
    assert [event.reason for event in report.warnings] == ["BackOff"]


async def test_one_object_is_told_with_what_was_noted_about_it(house: House) -> None:
    crash_looping(house.objects, "lasuite", "docs", house.now)

    async with house.open() as ctx:
        report = await told(describe, ctx, "pod lasuite/docs")

    assert isinstance(report, ObjectReport)
    assert report.portrait.row.verdict is Verdict.BAD
    assert not isinstance(report.events, Unknown)
    assert [event.reason for event in report.events] == ["BackOff"]


async def test_events_that_may_not_be_read_are_unknown_and_the_rest_is_told(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("list", "events")
        report = await told(describe, ctx, "certificate -n ingress pingora-tls")

    assert report.events == Unknown("may not list events in ingress (403)")
    assert dict(report.portrait.facts)["secret"] == "pingora-tls"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("pod", "Which pod?"),
        ("pod ory/hydra", "Which pod? “hydra” is several"),
        ("pod ory/nobody", "No pod “ory/nobody”"),
        ("event -n ory x", "An event says all in its line"),
    ],
)
async def test_only_one_object_can_be_described(house: House, line: str, problem: str) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError) as caught:
            await told(describe, ctx, line)

    assert caught.value.problem == problem


async def test_another_cluster_is_asked_when_the_line_names_it(house: House) -> None:
    async with house.open() as ctx:
        elsewhere = replace(ctx, neighbours=replace(ctx.neighbours, clusters={"far": ctx.neighbours.kubernetes}))
        bound = get.bind(("nodes", "--cluster", "far"))
        table = await get.handler(replace(elsewhere, neighbours=elsewhere.neighbours.at("far")), *bound.args)

    assert places(table) == ["sunbeam-1"]
