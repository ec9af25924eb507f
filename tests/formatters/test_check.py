"""The words of `!check`, letter by letter."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.facts import Unknown, Verdict
from bot.core.findings import CnpgFinding, ExecFinding, Finding, HttpFinding, NoPodFinding, ReadyFinding, SealFinding
from bot.core.names import Namespace, Target
from bot.core.sbbb import SBBB
from bot.core.seal import SealStatus
from commands.check import CheckReport, ServiceCheck
from formatters.check import check_report
from formatters.findings import finding_words
from formatters.render import write
from formatters.text import body as plain

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)
DATA = Target(Namespace("data"))


def seal(*, sealed: bool = False, progress: int = 0, initialized: bool = True) -> SealStatus:
    return SealStatus(initialized=initialized, sealed=sealed, threshold=3, shares=5, progress=progress)


def postgres(**parts: object) -> CnpgFinding:
    whole = {
        "phase": "Cluster in healthy state",
        "ready": 1,
        "instances": 1,
        "archiving": True,
        "last_backup": NOW - timedelta(hours=4),
        "last_failure": None,
        "connections": 61,
        "max_connections": 100,
        "as_of": NOW,
    }
    return CnpgFinding(**(whole | parts))  # type: ignore[arg-type]


def green(verdict: Verdict = Verdict.OK, colour: str = "green") -> HttpFinding:
    return HttpFinding(verdict, 200, 200, colour, 1.0, "node", 3 * MS)


GOOD: dict[str, Finding] = {
    "postgres": postgres(),
    "valkey": ExecFinding("PONG", "PONG", 0, 3 * MS),
    "opensearch": green(),
    "openbao": SealFinding({"openbao-0": seal()}),
}


def of_data(**changes: Finding) -> CheckReport:
    services = tuple(ServiceCheck("data", name, finding) for name, finding in (GOOD | changes).items())
    return CheckReport(NOW, DATA, services, ())


def body(report: CheckReport) -> list[str]:
    return write("check-report", check_report(report)).body.splitlines()


def test_a_namespace_that_is_well_shows_every_number() -> None:
    assert body(of_data()) == [
        "✅ data: 4 of 4 fine",
        "• postgres ✅ 1/1 · backup 4 h · WAL ok · 61/100 conn",
        "• valkey ✅ PONG 3 ms",
        "• opensearch ✅ green · 1 node",
        "• openbao ✅ unsealed",
    ]


def test_what_did_not_answer_comes_first_with_its_reason() -> None:
    assert body(of_data(openbao=Unknown("connection refused"))) == [
        "❔ data: 3 of 4 fine, 1 not answered",
        "• openbao ❔ connection refused",
        "• postgres ✅ 1/1 · backup 4 h · WAL ok · 61/100 conn",
        "• valkey ✅ PONG 3 ms",
        "• opensearch ✅ green · 1 node",
        "next: !status data",
    ]


def test_down_comes_before_unknown_before_warning() -> None:
    changes: dict[str, Finding] = {
        "valkey": Unknown("no answer in 5 s"),
        "opensearch": green(Verdict.WARN, "yellow"),
        "openbao": SealFinding({"openbao-0": seal(sealed=True, progress=1)}),
    }

    assert body(of_data(**changes))[:4] == [
        "❌ data: 1 of 4 fine, 1 down, 1 not answered, 1 to look at",
        "• openbao ❌ openbao-0 SEALED 1/3",
        "• valkey ❔ no answer in 5 s",
        "• opensearch ⚠️ yellow · 1 node",
    ]


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (Unknown("no answer in 5 s"), "no answer in 5 s"),
        (HttpFinding(Verdict.OK, 200, 200, None, None, "", 12 * MS), "12 ms"),
        (HttpFinding(Verdict.OK, 200, 200, "1.23.4", None, "", 12 * MS), "1.23.4"),
        (HttpFinding(Verdict.OK, 200, 200, None, 61.1, "% free", 12 * MS), "61% free"),
        (HttpFinding(Verdict.OK, 200, 200, "green", 3.0, "node", 12 * MS), "green · 3 nodes"),
        (HttpFinding(Verdict.BAD, 503, 200, None, None, "", 12 * MS), "HTTP 503 instead of 200"),
        (ReadyFinding(1, 2), "1/2 ready"),
        (ReadyFinding(0, 0), "scaled to 0"),
        (NoPodFinding(2), "0/2 ready"),
        (ExecFinding("", "PONG", 1, MS), "exit 1"),
        (ExecFinding("LOADING", "PONG", 0, MS), "said LOADING, not PONG"),
        (ExecFinding("", "PONG", 0, MS), "said nothing, not PONG"),
        (SealFinding({"a-0": seal(), "a-1": seal(), "a-2": seal()}), "3/3 unsealed"),
        (SealFinding({"a-0": seal(), "a-1": seal(sealed=True)}), "1/2 unsealed · a-1 SEALED 0/3"),
        (
            SealFinding({"a-0": seal(), "a-1": Unknown("connection refused")}),
            "1/2 unsealed · a-1 ❔ connection refused",
        ),
        (SealFinding({"a-0": seal(sealed=True, initialized=False)}), "a-0 not initialised"),
        (postgres(phase="Failing over"), "Failing over · 1/1 · backup 4 h · WAL ok · 61/100 conn"),
        (postgres(archiving=False), "1/1 · backup 4 h · WAL not archived · 61/100 conn"),
        (postgres(last_backup=NOW - timedelta(days=3)), "1/1 · backup 3 d old · WAL ok · 61/100 conn"),
        (
            postgres(last_failure=NOW - timedelta(hours=2)),
            "1/1 · backup failed 2 h ago, last good 4 h · WAL ok · 61/100 conn",
        ),
        (
            postgres(
                archiving=Unknown("the cluster does not say"),
                last_backup=Unknown("none is known"),
                connections=Unknown("connection refused"),
            ),
            "1/1 · ❔ backup: none is known · ❔ WAL: the cluster does not say · ❔ connections: connection refused",
        ),
        (
            postgres(max_connections=Unknown("no such series")),
            "1/1 · backup 4 h · WAL ok · ❔ connections: no such series",
        ),
    ],
)
def test_each_finding_has_its_words(finding: Finding, words: str) -> None:
    report = CheckReport(NOW, DATA, (ServiceCheck("data", "x", finding),), ())

    assert finding_words(finding)
    assert plain(check_report(report)).splitlines()[1].partition(" ")[2].partition(" ")[2].partition(" ")[2] == words


def whole_house(finding: Finding) -> CheckReport:
    services = [ServiceCheck(space, name, finding) for space, probes in SBBB.items() for name in probes]
    return CheckReport(NOW, None, tuple(services), ())


def test_a_whole_house_that_is_well_is_one_line_a_namespace() -> None:
    told = body(whole_house(ReadyFinding(1, 1)))

    total = sum(map(len, SBBB.values()))
    assert told[0] == f"✅ {total} of {total} services fine"
    assert told[1] == "• data ✅ postgres · valkey · opensearch · openbao"
    assert len(told) == 1 + len(SBBB)


@pytest.mark.parametrize(
    "finding",
    [
        ReadyFinding(1, 1),
        ReadyFinding(0, 1),
        Unknown("Kubernetes: may not list deployments in vault-secrets-operator (403)"),
        HttpFinding(Verdict.BAD, 503, 200, None, None, "", MS),
        postgres(archiving=Unknown("does not say"), last_backup=Unknown("none known")),
    ],
)
def test_a_whole_house_fits_one_message_however_it_is(finding: Finding) -> None:
    rendered = write("check-report", check_report(whole_house(finding)))

    assert len(rendered.body) < 4000
    assert rendered.file is None


def test_one_reason_for_many_is_told_once_with_all_names() -> None:
    told = body(whole_house(Unknown("Kubernetes: connection refused")))

    total = sum(map(len, SBBB.values()))
    assert told[0] == f"❔ 0 of {total} services fine, {total} not answered"
    assert told[1] == f"• {total} services ❔ Kubernetes: connection refused"
    assert told[2:-1] == [f"  {space}: {', '.join(probes)}" for space, probes in SBBB.items()]
    assert told[-1] == "next: !status data, !status storage, !status ory"


def test_trouble_somewhere_in_the_house_is_named_with_its_namespace() -> None:
    services = (ServiceCheck("ory", "hydra", ReadyFinding(1, 2)), ServiceCheck("data", "valkey", GOOD["valkey"]))

    assert body(CheckReport(NOW, None, services, ())) == [
        "⚠️ 1 of 2 services fine, 1 to look at",
        "• ory/hydra ⚠️ 1/2 ready",
        "• data ✅ valkey",
        "next: !status ory",
    ]


def test_a_namespace_without_probes_says_that_nothing_is_known() -> None:
    report = CheckReport(NOW, Target(Namespace("kube-system")), (), ("kube-system",))

    assert body(report) == ["❔ kube-system: no probes, so nothing is known"]
    assert report.verdict is Verdict.UNKNOWN


def test_namespaces_of_the_house_without_probes_are_named() -> None:
    services = (ServiceCheck("data", "valkey", GOOD["valkey"]),)

    assert body(CheckReport(NOW, None, services, ("mesh", "build")))[-1] == "No probes, so nothing known: mesh · build"


def test_what_a_service_says_cannot_pass_for_a_verdict() -> None:
    finding = ExecFinding("✅ fine\n❌ not", "PONG", 0, MS)

    told = body(of_data(valkey=finding))

    assert told[0].startswith("❌")
    assert told[1] == "• valkey ❌ said ›✅ fine⏎›❌ not, not PONG"
