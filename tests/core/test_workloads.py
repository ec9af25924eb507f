"""Pods and workloads, read from the states of containers: a table of what goes wrong."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.facts import Verdict
from bot.core.kinds import Kind
from bot.core.pods import Owner, Pod, read_pod
from bot.core.workloads import Workload, read_wish, workloads

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
Object = dict[str, Any]


def ago(**span: float) -> str:
    return (NOW - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def terminated(exit_code: int, reason: str = "Error", **span: float) -> Object:
    return {"terminated": {"exitCode": exit_code, "reason": reason, "finishedAt": ago(**(span or {"minutes": 3}))}}


def pod(name: str = "hydra-5d8-abc", *, ready: bool = False, **status: Any) -> Object:
    """A pod of the Deployment ory/hydra; not ready for 40 s unless told otherwise."""
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": ago(seconds=40)}
    owner = {"kind": "ReplicaSet", "name": "hydra-5d8", "controller": True}
    metadata = {
        "name": name,
        "namespace": "ory",
        "labels": {"pod-template-hash": "5d8"},
        "ownerReferences": [owner],
        "creationTimestamp": ago(days=3),
    }
    return {"metadata": metadata, "status": {"phase": "Running", "conditions": [condition]} | status}


def container(state: Mapping[str, Any], last: Mapping[str, Any] | None = None, restarts: int = 0) -> list[Object]:
    return [{"name": "main", "state": state, "lastState": last or {}, "restartCount": restarts}]


def waiting(reason: str) -> Object:
    return {"waiting": {"reason": reason}}


RUNNING: Object = {"running": {"startedAt": ago(minutes=3)}}


@pytest.mark.parametrize(
    ("status", "reason", "verdict"),
    [
        ({"containerStatuses": container(waiting("CrashLoopBackOff"))}, "CrashLoopBackOff", Verdict.BAD),
        ({"containerStatuses": container(waiting("ImagePullBackOff"))}, "ImagePullBackOff", Verdict.BAD),
        ({"containerStatuses": container(waiting("ErrImagePull"))}, "ErrImagePull", Verdict.BAD),
        ({"containerStatuses": container(terminated(137, "OOMKilled"))}, "OOMKilled", Verdict.BAD),
        ({"initContainerStatuses": container(terminated(1))}, "Error", Verdict.BAD),
        ({"initContainerStatuses": container(waiting("CrashLoopBackOff"))}, "CrashLoopBackOff", Verdict.BAD),
        ({"containerStatuses": container(waiting("ContainerCreating"))}, "ContainerCreating", Verdict.WARN),
        ({"containerStatuses": container(RUNNING)}, "NotReady", Verdict.WARN),
        ({"phase": "Pending", "containerStatuses": []}, "Pending", Verdict.WARN),
        ({"phase": "Failed", "reason": "Evicted"}, "Evicted", Verdict.WARN),
    ],
)
def test_trouble_is_read_from_containers_not_from_the_phase(status: Object, reason: str, verdict: Verdict) -> None:
    trouble = read_pod(pod(**status), NOW).trouble

    assert trouble is not None
    assert (trouble.reason, trouble.verdict) == (reason, verdict)


def test_a_pod_that_fits_nowhere_is_in_trouble_since_then() -> None:
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    conditions = [scheduled | {"lastTransitionTime": ago(minutes=9)}]

    trouble = read_pod(pod(phase="Pending", conditions=conditions), NOW).trouble

    assert trouble is not None
    assert (trouble.reason, trouble.since) == ("Unschedulable", NOW - timedelta(minutes=9))


def test_a_crash_loop_tells_how_the_last_try_ended() -> None:
    statuses = container(waiting("CrashLoopBackOff"), terminated(1), restarts=9)

    found = read_pod(pod(containerStatuses=statuses), NOW)

    assert found.restarts == 9
    assert found.trouble is not None
    assert found.trouble.last is not None
    assert (found.trouble.last.exit_code, found.trouble.last.at) == (1, NOW - timedelta(minutes=3))


@pytest.mark.parametrize(("minutes", "told"), [(3, True), (59, True), (61, False)])
def test_a_restart_is_news_for_an_hour(minutes: int, told: bool) -> None:
    statuses = container(RUNNING, terminated(137, "OOMKilled", minutes=minutes), restarts=1)

    trouble = read_pod(pod(ready=True, containerStatuses=statuses), NOW).trouble

    assert (trouble is not None) is told


def test_a_pod_on_its_way_out_is_no_trouble_until_its_time_is_over() -> None:
    leaving, stuck = pod(), pod()
    leaving["metadata"]["deletionTimestamp"] = (NOW + timedelta(seconds=20)).isoformat()
    stuck["metadata"]["deletionTimestamp"] = ago(minutes=10)

    assert read_pod(leaving, NOW).trouble is None
    trouble = read_pod(stuck, NOW).trouble
    assert trouble is not None
    assert trouble.reason == "Terminating"


def test_a_pod_of_which_nothing_is_known_is_not_fine() -> None:
    found = read_pod({"metadata": {"name": "x", "namespace": "y"}}, NOW)

    assert not found.ready
    assert found.trouble is not None


def owned(kind: str, name: str, **labels: str) -> Object:
    metadata = {"name": "x", "namespace": "data", "labels": labels}
    return {"metadata": metadata | {"ownerReferences": [{"kind": kind, "name": name, "controller": True}]}}


@pytest.mark.parametrize(
    ("obj", "owner"),
    [
        (pod(), Owner("Deployment", "hydra")),
        (owned("ReplicaSet", "bare"), Owner("ReplicaSet", "bare")),
        (owned("StatefulSet", "openbao"), Owner("StatefulSet", "openbao")),
        (owned("DaemonSet", "alloy"), Owner("DaemonSet", "alloy")),
        (owned("Cluster", "postgres"), Owner("Cluster", "postgres")),
        (owned("Job", "mirror-29384710", **{"cnpg.io/cluster": "postgres"}), Owner("Job", "mirror")),
        ({"metadata": {"name": "p-1", "labels": {"cnpg.io/cluster": "postgres"}}}, Owner("Cluster", "postgres")),
        ({"metadata": {"name": "alone"}}, Owner("Pod", "alone")),
    ],
)
def test_a_pod_belongs_to_what_people_restart(obj: Object, owner: Owner) -> None:
    assert read_pod(obj, NOW).owner == owner


def read(*objects: Object) -> list[Pod]:
    return [read_pod(obj, NOW) for obj in objects]


def hydra(replicas: int, *pods: Object) -> Workload | None:
    wish = read_wish(
        Kind.DEPLOYMENTS, {"metadata": {"name": "hydra", "namespace": "ory"}, "spec": {"replicas": replicas}}
    )
    found = workloads(read(*pods), [wish], NOW)
    return found[0] if found else None


def well(name: str = "hydra-5d8-abc") -> Object:
    return pod(name, ready=True, containerStatuses=container(RUNNING))


def starting(name: str = "hydra-5d8-new", **span: float) -> Object:
    fresh = pod(name, containerStatuses=container(RUNNING))
    fresh["status"]["conditions"][0]["lastTransitionTime"] = ago(**(span or {"seconds": 40}))
    return fresh


def crashing(name: str = "hydra-5d8-bad") -> Object:
    return pod(name, containerStatuses=container(waiting("CrashLoopBackOff")))


@pytest.mark.parametrize(
    ("replicas", "pods", "ready", "verdict"),
    [
        (2, [well("a"), well("b")], 2, Verdict.OK),
        (2, [well("a"), starting("b")], 1, Verdict.WARN),
        (2, [well("a")], 1, Verdict.WARN),
        (2, [], 0, Verdict.BAD),
        (1, [starting(seconds=40)], 0, Verdict.WARN),
        (1, [starting(minutes=5)], 0, Verdict.BAD),
        (2, [well("a"), crashing("b")], 1, Verdict.BAD),
        # A rollout's surplus may start, but it may not crash.
        (2, [well("a"), well("b"), starting("c")], 2, Verdict.OK),
        (2, [well("a"), well("b"), crashing("c")], 2, Verdict.BAD),
        # What an eviction left behind is history once the others are there.
        (1, [well("a"), pod("b", phase="Failed", reason="Evicted")], 1, Verdict.OK),
    ],
)
def test_a_workload_is_as_well_as_its_pods_and_its_gaps(
    replicas: int, pods: list[Object], ready: int, verdict: Verdict
) -> None:
    found = hydra(replicas, *pods)

    assert found is not None
    assert (found.ready, found.wanted, found.verdict) == (ready, replicas, verdict)


def test_what_is_scaled_to_nothing_is_not_counted() -> None:
    assert hydra(0) is None


def job(name: str, phase: str, **span: float) -> Object:
    obj = owned("Job", name)
    obj["metadata"] |= {"name": f"{name}-x", "creationTimestamp": ago(**span)}
    return obj | {"status": {"phase": phase}}


def test_a_finished_job_is_no_trouble() -> None:
    assert workloads(read(job("mirror-29384710", "Succeeded", hours=1)), [], NOW) == ()


def test_a_failed_job_that_succeeded_later_is_no_trouble() -> None:
    pods = read(job("mirror-29384710", "Failed", hours=2), job("mirror-29384770", "Succeeded", hours=1))

    assert workloads(pods, [], NOW) == ()


def test_a_job_whose_last_run_failed_is_a_warning() -> None:
    pods = read(job("mirror-29384710", "Succeeded", hours=2), job("mirror-29384770", "Failed", hours=1))

    (found,) = workloads(pods, [], NOW)

    assert (found.owner, found.verdict) == (Owner("Job", "mirror"), Verdict.WARN)
