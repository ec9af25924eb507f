"""`!status` against the simulated house."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clients.kubernetes import Kubernetes
from bot.command import Context
from bot.core.errors import UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.health import OutboxState, SelfReport
from bot.demo.world import crash_looping, image_pull_error, not_ready, objects_of, unsynced
from commands.status import StatusReport, status
from tests.commands.conftest import House


async def told(ctx: Context, line: str = "") -> StatusReport:
    """Run the command as the room would type it."""
    bound = status.bind(tuple(line.split()))
    report = await status.handler(ctx, *bound.args, **bound.kwargs)
    assert isinstance(report, StatusReport)
    return report


def wrong(report: StatusReport) -> dict[str, Verdict]:
    found = (each for namespace in report.namespaces for each in namespace.workloads)
    return {each.place: each.verdict for each in found if each.verdict is not Verdict.OK}


async def test_a_house_at_rest_is_fine(house: House) -> None:
    async with house.open() as ctx:
        report = await told(ctx)

    assert report.verdict is Verdict.OK
    assert [each.name for each in report.namespaces] == list(ctx.settings.namespaces)
    assert not report.gaps


async def test_what_is_wrong_is_found_where_it_is(house: House) -> None:
    crash_looping(house.objects, "lasuite", "messages-mta-out", house.now)
    not_ready(house.objects, "ory", "hydra", house.now - timedelta(seconds=40))
    image_pull_error(house.objects, "matrix", "sol", house.now)

    async with house.open() as ctx:
        report = await told(ctx)

    assert wrong(report) == {
        "lasuite/messages-mta-out": Verdict.BAD,
        "ory/hydra": Verdict.WARN,
        "matrix/sol": Verdict.BAD,
    }
    assert report.verdict is Verdict.BAD


async def test_a_workload_without_any_pod_is_seen(house: House) -> None:
    async with house.open() as ctx:
        for pod in house.cluster.store.list("pods", "devtools"):
            house.cluster.store.put(pod | {"status": {"phase": "Succeeded"}})
        report = await told(ctx, "devtools")

    assert wrong(report) == {"devtools/gitea": Verdict.BAD}


async def test_a_secret_that_lags_is_counted_and_dated(house: House) -> None:
    unsynced(house.objects, "lasuite", "docs-django-secret", house.now)

    async with house.open() as ctx:
        report = await told(ctx)

    (late,) = report.secrets.behind
    assert (late.name, late.since) == ("docs-django-secret", house.now - timedelta(minutes=26))
    assert report.verdict is Verdict.WARN


async def test_a_cluster_without_the_secrets_operator_has_no_secrets_to_sync(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/apis/secrets.hashicorp.com/", status=404)
        report = await told(ctx)

    assert (report.secrets.syncs, report.secrets.gaps, report.verdict) == ((), (), Verdict.OK)


async def test_a_cluster_that_refuses_connections_is_unknown_and_says_why(house: House) -> None:
    async with house.open() as ctx:
        await house.cluster.stop()
        report = await told(ctx)

    assert report.verdict is Verdict.UNKNOWN
    assert {part.reason for part in report.gaps} == {"connection refused"}
    assert all(namespace.verdict is Verdict.UNKNOWN for namespace in report.namespaces)
    assert report.secrets.verdict is Verdict.UNKNOWN


async def test_a_cluster_that_hangs_costs_no_more_than_the_limit(house: House) -> None:
    house.settings["limits"] = {"probe": 0.4}

    async with house.open() as ctx:
        await ctx.neighbours.kubernetes.open()
        house.cluster.faults.add("/", delay=30)
        began = time.monotonic()
        report = await told(ctx)
        took = time.monotonic() - began

    assert took < 1.0
    assert {part.reason for part in report.gaps} == {"no answer in 0.4 s"}


async def test_one_denied_namespace_is_named_and_the_rest_is_told(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add(r"^/api/v1/pods$", status=403)
        house.cluster.access.deny("list", "pods", namespace="ory")
        report = await told(ctx)

    assert [(part.namespace, part.reason) for part in report.gaps] == [("ory", "may not list pods in ory (403)")]
    unknown = [each.name for each in report.namespaces if each.gap]
    assert unknown == ["ory"]
    assert (report.verdict, wrong(report)) == (Verdict.UNKNOWN, {})


async def test_without_the_right_to_see_owners_missing_pods_cannot_be_ruled_out(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("list", "deployments", group="apps")
        report = await told(ctx, "ory")

    assert report.verdict is Verdict.UNKNOWN
    assert wrong(report) == {}


async def test_an_empty_namespace_is_unknown_not_fine(house: House) -> None:
    house.settings["namespaces"] = ["data", "nowhere"]

    async with house.open() as ctx:
        report = await told(ctx)

    assert [each.verdict for each in report.namespaces] == [Verdict.OK, Verdict.UNKNOWN]


@pytest.mark.parametrize("line", ["ory/hydra", "-n ory hydra", "-n ory deploy/hydra", "--namespace ory hyd"])
async def test_one_workload_can_be_named_in_every_usual_way(house: House, line: str) -> None:
    async with house.open() as ctx:
        report = await told(ctx, line)

    (namespace,) = report.namespaces
    assert [each.place for each in namespace.workloads] == ["ory/hydra"]


async def test_a_pods_name_leads_to_its_workload(house: House) -> None:
    async with house.open() as ctx:
        report = await told(ctx, "data/openbao-0")

    assert [each.place for each in report.namespaces[0].workloads] == ["data/openbao"]


async def test_a_namespace_that_is_not_in_the_list_can_be_asked_for(house: House) -> None:
    async with house.open() as ctx:
        report = await told(ctx, "kube-system")

    assert report.verdict is Verdict.OK
    assert [each.place for each in report.namespaces[0].workloads] == ["kube-system/cilium", "kube-system/coredns"]


async def test_an_unknown_namespace_is_answered_with_near_ones(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError) as caught:
            await told(ctx, "lasiute")

    assert caught.value.problem == "No namespace “lasiute”"
    assert caught.value.near[0] == "lasuite"


async def test_an_unknown_workload_is_answered_with_near_ones(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError) as caught:
            await told(ctx, "data/valky")

    assert caught.value.problem == "No workload “data/valky”"
    assert "data/valkey" in caught.value.near


@pytest.mark.parametrize("line", ["data/", "UPPER", "a/b/c", "-n ory/hydra x", "-n ory data/valkey"])
async def test_what_is_no_target_is_a_usage_error(house: House, line: str) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError):
            await told(ctx, line)


async def test_a_neighbour_that_does_not_answer_is_unknown_and_the_rest_is_told(house: House) -> None:
    house.monitoring.down.add(("monitoring", "loki"))

    async with house.open() as ctx:
        house.monitoring.answer("/monitoring/grafana/api/health", 503)
        report = await told(ctx)

    states = {each.name: each.state for each in report.neighbours}
    assert states["Loki"] == Unknown("connection cut")
    assert states["Grafana"] == Unknown("HTTP 503")
    assert [states[name] for name in ("OpenBao", "Prometheus", "Alertmanager")] == [Verdict.OK] * 3
    assert report.verdict is Verdict.UNKNOWN


async def test_a_sealed_openbao_is_bad_even_when_its_pod_is_ready(house: House) -> None:
    async with house.open() as ctx:
        house.seal("openbao-0", progress=1)
        report = await told(ctx)

    assert report.verdict is Verdict.BAD


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Verdict.OK),
        ({"sync_age": None}, Verdict.WARN),
        ({"sync_age": timedelta(minutes=3)}, Verdict.WARN),
        ({"outbox": OutboxState(7, timedelta(minutes=3))}, Verdict.WARN),
        ({"database": Unknown("disk full")}, Verdict.BAD),
    ],
)
async def test_the_bots_own_trouble_is_trouble(house: House, change: dict[str, object], verdict: Verdict) -> None:
    well = SelfReport("0.1.0", house.now, OutboxState(0, timedelta(0)), timedelta(seconds=1), None, ())
    house.report = replace(well, **change)  # type: ignore[arg-type]

    async with house.open() as ctx:
        report = await told(ctx)

    assert (report.own, report.verdict) == (verdict, verdict)


async def test_trouble_that_comes_later_is_seen_by_the_next_status(house: House) -> None:
    async with house.open() as ctx:
        before = await told(ctx, "lasuite")
        objects = objects_of(house.cluster.store, "lasuite")
        crash_looping(objects, "lasuite", "docs", house.now)
        house.cluster.store.put_all(objects)
        after = await told(ctx, "lasuite")

    assert (before.verdict, after.verdict) == (Verdict.OK, Verdict.BAD)


async def test_a_status_of_the_whole_house_takes_less_than_a_third_of_a_second(house: House) -> None:
    async with house.open() as ctx:
        await ctx.neighbours.kubernetes.open()
        best = min([await timed(ctx) for _ in range(3)])

    assert best < 0.3


async def timed(ctx: Context) -> float:
    began = time.monotonic()
    await told(ctx)
    return time.monotonic() - began


async def test_without_credentials_everything_else_is_still_told(house: House) -> None:
    async with house.open() as ctx:
        blind = replace(ctx.neighbours, kubernetes=Kubernetes(kubeconfig=house.directory / "nowhere"))
        report = await told(replace(ctx, neighbours=blind))

    assert {part.reason for part in report.gaps} == {"no usable credentials in the kubeconfig"}
    assert all(each.verdict is Verdict.OK for each in report.neighbours)
