"""TLS: the certificates of the front door and of the VPN, with the requests and orders behind them."""

import base64
from datetime import datetime, timedelta

from bot.demo.cluster.pods import owned_by
from bot.demo.cluster.store import Object, stamp
from bot.demo.world.shapes import AGE, condition, new

DOMAIN = "demo.test"
LIFE = timedelta(days=90)
ISSUED_AGO = timedelta(days=33)
RENEW_BEFORE = timedelta(days=30)
ISSUER = {"name": "letsencrypt", "kind": "ClusterIssuer", "group": "cert-manager.io"}

_REQUEST = base64.b64encode(b"not a certificate signing request").decode()
_CHAIN = base64.b64encode(b"not a certificate").decode()


def certificates(now: datetime) -> list[Object]:
    """Return the issuer, and each certificate with its latest request and order, all valid."""
    front_door = certificate("ingress", "pingora-tls", [DOMAIN, f"*.{DOMAIN}"], now - ISSUED_AGO)
    vpn = certificate("vpn", "headscale-tls", [f"vpn.{DOMAIN}"], now - ISSUED_AGO)
    return [_issuer(now), *front_door, *vpn]


def certificate(namespace: str, name: str, dns_names: list[str], issued: datetime) -> list[Object]:
    """Return a certificate issued at that time, with its first request and order."""
    made = new("cert-manager.io/v1", "Certificate", name, namespace, issued)
    made["metadata"]["generation"] = 1
    spec = {"secretName": name, "dnsNames": dns_names, "issuerRef": ISSUER}
    status = {
        "revision": 1,
        "notBefore": stamp(issued),
        "notAfter": stamp(issued + LIFE),
        "renewalTime": stamp(issued + LIFE - RENEW_BEFORE),
        "conditions": [_ready("Ready", "Certificate is up to date and has not expired", issued)],
    }
    made |= {"spec": spec, "status": status}
    request = _request(made, issued)
    return [made, request, _order(request, dns_names, issued)]


def _ready(reason: str, message: str, at: datetime) -> Object:
    return condition("Ready", "True", reason, message, at)


def _request(of: Object, issued: datetime) -> Object:
    name, namespace = of["metadata"]["name"], of["metadata"]["namespace"]
    made = new("cert-manager.io/v1", "CertificateRequest", f"{name}-1", namespace, issued)
    notes = {"certificate-name": name, "certificate-revision": "1", "private-key-secret-name": f"{name}-key"}
    annotations = {f"cert-manager.io/{key}": value for key, value in notes.items()}
    made["metadata"] |= {"generation": 1, "annotations": annotations, "ownerReferences": owned_by(of)}
    approved = condition("Approved", "True", "cert-manager.io", "Certificate request has been approved", issued)
    done = _ready("Issued", "Certificate fetched from issuer successfully", issued)
    spec = {"issuerRef": ISSUER, "request": _REQUEST}
    return made | {"spec": spec, "status": {"certificate": _CHAIN, "conditions": [approved, done]}}


def _order(of: Object, dns_names: list[str], issued: datetime) -> Object:
    name, namespace = of["metadata"]["name"], of["metadata"]["namespace"]
    made = new("acme.cert-manager.io/v1", "Order", f"{name}-1718403294", namespace, issued)
    made["metadata"] |= {"generation": 1, "ownerReferences": owned_by(of)}
    spec = {"issuerRef": ISSUER, "request": _REQUEST, "dnsNames": dns_names}
    return made | {"spec": spec, "status": {"state": "valid", "url": "https://acme.demo.test/order/1"}}


def _issuer(now: datetime) -> Object:
    made = new("cert-manager.io/v1", "ClusterIssuer", "letsencrypt", "", now)
    made["metadata"]["generation"] = 1
    solver = {"http01": {"ingress": {"ingressClassName": "pingora"}}}
    account = {"privateKeySecretRef": {"name": "letsencrypt-account"}, "solvers": [solver]}
    acme = {"server": "https://acme.demo.test/directory"} | account
    words = "The ACME account was registered with the ACME server"
    registered = _ready("ACMEAccountRegistered", words, now - AGE)
    return made | {"spec": {"acme": acme}, "status": {"conditions": [registered]}}
