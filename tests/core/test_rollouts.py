"""When a rollout is done, by kubectl's rules, as tables."""

from datetime import timedelta
from typing import Any

import pytest

from bot.core.kinds import Kind, Object
from bot.core.rollouts import RESTARTED_AT, Obstacle, Progress, Stall, obstacle, patience, progress


def workload(spec: Object, status: Object, generation: int = 2, **metadata: Any) -> Object:
    observed = {"observedGeneration": 2} | status
    return {"metadata": {"name": "x", "generation": generation, **metadata}, "spec": spec, "status": observed}


STUCK = Stall.DEADLINE
OVERDUE = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
DEPLOYMENTS: list[tuple[str, Object, int, Progress]] = [
    ("not seen yet", {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, 3, Progress(0, 2, False)),
    ("none made", {"replicas": 2, "availableReplicas": 2}, 2, Progress(0, 2, False)),
    ("one made", {"replicas": 3, "updatedReplicas": 1, "availableReplicas": 2}, 2, Progress(0, 2, False)),
    ("one serves", {"replicas": 3, "updatedReplicas": 1, "availableReplicas": 3}, 2, Progress(1, 2, False)),
    ("old one leaves", {"replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}, 2, Progress(2, 2, False)),
    ("new one is not ready", {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}, 2, Progress(1, 2, False)),
    ("done", {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, 2, Progress(2, 2, True)),
    (
        "given up",
        {"replicas": 3, "updatedReplicas": 1, "conditions": OVERDUE},
        2,
        Progress(0, 2, False, Stall.DEADLINE),
    ),
]


@pytest.mark.parametrize(
    ("status", "generation", "expected"), [row[1:] for row in DEPLOYMENTS], ids=[r[0] for r in DEPLOYMENTS]
)
def test_a_deployment_is_done_when_kubectl_says_so(status: Object, generation: int, expected: Progress) -> None:
    assert progress(Kind.DEPLOYMENTS, workload({"replicas": 2}, status, generation)) == expected


OLD, NEW = {"currentRevision": "x-1", "updateRevision": "x-2"}, {"currentRevision": "x-2", "updateRevision": "x-2"}
STATEFUL_SETS: list[tuple[str, Object, Object, int, Progress]] = [
    ("not seen yet", {}, NEW | {"readyReplicas": 3, "updatedReplicas": 3}, 3, Progress(0, 3, False)),
    ("one new", {}, OLD | {"readyReplicas": 3, "updatedReplicas": 1}, 2, Progress(1, 3, False)),
    ("one missing", {}, OLD | {"readyReplicas": 2, "updatedReplicas": 3}, 2, Progress(2, 3, False)),
    ("done", {}, NEW | {"readyReplicas": 3, "updatedReplicas": 3}, 2, Progress(3, 3, True)),
    ("counts left out", {}, NEW | {"readyReplicas": 3}, 2, Progress(3, 3, True)),
    ("partition reached", {"partition": 2}, OLD | {"readyReplicas": 3, "updatedReplicas": 1}, 2, Progress(1, 3, True)),
    ("partition ahead", {"partition": 1}, OLD | {"readyReplicas": 3, "updatedReplicas": 1}, 2, Progress(1, 3, False)),
]


@pytest.mark.parametrize(
    ("rolling", "status", "generation", "expected"), [r[1:] for r in STATEFUL_SETS], ids=[r[0] for r in STATEFUL_SETS]
)
def test_a_stateful_set_is_done_when_kubectl_says_so(
    rolling: Object, status: Object, generation: int, expected: Progress
) -> None:
    spec = {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}

    assert progress(Kind.STATEFULSETS, workload(spec, status, generation)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2}, Progress(1, 2, False)),
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}, Progress(1, 2, False)),
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}, Progress(2, 2, True)),
    ],
)
def test_a_daemon_set_is_done_when_every_node_has_its_new_pod(status: Object, expected: Progress) -> None:
    assert progress(Kind.DAEMONSETS, workload({}, status)) == expected


HEALTHY = "Cluster in healthy state"
RENEWED, STALE = ({"metadata": {"annotations": {RESTARTED_AT: at}}} for at in ("now", "then"))


@pytest.mark.parametrize(
    ("phase", "ready", "pods", "expected"),
    [
        (HEALTHY, 2, (STALE, STALE), Progress(0, 2, False)),
        ("Primary instance is being restarted without a switchover", 2, (RENEWED, STALE), Progress(1, 2, False)),
        (HEALTHY, 1, (RENEWED, RENEWED), Progress(1, 2, False)),
        (HEALTHY, 2, (RENEWED, RENEWED), Progress(2, 2, True)),
        ("Waiting for user action", 2, (RENEWED, STALE), Progress(1, 2, False, Stall.WAITS_FOR_A_PERSON)),
        ("Cluster is unrecoverable and needs manual intervention", 0, (), Progress(0, 2, False, Stall.UNRECOVERABLE)),
        # An operator that is down leaves the phase as it was: without its pods nothing is done.
        (HEALTHY, 2, (), Progress(0, 2, False)),
    ],
)
def test_a_database_is_done_when_every_instance_was_restarted_and_serves(
    phase: str, ready: int, pods: tuple[Object, ...], expected: Progress
) -> None:
    cluster = workload({"instances": 2}, {"phase": phase, "readyInstances": ready}, annotations={RESTARTED_AT: "now"})

    assert progress(Kind.CLUSTERS, cluster, pods) == expected


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        (Kind.DEPLOYMENTS, {"replicas": 1}, None),
        (Kind.DEPLOYMENTS, {"replicas": 1, "paused": True}, Obstacle.PAUSED),
        (Kind.DEPLOYMENTS, {"replicas": 0}, Obstacle.SCALED_TO_ZERO),
        (Kind.STATEFULSETS, {"replicas": 1, "updateStrategy": {"type": "OnDelete"}}, Obstacle.ON_DELETE),
        (Kind.DAEMONSETS, {"updateStrategy": {"type": "OnDelete"}}, Obstacle.ON_DELETE),
    ],
)
def test_a_restart_that_would_do_nothing_is_known_before(kind: Kind, spec: Object, expected: Obstacle | None) -> None:
    assert obstacle(kind, workload(spec, {"desiredNumberScheduled": 1})) is expected


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        (Kind.DEPLOYMENTS, {}, timedelta(seconds=660)),
        (Kind.DEPLOYMENTS, {"progressDeadlineSeconds": 1200}, timedelta(seconds=1260)),
        (Kind.DEPLOYMENTS, {"progressDeadlineSeconds": 30}, timedelta(minutes=5)),
        (Kind.STATEFULSETS, {}, timedelta(minutes=10)),
    ],
)
def test_kubernetes_gives_up_before_we_do(kind: Kind, spec: Object, expected: timedelta) -> None:
    assert patience(kind, workload(spec, {})) == expected
