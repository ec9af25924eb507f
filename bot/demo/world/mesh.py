"""Linkerd's own certificates: the trust anchor for ten years, the issuer that signs for the proxies for one."""

from datetime import datetime, timedelta

from bot.demo.cluster.store import Object, stamp
from bot.demo.world.shapes import AGE, condition, new

_LIVES = {"linkerd-trust-anchor": timedelta(days=3650), "linkerd-identity-issuer": timedelta(days=365)}


def mesh(now: datetime) -> list[Object]:
    """Return the Certificates behind the mesh, both good for long."""
    return [_certificate(name, now - AGE, life) for name, life in _LIVES.items()]


def _certificate(name: str, issued: datetime, life: timedelta) -> Object:
    made = new("cert-manager.io/v1", "Certificate", name, "mesh", issued)
    made["metadata"]["generation"] = 1
    issuer = {"name": "linkerd-anchors", "kind": "ClusterIssuer", "group": "cert-manager.io"}
    spec = {"secretName": name, "commonName": "root.linkerd.cluster.local", "isCA": True, "issuerRef": issuer}
    status = {
        "revision": 1,
        "notBefore": stamp(issued),
        "notAfter": stamp(issued + life),
        "renewalTime": stamp(issued + life * 2 / 3),
        "conditions": [condition("Ready", "True", "Ready", "Certificate is up to date and has not expired", issued)],
    }
    return made | {"spec": spec, "status": status}
