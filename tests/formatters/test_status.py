"""The words of `!status`, letter by letter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.facts import Unknown, Verdict
from bot.core.health import OutboxState, SelfReport
from bot.core.names import Namespace, Target, UserId
from bot.core.pods import Ending, Owner, Pod, Trouble
from bot.core.syncs import Sync
from bot.core.workloads import Workload
from commands.neighbours import NeighbourStatus
from commands.status import NamespaceStatus, SecretsStatus, StatusReport
from commands.surveys import Unasked
from formatters.render import write
from formatters.status import status_report

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
ME = SelfReport("0.1.0", NOW, OutboxState(0, timedelta(0)), timedelta(seconds=1), None, ())


def workload(
    place: str,
    ready: int = 1,
    wanted: int = 1,
    verdict: Verdict = Verdict.OK,
    trouble: Trouble | None = None,
    **of: int,
) -> Workload:
    namespace, _, name = place.partition("/")
    owner = Owner("Deployment", name)
    pods = tuple(
        Pod(
            namespace,
            f"{name}-{number}",
            owner,
            NOW - timedelta(days=3),
            number < ready,
            True,
            of.get("restarts", 0),
            None,
        )
        for number in range(wanted)
    )
    return Workload(namespace, owner, wanted, pods, verdict, ((pods[-1], trouble),) if trouble else ())


def space(name: str, *workloads: Workload, gap: str | None = None) -> NamespaceStatus:
    return NamespaceStatus(name, workloads, Unknown(gap) if gap else None)


def well(name: str, pods: int) -> NamespaceStatus:
    return space(name, *(workload(f"{name}/app-{number}") for number in range(pods)))


def report(*namespaces: NamespaceStatus, **parts: object) -> StatusReport:
    syncs = tuple(Sync("lasuite", f"s{number}", True, NOW) for number in range(18))
    neighbours = tuple(NeighbourStatus(name, Verdict.OK) for name in ("OpenBao", "Loki"))
    full = StatusReport(NOW, None, namespaces, (), SecretsStatus(syncs, ()), ME, neighbours)
    return replace(full, **parts)  # type: ignore[arg-type]


def body(told: StatusReport) -> list[str]:
    return write("status-report", status_report(told)).body.splitlines()


CRASHING = Trouble(
    "CrashLoopBackOff",
    Verdict.BAD,
    NOW - timedelta(minutes=26),
    last=Ending("Error", 1, NOW - timedelta(minutes=3)),
)
SLOW = Trouble("NotReady", Verdict.WARN, NOW - timedelta(seconds=40), settles=True)


def test_a_bad_day_reads_as_the_room_expects() -> None:
    late = Sync("lasuite", "docs", False, NOW - timedelta(minutes=26))
    told = report(
        space("lasuite", workload("lasuite/messages-mta-out", 0, 1, Verdict.BAD, CRASHING, restarts=9)),
        space("ory", workload("ory/hydra", 1, 2, Verdict.WARN, SLOW)),
        well("data", 5),
        well("matrix", 2),
        secrets=SecretsStatus((*(Sync("ory", f"s{n}", True, NOW) for n in range(17)), late), ()),
        neighbours=(NeighbourStatus("OpenBao", Verdict.OK), NeighbourStatus("Loki", Unknown("no answer in 5 s"))),
    )

    assert body(told) == [
        "❌ 2 of 9 services need a look, 1 secret behind",
        "• lasuite/messages-mta-out ❌ CrashLoopBackOff for 26 min",
        "  9 restarts, last 3 min ago: exit 1",
        "• ory/hydra ⚠️ 1/2 ready for 40 s",
        "data 5/5 · matrix 2/2",
        "Secrets: 17/18 synced — lasuite/docs 26 min old",
        "Me: outbox 0 · sync 1 s · OpenBao ✅ Loki ❔ no answer in 5 s",
    ]


def test_a_good_day_is_four_lines() -> None:
    assert body(report(well("data", 5), well("matrix", 2))) == [
        "✅ 7 services fine",
        "data 5/5 · matrix 2/2",
        "Secrets: 18/18 synced",
        "Me: outbox 0 · sync 1 s · OpenBao ✅ Loki ✅",
    ]


def test_many_healthy_namespaces_are_folded() -> None:
    told = body(report(*(well(f"n{number}", 1) for number in range(11))))

    assert told[1] == " · ".join([*(f"n{number} 1/1" for number in range(8)), "3 more fine"])


def test_a_silent_cluster_is_told_once_and_never_green() -> None:
    gaps = tuple(Unasked(kind, "", "connection refused") for kind in ("pods", "deployments"))
    secrets = SecretsStatus((), (Unasked("vaultstaticsecrets", "", "connection refused"),))
    told = report(space("data", gap="connection refused"), gaps=gaps, secrets=secrets)

    assert body(told) == [
        "❔ Kubernetes: connection refused",
        "• Kubernetes ❔ connection refused",
        "Me: outbox 0 · sync 1 s · OpenBao ✅ Loki ✅",
    ]


def test_one_namespace_that_could_not_be_asked_is_named() -> None:
    reason = "may not list pods in ory (403)"
    told = report(well("data", 5), space("ory", gap=reason), gaps=(Unasked("pods", "ory", reason),))

    assert body(told)[:3] == [
        "❔ 5 services fine, not all could be asked",
        f"• ory ❔ could not ask: {reason}",
        "data 5/5",
    ]


def test_an_empty_namespace_is_told() -> None:
    assert body(report(space("vpn")))[:2] == ["❔ nothing runs there", "• vpn ❔ nothing runs there"]


def test_unknown_secrets_are_told_beside_known_ones() -> None:
    secrets = SecretsStatus(
        (Sync("ory", "hydra", True, NOW),), (Unasked("vaultdynamicsecrets", "", "may not list them (403)"),)
    )

    assert body(report(well("data", 1), secrets=secrets))[2:4] == [
        "Secrets: 1/1 synced",
        "Secrets ❔ may not list them (403)",
    ]


@pytest.mark.parametrize(
    ("trouble", "ready", "line"),
    [
        (
            Trouble("ImagePullBackOff", Verdict.BAD, NOW - timedelta(minutes=5)),
            0,
            "ImagePullBackOff for 5 min · 0/2 ready",
        ),
        (Trouble("Unschedulable", Verdict.BAD, None), 1, "Unschedulable · 1/2 ready"),
        (Trouble("Restarted", Verdict.WARN, NOW - timedelta(minutes=3)), 2, "restarted 3 min ago"),
        (
            Trouble("ContainerCreating", Verdict.WARN, NOW - timedelta(seconds=9), settles=True),
            1,
            "1/2 ready · ContainerCreating for 9 s",
        ),
        (None, 1, "1/2 ready, no pod for the rest"),
    ],
)
def test_each_trouble_has_its_words(trouble: Trouble | None, ready: int, line: str) -> None:
    verdict = trouble.verdict if trouble else Verdict.WARN

    told = body(report(space("ory", workload("ory/hydra", ready, 2, verdict, trouble))))

    assert told[1].endswith(f" {line}")


def test_a_container_that_ran_out_of_memory_says_so() -> None:
    last = Ending("OOMKilled", 137, NOW - timedelta(minutes=3))
    trouble = Trouble("Restarted", Verdict.WARN, last.at, last=last)

    told = body(report(space("ory", workload("ory/hydra", 1, 1, Verdict.WARN, trouble, restarts=1))))

    assert told[1:3] == ["• ory/hydra ⚠️ restarted 3 min ago", "  1 restart, last 3 min ago: OOMKilled, exit 137"]


def test_one_workload_shows_its_pods() -> None:
    told = report(space("ory", workload("ory/hydra", 2, 2)), target=Target(Namespace("ory"), "hydra"))

    assert body(told)[:3] == [
        "✅ ory/hydra: 2/2 ready",
        "• hydra-0 ✅ ready · 3 d old · 0 restarts",
        "• hydra-1 ✅ ready · 3 d old · 0 restarts",
    ]


def test_one_namespace_shows_its_workloads() -> None:
    told = report(space("data", workload("data/valkey"), workload("data/openbao")), target=Target(Namespace("data")))

    assert body(told)[:2] == ["✅ data: 2 services fine", "valkey 1/1 · openbao 1/1"]


@pytest.mark.parametrize(
    ("me", "line"),
    [
        (replace(ME, outbox=OutboxState(3, timedelta(seconds=40))), "Me: outbox 3, oldest 40 s · sync 1 s · "),
        (replace(ME, sync_age=None), "Me: outbox 0 · no sync yet · "),
        (replace(ME, database=Unknown("disk full")), "Me: outbox 0 · sync 1 s · database ❌ disk full · "),
        (Unknown("no answer in 5 s"), "Me: ❔ no answer in 5 s · "),
    ],
)
def test_the_bots_own_health_comes_last(me: SelfReport | Unknown, line: str) -> None:
    told = body(report(well("data", 1), me=me))

    assert told[-1] == f"{line}OpenBao ✅ Loki ✅"


def test_a_sealed_openbao_stands_in_the_first_line() -> None:
    told = body(report(well("data", 1), neighbours=(NeighbourStatus("OpenBao", Verdict.BAD),)))

    assert told[0] == "❌ 1 service fine, OpenBao sealed"
    assert told[-1].endswith("OpenBao ❌ sealed")


def test_somebody_nobody_knows_is_shown() -> None:
    told = body(report(well("data", 1), me=replace(ME, strangers=(UserId("@mallory:example.org"),))))

    assert told[-1] == "In the room, but not in people: @mallory:example.org"
