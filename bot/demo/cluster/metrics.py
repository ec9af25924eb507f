"""What pods and nodes use, as the metrics server tells it: always the same of a pod, so that answers can be quoted."""

import hashlib
from datetime import datetime

from aiohttp import web

from bot.demo.cluster.answers import listing
from bot.demo.cluster.kinds import Kind
from bot.demo.cluster.lists import tests_of
from bot.demo.cluster.pods import PROXY, is_ready
from bot.demo.cluster.store import Object, Store, stamp

_MOST_MILLICORES, _MOST_MEBIBYTES = 120, 400
_OF_THE_SYSTEM = {"cpu": 400_000_000, "memory": 6 * 1024 * 1024}
"""What a node uses beside its pods, in nanocores and KiB."""


def measured(store: Store, request: web.Request, kind: Kind, namespace: str) -> Object:
    """Return the list of what is used now; a pod that does not run uses nothing and is left out."""
    now = store.clock()
    pods = [pod for pod in store.list("pods", namespace) if is_ready(pod)]
    if kind.plural == "pods":
        made = [_pod(kind, pod, now) for pod in pods]
    else:
        made = [_node(kind, node, pods, now) for node in store.list("nodes")]
    wanted = [obj for obj in made if all(test(obj) for test in tests_of(request, kind))]
    return listing(kind, wanted, {})


def _pod(kind: Kind, pod: Object, now: datetime) -> Object:
    containers = [
        {"name": each["name"], "usage": _written(_usage(pod, each["name"]))} for each in pod["spec"]["containers"]
    ]
    return _measurement(kind, pod, now) | {"containers": containers}


def _node(kind: Kind, node: Object, pods: list[Object], now: datetime) -> Object:
    total = dict(_OF_THE_SYSTEM)
    for pod in pods:
        for each in pod["spec"]["containers"]:
            for resource, amount in _usage(pod, each["name"]).items():
                total[resource] += amount
    return _measurement(kind, node, now) | {"usage": _written(total)}


def _measurement(kind: Kind, of: Object, now: datetime) -> Object:
    kept = {key: of["metadata"][key] for key in ("name", "namespace", "labels") if key in of["metadata"]}
    metadata = kept | {"creationTimestamp": stamp(now)}
    told = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
    return told | {"timestamp": stamp(now), "window": "15s"}


def _usage(pod: Object, container: str) -> dict[str, int]:
    """Return nanocores and KiB."""
    # By its owner's kind of name, so that a new pod uses what the old one did.
    digest = hashlib.sha256(f"{pod['metadata'].get('labels')}{container}".encode()).digest()
    share = 10 if container == PROXY else 1
    cpu = (1 + digest[0] * _MOST_MILLICORES // 256) * 1_000_000 // share
    return {"cpu": cpu, "memory": (8 + digest[1] * _MOST_MEBIBYTES // 256) * 1024 // share}


def _written(usage: dict[str, int]) -> dict[str, str]:
    return {"cpu": f"{usage['cpu']}n", "memory": f"{usage['memory']}Ki"}
