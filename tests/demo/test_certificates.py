"""The small cert-manager: what it makes of a wish, step by step, in objects that a real server would hold."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from bot.demo import world
from bot.demo.cluster import Object, SimulatedCluster
from bot.demo.cluster.troubles import TROUBLE
from tests.tools.schema import problems, with_reference

KINDS = ("Certificate", "CertificateRequest", "Order", "Challenge")


@pytest.fixture
async def cluster() -> AsyncIterator[SimulatedCluster]:
    made = SimulatedCluster(interval=0.01)
    world.inhabit(made)
    await made.start()
    yield made
    await made.stop()


def certificate(cluster: SimulatedCluster, place: str = "ingress/pingora-tls") -> Object:
    namespace, name = place.split("/")
    return cluster.store.get("Certificate", namespace, name)


async def ask(cluster: SimulatedCluster, place: str = "ingress/pingora-tls", trouble: str = "") -> None:
    """Ask for a renewal as cmctl does, and wait until nothing moves."""

    def edit(draft: Object) -> None:
        draft["metadata"].setdefault("annotations", {})[TROUBLE] = trouble
        draft["status"]["conditions"].append(
            {"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "message": "asked"}
        )

    namespace, name = place.split("/")
    cluster.store.change("Certificate", namespace, name, edit)
    await cluster.controllers.settled(30)


def conditions(obj: Object) -> dict[str, str]:
    return {each["type"]: each["status"] for each in obj["status"]["conditions"]}


@with_reference
@pytest.mark.parametrize("trouble", ["", "challenge-pending", "order-invalid"])
async def test_all_that_is_made_on_the_way_is_what_a_real_server_would_hold(
    cluster: SimulatedCluster, trouble: str
) -> None:
    await ask(cluster, trouble=trouble)

    objects = [obj for kind in KINDS for obj in cluster.store.list(kind)]
    assert [problem for obj in objects for problem in problems(obj)] == []


@pytest.mark.parametrize("place", ["ingress/pingora-tls", "mesh/linkerd-identity-issuer"])
async def test_an_asked_for_renewal_ends_ready_one_revision_on_and_lives_anew(
    cluster: SimulatedCluster, place: str
) -> None:
    before = certificate(cluster, place)["status"]

    await ask(cluster, place)

    after = certificate(cluster, place)
    assert conditions(after) == {"Ready": "True"}
    assert after["status"]["revision"] == before["revision"] + 1
    for moment in ("notBefore", "notAfter", "renewalTime"):
        assert datetime.fromisoformat(after["status"][moment]) > datetime.fromisoformat(before[moment])
    assert cluster.store.list("Challenge") == []


async def test_a_challenge_that_is_not_answered_waits_with_its_reason_and_goes_on_when_it_is(
    cluster: SimulatedCluster,
) -> None:
    await ask(cluster, trouble="challenge-pending")
    waiting = cluster.store.list("Challenge", "ingress")

    assert [each["status"]["state"] for each in waiting] == ["pending", "pending"]
    assert "propagation" in waiting[0]["status"].get("reason", "") + waiting[1]["status"].get("reason", "")
    assert conditions(certificate(cluster))["Issuing"] == "True"

    cluster.store.change(
        "Certificate", "ingress", "pingora-tls", lambda draft: draft["metadata"]["annotations"].clear()
    )
    await cluster.controllers.settled(30)

    assert certificate(cluster)["status"]["revision"] == 2


async def test_an_order_that_is_refused_says_so_at_every_level_and_may_be_asked_for_again(
    cluster: SimulatedCluster,
) -> None:
    await ask(cluster, trouble="order-invalid")
    failed = certificate(cluster)

    assert conditions(failed) == {"Ready": "True", "Issuing": "False"}
    assert failed["status"]["failedIssuanceAttempts"] == 1
    assert [each["status"]["state"] for each in cluster.store.list("Order", "ingress")] == ["valid", "invalid"]

    cluster.store.change("Certificate", "ingress", "pingora-tls", lambda draft: draft["status"]["conditions"].pop())
    await ask(cluster)

    assert conditions(certificate(cluster)) == {"Ready": "True"}
    assert "failedIssuanceAttempts" not in certificate(cluster)["status"]


async def test_a_certificate_that_is_put_back_takes_over_what_its_secret_holds(cluster: SimulatedCluster) -> None:
    before = certificate(cluster)

    cluster.store.delete("Certificate", "ingress", "pingora-tls")
    await cluster.controllers.settled(30)
    assert cluster.store.list("CertificateRequest", "ingress") == []
    metadata = {"name": "pingora-tls", "namespace": "ingress"}
    cluster.store.put({key: before[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": metadata})
    await cluster.controllers.settled(30)

    after = certificate(cluster)
    assert conditions(after) == {"Ready": "True"}
    assert "revision" not in after["status"]
    assert after["status"]["notAfter"] == before["status"]["notAfter"]


async def test_a_certificate_without_a_secret_is_issued_at_once(cluster: SimulatedCluster) -> None:
    spec = certificate(cluster)["spec"] | {"secretName": "new-tls"}
    metadata = {"name": "new-tls", "namespace": "ingress"}

    cluster.store.put({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": metadata, "spec": spec})
    await cluster.controllers.settled(30)

    assert certificate(cluster, "ingress/new-tls")["status"]["revision"] == 1
    assert conditions(certificate(cluster, "ingress/new-tls")) == {"Ready": "True"}
