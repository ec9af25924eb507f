"""TLS certificates as cert-manager keeps them: how one is, the chain behind it, and how far an issue is; pure.

Read as cmctl reads them (`pkg/status`, `pkg/renew`). What is in the Secret is never needed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.core.errors import UsageError
from bot.core.facts import Verdict
from bot.core.kinds import Kind, Object
from bot.core.moments import moment
from bot.core.rows import condition, read_row
from bot.core.scrub import scrub

MANUALLY = "ManuallyTriggered"
"""The reason that cmctl gives the condition Issuing."""
PUT_BACK_BY = "ops.sunbeam.pt/put-back-by"
"""The annotation with the id of the action that made a deleted Certificate again."""
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
REVISION = "cert-manager.io/certificate-revision"
_OVERDUE = timedelta(hours=1)
"""A renewal later than this does not come by itself."""
_SOON = timedelta(days=7)
"""Without a renewal time, less than this is too little."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One Certificate; all texts are foreign."""

    namespace: str
    name: str
    names: tuple[str, ...]
    """What it is for; of an authority its common name."""
    issuer: str
    issuer_kind: str
    ready: bool | None
    """None: nobody has looked at it yet."""
    why: str
    """Why it is not ready, or why its last issue failed; without secrets."""
    issuing_since: datetime | None
    """When the issue that goes on began; None: none goes on."""
    asked_by: str
    """The message of the condition Issuing, by which an action of ours is known again."""
    failed: bool
    """Whether its last issue failed; cert-manager tries again by itself, after longer and longer."""
    attempts: int
    """How often in a row."""
    not_before: datetime | None
    not_after: datetime | None
    renews: datetime | None
    revision: int
    """How many were issued; 0: none by this object."""

    @property
    def place(self) -> str:
        """What to call it in the room: `ingress/pingora-tls`."""
        return f"{self.namespace}/{self.name}"

    def overdue(self, now: datetime) -> bool:
        """Tell whether it should have been renewed, and nobody is at it."""
        return self.renews is not None and now - self.renews > _OVERDUE and self.issuing_since is None

    def verdict(self, now: datetime) -> Verdict:
        """How it is: an expired one serves nobody, one that is not renewed will not for long."""
        if self.not_after and self.not_after <= now:
            return Verdict.BAD
        if self.ready is None:
            return Verdict.UNKNOWN
        if not self.ready:
            return Verdict.WARN if self.issuing_since and not self.not_after else Verdict.BAD
        short = self.renews is None and self.not_after is not None and self.not_after - now < _SOON
        return Verdict.WARN if self.failed or short or self.overdue(now) else Verdict.OK


@dataclass(frozen=True, slots=True)
class Link:
    """An object behind a certificate; all texts are foreign."""

    kind: str
    """As the API writes it: `Order`."""
    name: str
    state: str
    verdict: Verdict
    why: str
    """Without secrets; empty where it is well."""


