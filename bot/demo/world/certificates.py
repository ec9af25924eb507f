"""TLS: the certificates of the front door, of the VPN and of the mesh, with the requests and orders behind them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.demo.cluster.controllers import issuance
from bot.demo.cluster.store import Object, stamp
from bot.demo.world.shapes import AGE, condition, new, uid

DOMAIN = "demo.test"
ISSUED_AGO = timedelta(days=33)
MESH = "mesh"
"""The namespace of Linkerd's control plane."""


@dataclass(frozen=True, slots=True)
class Row:
    """One certificate of the world."""

    namespace: str
    name: str
    dns_names: tuple[str, ...]
    """What it is for; of an authority its one common name."""
    issuer: str = "letsencrypt"
    issuer_kind: str = "ClusterIssuer"
    hours: tuple[int, int] | None = None
    """How long it lives, and how long before its end it is renewed; None: as by default."""
    issued_ago: timedelta = ISSUED_AGO
    authority: bool = False
    """Whether it signs others."""


ROWS = (
    Row("ingress", "pingora-tls", (DOMAIN, f"messages.{DOMAIN}")),
    Row("vpn", "headscale-tls", (f"vpn.{DOMAIN}",)),
    Row(
        MESH, "linkerd-trust-anchor", ("root.linkerd.cluster.local",), "linkerd-self-signed", "Issuer", (87600, 29200),
        AGE, authority=True,
    ),
    Row(
        MESH, "linkerd-identity-issuer", ("identity.linkerd.cluster.local",), "linkerd-trust-anchor", "Issuer",
        (8760, 2920), AGE, authority=True,
    ),
)  # fmt: skip


def certificates(now: datetime) -> list[Object]:
    """Return the issuers, and each certificate with its latest request and order, all valid."""
    made = [obj for row in ROWS for obj in certificate(row, now - row.issued_ago)]
    return [_acme(now), _self_signed(now), _trust_anchor(now), *made]


def certificate(row: Row, issued: datetime) -> list[Object]:
    """Return a certificate issued at that time, with its Secret, its first request and its order."""
    made = new("cert-manager.io/v1", "Certificate", row.name, row.namespace, issued)
    made["metadata"]["generation"] = 1
    issuer = {"name": row.issuer, "kind": row.issuer_kind, "group": "cert-manager.io"}
    names = {"commonName": row.dns_names[0], "isCA": True} if row.authority else {"dnsNames": [*row.dns_names]}
    made["spec"] = {"secretName": row.name, "issuerRef": issuer} | names
    if row.hours:
        made["spec"] |= {"duration": f"{row.hours[0]}h", "renewBefore": f"{row.hours[1]}h"}
    fine = _ready("Ready", "Certificate is up to date and has not expired", issued)
    made["status"] = {"revision": 1, "conditions": [fine], **issuance.times(made, issued)}
    request = _request(made, issued)
    orders = [_order(request, row, issued)] if row.issuer_kind == "ClusterIssuer" else []
    return [made, issuance.secret(made, issued), request, *orders]


def _ready(reason: str, message: str, at: datetime) -> Object:
    return condition("Ready", "True", reason, message, at)


def _request(of: Object, issued: datetime) -> Object:
    made = _named(issuance.request(of, 1), issued)
    approved = condition("Approved", "True", "cert-manager.io", "Certificate request has been approved", issued)
    done = _ready("Issued", "Certificate fetched from issuer successfully", issued)
    return made | {"status": issuance.signed() | {"conditions": [approved, done]}}


def _order(of: Object, row: Row, issued: datetime) -> Object:
    made = _named(issuance.order(of, [*row.dns_names]), issued)
    made["status"]["state"] = "valid"
    return made


def _named(made: Object, born: datetime) -> Object:
    """Give what a controller would make the uid that it always has here, and its birthday."""
    metadata = made["metadata"]
    metadata |= {"uid": uid(made["kind"], metadata["namespace"], metadata["name"]), "creationTimestamp": stamp(born)}
    return made


def _acme(now: datetime) -> Object:
    made = new("cert-manager.io/v1", "ClusterIssuer", "letsencrypt", "", now)
    made["metadata"]["generation"] = 1
    solver = {"http01": {"ingress": {"ingressClassName": "pingora"}}}
    account = {"privateKeySecretRef": {"name": "letsencrypt-account"}, "solvers": [solver]}
    acme = {"server": "https://acme.demo.test/directory"} | account
    words = "The ACME account was registered with the ACME server"
    registered = _ready("ACMEAccountRegistered", words, now - AGE)
    return made | {"spec": {"acme": acme}, "status": {"conditions": [registered]}}


def _self_signed(now: datetime) -> Object:
    ready = condition("Ready", "True", "IsReady", "", now - AGE)
    return _issuer("linkerd-self-signed", {"selfSigned": {}}, ready, now)


def _trust_anchor(now: datetime) -> Object:
    verified = _ready("KeyPairVerified", "Signing CA verified", now - AGE)
    return _issuer("linkerd-trust-anchor", {"ca": {"secretName": "linkerd-trust-anchor"}}, verified, now)


def _issuer(name: str, spec: Object, ready: Object, now: datetime) -> Object:
    made = new("cert-manager.io/v1", "Issuer", name, MESH, now)
    made["metadata"]["generation"] = 1
    return made | {"spec": spec, "status": {"conditions": [ready]}}
