"""`!check` against the simulated house."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from bot.command import Context
from bot.core.errors import UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.findings import (
    CnpgFinding,
    ExecFinding,
    Finding,
    HttpFinding,
    MeshFinding,
    NoPodFinding,
    PathFinding,
    ReadyFinding,
    SealFinding,
    SpeakerFinding,
    TargetsFinding,
)
from bot.core.names import UserId
from bot.core.rollouts import RESTARTED_AT
from bot.core.sbbb import SBBB
from bot.core.webhook import Alert, Status, Webhook
from bot.demo.cluster import ExecAnswer
from bot.demo.world import not_ready, objects_of
from commands.check import CheckReport, check
from tests.commands.conftest import House

INJECT = "linkerd.io/inject"
PING = ("valkey-cli", "ping")


async def told(ctx: Context, line: str = "") -> CheckReport:
    """Run the command as the room would type it."""
    bound = check.bind(tuple(line.split()))
    report = await check.handler(ctx, *bound.args, **bound.kwargs)
    assert isinstance(report, CheckReport)
    return report


async def found(ctx: Context, line: str) -> Finding:
    """Return what the one probe of a target found."""
    (service,) = (await told(ctx, line)).services
    return service.finding


async def test_a_house_at_rest_is_fine_down_to_the_last_service(house: House) -> None:
    async with house.open() as ctx:
        report = await told(ctx)

    assert {f"{each.namespace}/{each.service}": each.finding for each in report.services if each.verdict != "ok"} == {}
    assert len(report.services) == sum(map(len, SBBB.values())) - 1
    assert report.verdict is Verdict.OK


async def test_postgres_tells_all_its_numbers(house: House) -> None:
    async with house.open() as ctx:
        finding = await found(ctx, "data/postgres")

    assert isinstance(finding, CnpgFinding)
    assert (finding.ready, finding.instances, finding.archiving) == (1, 1, True)
    assert finding.last_backup == house.now - timedelta(hours=4)
    assert (finding.connections, finding.max_connections) == (61, 100)
    assert finding.verdict is Verdict.OK


async def test_without_prometheus_only_the_connections_are_unknown(house: House) -> None:
    house.monitoring.down.add(("monitoring", "prometheus"))

    async with house.open() as ctx:
        finding = await found(ctx, "data/postgres")

    assert isinstance(finding, CnpgFinding)
    assert finding.connections == Unknown("connection cut")
    assert {name for name, verdict in finding.verdicts.items() if verdict is Verdict.UNKNOWN} == {"connections"}
    assert finding.verdict is Verdict.UNKNOWN


async def test_a_prometheus_that_hangs_leaves_the_rest_of_postgres_known(house: House) -> None:
    house.settings["limits"] = {"probe": 0.5}

    async with house.open() as ctx:
        await ctx.neighbours.kubernetes.open()
        house.monitoring.answer("/monitoring/prometheus/api", delay=30)
        finding = await found(ctx, "data/postgres")

    assert isinstance(finding, CnpgFinding)
    assert finding.connections == Unknown("no answer in 0.4 s")
    assert finding.archiving is True


async def test_a_database_that_was_never_scraped_has_unknown_connections_not_zero(house: House) -> None:
    async with house.open() as ctx:
        house.monitoring.prometheus.samples.clear()
        finding = await found(ctx, "data/postgres")

    assert isinstance(finding, CnpgFinding)
    assert finding.connections == Unknown("no such series")


async def test_a_store_that_knows_no_backup_is_unknown_never_fine(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.store.change("objectstores", "data", "postgres-store", lambda obj: obj.update(status={}))
        finding = await found(ctx, "data/postgres")

    assert isinstance(finding, CnpgFinding)
    assert isinstance(finding.last_backup, Unknown)
    assert finding.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("spoil", "part", "verdict"),
    [
        ({"phase": "Failing over"}, "phase", Verdict.WARN),
        ({"readyInstances": 0}, "instances", Verdict.BAD),
        ({"conditions": []}, "archiving", Verdict.UNKNOWN),
        ({"conditions": [{"type": "ContinuousArchiving", "status": "False"}]}, "archiving", Verdict.BAD),
    ],
)
async def test_each_part_of_a_database_can_be_wrong_by_itself(
    house: House, spoil: dict[str, Any], part: str, verdict: Verdict
) -> None:
    async with house.open() as ctx:
        house.cluster.store.change("clusters", "data", "postgres", lambda obj: obj["status"].update(spoil))
        finding = await found(ctx, "data/postgres")

    assert isinstance(finding, CnpgFinding)
    assert {name: each for name, each in finding.verdicts.items() if each is not Verdict.OK} == {part: verdict}


@pytest.mark.parametrize(("used", "verdict"), [(79, Verdict.OK), (80, Verdict.WARN), (95, Verdict.BAD)])
async def test_connections_that_run_out_are_told_in_time(house: House, used: int, verdict: Verdict) -> None:
    async with house.open() as ctx:
        table = house.monitoring.prometheus
        table.samples = [each for each in table.samples if each.name != "cnpg_backends_total"]
        table.set("cnpg_backends_total", used, namespace="data", pod="postgres-1")
        finding = await found(ctx, "data/postgres")

    assert isinstance(finding, CnpgFinding)
    assert finding.verdicts["connections"] is verdict


async def test_of_several_instances_the_fullest_counts(house: House) -> None:
    async with house.open() as ctx:
        house.monitoring.prometheus.set("cnpg_backends_total", 70, namespace="data", pod="postgres-2")
        finding = await found(ctx, "data/postgres")

    assert isinstance(finding, CnpgFinding)
    assert (finding.connections, finding.max_connections) == (70, 100)


async def test_valkey_that_answers_well_is_fine(house: House) -> None:
    async with house.open() as ctx:
        finding = await found(ctx, "data/valkey")

    assert isinstance(finding, ExecFinding)
    assert (finding.output, finding.verdict) == ("PONG", Verdict.OK)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (ExecAnswer("LOADING Valkey is loading the dataset in memory\n"), Verdict.BAD),
        (ExecAnswer("", "Could not connect", exit_code=1), Verdict.BAD),
        (ExecAnswer("PONG\n", exit_code=1), Verdict.BAD),
        (ExecAnswer("PONG\n", exit_code=None), Verdict.UNKNOWN),
    ],
)
async def test_valkey_is_fine_only_when_it_says_so(house: House, answer: ExecAnswer, verdict: Verdict) -> None:
    async with house.open() as ctx:
        house.cluster.execs.answer("data", "valkey-*", PING, answer)
        report = await told(ctx, "data/valkey")

    assert report.verdict is verdict


async def test_without_a_ready_pod_valkey_is_down(house: House) -> None:
    not_ready(house.objects, "data", "valkey", house.now)

    async with house.open() as ctx:
        finding = await found(ctx, "data/valkey")

    assert finding == NoPodFinding(1)


@pytest.mark.parametrize(
    ("colour", "verdict"),
    [("green", Verdict.OK), ("yellow", Verdict.WARN), ("red", Verdict.BAD), ("blue", Verdict.BAD)],
)
async def test_opensearch_is_as_its_colour(house: House, colour: str, verdict: Verdict) -> None:
    async with house.open() as ctx:
        house.monitoring.answer("/data/opensearch/", json={"status": colour, "number_of_nodes": 1})
        finding = await found(ctx, "data/opensearch")

    assert isinstance(finding, HttpFinding)
    assert (finding.shown, finding.number, finding.verdict) == (colour, 1, verdict)


@pytest.mark.parametrize("body", [{}, [], {"status": None}, {"status": "green", "number_of_nodes": "many"}])
async def test_an_answer_without_the_number_is_unknown(house: House, body: object) -> None:
    async with house.open() as ctx:
        house.monitoring.answer("/data/opensearch/", json=body)
        report = await told(ctx, "data/opensearch")

    assert report.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("disks", "free", "verdict"),
    [((61.1, 40.0), 40, Verdict.OK), ((61.1, 8.5), 8.5, Verdict.WARN), ((8.5, 61.1), 8.5, Verdict.WARN)],
)
async def test_of_several_disks_the_fullest_is_told(
    house: House, disks: tuple[float, ...], free: float, verdict: Verdict
) -> None:
    async with house.open() as ctx:
        told = {"DiskStatuses": [{"percent_free": each} for each in disks]}
        house.monitoring.answer("/storage/seaweedfs-volume/", json=told)
        finding = await found(ctx, "storage/seaweedfs-volume")

    assert isinstance(finding, HttpFinding)
    assert (finding.number, finding.verdict) == (free, verdict)


@pytest.mark.parametrize("body", [{"DiskStatuses": []}, {}])
async def test_a_volume_that_names_no_disk_is_unknown(house: House, body: object) -> None:
    async with house.open() as ctx:
        house.monitoring.answer("/storage/seaweedfs-volume/", json=body)
        report = await told(ctx, "storage/seaweedfs-volume")

    assert report.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("free", "verdict"), [(119, Verdict.OK), (1, Verdict.OK), (0, Verdict.WARN)])
async def test_a_master_without_free_slots_is_something_to_look_at(house: House, free: int, verdict: Verdict) -> None:
    async with house.open() as ctx:
        house.monitoring.answer("/storage/seaweedfs-master/", json={"Topology": {"Free": free, "Max": 180}})
        finding = await found(ctx, "storage/seaweedfs-master")

    assert isinstance(finding, HttpFinding)
    assert (finding.number, finding.verdict) == (free, verdict)


async def test_a_disk_that_fills_up_is_a_warning(house: House) -> None:
    async with house.open() as ctx:
        house.monitoring.answer("/storage/seaweedfs-volume/", json={"DiskStatuses": [{"percent_free": 8.5}]})
        report = await told(ctx, "storage/seaweedfs-volume")

    assert report.verdict is Verdict.WARN


@pytest.mark.parametrize("status", [302, 401, 404, 500, 503])
async def test_a_service_that_answers_something_else_is_down(house: House, status: int) -> None:
    async with house.open() as ctx:
        house.monitoring.answer("/ory/kratos/", status)
        finding = await found(ctx, "ory/kratos")

    assert isinstance(finding, HttpFinding)
    assert (finding.status, finding.verdict) == (status, Verdict.BAD)


async def test_each_pod_of_openbao_is_told_by_itself(house: House) -> None:
    house.bao_pods = ("openbao-0", "openbao-1", "openbao-2")

    async with house.open() as ctx:
        house.seal("openbao-1", progress=1)
        house.monitoring.down.add(("data", "openbao-2"))
        (finding,) = [each.finding for each in (await told(ctx, "data/openbao")).services]

    assert isinstance(finding, SealFinding)
    assert len(finding.pods) == 3
    assert [isinstance(pod, Unknown) or pod.sealed for pod in finding.pods.values()] == [False, True, True]
    assert finding.verdict is Verdict.BAD


async def test_a_workload_is_as_well_as_its_ready_pods(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.store.change("deployments", "lasuite", "docs", lambda obj: obj["status"].update(readyReplicas=0))
        house.cluster.store.change("deployments", "lasuite", "meet", lambda obj: obj["spec"].update(replicas=0))
        report = await told(ctx, "lasuite")

    states = {each.service: (each.finding, each.verdict) for each in report.services}
    assert states["docs"] == (ReadyFinding(0, 1), Verdict.BAD)
    assert states["meet"][1] is Verdict.WARN
    assert states["drive"] == (ReadyFinding(1, 1), Verdict.OK)


async def test_a_workload_the_cluster_does_not_have_is_unknown(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.store.delete("deployments", "lasuite", "docs")
        finding = await found(ctx, "lasuite/docs")

    assert finding == Unknown("Kubernetes: no workload named docs")


async def test_a_cluster_that_refuses_connections_leaves_what_needs_it_unknown(house: House) -> None:
    async with house.open() as ctx:
        await house.cluster.stop()
        report = await told(ctx, "data")

    states = {each.service: each.finding for each in report.services}
    assert states["postgres"] == states["valkey"] == Unknown("Kubernetes: connection refused")
    assert isinstance(states["opensearch"], HttpFinding)
    assert report.verdict is Verdict.UNKNOWN


async def test_a_house_that_hangs_costs_no_more_than_the_limit(house: House) -> None:
    house.settings["limits"] = {"probe": 2}

    async with house.open() as ctx:
        await ctx.neighbours.kubernetes.open()
        house.cluster.faults.add("/", delay=30)
        house.monitoring.answer("/", delay=30)
        # Longer prefixes win, and the seal status was set by the house itself.
        house.monitoring.answer("/data/openbao-0/v1/sys/seal-status", delay=30)
        began = time.monotonic()
        report = await told(ctx)
        took = time.monotonic() - began

    assert took < 5
    assert {each.verdict for each in report.services} == {Verdict.UNKNOWN}


async def test_without_the_right_to_look_a_service_is_unknown(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("*", "*")
        report = await told(ctx, "lasuite")

    assert {each.verdict for each in report.services} == {Verdict.UNKNOWN}
    (reason,) = {each.finding.reason for each in report.services if isinstance(each.finding, Unknown)}
    assert reason == "Kubernetes: may not list deployments in lasuite (403)"


@pytest.mark.parametrize("line", ["data/valkey", "-n data valkey", "valkey", "data/valk"])
async def test_one_service_can_be_named_in_every_usual_way(house: House, line: str) -> None:
    async with house.open() as ctx:
        report = await told(ctx, line)

    assert [(each.namespace, each.service) for each in report.services] == [("data", "valkey")]


async def test_an_unknown_service_is_answered_with_near_ones(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError) as caught:
            await told(ctx, "data/postgrs")

    assert caught.value.near == ("data/postgres",)
    assert caught.value.hint == "probed there: postgres, valkey, opensearch, openbao"


async def test_an_unknown_namespace_is_answered_with_near_ones(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError) as caught:
            await told(ctx, "storrage")

    assert caught.value.problem == "No namespace “storrage”"
    assert caught.value.near[0] == "storage"


async def test_a_namespace_without_probes_is_unknown_never_healthy(house: House) -> None:
    async with house.open() as ctx:
        report = await told(ctx, "kube-system")

    assert (report.services, report.unprobed, report.verdict) == ((), ("kube-system",), Verdict.UNKNOWN)


async def test_a_namespace_of_the_house_without_probes_is_named(house: House) -> None:
    house.settings["namespaces"] = ["data", "longhorn-system"]

    async with house.open() as ctx:
        report = await told(ctx)

    assert report.unprobed == ("longhorn-system",)


async def test_checking_changes_nothing(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.request_log.clear()
        house.monitoring.request_log.clear()
        await told(ctx)

    assert {method for method, _ in (*house.cluster.request_log, *house.monitoring.request_log)} == {"GET"}
    assert objects_of(house.cluster.store, "data")


async def test_the_mesh_tells_of_its_control_plane_its_certificates_and_its_proxies(house: House) -> None:
    async with house.open() as ctx:
        finding = await found(ctx, "ingress/linkerd")

    assert isinstance(finding, MeshFinding)
    assert set(finding.control.values()) == {ReadyFinding(1, 1)}
    assert finding.ends["linkerd-trust-anchor"] == house.now + timedelta(days=3610)
    assert isinstance(finding.meshed, int)
    assert finding.meshed > 5
    assert (finding.bare, finding.verdict) == ((), Verdict.OK)


async def test_a_pod_that_the_injector_missed_is_named(house: House) -> None:
    async with house.open() as ctx:
        store = house.cluster.store
        store.change("namespaces", "", "vpn", lambda obj: obj["metadata"].update(annotations={INJECT: "enabled"}))
        finding = await found(ctx, "ingress/linkerd")

    assert isinstance(finding, MeshFinding)
    assert [name.rpartition("/")[0] for name in finding.bare] == ["vpn"]
    assert finding.verdict is Verdict.WARN


async def test_without_its_certificates_the_rest_of_the_mesh_is_known(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("get", "certificates", group="cert-manager.io", namespace="mesh")
        finding = await found(ctx, "ingress/linkerd")

    assert isinstance(finding, MeshFinding)
    assert {name for name, each in finding.verdicts.items() if each is not Verdict.OK} == {"certificates"}
    assert finding.verdict is Verdict.UNKNOWN


async def test_targets_that_are_down_are_named(house: House) -> None:
    async with house.open() as ctx:
        house.monitoring.prometheus.set("up", 0, namespace="data", job="postgres", instance="postgres.data.svc")
        finding = await found(ctx, "monitoring/targets")

    assert isinstance(finding, TargetsFinding)
    assert finding.up > 1
    assert (finding.down, finding.verdict) == (("data/postgres",), Verdict.WARN)


async def test_a_prometheus_that_is_away_says_nothing_of_its_targets(house: House) -> None:
    house.monitoring.down.add(("monitoring", "prometheus"))

    async with house.open() as ctx:
        assert await found(ctx, "monitoring/targets") == Unknown("connection cut")


async def test_sol_tells_when_it_was_restarted_and_last_said_something(house: House) -> None:
    house.settings["bots"] = ["@sol:example.org"]
    house.settings["sol"] = {"user": "@sol:example.org"}
    spoke, restarted = house.now - timedelta(minutes=5), house.now - timedelta(days=2)

    async with house.open() as ctx:
        notes = {RESTARTED_AT: restarted.isoformat()}
        house.cluster.store.change(
            "deployments", "matrix", "sol", lambda obj: obj["spec"]["template"]["metadata"].update(annotations=notes)
        )
        silent = await found(ctx, "matrix/sol")
        house.voices[UserId("@sol:example.org"), "*sneezes*"] = spoke
        finding = await found(ctx, "matrix/sol")

    assert isinstance(silent, SpeakerFinding)
    assert (silent.word, silent.verdict) == (None, Verdict.OK)
    assert isinstance(finding, SpeakerFinding)
    assert (finding.restarted, finding.word) == (restarted, spoke)


async def test_an_alert_of_our_own_that_comes_back_proves_the_way(house: House) -> None:
    async with house.open() as ctx:
        asked = asyncio.create_task(told(ctx, "monitoring/alert-path"))
        while not (sent := tuple(house.monitoring.alertmanager.alerts.values())):  # noqa: ASYNC110 - on the wire
            await asyncio.sleep(0.01)
        (alert,) = (Alert(Status.FIRING, each.labels, {}, house.now, None, "", "f1") for each in sent)
        webhook = Webhook("ops", Status.FIRING, (alert,), "{}", {}, {}, {}, "", "4", 0, "")
        assert ctx.trips.hear(webhook, house.now) is None
        (service,) = (await asked).services

    assert isinstance(service.finding, PathFinding)
    assert service.verdict is Verdict.OK
    (first,) = house.shown
    assert first.services[0].finding == PathFinding(None, timedelta(0), over=False)


async def test_an_alert_that_does_not_come_back_is_said(house: House) -> None:
    async with house.open() as ctx:
        finding = await found(ctx, "monitoring/alert-path")

    assert isinstance(finding, PathFinding)
    assert (finding.took, finding.over, finding.verdict) == (None, True, Verdict.BAD)


async def test_without_alertmanager_nothing_is_known_of_the_way(house: House) -> None:
    house.monitoring.down.add(("monitoring", "alertmanager"))

    async with house.open() as ctx:
        assert await found(ctx, "monitoring/alert-path") == Unknown("connection cut")


async def test_a_check_of_the_whole_house_sends_no_alert(house: House) -> None:
    async with house.open() as ctx:
        report = await told(ctx)

    assert "alert-path" not in {each.service for each in report.services}
    assert not house.monitoring.alertmanager.alerts
