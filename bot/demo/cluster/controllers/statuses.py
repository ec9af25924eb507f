"""What a workload reports about itself while it rolls: pure, from its pods and what it reported before."""

from datetime import datetime, timedelta

from bot.demo.cluster.controllers.plans import Sides, replicas
from bot.demo.cluster.store import Object, stamp

_DEADLINE_SECONDS = 600
_COUNTS = ("updatedReplicas", "readyReplicas", "replicas")


def deployment(workload: Object, pods: Sides, revision: str, now: datetime) -> Object:
    """Return a Deployment's status, conditions Available and Progressing included."""
    wished, ready = replicas(workload), pods.ready
    counts = {"replicas": len(pods), "updatedReplicas": len(pods.new)}
    counts |= {"readyReplicas": ready, "availableReplicas": ready, "unavailableReplicas": max(0, wished - ready)}
    status = {"observedGeneration": workload["metadata"]["generation"]} | _present(counts)
    available = {"status": "False", "reason": "MinimumReplicasUnavailable"}
    available["message"] = "Deployment does not have minimum availability."
    # One pod may be missing for each four wished (maxUnavailable 25 %, rounded down).
    if ready >= wished - wished // 4:
        available = {"status": "True", "reason": "MinimumReplicasAvailable"}
        available["message"] = "Deployment has minimum availability."
    old = workload.get("status", {})
    progressing = _progress(workload, pods, status, f"{workload['metadata']['name']}-{revision}", now)
    status["conditions"] = [
        _condition(old, "Available", available, now),
        _condition(old, "Progressing", progressing, now, moved=_moved(old, status)),
    ]
    return status


def deployment_done(workload: Object, pods: Sides) -> bool:
    """Say whether a Deployment is where it should be."""
    return not pods.old and pods.new_ready == len(pods.new) == replicas(workload)


def given_up(status: Object) -> bool:
    """Say whether a Deployment's progress deadline has passed."""
    return any(row.get("reason") == "ProgressDeadlineExceeded" for row in status.get("conditions", []))


def resting(status: Object) -> bool:
    """Say whether a Deployment has once arrived: pods that fail later are no rollout."""
    return any(row.get("reason") == "NewReplicaSetAvailable" for row in status.get("conditions", []))


def stateful_set(workload: Object, pods: Sides, revision: str) -> Object:
    """Return a StatefulSet's status."""
    name = workload["metadata"]["name"]
    update = f"{name}-{revision}"
    counts = {"readyReplicas": pods.ready, "availableReplicas": pods.ready, "updatedReplicas": len(pods.new)}
    done = not pods.old and pods.new_ready == replicas(workload)
    current = update if done else workload.get("status", {}).get("currentRevision", update)
    status = {"observedGeneration": workload["metadata"]["generation"], "replicas": len(pods)} | _present(counts)
    status |= _present({"currentReplicas": len(pods.new) if done else len(pods.old)})
    return status | {"currentRevision": current, "updateRevision": update, "collisionCount": 0}


def daemon_set(workload: Object, pods: Sides, nodes: int) -> Object:
    """Return a DaemonSet's status."""
    numbers = {"updatedNumberScheduled": len(pods.new), "numberAvailable": pods.ready}
    numbers["numberUnavailable"] = nodes - pods.ready
    return {
        "observedGeneration": workload["metadata"]["generation"],
        "currentNumberScheduled": len(pods),
        "desiredNumberScheduled": nodes,
        "numberMisscheduled": 0,
        "numberReady": pods.ready,
    } | _present(numbers)


def replica_set(owned: Object, pods: list[Object], ready: int) -> Object:
    """Return a ReplicaSet's status."""
    counts = {"fullyLabeledReplicas": len(pods), "readyReplicas": ready, "availableReplicas": ready}
    return {"observedGeneration": owned["metadata"]["generation"], "replicas": len(pods)} | _present(counts)


def _present(counts: dict[str, int]) -> dict[str, int]:
    # The API leaves zero counts out, which is what breaks clients that index them.
    return {name: count for name, count in counts.items() if count}


def _progress(workload: Object, pods: Sides, status: Object, owned: str, now: datetime) -> Object:
    old = workload.get("status", {})
    same = old.get("observedGeneration") == status["observedGeneration"]
    if deployment_done(workload, pods) or (same and resting(old) and not pods.old):
        message = f'ReplicaSet "{owned}" has successfully progressed.'
        return {"status": "True", "reason": "NewReplicaSetAvailable", "message": message}
    if same and not _moved(old, status) and (given_up(old) or _overdue(workload, now)):
        message = f'ReplicaSet "{owned}" has timed out progressing.'
        return {"status": "False", "reason": "ProgressDeadlineExceeded", "message": message}
    return {"status": "True", "reason": "ReplicaSetUpdated", "message": f'ReplicaSet "{owned}" is progressing.'}


def _overdue(workload: Object, now: datetime) -> bool:
    for row in workload.get("status", {}).get("conditions", []):
        if row["type"] == "Progressing":
            deadline = timedelta(seconds=workload["spec"].get("progressDeadlineSeconds", _DEADLINE_SECONDS))
            return now - datetime.fromisoformat(row["lastUpdateTime"]) >= deadline
    return False


def _moved(old: Object, new: Object) -> bool:
    return any(old.get(name) != new.get(name) for name in _COUNTS)


def _condition(status: Object, type_: str, told: Object, now: datetime, *, moved: bool = False) -> Object:
    old: Object = next((row for row in status.get("conditions", []) if row["type"] == type_), {})
    turned = old.get("lastTransitionTime") if old.get("status") == told["status"] else None
    kept = old.get("lastUpdateTime") if old.get("reason") == told["reason"] and not moved else None
    return {
        "type": type_,
        **told,
        "lastUpdateTime": kept or stamp(now),
        "lastTransitionTime": turned or stamp(now),
    }
