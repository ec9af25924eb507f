"""An object of any kind on one line: how it is, and kubectl's columns that tell it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.facts import Verdict
from bot.core.kinds import Kind
from bot.core.rows import Many, When, read_row

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
MADE = "2026-04-01T14:00:00Z"
HOUR_AGO, TOMORROW = "2026-05-01T13:00:00Z", "2026-05-02T14:00:00Z"
Object = dict[str, Any]


def obj(spec: Object | None = None, status: Object | None = None, *conditions: tuple[str, str, str]) -> Object:
    told = [{"type": type_, "status": holds, "reason": reason} for type_, holds, reason in conditions]
    metadata = {"name": "it", "namespace": "data", "creationTimestamp": MADE}
    return {"metadata": metadata, "spec": spec or {}, "status": {**(status or {}), "conditions": told}}


@pytest.mark.parametrize(
    ("kind", "it", "verdict", "cells"),
    [
        (Kind.DEPLOYMENTS, obj({"replicas": 2}, {"readyReplicas": 1}), Verdict.WARN, ("1/2 ready",)),
        (Kind.DEPLOYMENTS, obj({"replicas": 0, "paused": True}), Verdict.NONE, ("0/0 ready", "paused")),
        (Kind.DAEMONSETS, obj({}, {"desiredNumberScheduled": 1}), Verdict.BAD, ("0/1 ready",)),
        (Kind.REPLICASETS, obj({"replicas": 0}), Verdict.NONE, ("0/0 ready",)),
        (Kind.JOBS, obj({}, {"succeeded": 1}, ("Complete", "True", "")), Verdict.OK, ("1/1 done",)),
        (Kind.JOBS, obj({}, {}, ("Failed", "True", "TooOften")), Verdict.BAD, ("0/1 done", "TooOften")),
        (Kind.JOBS, obj({"completions": 3}), Verdict.NONE, ("0/3 done", "running")),
        (
            Kind.CRONJOBS,
            obj({"schedule": "0 2 * * *", "suspend": True}, {"lastScheduleTime": HOUR_AGO, "active": [{}]}),
            Verdict.NONE,
            ("0 2 * * *", "suspended", Many(1, "job"), When("last", NOW - timedelta(hours=1))),
        ),
        (
            Kind.SERVICES,
            obj({"clusterIP": "10.43.0.1", "ports": [{"port": 80}, {"port": 53, "protocol": "UDP"}]}),
            Verdict.NONE,
            ("ClusterIP", "10.43.0.1", "80/TCP,53/UDP"),
        ),
        (
            Kind.INGRESSES,
            obj({"ingressClassName": "pingora", "rules": [{"host": "a.test"}, {}]}),
            Verdict.NONE,
            ("pingora", "a.test,*"),
        ),
        (Kind.PERSISTENTVOLUMECLAIMS, obj({}, {"phase": "Pending"}), Verdict.WARN, ("Pending",)),
        (Kind.PERSISTENTVOLUMECLAIMS, obj({}, {"phase": "Lost"}), Verdict.BAD, ("Lost",)),
        (Kind.NODES, obj({}, {}, ("Ready", "Unknown", "")), Verdict.BAD, ("silent",)),
        (
            Kind.NODES,
            obj({"unschedulable": True}, {}, ("Ready", "True", ""), ("DiskPressure", "True", "")),
            Verdict.WARN,
            ("Ready", "DiskPressure", "cordoned"),
        ),
        (Kind.NAMESPACES, obj({}, {"phase": "Terminating"}), Verdict.WARN, ("Terminating",)),
        (Kind.CERTIFICATES, obj({"issuerRef": {"name": "le"}}), Verdict.UNKNOWN, ("not known", "le")),
        (
            Kind.CERTIFICATES,
            obj({}, {"notAfter": HOUR_AGO}, ("Ready", "True", "Ready")),
            Verdict.BAD,
            ("Ready", When("expired", NOW - timedelta(hours=1))),
        ),
        (
            Kind.CERTIFICATES,
            obj({}, {"renewalTime": TOMORROW}, ("Ready", "False", "DoesNotExist")),
            Verdict.BAD,
            ("DoesNotExist", When("renews", NOW + timedelta(days=1))),
        ),
        (Kind.CERTIFICATEREQUESTS, obj({}, {}, ("Denied", "True", "")), Verdict.BAD, ("denied",)),
        (Kind.CERTIFICATEREQUESTS, obj({}, {}, ("Ready", "False", "Pending")), Verdict.WARN, ("Pending",)),
        (Kind.ORDERS, obj({}, {"state": "errored"}), Verdict.BAD, ("errored",)),
        (Kind.CHALLENGES, obj({"dnsName": "a.test"}), Verdict.WARN, ("pending", "a.test")),
        (Kind.CLUSTERISSUERS, obj({}, {}, ("Ready", "True", "")), Verdict.OK, ("Ready",)),
        (
            Kind.CLUSTERS,
            obj({"instances": 1}, {"readyInstances": 1, "phase": "Failing over", "currentPrimary": "it-1"}),
            Verdict.WARN,
            ("1/1 ready", "Failing over", "primary it-1"),
        ),
        (Kind.BACKUPS, obj({"cluster": {"name": "pg"}}, {"phase": "failed"}), Verdict.BAD, ("failed", "pg")),
        (Kind.SCHEDULEDBACKUPS, obj({"suspend": True}), Verdict.WARN, ("suspended",)),
        (Kind.OBJECTSTORES, obj({}, {"serverRecoveryWindow": {"pg": {}}}), Verdict.NONE, ("pg",)),
        (
            Kind.VAULTSTATICSECRETS,
            obj({"mount": "secret", "path": "docs"}),
            Verdict.WARN,
            ("not synced", "secret/docs", When("failed", datetime(2026, 4, 1, 14, tzinfo=UTC))),
        ),
    ],
)  # fmt: skip
def test_an_object_says_how_it_is(kind: Kind, it: Object, verdict: Verdict, cells: tuple[object, ...]) -> None:
    row = read_row(kind, it, NOW)

    assert (row.verdict, row.cells) == (verdict, cells)
    assert (row.place, row.created) == ("data/it", datetime(2026, 4, 1, 14, tzinfo=UTC))


def test_of_a_pod_the_state_of_its_containers_counts() -> None:
    waits = {"name": "main", "ready": False, "restartCount": 9, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    proxy = {"name": "linkerd-proxy", "ready": True, "state": {"running": {}}}
    it = obj({"containers": [{"name": "main"}, {"name": "linkerd-proxy"}]}, {"phase": "Running"})
    it["status"]["containerStatuses"] = [waits, proxy]

    row = read_row(Kind.PODS, it, NOW)

    assert (row.verdict, row.cells) == (Verdict.BAD, ("1/2", "CrashLoopBackOff", Many(9, "restart")))


@pytest.mark.parametrize("kind", Kind)
def test_an_object_of_which_nothing_is_known_is_no_green_light(kind: Kind) -> None:
    row = read_row(kind, {"metadata": {"name": "it"}}, NOW)

    assert row.verdict is not Verdict.OK
