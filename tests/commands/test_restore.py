"""`!restore plan` against the simulated API server: a manifest, tried and never made; what could not be asked."""

from datetime import timedelta

import pytest

from bot.core.errors import UsageError
from bot.core.facts import Unknown, Verdict
from commands.restore import RestorePlan, restore_plan
from tests.commands.conftest import House

DRY = "yesterday 10:00"


def clusters(house: House) -> list[str]:
    return [each["metadata"]["name"] for each in house.cluster.store.list("Cluster", "data")]


async def test_the_api_server_tries_the_plan_and_nothing_is_made(house: House) -> None:
    async with house.open() as ctx:
        plan: RestorePlan = await restore_plan.handler(ctx, "postgres", to=DRY)

    assert (plan.verdict, plan.accepted) == (Verdict.OK, True)
    assert clusters(house) == ["postgres"]
    assert ("POST", "/apis/postgresql.cnpg.io/v1/namespaces/data/clusters") in house.cluster.request_log


@pytest.mark.parametrize(("when", "to"), [(("yesterday", "10:00"), ""), (("10:00",), "yesterday"), ((), DRY)])
async def test_a_moment_of_several_words_needs_no_quotes(house: House, when: tuple[str, ...], to: str) -> None:
    async with house.open() as ctx:
        plan: RestorePlan = await restore_plan.handler(ctx, "postgres", *when, to=to)

    assert f"{plan.at:%H:%M}" == "10:00"
    assert plan.at < house.now


async def test_a_plan_that_the_api_server_refuses_is_no_plan(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/clusters$", status=422, methods=["POST"])
        plan: RestorePlan = await restore_plan.handler(ctx, "postgres", to=DRY)

    assert (plan.verdict, plan.accepted) == (Verdict.BAD, False)


@pytest.mark.parametrize("status", [403, 500])
async def test_a_plan_that_could_not_be_tried_is_unknown_and_told_all_the_same(house: House, status: int) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/clusters$", status=status, methods=["POST"])
        plan: RestorePlan = await restore_plan.handler(ctx, "postgres", to=DRY)

    assert plan.verdict is Verdict.UNKNOWN
    assert isinstance(plan.accepted, Unknown)
    assert plan.manifest["kind"] == "Cluster"


async def test_a_moment_of_just_now_is_said_to_be_too_young(house: House) -> None:
    async with house.open() as ctx:
        at = (house.now - timedelta(minutes=1)).isoformat()
        plan: RestorePlan = await restore_plan.handler(ctx, "postgres", to=at)

    assert (plan.is_fresh, plan.verdict) == (True, Verdict.WARN)


async def test_a_moment_before_the_first_is_refused_before_anything_is_tried(house: House) -> None:
    async with house.open() as ctx:
        at = (house.now - timedelta(days=31)).isoformat()
        with pytest.raises(UsageError, match="before the first moment"):
            await restore_plan.handler(ctx, "postgres", to=at)

    assert "POST" not in {method for method, _ in house.cluster.request_log}


async def test_where_the_first_moment_is_not_known_the_plan_says_so(house: House) -> None:
    for obj in house.objects:
        if obj["kind"] == "ObjectStore":
            obj["status"] = {}
    async with house.open() as ctx:
        plan: RestorePlan = await restore_plan.handler(ctx, "postgres", to=DRY)

    assert plan.verdict is Verdict.UNKNOWN
    assert isinstance(plan.first, Unknown)
