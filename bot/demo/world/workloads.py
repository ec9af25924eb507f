"""The workloads of the SBBB, as a table: who lives in which namespace, under which labels."""

from bot.demo.world.shapes import Row

_HOUSE = "src.demo.test/studio"
_STACK = {"app.kubernetes.io/instance": "kube-prometheus-stack"}

DATA = (
    Row(
        "data", "openbao", "quay.io/openbao/openbao:2.5.1", 8200, kind="StatefulSet", category="data", helm=True,
        health="seal-status", volume="data-openbao-0", labels={"component": "server"},
    ),
    Row("data", "valkey", "docker.io/valkey/valkey:8-alpine", 6379, category="data", meshed=True, health="pod-ready"),
    Row(
        "data", "opensearch", "docker.io/opensearchproject/opensearch:3.2.0", 9200, category="data", meshed=True,
        init="sysctl", volume="opensearch-data", recreate=True,
    ),
    Row("data", "cloudnative-pg", "ghcr.io/cloudnative-pg/cloudnative-pg:1.30.0", helm=True, container="manager"),
    Row("data", "barman-cloud", "ghcr.io/cloudnative-pg/plugin-barman-cloud:v0.14.0", 9090),
)  # fmt: skip
STORAGE = (
    Row("storage", "seaweedfs-master", "docker.io/chrislusf/seaweedfs:4.18", 9333, "StatefulSet", "storage"),
    Row("storage", "seaweedfs-volume", "docker.io/chrislusf/seaweedfs:4.18", 8080, "StatefulSet", "storage"),
    Row(
        "storage", "seaweedfs-filer", "docker.io/chrislusf/seaweedfs:4.18", 8333, category="storage", health="/healthz"
    ),
)
AUTH = (
    Row(
        "ory", "hydra", "docker.io/oryd/hydra:v25.4.0", 4444, category="auth", helm=True, replicas=2, meshed=True,
        health="/health/ready",
    ),
    Row(
        "ory", "kratos", "docker.io/oryd/kratos:v25.4.0", 4433, category="auth", helm=True, meshed=True,
        health="/health/ready",
    ),
    Row("ory", "login-ui", f"{_HOUSE}/login-ui:latest", 3000, category="auth"),
)  # fmt: skip
DEVTOOLS = (
    Row(
        "devtools", "gitea", "docker.io/gitea/gitea:1.23.4-rootless", 3000, category="devtools", helm=True,
        health="/api/v1/version", init="init-directories",
    ),
)  # fmt: skip
LASUITE = (
    *(
        Row("lasuite", name, f"{_HOUSE}/{name}:latest", 8000, category="platform", meshed=meshed)
        for name, meshed in (
            ("hive", False), ("docs", True), ("meet", True), ("drive", True), ("projects", False), ("calendars", True),
        )
    ),
    Row("lasuite", "people-backend", f"{_HOUSE}/people-backend:latest", 8000, category="platform", meshed=True),
    Row("lasuite", "people-frontend", f"{_HOUSE}/people-frontend:latest", 8080, category="platform"),
    *(
        Row("lasuite", name, f"{_HOUSE}/people-backend:latest", category="platform", service="people-celery")
        for name in ("people-celery-worker", "people-celery-beat")
    ),
    Row("lasuite", "collabora", "docker.io/collabora/code:25.04.5.1", 9980, category="platform"),
    *(
        Row("lasuite", name, f"{_HOUSE}/{name}:latest", port, category="messaging", service="messages")
        for name, port in (("messages-backend", 8000), ("messages-mta-in", 25), ("messages-mta-out", 587))
    ),
    Row("lasuite", "postfix", "docker.io/boky/postfix:v4.4.0", 25, category="messaging"),
)  # fmt: skip
MATRIX = (
    Row(
        "matrix",
        "tuwunel",
        f"{_HOUSE}/tuwunel:latest",
        8008,
        category="messaging",
        volume="tuwunel-data",
        recreate=True,
    ),
    Row("matrix", "sol", f"{_HOUSE}/sol:latest", 50051, category="messaging", volume="sol-data", recreate=True),
)
MEDIA = (
    Row(
        "media", "livekit-server", "docker.io/livekit/livekit-server:v1.9.1", 7880, category="media", helm=True,
        health="/",
    ),
)  # fmt: skip
MONITORING = (
    Row(
        "monitoring", "kube-prometheus-stack-grafana", "docker.io/grafana/grafana:12.4.0", 3000, category="monitoring",
        service="grafana", helm=True, app="grafana", container="grafana", labels=_STACK,
    ),
    Row(
        "monitoring", "prometheus-kube-prometheus-stack-prometheus", "quay.io/prometheus/prometheus:v3.9.1", 9090,
        kind="StatefulSet", category="monitoring", service="prometheus", helm=True, app="prometheus",
        container="prometheus", labels=_STACK,
    ),
    Row(
        "monitoring", "alertmanager-kube-prometheus-stack-alertmanager", "quay.io/prometheus/alertmanager:v0.31.1",
        port=9093, kind="StatefulSet", category="monitoring", service="alertmanager", helm=True, app="alertmanager",
        container="alertmanager", labels=_STACK,
    ),
    Row(
        "monitoring", "loki", "docker.io/grafana/loki:3.6.5", 3100, kind="StatefulSet", category="monitoring",
        helm=True,
    ),
    Row(
        "monitoring", "matrix-alertmanager-receiver", "docker.io/metio/matrix-alertmanager-receiver:latest", 12345,
        category="monitoring",
    ),
    Row("monitoring", "alloy", "docker.io/grafana/alloy:v1.12.0", 12345, kind="DaemonSet", helm=True),
)  # fmt: skip
INFRA = (
    Row("ingress", "pingora", f"{_HOUSE}/proxy:latest", 443, category="infra", meshed=True),
    Row(
        "cert-manager", "cert-manager", "quay.io/jetstack/cert-manager-controller:v1.19.4", 9402, category="infra",
        helm=True, container="cert-manager-controller",
    ),
    Row(
        "cert-manager", "cert-manager-webhook", "quay.io/jetstack/cert-manager-webhook:v1.19.4", 10250, helm=True,
        app="webhook", container="cert-manager-webhook",
    ),
    Row(
        "vault-secrets-operator", "vault-secrets-operator", "docker.io/hashicorp/vault-secrets-operator:1.4.1", 8443,
        category="infra", helm=True, container="manager",
    ),
    Row("vpn", "headscale", "docker.io/headscale/headscale:0.26.1", 8080, category="infra"),
    Row("mesh", "linkerd-destination", "cr.l5d.io/linkerd/controller:edge-26.8.3", 8086, container="destination"),
    Row("mesh", "linkerd-identity", "cr.l5d.io/linkerd/controller:edge-26.8.3", 8080, container="identity"),
    Row("mesh", "linkerd-proxy-injector", "cr.l5d.io/linkerd/controller:edge-26.8.3", 8443, container="proxy-injector"),
    Row("kube-system", "coredns", "docker.io/rancher/mirrored-coredns-coredns:1.13.1", 53),
    Row("kube-system", "cilium", "quay.io/cilium/cilium:v1.18.6", kind="DaemonSet", container="cilium-agent"),
    Row("longhorn-system", "longhorn-manager", "docker.io/longhornio/longhorn-manager:v1.11.0", 9500, kind="DaemonSet"),
)  # fmt: skip

ROWS = (*DATA, *STORAGE, *AUTH, *DEVTOOLS, *LASUITE, *MATRIX, *MEDIA, *MONITORING, *INFRA)
