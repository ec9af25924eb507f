"""`!k8s exec` against the simulated API server: what runs, how it ended, and what never runs."""

from typing import Any

import pytest

from bot.command import Context
from bot.core.errors import Denied, Unreachable, UsageError
from bot.core.facts import Verdict
from bot.core.policy import Risk
from bot.demo.cluster import ExecAnswer
from bot.demo.world import barman
from commands.exec import ExecReport, exec_, preview
from tests.commands.conftest import House, acting

CHECK = ("barman", "check", "postgres")


def with_barman(house: House, answer: ExecAnswer | None = None) -> None:
    house.cluster.store.put_all(barman(house.now))
    if answer:
        house.cluster.execs.answer("data", "barman-0", CHECK, answer)


async def run(ctx: Context, words: str = "barman check postgres", **more: Any) -> ExecReport:
    done: ExecReport = await exec_.handler(acting(ctx), "barman-0", namespace="data", command=words, **more)
    return done


@pytest.mark.parametrize(
    ("answer", "code", "verdict"),
    [
        (ExecAnswer("ok ✅\n", frame_bytes=1), 0, Verdict.OK),
        (ExecAnswer("FAILED\n", exit_code=7), 7, Verdict.BAD),
        (ExecAnswer("half", exit_code=None), None, Verdict.UNKNOWN),
    ],
)
async def test_the_exit_code_decides_and_without_one_nobody_knows(
    house: House, answer: ExecAnswer, code: int | None, verdict: Verdict
) -> None:
    async with house.open() as ctx:
        with_barman(house, answer)
        report = await run(ctx)

    assert (report.exit_code, report.verdict, report.stdout) == (code, verdict, answer.stdout)


async def test_nothing_is_run_to_ask_and_the_pod_that_was_seen_is_meant(house: House) -> None:
    async with house.open() as ctx:
        with_barman(house, ExecAnswer("ok"))
        plan = await preview(ctx, "data/barman-0", command="barman check postgres")

    assert plan.risk is Risk.AFFECTING
    assert plan.target
    assert (plan.what.container, plan.what.words) == ("barman", "barman check postgres")
    assert not any(path.endswith("/exec") for _, path in house.cluster.request_log)


async def test_a_command_that_takes_too_long_may_have_been_done(house: House) -> None:
    house.settings["kubernetes"] = {"exec": [{"namespace": "data", "pod": "barman-0", "argv": CHECK, "limit": 0.3}]}
    async with house.open() as ctx:
        with_barman(house, ExecAnswer("late", seconds=30))
        await ctx.neighbours.kubernetes.open()
        with pytest.raises(Unreachable, match=r"no answer in 0\.3 s"):
            await run(ctx)


async def test_a_template_says_how_strictly_it_asks(house: House) -> None:
    template = {"namespace": "data", "pod": "barman-0", "argv": CHECK, "risk": 3}
    house.settings["kubernetes"] = {"exec": [template]}
    async with house.open() as ctx:
        with_barman(house)
        plan = await preview(ctx, "data/barman-0", command="barman check postgres")

    assert plan.risk is Risk.DANGEROUS


async def test_what_is_not_on_the_list_asks_nobody(house: House) -> None:
    async with house.open() as ctx:
        with_barman(house)
        before = len(house.cluster.request_log)
        for words in ("sh -c id", "barman delete postgres all", ""):
            with pytest.raises(UsageError, match=r"not on the list|What is to be run"):
                await run(ctx, words)

    assert len(house.cluster.request_log) == before


async def test_where_cloudnativepg_backs_up_the_playbooks_line_leads_there(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError) as caught:
            await preview(ctx, "barman-0", namespace="data", command="barman backup postgres")

    assert caught.value.hint == "that is !backup now data/postgres"


async def test_a_pod_that_does_not_run_is_said(house: House) -> None:
    async with house.open() as ctx:
        with_barman(house)
        house.cluster.store.change("Pod", "data", "barman-0", lambda draft: draft["status"].update(phase="Pending"))
        with pytest.raises(UsageError, match="does not run"):
            await run(ctx)


async def test_what_the_api_server_does_not_let_us_run_is_denied(house: House) -> None:
    async with house.open() as ctx:
        with_barman(house)
        house.cluster.access.deny("create", "pods/exec")
        with pytest.raises(Denied, match="may not exec in pods data/barman-0"):
            await run(ctx)
