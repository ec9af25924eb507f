"""Pods in trouble, with the state and the events a kubelet would report."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.demo.cluster.pods import all_running, main_container, report, starting
from bot.demo.cluster.store import Object, stamp, suffix

TROUBLE = "demo.sunbeam.pt/trouble"
"""Annotation of a workload: the trouble (a key of `TROUBLES`) that every new pod of it gets into."""


def crash_loop(obj: Object, now: datetime, *, restarts: int = 9, exit_code: int = 1) -> Object:
    """Set the state of a pod whose container dies again and again, last a minute before `now`."""
    statuses, sick = _all_but_one_well(obj, now)
    died = _died(sick, now - timedelta(seconds=60), exit_code)
    sick |= {"ready": False, "started": False, "restartCount": restarts, "lastState": {"terminated": died}}
    message = f"back-off 5m0s restarting failed container={sick['name']} pod={_where(obj)}"
    sick["state"] = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    return report(obj, now, "Running", statuses)


def image_pull(obj: Object, now: datetime) -> Object:
    """Set the state of a pod whose image cannot be pulled."""
    statuses, sick = _all_but_one_well(obj, now)
    sick |= {"ready": False, "started": False, "imageID": ""}
    message = f'Back-off pulling image "{sick["image"]}"'
    sick["state"] = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    return report(obj, now, "Pending", statuses)


def not_ready(obj: Object, now: datetime) -> Object:
    """Set the state of a pod that runs, but does not pass its readiness probe."""
    statuses, sick = _all_but_one_well(obj, now)
    sick["ready"] = False
    return report(obj, now, "Running", statuses)


TROUBLES: dict[str, Callable[[Object, datetime], Object]] = {
    "crash-loop": crash_loop,
    "image-pull": image_pull,
    "not-ready": not_ready,
    "starting": starting,
}


def _all_but_one_well(obj: Object, now: datetime) -> tuple[list[Object], Object]:
    statuses = all_running(obj, now)
    name = main_container(obj)["name"]
    return statuses, next(status for status in statuses if status["name"] == name)


def event(about: Object, reason: str, message: str, now: datetime, *, normal: bool = False, count: int = 1) -> Object:
    """Return an Event about an object, last seen at `now`."""
    metadata = about["metadata"]
    involved = {"apiVersion": about["apiVersion"], "kind": about["kind"], "name": metadata["name"]}
    involved |= {key: metadata[key] for key in ("namespace", "uid", "resourceVersion") if key in metadata}
    first = now - timedelta(seconds=30 * (count - 1))
    name = f"{metadata['name']}.{suffix(16)}"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": name,
            "namespace": metadata.get("namespace", "default"),
            "creationTimestamp": stamp(first),
        },
        "involvedObject": involved,
        "type": "Normal" if normal else "Warning",
        "reason": reason,
        "message": message,
        "count": count,
        "firstTimestamp": stamp(first),
        "lastTimestamp": stamp(now),
        "source": {"component": "kubelet", "host": about.get("spec", {}).get("nodeName", "")},
        "reportingComponent": "kubelet",
        "reportingInstance": about.get("spec", {}).get("nodeName", ""),
    }


def events(pod: Object, trouble: str, now: datetime) -> list[Object]:
    """Return the Events that go with a trouble of a pod."""
    container = main_container(pod)
    image = container.get("image", "")
    told = {
        "crash-loop": [("BackOff", f"Back-off restarting failed container {container['name']} in pod {_where(pod)}")],
        "image-pull": [
            ("Failed", f'Failed to pull image "{image}": failed to authorize: unexpected status: 401 Unauthorized'),
            ("BackOff", f'Back-off pulling image "{image}"'),
        ],
        "not-ready": [("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")],
    }
    return [event(pod, reason, message, now, count=9) for reason, message in told.get(trouble, [])]


def _where(pod: Object) -> str:
    metadata = pod["metadata"]
    return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"


def _died(status: Object, at: datetime, exit_code: int) -> Object:
    return {
        "containerID": status["containerID"],
        "exitCode": exit_code,
        "reason": "OOMKilled" if exit_code == 137 else "Error",  # noqa: PLR2004 - 128 + SIGKILL
        "startedAt": stamp(at - timedelta(seconds=4)),
        "finishedAt": stamp(at),
    }
