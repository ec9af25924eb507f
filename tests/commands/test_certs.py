"""`!certs` and `!cert` asked of the simulated cluster."""

import pytest

from bot.core.errors import Denied, UsageError
from bot.core.facts import Unknown, Verdict
from bot.demo.cluster import Object
from commands.certs import CertChain, CertReport, NoCertificate, cert, certs
from tests.commands.conftest import House


async def stuck(house: House, trouble: str) -> None:
    """Let a renewal of the front door's certificate be asked for and run into trouble."""

    def ask(draft: Object) -> None:
        draft["metadata"]["annotations"] = {"demo.sunbeam.pt/trouble": trouble}
        draft["status"]["conditions"].append({"type": "Issuing", "status": "True", "reason": "ManuallyTriggered"})

    house.cluster.store.change("Certificate", "ingress", "pingora-tls", ask)
    await house.cluster.controllers.settled(30)


async def test_all_certificates_are_told_and_a_namespace_s_own(house: House) -> None:
    async with house.open() as ctx:
        everything: CertReport = await certs.handler(ctx)
        mine: CertReport = await certs.handler(ctx, namespace="vpn")

    assert [each.name for each in everything.certificates] == [
        "pingora-tls",
        "headscale-tls",
        "linkerd-identity-issuer",
        "linkerd-trust-anchor",
    ]
    assert [each.name for each in mine.certificates] == ["headscale-tls"]
    assert everything.verdict is Verdict.OK


async def test_what_is_not_pressing_is_left_out_and_what_is_wrong_never(house: House) -> None:
    async with house.open() as ctx:
        await stuck(house, "order-invalid")
        report: CertReport = await certs.handler(ctx, within="3d")

    assert [each.name for each in report.certificates] == ["pingora-tls"]
    assert (report.others, report.verdict) == (3, Verdict.WARN)


async def test_a_cluster_without_cert_manager_is_said_and_is_no_failure(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/certificates", status=404)
        report: CertReport = await certs.handler(ctx)
        one = await cert.handler(ctx, "ingress/pingora-tls")

    assert (report.served, report.verdict) == (False, Verdict.NONE)
    assert one == NoCertificate("ingress/pingora-tls")


async def test_what_may_not_be_asked_is_unknown_and_never_green(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("list", "certificates", group="cert-manager.io")
        with pytest.raises(Denied):
            await certs.handler(ctx)

        house.cluster.access.clear()
        house.cluster.access.deny("list", "events")
        chain: CertChain = await cert.handler(ctx, "pingora")

    assert isinstance(chain.events, Unknown)


async def test_a_waiting_challenge_is_asked_for_at_the_front_door_of_the_configuration(house: House) -> None:
    async with house.open() as ctx:
        await stuck(house, "challenge-pending")
        away: CertChain = await cert.handler(ctx, "ingress/pingora-tls")
        token = house.cluster.store.list("Challenge")[0]["spec"]["token"]
        key = house.cluster.store.list("Challenge")[0]["spec"]["key"]
        house.monitoring.answer(f"/ingress/pingora/.well-known/acme-challenge/{token}", text=key)
        there: CertChain = await cert.handler(ctx, "ingress/pingora-tls")
        house.monitoring.down.add(("ingress", "pingora"))
        silent: CertChain = await cert.handler(ctx, "ingress/pingora-tls")

    assert [each.kind for each in away.links] == ["CertificateRequest", "Order", "Challenge", "Challenge"]
    assert any("propagation" in each.why for each in away.links)
    assert [each.status for each in away.knocks] == [404, 404]
    assert sorted(each.right for each in there.knocks) == [False, True]
    assert {each.verdict for each in silent.knocks} == {Verdict.UNKNOWN}
    assert away.verdict is Verdict.WARN


async def test_a_failed_order_is_told_with_its_reason_and_its_events(house: House) -> None:
    async with house.open() as ctx:
        await stuck(house, "order-invalid")
        chain: CertChain = await cert.handler(ctx, "ingress/pingora-tls")

    assert chain.certificate.failed
    assert any("urn:ietf:params:acme:error:unauthorized" in each.why for each in chain.links)
    assert isinstance(chain.events, tuple)
    assert [each.reason for each in chain.events] == ["Failed"]


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("ingress/pingra", "No certificate “ingress/pingra”"),
        ("ingress", "No certificate “ingress”"),
        ("ingress/Pingora; rm", "“ingress/Pingora; rm” is not a target"),
    ],
)
async def test_what_is_not_there_is_said(house: House, where: str, problem: str) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError) as caught:
            await cert.handler(ctx, where)

    assert caught.value.problem == problem
