"""The kinds this cluster knows: everything else is 404, as on a server whose CRDs are not installed."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.demo.cluster.refusals import Refusal, no_such_page


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the API: where its objects live and what may be done with them."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    subresources: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    """Field labels a selector may name besides metadata.name and metadata.namespace."""

    @property
    def api_version(self) -> str:
        """The `apiVersion` its objects carry."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def built_in(self) -> bool:
        """Whether the API server brings it: typed lists, strategic merge; a custom resource has neither."""
        return "." not in self.group or self.group.endswith(".k8s.io")

    @property
    def resource(self) -> str:
        """The name in messages: `deployments.apps`, `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


_STATUS = ("status",)
_SCALE = ("status", "scale")
_POD_FIELDS = ("spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.phase", "status.podIP")
_EVENT_FIELDS = (
    *(f"involvedObject.{part}" for part in ("kind", "name", "namespace", "uid", "apiVersion", "fieldPath")),
    *("reason", "type", "source", "reportingComponent"),
)

KINDS = (
    Kind("", "v1", "namespaces", "Namespace", namespaced=False, subresources=_STATUS, fields=("status.phase",)),
    Kind("", "v1", "nodes", "Node", namespaced=False, subresources=_STATUS, fields=("spec.unschedulable",)),
    Kind("", "v1", "persistentvolumes", "PersistentVolume", namespaced=False, subresources=_STATUS),
    Kind("", "v1", "pods", "Pod", subresources=("status", "log", "exec"), fields=_POD_FIELDS),
    Kind("", "v1", "services", "Service", subresources=_STATUS, fields=("spec.type", "spec.clusterIP")),
    Kind("", "v1", "configmaps", "ConfigMap"),
    Kind("", "v1", "secrets", "Secret", fields=("type",)),
    Kind("", "v1", "serviceaccounts", "ServiceAccount"),
    Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", subresources=_STATUS),
    Kind("", "v1", "events", "Event", fields=_EVENT_FIELDS),
    Kind("apps", "v1", "deployments", "Deployment", subresources=_SCALE),
    Kind("apps", "v1", "statefulsets", "StatefulSet", subresources=_SCALE),
    Kind("apps", "v1", "daemonsets", "DaemonSet", subresources=_STATUS),
    Kind("apps", "v1", "replicasets", "ReplicaSet", subresources=_SCALE, fields=("status.replicas",)),
    Kind("apps", "v1", "controllerrevisions", "ControllerRevision"),
    Kind("batch", "v1", "jobs", "Job", subresources=_STATUS, fields=("status.successful",)),
    Kind("batch", "v1", "cronjobs", "CronJob", subresources=_STATUS),
    Kind("networking.k8s.io", "v1", "ingresses", "Ingress", subresources=_STATUS),
    Kind("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
    Kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", subresources=_STATUS),
    Kind("coordination.k8s.io", "v1", "leases", "Lease"),
    Kind("postgresql.cnpg.io", "v1", "clusters", "Cluster", subresources=_SCALE),
    Kind("postgresql.cnpg.io", "v1", "backups", "Backup", subresources=_STATUS),
    Kind("postgresql.cnpg.io", "v1", "scheduledbackups", "ScheduledBackup", subresources=_STATUS),
    Kind("barmancloud.cnpg.io", "v1", "objectstores", "ObjectStore", subresources=_STATUS),
    Kind("cert-manager.io", "v1", "certificates", "Certificate", subresources=_STATUS),
    Kind("cert-manager.io", "v1", "certificaterequests", "CertificateRequest", subresources=_STATUS),
    Kind("cert-manager.io", "v1", "issuers", "Issuer", subresources=_STATUS),
    Kind("cert-manager.io", "v1", "clusterissuers", "ClusterIssuer", namespaced=False, subresources=_STATUS),
    Kind("acme.cert-manager.io", "v1", "orders", "Order", subresources=_STATUS),
    Kind("acme.cert-manager.io", "v1", "challenges", "Challenge", subresources=_STATUS),
    Kind("secrets.hashicorp.com", "v1beta1", "vaultauths", "VaultAuth", subresources=_STATUS),
    Kind("secrets.hashicorp.com", "v1beta1", "vaultconnections", "VaultConnection", subresources=_STATUS),
    Kind("secrets.hashicorp.com", "v1beta1", "vaultstaticsecrets", "VaultStaticSecret", subresources=_STATUS),
    Kind("secrets.hashicorp.com", "v1beta1", "vaultdynamicsecrets", "VaultDynamicSecret", subresources=_STATUS),
)
METRICS = (
    Kind("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", namespaced=False),
    Kind("metrics.k8s.io", "v1beta1", "pods", "PodMetrics"),
)
"""What is measured when it is asked for, and never kept."""
SERVED = (*KINDS, *METRICS)

_BY_PLACE = {(kind.group, kind.version, kind.plural): kind for kind in SERVED}
_BY_OBJECT = {(kind.api_version, kind.kind): kind for kind in KINDS}
# Plurals are unique in the table, so tests and controllers need not spell the group.
_BY_NAME = {name: kind for kind in KINDS for name in (kind.plural, kind.kind)}


def at(group: str, version: str, plural: str) -> Kind:
    """Return the kind served at a place of the API; raise Refusal 404."""
    kind = _BY_PLACE.get((group, version, plural))
    if kind is None:
        raise no_such_page()
    return kind


def named(name: str) -> Kind:
    """Return the kind by plural or by kind: `pods`, `Pod`; raise KeyError."""
    return _BY_NAME[name]


def of(obj: dict[str, object]) -> Kind:
    """Return the kind of an object by its apiVersion and kind; raise Refusal 400."""
    place = (str(obj.get("apiVersion", "")), str(obj.get("kind", "")))
    if place not in _BY_OBJECT:
        raise Refusal(400, "BadRequest", f"no matches for kind {place[1]!r} in version {place[0]!r}")
    return _BY_OBJECT[place]


def groups() -> Iterator[tuple[str, str]]:
    """Yield every API group with its version, once; the core group is ''."""
    yield from dict.fromkeys((kind.group, kind.version) for kind in SERVED)
