"""What is told of one object: its line, the few facts that matter, and how its conditions are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.kinds import Kind, Object
from bot.core.moments import moment
from bot.core.pods import read_pod
from bot.core.rows import Cell, Row, When, read_row
from bot.core.scrub import scrub


@dataclass(frozen=True, slots=True)
class Condition:
    """How one aspect of an object is; words are foreign text."""

    type: str
    holds: bool | None
    """None: it is not known."""
    well: bool
    reason: str
    message: str
    """Without secrets."""
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Portrait:
    """One object."""

    kind: Kind
    row: Row
    facts: tuple[tuple[str, Cell], ...]
    """What it is called, and what it is; foreign text, without secrets."""
    conditions: tuple[Condition, ...]


def read_portrait(kind: Kind, obj: Object, now: datetime) -> Portrait:
    """Read an object of a kind; never its annotations or environment, which may hold anything."""
    facts = tuple(_pod(obj, now)) if kind is Kind.PODS else tuple(_facts(kind, obj))
    return Portrait(kind, read_row(kind, obj, now), facts, tuple(_conditions(obj)))


_IMAGES = ("image", "spec.template.spec.containers.*.image")
_WORKLOAD = (_IMAGES, ("claims", "spec.template.spec.volumes.*.persistentVolumeClaim.claimName"))
_ISSUER = ("issuer", "spec.issuerRef.name")
_SYNC = (
    ("into", "spec.destination.name"),
    ("every", "spec.refreshAfter"),
    ("restarts", "spec.rolloutRestartTargets.*.name"),
    ("auth", "spec.vaultAuthRef"),
)
_FACTS: Mapping[Kind, tuple[tuple[str, str], ...]] = {
    Kind.DEPLOYMENTS: (*_WORKLOAD, ("strategy", "spec.strategy.type"), ("updated", "status.updatedReplicas")),
    Kind.STATEFULSETS: (*_WORKLOAD, ("strategy", "spec.updateStrategy.type"), ("updated", "status.updatedReplicas")),
    Kind.DAEMONSETS: (*_WORKLOAD, ("strategy", "spec.updateStrategy.type")),
    Kind.REPLICASETS: (_IMAGES, ("of", "metadata.ownerReferences.*.name")),
    Kind.JOBS: (
        _IMAGES,
        ("started", "status.startTime"),
        ("ended", "status.completionTime"),
        ("failed", "status.failed"),
    ),
    Kind.CRONJOBS: (
        ("image", "spec.jobTemplate.spec.template.spec.containers.*.image"),
        ("last success", "status.lastSuccessfulTime"),
        ("when late", "spec.concurrencyPolicy"),
    ),
    Kind.SERVICES: (("port", "spec.ports.*.name"), ("address", "status.loadBalancer.ingress.*.ip")),
    Kind.INGRESSES: (
        ("to", "spec.rules.*.http.paths.*.backend.service.name"),
        ("path", "spec.rules.*.http.paths.*.path"),
        ("TLS from", "spec.tls.*.secretName"),
    ),
    Kind.PERSISTENTVOLUMECLAIMS: (("volume", "spec.volumeName"), ("mode", "spec.accessModes.*")),
    Kind.NODES: (
        ("address", "status.addresses.*.address"),
        ("CPUs", "status.capacity.cpu"),
        ("memory", "status.capacity.memory"),
        ("pods at most", "status.capacity.pods"),
        ("system", "status.nodeInfo.osImage"),
        ("kernel", "status.nodeInfo.kernelVersion"),
        ("taint", "spec.taints.*.key"),
    ),
    Kind.CERTIFICATES: (
        ("for", "spec.dnsNames.*"),
        ("secret", "spec.secretName"),
        ("failed attempts", "status.failedIssuanceAttempts"),
        ("last failed", "status.lastFailureTime"),
    ),
    Kind.CERTIFICATEREQUESTS: (_ISSUER, ("failed", "status.failureTime")),
    Kind.ORDERS: (("for", "spec.dnsNames.*"), _ISSUER, ("reason", "status.reason"), ("failed", "status.failureTime")),
    Kind.CHALLENGES: (("way", "spec.type"), _ISSUER, ("reason", "status.reason"), ("presented", "status.presented")),
    Kind.ISSUERS: (("server", "spec.acme.server"),),
    Kind.CLUSTERISSUERS: (("server", "spec.acme.server"),),
    Kind.CLUSTERS: (
        ("why", "status.phaseReason"),
        ("image", "spec.imageName"),
        ("to be primary", "status.targetPrimary"),
        ("storage", "spec.storage.size"),
        ("updates", "spec.primaryUpdateStrategy"),
        ("instance", "status.instanceNames.*"),
    ),
    Kind.BACKUPS: (
        ("error", "status.error"),
        ("method", "spec.method"),
        ("from", "status.instanceID.podName"),
        ("started", "status.startedAt"),
        ("id", "status.backupId"),
    ),
    Kind.SCHEDULEDBACKUPS: (("of", "spec.cluster.name"), ("method", "spec.method")),
    Kind.OBJECTSTORES: (
        ("to", "spec.configuration.destinationPath"),
        ("at", "spec.configuration.endpointURL"),
        ("kept for", "spec.retentionPolicy"),
    ),
    Kind.VAULTSTATICSECRETS: _SYNC,
    Kind.VAULTDYNAMICSECRETS: (*_SYNC, ("lease in seconds", "status.secretLease.duration")),
}
"""What is told of a kind, and where it stands; `*` is every entry of a list."""

# Conditions that are well when they do not hold.
_BAD_NEWS = frozenset(
    {"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "ReplicaFailure", "Failed", "FailureTarget"}
    | {"DisruptionTarget", "InvalidRequest", "Denied"}
)
# And those that say only what is going on.
_NO_NEWS = frozenset({"Issuing", "Suspended", "Complete", "SuccessCriteriaMet"})


def _facts(kind: Kind, obj: Object) -> Iterator[tuple[str, Cell]]:
    for name, path in _FACTS.get(kind, ()):
        values = tuple(dict.fromkeys(_at(obj, path.split("."))))
        if len(values) == 1 and (at := moment(values[0])):
            yield name, When("", at)
        elif values:
            yield name, scrub(", ".join(values))


def _at(value: Any, path: list[str]) -> Iterator[str]:
    """Yield what stands at a path, as text."""
    if not path:
        if value not in (None, "", [], {}):
            yield str(value)
    elif path[0] == "*":
        for each in value if isinstance(value, list) else ():
            yield from _at(each, path[1:])
    elif isinstance(value, dict):
        yield from _at(value.get(path[0]), path[1:])


def _pod(obj: Object, now: datetime) -> Iterator[tuple[str, Cell]]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    owner = read_pod(obj, now).owner
    if owner.kind != "Pod":
        yield "of", f"{owner.kind} {owner.name}"
    yield from (
        (name, str(value)) for name, value in (("node", spec.get("nodeName")), ("IP", status.get("podIP"))) if value
    )
    images = {each.get("name"): each.get("image", "") for each in spec.get("containers") or ()}
    for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        name = str(each.get("name", ""))
        if name in images or not each.get("ready"):
            yield name, scrub(" · ".join(filter(None, (*_states(each), images.get(name)))))


def _states(container: Object) -> Iterator[str]:
    state, last = container.get("state") or {}, (container.get("lastState") or {}).get("terminated") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    yield waiting.get("reason") or ended.get("reason") or ("running" if state.get("running") else "not known")
    yield str(waiting.get("message") or ended.get("message") or "")
    if container.get("restartCount"):
        yield f"restarted {container['restartCount']}×"
    if last:
        yield f"ended with {last.get('exitCode', '?')} {last.get('reason', '')}".strip()


def _conditions(obj: Object) -> Iterator[Condition]:
    for each in (obj.get("status") or {}).get("conditions") or ():
        holds = {"True": True, "False": False}.get(str(each.get("status")))
        type_ = str(each.get("type", ""))
        well = type_ in _NO_NEWS or holds is (type_ not in _BAD_NEWS)
        message = scrub(str(each.get("message") or ""))
        since = moment(each.get("lastTransitionTime"))
        yield Condition(type_, holds, well, str(each.get("reason") or ""), message, since)
