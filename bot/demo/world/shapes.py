"""Workloads as a deployed cluster holds them: the object, its ReplicaSet, its running pods, its Service."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.demo.cluster.controllers import plans, statuses
from bot.demo.cluster.controllers.rollouts import REVISION, controller_revision, replica_set
from bot.demo.cluster.pods import NODE, pod, ready, template_hash
from bot.demo.cluster.store import Object, stamp

AGE = timedelta(days=40)
MESHED = ("data", "ory", "lasuite", "ingress")
"""Namespaces whose pods get a proxy unless they say that they want none."""
"""How long everything has been there."""
UPTIME = timedelta(days=9)
"""How long the pods have run."""
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Row:
    """One workload of the world, as one line of a table."""

    namespace: str
    name: str
    image: str
    port: int = 0
    kind: str = "Deployment"
    category: str = ""
    """`sunbeam.pt/category`; '' for what is no service of the house."""
    service: str = ""
    """`sunbeam.pt/service` where it is not the workload's name."""
    app: str = ""
    """The name in the pods' label, where it is not the workload's."""
    helm: bool = False
    """Pods carry `app.kubernetes.io/name` (charts) instead of `app` (house manifests)."""
    container: str = ""
    replicas: int = 1
    meshed: bool = False
    recreate: bool = False
    """Deployment strategy Recreate: the volume can be mounted once."""
    health: str = ""
    """`sunbeam.pt/health-check`: pod-ready, cnpg, seal-status or a path."""
    volume: str = ""
    """The claim it mounts at /data."""
    init: str = ""
    """The name of an init container."""
    labels: dict[str, str] = field(default_factory=dict)


def workload(row: Row, now: datetime) -> list[Object]:
    """Return a workload at rest with everything below it: as `kubectl get` would find it."""
    made = _primary(row, now)
    pods = _pods(row, made, now)
    return [made, *pods, *([_service(row, now)] if row.port else [])]


def new(api_version: str, kind: str, name: str, namespace: str, now: datetime) -> Object:
    """Return the beginning of an object: names, a stable uid, its birthday."""
    metadata: Object = {"name": name, "uid": uid(kind, namespace, name), "creationTimestamp": stamp(now - AGE)}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def uid(kind: str, namespace: str, name: str) -> str:
    """Return the uid an object of the world always has."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{namespace}/{name}"))


def condition(type_: str, status: str, reason: str, message: str, at: datetime) -> Object:
    """Return a status condition."""
    told = {"type": type_, "status": status, "reason": reason, "message": message}
    return told | {"lastTransitionTime": stamp(at)}


def _primary(row: Row, now: datetime) -> Object:
    made = new("apps/v1", row.kind, row.name, row.namespace, now)
    made["metadata"] |= {"generation": 1, "labels": _labels(row), "annotations": _annotations(row)}
    spec: Object = {"selector": {"matchLabels": _pod_labels(row)}, "template": _template(row)}
    if row.kind == "Deployment":
        spec |= {"replicas": row.replicas, "strategy": _strategy(row), "progressDeadlineSeconds": 600}
        made["metadata"]["annotations"][REVISION] = "1"
    elif row.kind == "StatefulSet":
        spec |= {"replicas": row.replicas, "serviceName": row.name, "updateStrategy": {"type": "RollingUpdate"}}
    else:
        spec |= {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}}
    return made | {"spec": spec}


def _strategy(row: Row) -> Object:
    if row.recreate:
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}


def _labels(row: Row) -> dict[str, str]:
    house = {"sunbeam.pt/service": row.service or row.name, "sunbeam.pt/category": row.category}
    return _pod_labels(row) | (house if row.category else {})


def _annotations(row: Row) -> dict[str, str]:
    if not row.category:
        return {}
    name = (row.service or row.name).replace("-", " ").title()
    return {"sunbeam.pt/display-name": name} | ({"sunbeam.pt/health-check": row.health} if row.health else {})


def _pod_labels(row: Row) -> dict[str, str]:
    name = row.app or row.name
    if not row.helm:
        return {"app": name} | row.labels
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": row.name} | row.labels


def _template(row: Row) -> Object:
    metadata: Object = {"labels": _pod_labels(row)}
    if row.meshed or row.namespace in MESHED:
        metadata["annotations"] = {"linkerd.io/inject": "enabled" if row.meshed else "disabled"}
    spec: Object = {"containers": [_container(row)]}
    if row.volume:
        spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": row.volume}}]
    if row.init:
        spec["initContainers"] = [{"name": row.init, "image": "docker.io/library/busybox:1.37"}]
    return {"metadata": metadata, "spec": spec}


def _container(row: Row) -> Object:
    made: dict[str, Any] = {
        "name": row.container or row.name,
        "image": row.image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
    }
    if row.port:
        made["ports"] = [{"name": "main", "containerPort": row.port, "protocol": "TCP"}]
        made["readinessProbe"] = {"tcpSocket": {"port": row.port}, "periodSeconds": 10, "failureThreshold": 3}
    if row.volume:
        made["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    return made


def _pods(row: Row, made: Object, now: datetime) -> list[Object]:
    """Return a workload's pods (and their ReplicaSet), and write what it reports of them into it."""
    revision = template_hash(made["spec"]["template"])
    born = now - UPTIME
    labels = {plans.REVISION_LABEL[row.kind]: revision}
    owner, between = made, []
    if row.kind == "Deployment":
        owner = replica_set(made, revision)
        owner["metadata"] |= {"uid": uid("ReplicaSet", row.namespace, owner["metadata"]["name"]), "generation": 1}
        owner["metadata"] |= {"creationTimestamp": stamp(born), "annotations": {REVISION: "1"}}
        between = [owner]
    else:
        written = controller_revision(made, revision, 1)
        written["metadata"] |= {"uid": uid("ControllerRevision", row.namespace, written["metadata"]["name"])}
        between = [written]
    names = _names(row, owner)
    pods = [ready(pod(made["spec"]["template"], owner, name, born, labels), born) for name in names]
    sides = plans.sides(made, pods, revision)
    if row.kind == "Deployment":
        made["status"] = statuses.deployment(made, sides, revision, born)
        owner["spec"]["replicas"] = len(pods)
        owner["status"] = statuses.replica_set(owner, pods, len(pods))
    elif row.kind == "StatefulSet":
        made["status"] = statuses.stateful_set(made, sides, revision)
    else:
        made["status"] = statuses.daemon_set(made, sides, 1)
    return [*between, *pods]


