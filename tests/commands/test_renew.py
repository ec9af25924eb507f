"""`!cert renew` for real, against the simulated cert-manager: what is asked for, followed, repeated, and refused."""

from datetime import timedelta

import pytest

from bot.command import ActionContext, Context
from bot.core.certificates import MANUALLY, Stage
from bot.core.errors import Denied, NotBegun, Unreachable, UsageError
from bot.core.facts import Verdict
from bot.core.names import RequestId
from bot.core.policy import Risk
from bot.demo.cluster import Object
from commands.renew import RenewPlan, RenewReport, cert_renew, preview
from tests.commands import conftest
from tests.commands.conftest import House

WHERE = "ingress/pingora-tls"
STATUS = "/certificates/pingora-tls/status"


def acting(ctx: Context, *, again: bool = False) -> ActionContext:
    return conftest.acting(ctx, action=RequestId("a1"), again=again)


def certificate(house: House) -> Object:
    return house.cluster.store.get("Certificate", "ingress", "pingora-tls")


def sicken(house: House, trouble: str) -> None:
    def edit(draft: Object) -> None:
        draft["metadata"].setdefault("annotations", {})["demo.sunbeam.pt/trouble"] = trouble

    house.cluster.store.change("Certificate", "ingress", "pingora-tls", edit)


async def renew(ctx: Context, *, again: bool = False) -> RenewReport:
    report: RenewReport = await cert_renew.handler(acting(ctx, again=again), WHERE)
    return report


async def test_a_renewal_is_followed_until_it_is_ready_with_a_new_revision(house: House) -> None:
    async with house.open() as ctx:
        report = await renew(ctx)

    assert (report.verdict, report.state.certificate.revision) == (Verdict.OK, 2)
    assert report.state.certificate.not_before
    assert report.state.certificate.not_before >= house.opened
    assert house.shown[0].over is False


async def test_it_is_asked_for_as_cmctl_does_with_the_action_s_id_and_nothing_else_is_changed(house: House) -> None:
    async with house.open() as ctx:
        before = certificate(house)
        sicken(house, "challenge-pending")
        await renew(ctx)
        after = certificate(house)

    wish = after["status"]["conditions"].pop()
    assert (wish["type"], wish["status"], wish["reason"]) == ("Issuing", "True", MANUALLY)
    assert wish["observedGeneration"] == before["metadata"]["generation"]
    assert wish["message"].endswith(" a1")
    assert after["status"] == before["status"]
    assert after["spec"] == before["spec"]


async def test_what_waits_for_a_challenge_is_stuck_with_its_reason(house: House) -> None:
    async with house.open() as ctx:
        sicken(house, "challenge-pending")
        report = await renew(ctx)

    assert (report.verdict, report.state.stuck, report.state.issue.at) == (Verdict.BAD, True, "Challenge")
    assert "propagation" in report.state.issue.why


async def test_what_is_refused_is_told_in_the_authority_s_words_and_may_be_asked_for_again(house: House) -> None:
    async with house.open() as ctx:
        sicken(house, "order-invalid")
        report = await renew(ctx)
        sicken(house, "")
        second: RenewReport = await cert_renew.handler(conftest.acting(ctx, action=RequestId("a2")), WHERE)

    assert (report.verdict, report.state.issue.stage) == (Verdict.BAD, Stage.FAILED)
    assert "urn:ietf:params:acme:error:unauthorized" in report.state.issue.why
    assert second.verdict is Verdict.OK


async def test_the_preview_asks_the_api_server_and_changes_nothing(house: House) -> None:
    async with house.open() as ctx:
        before = certificate(house)
        plan = await preview(ctx, WHERE)
        after = certificate(house)
        house.cluster.access.deny("update", "certificates/status", group="cert-manager.io")

        with pytest.raises(Denied, match="may not update certificates/status"):
            await preview(ctx, WHERE)

    assert isinstance(plan.what, RenewPlan)
    assert (plan.risk, plan.what.lately, plan.what.issuer) == (None, False, None)
    assert after == before


async def test_once_more_within_a_day_takes_a_second_person(house: House) -> None:
    async with house.open() as ctx:
        await renew(ctx)
        soon = await preview(ctx, WHERE)
        house.now += timedelta(days=1)
        later = await preview(ctx, WHERE)

    assert (soon.risk, later.risk) == (Risk.DANGEROUS, None)


async def test_an_issuer_that_is_not_there_is_told_before_anybody_agrees(house: House) -> None:
    house.objects = [obj for obj in house.objects if obj["kind"] != "ClusterIssuer"]
    async with house.open() as ctx:
        plan = await preview(ctx, WHERE)

    assert plan.what.issuer.verdict is Verdict.BAD


async def test_what_is_being_issued_is_said_and_not_begun_twice(house: House) -> None:
    async with house.open() as ctx:
        sicken(house, "challenge-pending")
        await renew(ctx)
        with pytest.raises(UsageError, match="is being issued already"):
            await preview(ctx, WHERE)
        with pytest.raises(UsageError, match="is being issued already"):
            await cert_renew.handler(conftest.acting(ctx, action=RequestId("a2")), WHERE)


async def test_a_repeat_after_a_crash_follows_its_own_issue(house: House) -> None:
    async with house.open() as ctx:
        sicken(house, "challenge-pending")
        await renew(ctx)
        sicken(house, "")
        report = await renew(ctx, again=True)

    assert (report.verdict, report.state.certificate.revision) == (Verdict.OK, 2)


async def test_a_repeat_after_its_issue_is_over_tells_that_and_begins_no_other(house: House) -> None:
    async with house.open() as ctx:
        action = conftest.acting(ctx, action=RequestId("a1"), decided=ctx.clock())
        await cert_renew.handler(action, WHERE)
        report: RenewReport = await cert_renew.handler(
            conftest.acting(ctx, action=RequestId("a1"), decided=action.decided, again=True), WHERE
        )

    assert (report.verdict, report.state.certificate.revision) == (Verdict.OK, 2)


async def test_a_repeat_of_what_never_began_does_not_begin_it(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(NotBegun):
            await renew(ctx, again=True)

    assert certificate(house)["status"]["revision"] == 1


async def test_an_answer_that_was_cut_off_after_it_was_asked_for_is_followed_all_the_same(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add(STATUS, cut=True, after_commit=True, times=1, methods=["PUT"])
        report = await renew(ctx)

    assert report.verdict is Verdict.OK


async def test_an_answer_that_was_cut_off_before_it_was_asked_for_is_not_said_to_be_done(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add(STATUS, cut=True, times=1, methods=["PUT"])
        with pytest.raises(Unreachable):
            await renew(ctx)

    assert certificate(house)["status"]["revision"] == 1


async def test_what_cannot_be_asked_while_it_goes_on_is_asked_again(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/certificates/pingora-tls$", status=500, times=2, methods=["GET"])
        report = await renew(ctx)

    assert report.verdict is Verdict.OK


async def test_where_there_is_none_it_is_said(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/certificates", status=404)
        with pytest.raises(UsageError, match="There is no certificate to renew"):
            await preview(ctx, WHERE)
