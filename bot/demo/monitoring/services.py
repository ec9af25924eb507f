"""The services of the house that only have to say how they are: their health endpoints, in their own words."""

from bot.demo.monitoring.answers import Answer

Place = tuple[str, str]
"""Namespace and service."""

_READY = Answer({"status": "ok"})
_PASS = Answer({"status": "pass"})
_OK = Answer(text="ok")
_PAGE = Answer(text="<!doctype html><title>ok</title>", content_type="text/html")
_ISSUER = "https://auth.demo.test/"
_DISK_BYTES = 1_800_000_000_000
_USED_BYTES = 700_000_000_000
_DISK = {
    "dir": "/data",
    "all": _DISK_BYTES,
    "used": _USED_BYTES,
    "free": _DISK_BYTES - _USED_BYTES,
    "percent_free": 61.1,
    "percent_used": 38.9,
    "disk_type": "ssd",
}
_VOLUME_SERVER = {"Url": "seaweedfs-volume-0:8080", "PublicUrl": "", "Volumes": 61, "Max": 180, "EcShards": 0}
_RACK = {"Id": "DefaultRack", "DataNodes": [_VOLUME_SERVER]}
_TOPOLOGY = {
    "Max": 180,
    "Free": 119,
    "DataCenters": [{"Id": "DefaultDataCenter", "Racks": [_RACK]}],
    "Layouts": [],
}
_CLUSTER_HEALTH = {
    "cluster_name": "opensearch",
    "status": "green",
    "timed_out": False,
    "number_of_nodes": 1,
    "number_of_data_nodes": 1,
    "active_primary_shards": 14,
    "active_shards": 14,
    "relocating_shards": 0,
    "initializing_shards": 0,
    "unassigned_shards": 0,
    "number_of_pending_tasks": 0,
    "active_shards_percent_as_number": 100.0,
}
_DENIED = """<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>Access Denied.</Message><Resource>/</Resource></Error>"""
_OPENID = {
    "issuer": _ISSUER,
    "authorization_endpoint": f"{_ISSUER}oauth2/auth",
    "token_endpoint": f"{_ISSUER}oauth2/token",
    "jwks_uri": f"{_ISSUER}.well-known/jwks.json",
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
}
_HYDRA = {"health/ready": _READY, "health/alive": _READY, ".well-known/openid-configuration": Answer(_OPENID)}
_SUITE = (
    *("hive", "people-backend", "people-frontend", "docs", "meet", "drive", "projects", "calendars", "collabora"),
    *("messages-backend", "messages-mta-in", "messages-mta-out"),
)

SERVICES: dict[Place, dict[str, Answer]] = {
    ("devtools", "gitea"): {"api/v1/version": Answer({"version": "1.23.4"}), "api/healthz": _PASS, "": _PAGE},
    ("ory", "hydra"): _HYDRA,
    ("ory", "kratos"): {"health/ready": _READY, "health/alive": _READY},
    ("ory", "login-ui"): {"": _PAGE},
    ("data", "opensearch"): {"_cluster/health": Answer(_CLUSTER_HEALTH), "": Answer({"cluster_name": "opensearch"})},
    ("storage", "seaweedfs-master"): {
        "cluster/status": Answer({"IsLeader": True, "Leader": "seaweedfs-master-0:9333", "MaxVolumeId": 61}),
        "dir/status": Answer({"Topology": _TOPOLOGY, "Version": "30GB 4.18"}),
        "healthz": _OK,
    },
    ("storage", "seaweedfs-volume"): {
        "status": Answer({"DiskStatuses": [_DISK], "Volumes": [], "Version": "30GB 4.18"}),
        "healthz": _OK,
    },
    # Nobody's request is refused by the S3 side: that it refuses says that it lives.
    ("storage", "seaweedfs-filer"): {
        "healthz": _OK,
        "": Answer(text=_DENIED, status=403, content_type="application/xml"),
    },
    ("matrix", "tuwunel"): {
        "_matrix/client/versions": Answer({"versions": ["r0.6.1", "v1.11", "v1.12"], "unstable_features": {}}),
    },
    ("media", "livekit-server"): {"": Answer(text="OK")},
    ("ingress", "pingora"): {"healthz": _OK, "": _PAGE},
    ("vpn", "headscale"): {"health": _PASS},
    ("cert-manager", "cert-manager"): {"livez": _OK, "healthz": _OK},
    ("cert-manager", "cert-manager-webhook"): {"livez": _OK, "healthz": _OK},
    ("vault-secrets-operator", "vault-secrets-operator"): {"healthz": _OK, "readyz": _OK},
    ("matrix", "mistral"): {"v1/models": Answer({"detail": "Unauthorized"}, status=401)},
    **{("lasuite", name): {"…": _PAGE} for name in _SUITE},
}
"""What stands at each path below a service; `…` answers every path."""


def answer(place: Place, path: str) -> Answer | None:
    """Return what a service answers at a path without its leading slash, or None where nothing stands."""
    paths = SERVICES.get(place, {})
    return paths.get(path, paths.get("…"))
