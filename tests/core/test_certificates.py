"""How a certificate is, what is told first, and how far an issue is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.acme import answered, proof
from bot.core.certificates import Link, Stage, by_need, issue, link, owned, read_certificate, request_of
from bot.core.facts import Verdict
from bot.core.kinds import Kind, Object

NOW = datetime(2026, 4, 1, 14, 0, tzinfo=UTC)


def stamp(days: float) -> str:
    return (NOW + timedelta(days=days)).isoformat().replace("+00:00", "Z")


def certificate(
    *,
    ready: str = "True",
    issuing: str = "",
    reason: str = "",
    ends: float | None = 57,
    renews: float | None = 27,
    revision: int = 1,
) -> Object:
    conditions = [{"type": "Ready", "status": ready, "reason": "R", "message": "words"}] if ready else []
    if issuing:
        conditions.append({"type": "Issuing", "status": issuing, "reason": reason, "lastTransitionTime": stamp(-0.01)})
    moments = {"notAfter": ends, "renewalTime": renews}
    status: dict[str, Any] = {name: stamp(days) for name, days in moments.items() if days is not None}
    status |= {"conditions": conditions, "revision": revision}
    return {"metadata": {"namespace": "ingress", "name": "tls", "uid": "c1"}, "spec": {}, "status": status}


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, Verdict.OK),
        ({"ends": -1}, Verdict.BAD),
        ({"ready": "False"}, Verdict.BAD),
        ({"ready": ""}, Verdict.UNKNOWN),
        ({"ready": "False", "issuing": "True", "ends": None, "renews": None}, Verdict.WARN),
        ({"ready": "False", "issuing": "True"}, Verdict.BAD),
        ({"issuing": "True"}, Verdict.OK),
        ({"issuing": "False", "reason": "Failed"}, Verdict.WARN),
        # Late by an hour, with nobody at it; somebody at it.
        ({"renews": -0.05}, Verdict.WARN),
        ({"renews": -0.03}, Verdict.OK),
        ({"renews": -0.05, "issuing": "True"}, Verdict.OK),
        # One that lives for two days is well with one; where no renewal is told, seven are too few.
        ({"ends": 1, "renews": 0.5}, Verdict.OK),
        ({"ends": 6, "renews": None}, Verdict.WARN),
        ({"ends": 8, "renews": None}, Verdict.OK),
    ],
)
def test_how_a_certificate_is(given: dict[str, Any], verdict: Verdict) -> None:
    assert read_certificate(certificate(**given)).verdict(NOW) is verdict


def test_an_empty_object_is_read_and_is_not_known_to_be_well() -> None:
    read = read_certificate({"metadata": {"name": "tls"}})

    assert (read.verdict(NOW), read.not_after, read.revision) == (Verdict.UNKNOWN, None, 0)


def test_what_is_wrong_comes_first_and_then_what_ends_soonest() -> None:
    given = ({"ends": 60}, {"ends": 2}, {"ends": 90, "ready": "False"}, {"ends": -1}, {"ends": 80, "renews": -1})

    told = by_need((read_certificate(certificate(**each)) for each in given), NOW)

    assert [(each.not_after - NOW).days for each in told if each.not_after] == [-1, 90, 80, 2, 60]


def request(name: str, revision: str, owner: str = "c1") -> Object:
    references = [{"uid": owner, "controller": True}]
    return {
        "metadata": {
            "name": name,
            "uid": name,
            "annotations": {"cert-manager.io/certificate-revision": revision},
            "ownerReferences": references,
        }
    }


def test_the_newest_request_of_this_certificate_counts_by_number_and_not_by_name() -> None:
    requests = [request("tls-9", "9"), request("tls-10", "10"), request("other-11", "11", "c2"), request("odd", "x")]

    assert (request_of(certificate(), requests) or {})["metadata"]["name"] == "tls-10"
    assert request_of(certificate(), []) is None
    assert owned(request("tls-9", "9"), [request("below", "1", "tls-9")])


PENDING = Link("Challenge", "demo.test", "pending", Verdict.WARN, "wrong status code '404'")
SILENT = Link("Challenge", "messages.demo.test", "pending", Verdict.WARN, "")
ORDERED = Link("Order", "tls-2", "pending", Verdict.WARN, "")
INVALID = Link("Order", "tls-2", "invalid", Verdict.BAD, "unauthorized")
MISSING = Link("Issuer", "gone", "missing", Verdict.BAD, "There is no such issuer")


@pytest.mark.parametrize(
    ("given", "links", "revision", "expected"),
    [
        ({"revision": 2}, (), 2, (Stage.DONE, "", "")),
        ({"revision": 1}, (), 2, (Stage.GOING, "", "")),
        ({"revision": 2, "issuing": "True"}, (), 2, (Stage.GOING, "", "")),
        ({"revision": 2, "ready": "False"}, (), 2, (Stage.GOING, "", "")),
        # Put back with its Secret still there: ready, and this object never issued anything.
        ({"revision": 0}, (), 0, (Stage.DONE, "", "")),
        ({"issuing": "True"}, (ORDERED, PENDING), 2, (Stage.GOING, "Challenge", "wrong status code '404'")),
        ({"issuing": "True"}, (ORDERED, PENDING, SILENT), 2, (Stage.GOING, "Challenge", "wrong status code '404'")),
        ({"issuing": "True"}, (ORDERED, SILENT), 2, (Stage.GOING, "Challenge", "")),
        ({"issuing": "True"}, (MISSING, ORDERED), 2, (Stage.GOING, "Issuer", "There is no such issuer")),
        ({"issuing": "False", "reason": "Failed"}, (INVALID,), 2, (Stage.FAILED, "Order", "unauthorized")),
        ({"issuing": "False", "reason": "Failed"}, (), 2, (Stage.FAILED, "", "Failed")),
    ],
)
def test_how_far_an_issue_is(
    given: dict[str, Any], links: tuple[Link, ...], revision: int, expected: tuple[Stage, str, str]
) -> None:
    found = issue(read_certificate(certificate(**given)), links, revision)

    assert (found.stage, found.at, found.why) == expected


@pytest.mark.parametrize(
    ("kind", "status", "state", "verdict"),
    [
        (Kind.ORDERS, {"state": "valid"}, "valid", Verdict.OK),
        (Kind.ORDERS, {"state": "invalid", "reason": "no"}, "invalid", Verdict.BAD),
        (Kind.CHALLENGES, {}, "pending", Verdict.WARN),
        (Kind.CERTIFICATEREQUESTS, {"conditions": [{"type": "Denied", "status": "True"}]}, "denied", Verdict.BAD),
        (
            Kind.CERTIFICATEREQUESTS,
            {"conditions": [{"type": "Ready", "status": "False", "reason": "Pending"}]},
            "Pending",
            Verdict.WARN,
        ),
    ],
)
def test_each_link_says_its_state(kind: Kind, status: dict[str, Any], state: str, verdict: Verdict) -> None:
    found = link(kind, {"metadata": {"name": "x"}, "status": status}, NOW)

    assert (found.state, found.verdict) == (state, verdict)


def challenge(**spec: str) -> Object:
    return {
        "metadata": {"name": "x"},
        "spec": {"type": "HTTP-01", "dnsName": "demo.test", "token": "t_-9", "key": "k"} | spec,
    }


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "DNS-01"},
        {"dnsName": "demo.test:8080"},
        {"dnsName": "demo.test\r\nX: y"},
        {"dnsName": "evil@demo.test"},
        {"dnsName": "localhost"},
        {"dnsName": "*.demo.test"},
        {"dnsName": "a" * 64 + ".test"},
        {"dnsName": ".".join(["a" * 60] * 5)},
        {"token": "../../metrics"},
        {"token": "t?x=1"},
        {"token": "t\n"},
        {"token": ""},
        {"token": "t" * 129},
    ],
)
def test_only_a_checked_name_and_token_get_into_a_request(spec: dict[str, str]) -> None:
    assert proof(challenge()) is not None
    assert proof(challenge(**spec)) is None


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b"k", Verdict.OK),
        (200, b"k\n", Verdict.OK),
        (200, b"<html>", Verdict.BAD),
        (404, b"k", Verdict.BAD),
        (301, b"", Verdict.WARN),
        (503, b"", Verdict.BAD),
    ],
)
def test_what_port_80_answers_is_judged(status: int, body: bytes, verdict: Verdict) -> None:
    asked = proof(challenge())
    assert asked

    assert answered(asked, status, body).verdict is verdict
    assert "k" not in repr(asked).replace("token", "")
