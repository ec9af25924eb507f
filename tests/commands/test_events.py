"""`!events` against the simulated house."""

from datetime import timedelta

import pytest

from bot.command import Context
from bot.core.errors import UsageError
from bot.core.facts import Verdict
from bot.demo.cluster import troubles
from bot.demo.world import crash_looping, image_pull_error
from commands.events import EventReport, events
from tests.commands.conftest import House


async def told(ctx: Context, line: str = "") -> EventReport:
    """Run the command as the room would type it."""
    bound = events.bind(tuple(line.split()))
    report = await events.handler(ctx, *bound.args, **bound.kwargs)
    assert isinstance(report, EventReport)
    return report


async def test_a_quiet_house_has_no_warnings(house: House) -> None:
    async with house.open() as ctx:
        report = await told(ctx)

    assert (report.verdict, report.events, report.within) == (Verdict.OK, (), timedelta(hours=1))


async def test_warnings_of_every_namespace_and_of_nodes_are_told(house: House) -> None:
    crash_looping(house.objects, "lasuite", "docs", house.now)
    image_pull_error(house.objects, "devtools", "gitea", house.now)
    node = next(obj for obj in house.objects if obj["kind"] == "Node")
    house.objects.append(troubles.event(node, "EvictionThresholdMet", "Attempting to reclaim memory", house.now))

    async with house.open() as ctx:
        report = await told(ctx)

    assert report.verdict is Verdict.WARN
    assert {event.reason for event in report.warnings} == {"BackOff", "Failed", "EvictionThresholdMet"}
    assert {event.kind for event in report.warnings} == {"Pod", "Node"}


async def test_a_name_narrows_to_what_begins_so(house: House) -> None:
    crash_looping(house.objects, "lasuite", "docs", house.now)
    crash_looping(house.objects, "lasuite", "drive", house.now)

    async with house.open() as ctx:
        report = await told(ctx, "lasuite/docs")

    assert [event.name[:5] for event in report.warnings] == ["docs-"]


async def test_older_events_are_left_out_when_asked(house: House) -> None:
    crash_looping(house.objects, "lasuite", "docs", house.now - timedelta(minutes=20))

    async with house.open() as ctx:
        assert not (await told(ctx, "lasuite --since 10m")).events
        assert (await told(ctx, "lasuite --since 30m")).events


@pytest.mark.parametrize("since", ["often", "until resolved", "-1h", "0s"])
async def test_what_is_no_span_of_time_is_a_usage_error(house: House, since: str) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError):
            await events.handler(ctx, since=since)


async def test_an_unknown_namespace_is_a_usage_error(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError, match="No namespace “nowhere”"):
            await told(ctx, "nowhere")


async def test_where_events_may_not_be_read_no_warning_means_nothing(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("list", "events", namespace="ory")
        house.cluster.faults.add(r"^/api/v1/events$", status=403)
        report = await told(ctx)

    assert report.verdict is Verdict.UNKNOWN
    assert [gap.namespace for gap in report.gaps] == ["ory"]
