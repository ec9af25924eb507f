"""`!k8s delete certificate` against the simulated cert-manager: kept, deleted, put back, whatever fails in between."""

import json

import pytest

from bot.clients.store.kept import Kept
from bot.command import ActionContext, Context
from bot.core.errors import Denied, NotBegun, UsageError
from bot.core.facts import Verdict
from bot.core.names import RequestId
from bot.core.policy import Risk
from bot.demo.cluster import Object
from commands.putback import DeletePlan, DeleteReport, Step, delete, preview
from tests.commands import conftest
from tests.commands.conftest import House

ACTION = RequestId("a1")
CERTIFICATES = "/namespaces/ingress/certificates"


def acting(house: House, ctx: Context, *, again: bool = False) -> ActionContext:
    return conftest.acting(ctx, action=ACTION, again=again, kept=Kept(house.database))


def certificate(house: House) -> Object:
    return house.cluster.store.get("Certificate", "ingress", "pingora-tls")


def names(house: House) -> set[str]:
    return {each["metadata"]["name"] for each in house.cluster.store.list("Certificate")}


async def run(house: House, ctx: Context, *, again: bool = False) -> DeleteReport:
    report: DeleteReport = await delete.handler(acting(house, ctx, again=again), "certificate", "ingress/pingora-tls")
    return report


async def test_it_is_there_again_as_it_was_and_ready(house: House) -> None:
    async with house.open() as ctx:
        before = certificate(house)
        report = await run(house, ctx)
        after = certificate(house)
        kept = await Kept(house.database).get(ACTION)

    assert (report.step, report.verdict, report.over) == (Step.READY, Verdict.OK, True)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"] == before["spec"]
    assert after["metadata"]["annotations"]["ops.sunbeam.pt/put-back-by"] == ACTION
    assert kept is None


async def test_the_preview_tries_both_and_changes_nothing(house: House) -> None:
    async with house.open() as ctx:
        before = certificate(house)
        plan = await preview(ctx, "certificate", "ingress/pingora-tls")

        assert certificate(house) == before
    assert isinstance(plan.what, DeletePlan)
    assert before["metadata"]["uid"] in plan.target
    assert delete.risk is Risk.DANGEROUS


@pytest.mark.parametrize("verb", ["delete", "create"])
async def test_what_is_not_allowed_is_said_before_anybody_is_asked(house: House, verb: str) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny(verb, "certificates", group="cert-manager.io", namespace="ingress")

        with pytest.raises(Denied, match=verb):
            await preview(ctx, "certificate", "ingress/pingora-tls")


async def test_what_cannot_be_put_back_is_loud_and_goes_along(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("create", "certificates", group="cert-manager.io", namespace="ingress")
        report = await run(house, ctx)
        kept = await Kept(house.database).get(ACTION)

    assert (report.step, report.verdict) == (Step.LOST, Verdict.BAD)
    assert report.manifest
    assert report.manifest["metadata"]["name"] == "pingora-tls"
    assert kept == json.dumps(report.manifest)


async def test_after_a_crash_behind_the_deletion_it_is_put_back_from_what_was_kept(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("create", "certificates", group="cert-manager.io", namespace="ingress")
        lost = await run(house, ctx)
        house.cluster.access.clear()
        assert "pingora-tls" not in names(house)

        report = await run(house, ctx, again=True)

    assert lost.step is Step.LOST
    assert report.step is Step.READY
    assert "pingora-tls" in names(house)


async def test_after_a_crash_before_the_deletion_nothing_is_begun(house: House) -> None:
    async with house.open() as ctx:
        before = certificate(house)
        with pytest.raises(NotBegun):
            await run(house, ctx, again=True)

        assert certificate(house) == before


async def test_one_with_a_password_in_it_is_left_alone(house: House) -> None:
    async with house.open() as ctx:

        def edit(draft: Object) -> None:
            draft["spec"]["keystores"] = {"pkcs12": {"create": True, "password": "not-a-secret"}}

        house.cluster.store.change("Certificate", "ingress", "pingora-tls", edit)
        with pytest.raises(UsageError, match="keystore"):
            await preview(ctx, "certificate", "ingress/pingora-tls")


@pytest.mark.parametrize("line", [("pod", "data/valkey-0"), ("certificate", ""), ("secrets", "data/openbao-keys")])
async def test_nothing_else_is_deleted(house: House, line: tuple[str, str]) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError):
            await preview(ctx, *line)
