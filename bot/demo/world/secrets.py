"""Secrets and the objects of the Vault Secrets Operator that fill them; every value is made up."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.keys import KeysState, report
from bot.demo.cluster.controllers import vault_secrets
from bot.demo.cluster.controllers.vault_secrets import conditions, mac, place
from bot.demo.cluster.store import Object
from bot.demo.world.shapes import AGE, condition, new

NAMESPACES = ("ory", "devtools", "storage", "lasuite", "matrix", "media", "data", "monitoring")
"""Where the operator may log in (OpenBao role `vso`)."""
_API = "secrets.hashicorp.com/v1beta1"
_ROTATION_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Static:
    """A VaultStaticSecret: what it reads, and which Deployment is rolled when it changes."""

    namespace: str
    name: str
    path: str
    restarts: str = ""


STATIC = (
    Static("ory", "hydra", "hydra", "hydra"),
    Static("ory", "kratos-app-secrets", "kratos", "kratos"),
    Static("ory", "login-ui", "login-ui", "login-ui"),
    Static("storage", "seaweedfs-s3-credentials", "seaweedfs", "seaweedfs-filer"),
    Static("devtools", "gitea-admin-credentials", "gitea"),
    Static("lasuite", "hive-oidc", "hive", "hive"),
    Static("lasuite", "people-django-secret", "people", "people-backend"),
    Static("lasuite", "docs-django-secret", "docs", "docs"),
    Static("lasuite", "meet-django-secret", "meet", "meet"),
    Static("lasuite", "drive-django-secret", "drive", "drive"),
    Static("lasuite", "messages-django-secret", "messages", "messages-backend"),
    Static("matrix", "tuwunel-oidc", "tuwunel", "tuwunel"),
    Static("matrix", "sol-secrets", "sol", "sol"),
    Static("media", "livekit-api", "livekit", "livekit-server"),
    Static("monitoring", "grafana-admin", "grafana"),
)
DYNAMIC = (
    ("ory", "hydra", "hydra"),
    ("ory", "kratos", "kratos"),
    ("devtools", "gitea", "gitea"),
    *(("lasuite", user, user) for user in ("hive", "docs", "meet", "drive", "calendars", "projects")),
    ("lasuite", "people", "people-backend"),
    ("lasuite", "messages", "messages-backend"),
)
"""Namespace, PostgreSQL user, and the Deployment that is rolled when its password changes."""
_KEYS = {"key": "demo-unseal-share-not-real", "root-token": "demo-root-token-not-real"}


def secrets(now: datetime) -> list[Object]:
    """Return every VaultAuth, VaultStaticSecret and VaultDynamicSecret, synced, and the Secrets that matter."""
    made = [_auth(namespace, now) for namespace in NAMESPACES]
    made += [_static(row, now) for row in STATIC]
    made += [_dynamic(*row, now) for row in DYNAMIC]
    made += [_secret(row.namespace, row.name, {"demo": "not-a-secret"}, now) for row in STATIC]
    made += [_secret(namespace, f"{user}-db-credentials", {"dsn": "not-a-dsn"}, now) for namespace, user, _ in DYNAMIC]
    made += [_secret("data", "openbao-keys", _KEYS, now), _keys_report(now)]
    made += [_secret("monitoring", "matrix-bot-secret", {"access-token": "demo-token-not-real"}, now)]
    return made


def keep_keys(objects: list[Object], value: str | None) -> None:
    """Let the Secret with OpenBao's keys hold this value throughout; None: keys."""
    secret = next(obj for obj in objects if (obj["kind"], obj["metadata"]["name"]) == ("Secret", "openbao-keys"))
    secret["data"] = _encoded({name: key if value is None else value for name, key in _KEYS.items()})


def _secret(namespace: str, name: str, values: dict[str, str], now: datetime) -> Object:
    made = new("v1", "Secret", name, namespace, now)
    return made | {"type": "Opaque", "data": _encoded(values)}


def _encoded(values: dict[str, str]) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def _keys_report(now: datetime) -> Object:
    """Return what the CronJob of `opsbot keys-check` wrote a while ago."""
    made = new("v1", "ConfigMap", "openbao-keys-check", "data", now)
    return made | {"data": report(KeysState.PRESENT, now - timedelta(minutes=12))}


def _auth(namespace: str, now: datetime) -> Object:
    made = new(_API, "VaultAuth", "vso-auth", namespace, now)
    made["metadata"]["generation"] = 1
    how = {"role": "vso", "serviceAccount": "default", "audiences": ["openbao"]}
    spec = {"method": "kubernetes", "mount": "kubernetes", "kubernetes": how}
    healthy = condition("Available", "True", "Accepted", "VaultAuth is valid", now - AGE)
    return made | {"spec": spec, "status": {"valid": True, "conditions": [healthy]}}


def _static(row: Static, now: datetime) -> Object:
    made = new(_API, vault_secrets.STATIC, row.name, row.namespace, now)
    made["metadata"]["generation"] = 1
    spec: Object = {
        "vaultAuthRef": "vso-auth",
        "mount": "secret",
        "type": "kv-v2",
        "path": row.path,
        "refreshAfter": "30s",
        "hmacSecretData": True,
        "destination": {"name": row.name, "create": True, "overwrite": True},
        "rolloutRestartTargets": [{"kind": "Deployment", "name": row.restarts}] if row.restarts else [],
    }
    made |= {"spec": spec, "status": {"lastGeneration": 1}}
    in_step(made, now - timedelta(seconds=20))
    return made


def _dynamic(namespace: str, user: str, restarts: str, now: datetime) -> Object:
    made = new(_API, vault_secrets.DYNAMIC, f"{user}-db-credentials", namespace, now)
    made["metadata"]["generation"] = 1
    spec: Object = {
        "vaultAuthRef": "vso-auth",
        "mount": "database",
        "path": f"static-creds/{user}",
        "allowStaticCreds": True,
        "refreshAfter": "5m",
        "destination": {"name": f"{user}-db-credentials", "create": True, "overwrite": True},
        "rolloutRestartTargets": [{"kind": "Deployment", "name": restarts}],
    }
    rotated = now - timedelta(hours=7)
    left = _ROTATION_SECONDS - int((now - rotated).total_seconds())
    status: Object = {
        "lastGeneration": 1,
        "secretLease": {"id": "", "duration": 0, "renewable": False, "requestID": made["metadata"]["uid"]},
        "staticCredsMetaData": {
            "lastVaultRotation": int(rotated.timestamp()), "rotationPeriod": _ROTATION_SECONDS, "ttl": left,
        },
    }  # fmt: skip
    made |= {"spec": spec, "status": status}
    in_step(made, now - timedelta(minutes=2))
    return made


def out_of_step(obj: Object, why: str, at: datetime) -> None:
    """Let a VaultStaticSecret or VaultDynamicSecret have failed its last sync since then."""
    status = obj["status"]
    status |= {"secretMAC": "", "conditions": conditions(obj, at, why=why)}
    if obj["kind"] == vault_secrets.DYNAMIC:
        status["lastRenewalTime"] = 0


def in_step(obj: Object, at: datetime) -> None:
    """Let a VaultStaticSecret or VaultDynamicSecret have brought its first value then."""
    status = obj["status"]
    status |= {"secretMAC": mac(place(obj), 1), "conditions": conditions(obj, at)}
    if obj["kind"] == vault_secrets.DYNAMIC:
        status["lastRenewalTime"] = int(at.timestamp())
