"""cert-manager in small: a Certificate that is new, or whose condition Issuing holds, is issued step by step."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from bot.demo.cluster.controllers import issuance
from bot.demo.cluster.store import Change, Object, Store, stamp
from bot.demo.cluster.troubles import TROUBLE, event

PENDING, INVALID = "challenge-pending", "order-invalid"
"""Troubles of a Certificate that its next issue runs into; the first is over when the annotation is."""
_UNPROVED = "Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'"
_REFUSED = "Error accepting authorization: acme: authorization error: 403 urn:ietf:params:acme:error:unauthorized"
_FAILED = "Failed to wait for order resource to become ready: order is in 'invalid' state"
_FRESH = "Certificate is up to date and has not expired"

Where = tuple[str, str]


class Certificates:
    """The controllers of cert-manager and of its ACME issuer in one."""

    def __init__(self, store: Store, interval: float) -> None:
        self.interval = interval
        self._store = store

    def concerns(self, change: Change) -> Iterable[tuple[str, str, str]]:
        """Return the Certificate that wants to be issued, or that nobody has looked at."""
        if (
            change.type == "DELETED"
            or change.kind.kind != "Certificate"
            or not (_wants(change.now) or _new(change.now))
        ):
            return []
        metadata = change.now["metadata"]
        return [(change.kind.kind, metadata["namespace"], metadata["name"])]

    async def reconcile(self, key: tuple[str, str, str]) -> None:
        """Take a Certificate to its end, or to where a challenge waits."""
        found = self._store.find(*key)
        if found is None:
            return
        if _new(found):
            self._begin(found)
        elif _wants(found):
            await self._issue(found)

    def _begin(self, certificate: Object) -> None:
        """Take over what the Secret of a former Certificate of the name holds; ask for a first issue without one."""
        where = _where(certificate)
        kept = self._store.find("Secret", where[0], certificate["spec"]["secretName"])
        issued = kept and kept["metadata"].get("annotations", {}).get(issuance.ISSUED)
        now = self._store.clock()

        def edit(status: Object) -> None:
            if issued:
                status |= issuance.times(certificate, datetime.fromisoformat(issued))
                issuance.put_condition(status, "Ready", "True", "Ready", _FRESH, now)
                return
            why = ("DoesNotExist", "Issuing certificate as Secret does not exist")
            issuance.put_condition(status, "Ready", "False", *why, now)
            issuance.put_condition(status, "Issuing", "True", *why, now)

        self._edit("certificates", where, edit)

    async def _issue(self, certificate: Object) -> None:
        request = self._request(certificate)
        await asyncio.sleep(self.interval)
        if self._is_acme(certificate) and not await self._prove(certificate, request):
            return
        now = self._store.clock()

        def signed(status: Object) -> None:
            status |= issuance.signed()
            issuance.put_condition(
                status, "Ready", "True", "Issued", "Certificate fetched from issuer successfully", now
            )

        def issued(status: Object) -> None:
            status |= {"revision": status.get("revision", 0) + 1, **issuance.times(certificate, now)}
            for gone in ("lastFailureTime", "failedIssuanceAttempts"):
                status.pop(gone, None)
            status["conditions"] = [each for each in status["conditions"] if each["type"] != "Issuing"]
            issuance.put_condition(status, "Ready", "True", "Ready", _FRESH, now)

        self._edit("certificaterequests", _where(request), signed)
        self._store.put(issuance.secret(certificate, now))
        self._edit("certificates", _where(certificate), issued)
        self._note(certificate, "Issuing", "The certificate has been successfully issued", normal=True)

    def _request(self, certificate: Object) -> Object:
        """Return the request of the next revision; one that failed makes way for another."""
        made = issuance.request(certificate, certificate["status"].get("revision", 0) + 1)
        known = self._store.find("CertificateRequest", *_where(made))
        if known and not _failed(known):
            return known
        if known:
            self._store.delete("certificaterequests", *_where(made))
        now = self._store.clock()
        status: Object = {}
        issuance.put_condition(
            status, "Approved", "True", "cert-manager.io", "Certificate request has been approved", now
        )
        issuance.put_condition(status, "Ready", "False", "Pending", "Waiting on certificate issuance from order", now)
        self._note(certificate, "Requested", f"Created new CertificateRequest resource {_where(made)[1]}", normal=True)
        return self._store.put(made | {"status": status})

    async def _prove(self, certificate: Object, request: Object) -> bool:
        """Have every name proved; tell whether that is done."""
        order = self._have(issuance.order(request, certificate["spec"]["dnsNames"]))
        challenges = [self._have(issuance.challenge(order, dns_name)) for dns_name in certificate["spec"]["dnsNames"]]
        await asyncio.sleep(self.interval)
        trouble = self._store.get("certificates", *_where(certificate))["metadata"].get("annotations", {}).get(TROUBLE)
        if trouble == PENDING:
            self._edit("challenges", _where(challenges[0]), lambda status: status.update(reason=_UNPROVED))
            return False
        if trouble == INVALID:
            self._fail(certificate, request, order, challenges[0])
            return False
        for each in challenges:
            self._store.delete("challenges", *_where(each))
        self._edit("orders", _where(order), lambda status: status.update(state="valid"))
        return True

    def _fail(self, certificate: Object, request: Object, order: Object, challenge: Object) -> None:
        """Tell at each level why nothing was issued."""
        now = self._store.clock()
        why = f'The certificate request has failed to complete and will be retried: {_FAILED}: ""'

        def failed(status: Object) -> None:
            status["failureTime"] = stamp(now)
            issuance.put_condition(status, "Ready", "False", "Failed", _FAILED, now)

        def given_up(status: Object) -> None:
            attempts = status.get("failedIssuanceAttempts", 0) + 1
            status |= {"lastFailureTime": stamp(now), "failedIssuanceAttempts": attempts}
            issuance.put_condition(status, "Issuing", "False", "Failed", why, now)

        refused = {"state": "invalid", "processing": False, "reason": _REFUSED}
        self._edit("challenges", _where(challenge), lambda status: status.update(refused))
        self._edit("orders", _where(order), lambda status: status.update(state="invalid", failureTime=stamp(now)))
        self._edit("certificaterequests", _where(request), failed)
        self._edit("certificates", _where(certificate), given_up)
        self._note(certificate, "Failed", why)

    def _is_acme(self, certificate: Object) -> bool:
        issuer = certificate["spec"]["issuerRef"]
        space = "" if issuer["kind"] == "ClusterIssuer" else certificate["metadata"]["namespace"]
        found = self._store.find(issuer["kind"], space, issuer["name"])
        return found is not None and "acme" in found["spec"]

    def _have(self, made: Object) -> Object:
        """Return an object that may be there already."""
        return self._store.find(made["kind"], *_where(made)) or self._store.put(made)

    def _edit(self, kind: str, where: Where, edit: Callable[[Object], object]) -> None:
        self._store.change(kind, *where, lambda draft: edit(draft.setdefault("status", {})))

    def _note(self, about: Object, reason: str, message: str, *, normal: bool = False) -> None:
        self._store.put(event(about, reason, message, self._store.clock(), normal=normal))


def _where(obj: Object) -> Where:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]


def _holds(obj: Object, type_: str) -> str:
    conditions = obj.get("status", {}).get("conditions") or []
    return next((str(each["status"]) for each in conditions if each["type"] == type_), "")


def _new(certificate: Object) -> bool:
    return not _holds(certificate, "Ready")


def _wants(certificate: Object) -> bool:
    return _holds(certificate, "Issuing") == "True"


def _failed(request: Object) -> bool:
    return "failureTime" in request.get("status", {})
