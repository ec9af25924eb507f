"""The kinds of Kubernetes objects the bot may look at; Secrets are not among them, and nothing can name them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from bot.core.errors import NeighbourError

Object = dict[str, Any]
"""A Kubernetes object as the API tells it: any field but `metadata.name` may be missing."""


class Kind(Enum):
    """A kind by API group (empty: the core), version and plural."""

    NAMESPACES = ("", "v1", "namespaces")
    NODES = ("", "v1", "nodes")
    PODS = ("", "v1", "pods")
    SERVICES = ("", "v1", "services")
    PERSISTENTVOLUMECLAIMS = ("", "v1", "persistentvolumeclaims")
    EVENTS = ("", "v1", "events")
    CONFIGMAPS = ("", "v1", "configmaps")
    DEPLOYMENTS = ("apps", "v1", "deployments")
    STATEFULSETS = ("apps", "v1", "statefulsets")
    DAEMONSETS = ("apps", "v1", "daemonsets")
    REPLICASETS = ("apps", "v1", "replicasets")
    CONTROLLERREVISIONS = ("apps", "v1", "controllerrevisions")
    JOBS = ("batch", "v1", "jobs")
    CRONJOBS = ("batch", "v1", "cronjobs")
    INGRESSES = ("networking.k8s.io", "v1", "ingresses")
    POD_METRICS = ("metrics.k8s.io", "v1beta1", "pods")
    NODE_METRICS = ("metrics.k8s.io", "v1beta1", "nodes")
    CLUSTERS = ("postgresql.cnpg.io", "v1", "clusters")
    BACKUPS = ("postgresql.cnpg.io", "v1", "backups")
    SCHEDULEDBACKUPS = ("postgresql.cnpg.io", "v1", "scheduledbackups")
    OBJECTSTORES = ("barmancloud.cnpg.io", "v1", "objectstores")
    CERTIFICATES = ("cert-manager.io", "v1", "certificates")
    CERTIFICATEREQUESTS = ("cert-manager.io", "v1", "certificaterequests")
    ISSUERS = ("cert-manager.io", "v1", "issuers")
    CLUSTERISSUERS = ("cert-manager.io", "v1", "clusterissuers")
    ORDERS = ("acme.cert-manager.io", "v1", "orders")
    CHALLENGES = ("acme.cert-manager.io", "v1", "challenges")
    VAULTSTATICSECRETS = ("secrets.hashicorp.com", "v1beta1", "vaultstaticsecrets")
    VAULTDYNAMICSECRETS = ("secrets.hashicorp.com", "v1beta1", "vaultdynamicsecrets")

    @property
    def plural(self) -> str:
        """The word in paths, in RBAC and in the room: `pods`."""
        return self.value[2]

    @property
    def singular(self) -> str:
        """The word for one: `pod`, `ingress`."""
        return self.plural.removesuffix("es" if self.plural.endswith("sses") else "s")

    @property
    def group(self) -> str:
        """The API group; empty: the core."""
        return self.value[0]

    @property
    def root(self) -> str:
        """Where its API version begins: `/api/v1`, `/apis/apps/v1`."""
        group, version, _ = self.value
        return f"/apis/{group}/{version}" if group else f"/api/{version}"

    @property
    def namespaced(self) -> bool:
        """Whether its objects live in namespaces."""
        return self.plural not in _OF_THE_CLUSTER


_OF_THE_CLUSTER = frozenset({"namespaces", "nodes", "clusterissuers"})


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found of a kind, and where could not be looked."""

    items: tuple[Object, ...]
    unasked: Mapping[str, NeighbourError]
    """Namespace → why; empty when the answer is whole."""
