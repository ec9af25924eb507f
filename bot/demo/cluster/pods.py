"""Pods as a kubelet reports them: made from a template, starting, ready."""

import copy
import hashlib
import json
import uuid
from datetime import datetime
from typing import Any

from bot.demo.cluster.refusals import bad_request
from bot.demo.cluster.store import Object, stamp

NODE = "sunbeam-1"
PROXY = "linkerd-proxy"

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SANDBOX_IP = "10.42.{}.{}"


def template_hash(template: Object) -> str:
    """Return the short name of a pod template, equal for equal templates."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:10])


def owned_by(owner: Object) -> list[Object]:
    """Return the ownerReferences of what `owner` controls."""
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
    return [reference | {"uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}]


def owner_uid(obj: Object) -> str:
    """Return the uid of the controller of an object, '' when it has none."""
    references = obj["metadata"].get("ownerReferences") or []
    return next((str(reference["uid"]) for reference in references if reference.get("controller")), "")


def pod(
    template: Object, owner: Object, name: str, now: datetime, labels: dict[str, str], *, node: str = NODE
) -> Object:
    """Return a pod of a template that has just been scheduled."""
    metadata = copy.deepcopy(template.get("metadata", {}))
    metadata |= {
        "name": name,
        "namespace": owner["metadata"]["namespace"],
        "uid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name}{now.isoformat()}")),
        "creationTimestamp": stamp(now),
        "labels": {**metadata.get("labels", {}), **labels},
        "ownerReferences": owned_by(owner),
    }
    spec = {"nodeName": node, "restartPolicy": "Always", "serviceAccountName": "default"}
    spec |= {"terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst"} | copy.deepcopy(template["spec"])
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    if metadata.get("annotations", {}).get("linkerd.io/inject") == "enabled":
        _inject(made)
    return starting(made, now)


def main_container(obj: Object) -> Object:
    """Return the container a pod is about: the first that is not the mesh's proxy."""
    return next(container for container in obj["spec"]["containers"] if container["name"] != PROXY)


def _inject(obj: Object) -> None:
    """Do what Linkerd's injector does: the proxy comes first, so that the application waits for it."""
    name = obj["spec"]["containers"][0]["name"]
    obj["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = name
    proxy = {"name": PROXY, "image": "cr.l5d.io/linkerd/proxy:edge-26.8.3", "ports": [{"containerPort": 4143}]}
    init = {"name": "linkerd-init", "image": "cr.l5d.io/linkerd/proxy-init:v2.4.3"}
    obj["spec"]["containers"].insert(0, proxy)
    obj["spec"]["initContainers"] = [init, *obj["spec"].get("initContainers", [])]


def starting(obj: Object, now: datetime) -> Object:
    """Set the state of a pod whose containers are being created; return the pod."""
    statuses = [_status(container, obj) for container in obj["spec"]["containers"]]
    for status in statuses:
        status |= {"state": {"waiting": {"reason": "ContainerCreating"}}}
    return report(obj, now, "Pending", statuses)


def ready(obj: Object, now: datetime) -> Object:
    """Set the state of a pod that runs and is ready since `now`; return the pod."""
    statuses = [_status(container, obj) | _running(obj, now) for container in obj["spec"]["containers"]]
    return report(obj, now, "Running", statuses)


def is_ready(obj: Object) -> bool:
    """Say whether the pod's Ready condition holds."""
    conditions = obj.get("status", {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def is_starting(obj: Object) -> bool:
    """Say whether the pod's containers are still being created, with nothing wrong."""
    statuses = obj.get("status", {}).get("containerStatuses", [])
    return any(status["state"].get("waiting", {}).get("reason") == "ContainerCreating" for status in statuses)


def container_of(obj: Object, asked: str, *, inits: bool = False) -> str:
    """Return the container a request means: the one it names, or the only one; raise Refusal 400."""
    names = [container["name"] for container in obj["spec"]["containers"]]
    init_names = [container["name"] for container in obj["spec"].get("initContainers", [])] if inits else []
    name = obj["metadata"]["name"]
    if not asked and len(names) > 1:
        choice = f"choose one of: [{' '.join(names)}]"
        choice += f" or one of the init containers: [{' '.join(init_names)}]" if init_names else ""
        raise bad_request(f"a container name must be specified for pod {name}, {choice}")
    if asked and asked not in names + init_names:
        raise bad_request(f"container {asked} is not valid for pod {name}")
    return asked or names[0]


def all_running(obj: Object, now: datetime) -> list[Object]:
    """Return the container statuses of a pod in which everything has run since the pod's start."""
    since = datetime.fromisoformat(obj["status"].get("startTime", stamp(now)))
    return [_status(container, obj) | _running(obj, since) for container in obj["spec"]["containers"]]


def _status(container: Object, obj: Object) -> Object:
    image = container.get("image", "scratch")
    digest = hashlib.sha256(image.encode()).hexdigest()
    old = {status["name"]: status for status in obj.get("status", {}).get("containerStatuses", [])}
    return {
        "name": container["name"],
        "image": image,
        "imageID": f"{image.partition(':')[0]}@sha256:{digest}",
        "ready": False,
        "started": False,
        "restartCount": old.get(container["name"], {}).get("restartCount", 0),
        "lastState": {},
    }


def _running(obj: Object, since: datetime) -> Object:
    identity = hashlib.sha256(f"{obj['metadata']['uid']}{since.isoformat()}".encode()).hexdigest()
    state = {"running": {"startedAt": stamp(since)}}
    return {"ready": True, "started": True, "containerID": f"containerd://{identity}", "state": state}


def report(obj: Object, now: datetime, phase: str, containers: list[Object]) -> Object:
    """Set the pod's status from the statuses of its containers; return the pod."""
    started = obj.get("status", {}).get("startTime") or obj["metadata"]["creationTimestamp"]
    obj["status"] = {
        "phase": phase,
        "qosClass": "Burstable",
        "hostIP": "10.0.0.1",
        "startTime": started,
        "conditions": _conditions(now, containers),
        "containerStatuses": containers,
    }
    if phase == "Running":
        obj["status"] |= {"podIP": _address(obj), "podIPs": [{"ip": _address(obj)}]}
    if obj["spec"].get("initContainers"):
        obj["status"]["initContainerStatuses"] = [_finished(init, obj) for init in obj["spec"]["initContainers"]]
    return obj


def _conditions(now: datetime, containers: list[Object]) -> list[Object]:
    unready = [status["name"] for status in containers if not status["ready"]]
    held = {"status": "True", "lastTransitionTime": stamp(now)}
    told: dict[str, Any] = dict(held)
    if unready:
        words = f"containers with unready status: [{' '.join(unready)}]"
        told |= {"status": "False", "reason": "ContainersNotReady", "message": words}
    return [
        {"type": "PodReadyToStartContainers", **held},
        {"type": "Initialized", **held},
        {"type": "Ready", **told},
        {"type": "ContainersReady", **told},
        {"type": "PodScheduled", **held},
    ]


def _finished(init: Object, obj: Object) -> Object:
    started = obj["metadata"]["creationTimestamp"]
    identity = f"containerd://{hashlib.sha256(init['name'].encode()).hexdigest()}"
    done = {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": started, "containerID": identity}
    return _status(init, obj) | {"ready": True, "containerID": identity, "state": {"terminated": done}}


def _address(obj: Object) -> str:
    digest = hashlib.sha256(obj["metadata"]["uid"].encode()).digest()
    return _SANDBOX_IP.format(digest[0] % 4, digest[1])