def _names(row: Row, owner: Object) -> list[str]:
    if row.kind == "StatefulSet":
        return [f"{row.name}-{ordinal}" for ordinal in range(row.replicas)]
    ends = (_ending(f"{row.namespace}/{row.name}/{ordinal}") for ordinal in range(row.replicas))
    return [f"{owner['metadata']['name']}-{end}" for end in ends]


def _ending(of: str) -> str:
    # Stable, so that the world is the same every time: demos and transcripts quote pod names.
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in uuid.uuid5(uuid.NAMESPACE_URL, of).bytes[:5])


def _service(row: Row, now: datetime) -> Object:
    made = new("v1", "Service", row.name, row.namespace, now)
    made["metadata"]["labels"] = _labels(row)
    port = {"name": "main", "port": row.port, "protocol": "TCP", "targetPort": "main"}
    return made | {"spec": {"type": "ClusterIP", "selector": _pod_labels(row), "ports": [port]}, "status": {}}


def node(now: datetime) -> Object:
    """Return the one machine of the house."""
    made = new("v1", "Node", NODE, "", now)
    made["metadata"]["labels"] = {"kubernetes.io/hostname": NODE, "node-role.kubernetes.io/control-plane": "true"}
    room = {"cpu": "32", "memory": "131072000Ki", "pods": "250", "ephemeral-storage": "1800000000Ki"}
    healthy = condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", now - AGE)
    info = dict.fromkeys(("machineID", "systemUUID", "bootID"), uid("Node", "", NODE))
    info |= {"kernelVersion": "6.12.0", "osImage": "Debian GNU/Linux 13", "operatingSystem": "linux"}
    info |= {"containerRuntimeVersion": "containerd://2.2.1", "kubeletVersion": "v1.36.2+k3s1"}
    info |= {"kubeProxyVersion": "", "architecture": "amd64"}
    status: Object = {"capacity": room, "allocatable": room, "nodeInfo": info}
    status |= {"conditions": [healthy | {"lastHeartbeatTime": stamp(now)}]}
    return made | {"spec": {"podCIDR": "10.42.0.0/24"}, "status": status}


def namespace(name: str, now: datetime, *, meshed: bool = False) -> Object:
    """Return a namespace; a meshed one asks Linkerd for proxies."""
    made = new("v1", "Namespace", name, "", now)
    made["metadata"]["labels"] = {"kubernetes.io/metadata.name": name}
    if meshed:
        made["metadata"]["annotations"] = {"linkerd.io/inject": "enabled"}
    return made | {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}


def claim(name: str, ns: str, size: str, now: datetime) -> Object:
    """Return a bound PersistentVolumeClaim of Longhorn."""
    made = new("v1", "PersistentVolumeClaim", name, ns, now)
    room = {"requests": {"storage": size}}
    spec: Object = {"accessModes": ["ReadWriteOnce"], "resources": room, "storageClassName": "longhorn"}
    spec |= {"volumeName": f"pvc-{made['metadata']['uid']}", "volumeMode": "Filesystem"}
    status = {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}}
    return made | {"spec": spec, "status": status}
