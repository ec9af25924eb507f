"""`!top` against the simulated house."""

import pytest

from bot.command import Context
from bot.core.errors import UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.usage import Usage
from commands.top import TopReport, top
from tests.commands.conftest import House


async def told(ctx: Context, line: str = "") -> TopReport:
    """Run the command as the room would type it."""
    bound = top.bind(tuple(line.split()))
    report = await top.handler(ctx, *bound.args, **bound.kwargs)
    assert isinstance(report, TopReport)
    return report


def pods(report: TopReport) -> tuple[Usage, ...]:
    assert not isinstance(report.pods, Unknown)
    return report.pods


async def test_who_uses_most_memory_comes_first(house: House) -> None:
    async with house.open() as ctx:
        report = await told(ctx)

    memory = [pod.memory for pod in pods(report)]
    assert report.verdict is Verdict.OK
    assert memory == sorted(memory, reverse=True)
    assert not isinstance(report.nodes, Unknown)
    assert [(node.name, node.cpu_of) for node in report.nodes] == [("sunbeam-1", 32.0)]


async def test_cpu_can_be_what_the_list_goes_by(house: House) -> None:
    async with house.open() as ctx:
        cpu = [pod.cpu for pod in pods(await told(ctx, "lasuite --by cpu"))]

    assert len(cpu) == 15
    assert cpu == sorted(cpu, reverse=True)


async def test_a_name_narrows_to_what_begins_so(house: House) -> None:
    async with house.open() as ctx:
        report = await told(ctx, "ory/hydra")

    assert len(pods(report)) == 2


async def test_a_pod_near_its_limit_is_a_warning(house: House) -> None:
    for obj in house.objects:
        if obj["kind"] == "Pod" and obj["metadata"]["name"] == "openbao-0":
            obj["spec"]["containers"][0]["resources"]["limits"]["memory"] = "8Mi"

    async with house.open() as ctx:
        report = await told(ctx)

    assert report.verdict is Verdict.WARN
    assert [each.name for each in report.full] == ["openbao-0"]


async def test_a_cluster_that_measures_nothing_is_unknown_and_says_why(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/apis/metrics.k8s.io/", status=404)
        report = await told(ctx)

    missing = Unknown("this cluster has no metrics API (metrics-server)")
    assert (report.nodes, report.pods, report.verdict) == (missing, missing, Verdict.UNKNOWN)


async def test_without_the_right_to_see_pods_their_use_is_still_told(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add(r"^/api/v1/pods$", status=403)
        report = await told(ctx)

    assert {pod.memory_of for pod in pods(report)} == {None}


async def test_an_unknown_namespace_is_a_usage_error(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError, match="No namespace “nowhere”"):
            await told(ctx, "nowhere")