class Stage(StrEnum):
    """How far an issue is."""

    GOING = "going"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue at one moment."""

    stage: Stage
    at: str
    """What it is at, as `Order` or `Challenge`; empty where nothing was made yet."""
    why: str
    """What keeps it, in the words of who waits; foreign text without secrets."""


_URGENCY = (Verdict.BAD, Verdict.UNKNOWN, Verdict.WARN, Verdict.OK)
_NEVER = datetime.max.replace(tzinfo=UTC)


def read_certificate(obj: Object) -> Certificate:
    """Read a Certificate; every field but its name may be missing."""
    metadata, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    ready, issuing = condition(obj, "Ready"), condition(obj, "Issuing")
    goes = issuing.get("status") == "True"
    failed = issuing.get("status") == "False" and issuing.get("reason") == "Failed"
    told = issuing if failed else ready
    holds = {"True": True, "False": False}.get(str(ready.get("status")))
    issuer = spec.get("issuerRef") or {}
    return Certificate(
        namespace=str(metadata.get("namespace", "")),
        name=str(metadata["name"]),
        names=tuple(map(str, spec.get("dnsNames") or filter(None, (spec.get("commonName"),)))),
        issuer=str(issuer.get("name", "")),
        issuer_kind=str(issuer.get("kind") or "Issuer"),
        ready=holds,
        why="" if holds and not failed else scrub(str(told.get("message") or told.get("reason") or "")),
        issuing_since=_since(issuing, metadata) if goes else None,
        asked_by=str(issuing.get("message") or "") if goes else "",
        failed=failed,
        attempts=int(status.get("failedIssuanceAttempts") or 0),
        not_before=moment(status.get("notBefore")),
        not_after=moment(status.get("notAfter")),
        renews=moment(status.get("renewalTime")),
        revision=int(status.get("revision") or 0),
    )


def by_need(certificates: Iterable[Certificate], now: datetime) -> tuple[Certificate, ...]:
    """Return what is wrong first, and then what expires soonest."""

    def need(each: Certificate) -> tuple[int, datetime, str]:
        return _URGENCY.index(each.verdict(now)), each.not_after or _NEVER, each.place

    return tuple(sorted(certificates, key=need))


def request_of(certificate: Object, requests: Iterable[Object]) -> Object | None:
    """Return the newest CertificateRequest of a certificate."""
    return max(owned(certificate, requests), key=lambda each: (revision_of(each), _born(each)), default=None)


def owned(owner: Object, objects: Iterable[Object]) -> tuple[Object, ...]:
    """Return the objects that another one controls."""
    uid = owner["metadata"].get("uid")
    return tuple(
        each
        for each in objects
        if any(ref.get("controller") and ref.get("uid") == uid for ref in each["metadata"].get("ownerReferences") or ())
    )


def revision_of(request: Object) -> int:
    """Return which revision of its certificate a CertificateRequest is to become; 0 where it does not say."""
    text = str((request["metadata"].get("annotations") or {}).get(REVISION, ""))
    return int(text) if text.isascii() and text.isdigit() else 0


def link(kind: Kind, obj: Object, now: datetime) -> Link:
    """Say how an object behind a certificate is."""
    row = read_row(kind, obj, now)
    status = obj.get("status") or {}
    why = status.get("reason") or condition(obj, "Ready").get("message") or ""
    name = str((obj.get("spec") or {}).get("dnsName") or row.name)
    return Link(
        str(obj.get("kind") or _WORDS[kind]),
        name,
        str(row.cells[0]) if row.cells else "",
        row.verdict,
        "" if row.verdict is Verdict.OK else scrub(str(why)),
    )


def issue(certificate: Certificate, links: Iterable[Link], revision: int) -> Issue:
    """Tell how far the issue of a revision is; 0: any, as long as the certificate is ready."""
    behind = tuple(links)
    going = certificate.issuing_since is not None
    if certificate.ready and not going and certificate.revision >= revision and not certificate.failed:
        return Issue(Stage.DONE, "", "")
    worst = _cause(behind, Verdict.BAD) or _cause(behind, Verdict.WARN)
    at, why = (worst.kind, worst.why) if worst else ("", "")
    if certificate.failed:
        return Issue(Stage.FAILED, at, why or certificate.why)
    return Issue(Stage.GOING, at, why)


def wished(certificate: Object, message: str, at: datetime) -> Object:
    """Return a Certificate with the condition by which cmctl asks for an issue; all others stay (`pkg/renew`)."""
    status = certificate.get("status") or {}
    wish = {
        "type": "Issuing",
        "status": "True",
        "reason": MANUALLY,
        "message": message,
        "observedGeneration": certificate["metadata"].get("generation", 0),
        "lastTransitionTime": at.replace(microsecond=0).isoformat().replace("+00:00", "Z"),
    }
    others = [each for each in status.get("conditions") or () if each.get("type") != "Issuing"]
    return {**certificate, "status": {**status, "conditions": [*others, wish]}}


def _cause(links: tuple[Link, ...], verdict: Verdict) -> Link | None:
    """Return the link of a verdict that is nearest to the cause; of several alike, one that says why."""
    found = [each for each in reversed(links) if each.verdict is verdict]
    alike = [each for each in found if each.kind == found[0].kind]
    return next((each for each in alike if each.why), alike[0] if alike else None)


def _since(issuing: Object, metadata: Object) -> datetime | None:
    return moment(issuing.get("lastTransitionTime")) or moment(metadata.get("creationTimestamp"))


def _born(obj: Object) -> str:
    return str(obj["metadata"].get("creationTimestamp") or "")


_WORDS = {
    Kind.CERTIFICATEREQUESTS: "CertificateRequest",
    Kind.ORDERS: "Order",
    Kind.CHALLENGES: "Challenge",
    Kind.ISSUERS: "Issuer",
    Kind.CLUSTERISSUERS: "ClusterIssuer",
}


def saved(obj: Object, action: str) -> Object:
    """Return a Certificate as it can be made again: without what the API server and cert-manager wrote into it.

    Raises UsageError for one with a password in it, which may be written nowhere.
    """
    stores = (obj.get("spec") or {}).get("keystores") or {}
    if any(isinstance(each, dict) and each.get("password") for each in stores.values()):
        raise UsageError("It has a keystore's password in it, which I may not keep", hint="delete it by hand")
    metadata = obj["metadata"]
    notes = {name: text for name, text in (metadata.get("annotations") or {}).items() if name != _APPLIED}
    kept: Object = {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "annotations": {**notes, PUT_BACK_BY: action},
    }
    if metadata.get("labels"):
        kept["labels"] = metadata["labels"]
    return {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": kept, "spec": obj["spec"]}
