"""What cert-manager makes on its way to a certificate: requests, orders, challenges, and the Secret at the end."""

import base64
import hashlib
from datetime import datetime, timedelta

from bot.demo.cluster.pods import owned_by
from bot.demo.cluster.store import Object, stamp

REVISION = "cert-manager.io/certificate-revision"
ISSUED = "demo.sunbeam.pt/issued"
"""Annotation of a TLS Secret: when what is in it was issued, since nothing here is a real certificate."""
_LIFE, _RENEW_BEFORE = "2160h", "720h"
_NOTHING_REAL = base64.b64encode(b"nothing real").decode()
_ACME = "https://acme.demo.test"


def request(certificate: Object, revision: int) -> Object:
    """Return the CertificateRequest of a certificate's next revision; nobody has signed it yet."""
    name = certificate["metadata"]["name"]
    notes = {"cert-manager.io/certificate-name": name, REVISION: str(revision)}
    notes["cert-manager.io/private-key-secret-name"] = f"{name}-key"
    made = _below(certificate, "cert-manager.io/v1", "CertificateRequest", f"{name}-{revision}")
    made["metadata"]["annotations"] = notes
    return made | {"spec": {"issuerRef": certificate["spec"]["issuerRef"], "request": _NOTHING_REAL}}


def order(of: Object, dns_names: list[str]) -> Object:
    """Return the ACME Order of a CertificateRequest."""
    made = _below(of, "acme.cert-manager.io/v1", "Order", f"{of['metadata']['name']}-1718403294")
    spec = {"issuerRef": of["spec"]["issuerRef"], "request": _NOTHING_REAL, "dnsNames": dns_names}
    return made | {"spec": spec, "status": {"state": "pending", "url": f"{_ACME}/order/1"}}


def challenge(of: Object, dns_name: str) -> Object:
    """Return the Challenge by which an Order has one name proved, as it is presented."""
    mark = hashlib.sha256(f"{of['metadata']['name']} {dns_name}".encode()).hexdigest()
    made = _below(of, "acme.cert-manager.io/v1", "Challenge", f"{of['metadata']['name']}-{int(mark[:8], 16)}")
    spec = {
        "authorizationURL": f"{_ACME}/authorization/{mark[:8]}",
        "dnsName": dns_name,
        "issuerRef": of["spec"]["issuerRef"],
        "key": f"{mark[:43]}.{mark[21:]}",
        "solver": {"http01": {"ingress": {"ingressClassName": "pingora"}}},
        "token": mark[:43],
        "type": "HTTP-01",
        "url": f"{_ACME}/challenge/{mark[:8]}",
    }
    return made | {"spec": spec, "status": {"presented": True, "processing": True, "state": "pending"}}


def secret(certificate: Object, issued: datetime) -> Object:
    """Return the Secret with what was issued then; it outlives its Certificate, as by cert-manager's default."""
    metadata = {"name": certificate["spec"]["secretName"], "namespace": certificate["metadata"]["namespace"]}
    notes = {"cert-manager.io/certificate-name": certificate["metadata"]["name"], ISSUED: issued.isoformat()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata | {"annotations": notes},
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": _NOTHING_REAL, "tls.key": _NOTHING_REAL},
    }


def signed() -> Object:
    """Return what a CertificateRequest's status holds besides conditions once it is signed."""
    return {"certificate": _NOTHING_REAL}


def times(certificate: Object, issued: datetime) -> Object:
    """Return what a certificate's status says of a life that began then."""
    life, before = (_hours(certificate, *each) for each in (("duration", _LIFE), ("renewBefore", _RENEW_BEFORE)))
    ends = issued + life
    return {"notBefore": stamp(issued), "notAfter": stamp(ends), "renewalTime": stamp(ends - before)}


def put_condition(status: Object, type_: str, holds: str, reason: str, message: str, at: datetime) -> None:
    """Set a status's condition; its moment moves only where it begins or ceases to hold."""
    conditions = status.setdefault("conditions", [])
    old = next((each for each in conditions if each["type"] == type_), None)
    told = {"type": type_, "status": holds, "reason": reason, "message": message, "lastTransitionTime": stamp(at)}
    if old is None:
        conditions.append(told)
    else:
        kept = {"lastTransitionTime": old["lastTransitionTime"]} if old["status"] == holds else {}
        old.update(told | kept)


def _below(owner: Object, api_version: str, kind: str, name: str) -> Object:
    metadata = {"name": name, "namespace": owner["metadata"]["namespace"], "ownerReferences": owned_by(owner)}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata | {"generation": 1}}


def _hours(certificate: Object, field: str, default: str) -> timedelta:
    return timedelta(hours=int(str(certificate["spec"].get(field, default)).partition("h")[0]))
