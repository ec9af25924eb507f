"""What stands in the demo's OpenBao: the SBBB's secrets, the bot's policy, and its login by the cluster's word."""

import asyncio
import base64
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from bot.core.grants import grants, hcl
from bot.demo.cluster import SimulatedCluster
from bot.demo.cluster.access import ACCOUNT_UID, SERVICE_ACCOUNT
from bot.demo.cluster.controllers.vault_secrets import OutOfReach, Source
from bot.demo.loopback import request
from bot.demo.openbao import OpenBao, OpenBaoRefused

MOUNT = "secret"
ROLE = "opsbot"
TTL_SECONDS = 3600
_OK = 200
SEEDED: Mapping[str, tuple[str, ...]] = {
    "docs": ("collaboration-secret", "django-secret-key"),
    "drive": ("django-secret-key",),
    "gitea": ("admin-password", "admin-username"),
    "grafana": ("admin-password",),
    "hive": ("oidc-client-id", "oidc-client-secret"),
    "hydra": ("cookie-secret", "pairwise-salt", "system-secret"),
    "kratos": ("secrets-cipher", "secrets-cookie", "secrets-default", "smtp-connection-uri"),
    "livekit": ("api-key", "api-secret"),
    "meet": ("application-jwt-secret-key", "django-secret-key"),
    "messages": ("django-secret-key", "dkim-private-key", "mda-api-secret", "rspamd-password", "salt-key"),
    "people": ("django-secret-key",),
    "seaweedfs": ("access-key", "secret-key"),
    "sol": ("matrix-access-token", "matrix-device-id", "mistral-api-key"),
    "sol-tokens/anna": ("token",),
    "tuwunel": ("oidc-client-id", "oidc-client-secret", "registration-token", "turn-secret"),
}
"""Path and keys, as the box's own seeding lays them out; every value is made up at each start."""


def furnish(bao: OpenBao, cluster: SimulatedCluster) -> str:
    """Lay everything out, unless it stands there, and return the service account token to log in with."""
    root = bao.keys.root_token
    if f"{MOUNT}/" not in bao.call("GET", "/v1/sys/mounts", token=root)["data"]:
        bao.call("POST", f"/v1/sys/mounts/{MOUNT}", {"type": "kv", "options": {"version": "2"}}, token=root)
        _seed(bao, root)
    bao.call("PUT", f"/v1/sys/policies/acl/{ROLE}", {"policy": hcl(grants(MOUNT))}, token=root)
    return _log_in_by(bao, cluster, root)


def versions(bao: OpenBao) -> Source:
    """Return what tells the Vault Secrets Operator which version of a secret stands here.

    There is no database to rotate passwords in: of what another engine holds, there is one version.
    """

    async def version(where: str) -> int:
        mount, _, path = where.partition("/")
        if mount != MOUNT:
            return 1
        token = {"X-Vault-Token": bao.keys.root_token}
        status, answer = await asyncio.to_thread(request, bao.port, "GET", f"/v1/{mount}/data/{path}", None, token)
        if status != _OK:
            raise OutOfReach(
                f"Code: {status}. " + " ".join(f"* {each}" for each in answer.get("errors") or ["no data"])
            )
        return int(answer["data"]["metadata"]["version"])

    return version


def _seed(bao: OpenBao, root: str) -> None:
    for path, keys in SEEDED.items():
        values = {key: secrets.token_hex(16) for key in keys}
        _patiently(bao, f"/v1/{MOUNT}/data/{path}", {"data": values}, root)


def rewrite(bao: OpenBao, path: str) -> None:
    """Write a secret of the box with new values, as somebody at a terminal may."""
    values = {key: secrets.token_hex(16) for key in SEEDED.get(path, ("value",))}
    bao.call("POST", f"/v1/{MOUNT}/data/{path}", {"data": values}, token=bao.keys.root_token)


def delete(bao: OpenBao, path: str) -> None:
    """Delete the newest version of a secret."""
    bao.call("DELETE", f"/v1/{MOUNT}/data/{path}", token=bao.keys.root_token)


def _patiently(bao: OpenBao, path: str, body: object, root: str) -> None:
    """Write once the store has made itself ready, which takes it a moment after it was mounted."""
    for _ in range(100):
        try:
            bao.call("POST", path, body, token=root)
        except OpenBaoRefused:
            time.sleep(0.02)
        else:
            return
    bao.call("POST", path, body, token=root)


def _log_in_by(bao: OpenBao, cluster: SimulatedCluster, root: str) -> str:
    if "kubernetes/" not in bao.call("GET", "/v1/sys/auth", token=root)["data"]:
        bao.call("POST", "/v1/sys/auth/kubernetes", {"type": "kubernetes"}, token=root)
    jwt = service_account_token()
    cluster.access.accounts[jwt] = SERVICE_ACCOUNT
    reviewer: dict[str, Any] = {
        "kubernetes_host": cluster.url,
        "token_reviewer_jwt": cluster.token,
        "disable_local_ca_jwt": True,
        # Wanted where none is mounted, and not looked at without TLS.
        "kubernetes_ca_cert": "none",
    }
    bao.call("POST", "/v1/auth/kubernetes/config", reviewer, token=root)
    _, _, namespace, account = SERVICE_ACCOUNT.split(":")
    role = {
        "bound_service_account_names": [account],
        "bound_service_account_namespaces": [namespace],
        "audience": "openbao",
        "token_policies": [ROLE],
        "token_ttl": TTL_SECONDS,
    }
    bao.call("POST", f"/v1/auth/kubernetes/role/{ROLE}", role, token=root)
    return jwt


def service_account_token() -> str:
    """Return a token shaped like the API server's; what is in it is looked at, who signed it the cluster is asked."""
    now = int(time.time())
    _, _, namespace, account = SERVICE_ACCOUNT.split(":")
    claims = {
        "iss": "https://kubernetes.default.svc",
        "sub": SERVICE_ACCOUNT,
        "aud": ["openbao"],
        "iat": now - 60,
        "nbf": now - 60,
        "exp": now + 86_400,
        "jti": secrets.token_hex(8),
        "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": account, "uid": ACCOUNT_UID}},
    }
    parts = (_part(json.dumps(each).encode()) for each in ({"alg": "RS256", "kid": "demo"}, claims))
    return ".".join((*parts, _part(secrets.token_bytes(32))))


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
