"""Finds certificates and the chain behind them, and follows an issue to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.command import Context
from bot.core import acme
from bot.core.certificates import (
    Certificate,
    Issue,
    Link,
    Stage,
    issue,
    link,
    owned,
    read_certificate,
    request_of,
    revision_of,
)
from bot.core.errors import Missing, NeighbourError, UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.kinds import Kind, Object
from bot.core.moments import moment
from bot.core.permissions import looks
from commands.asking import ask
from commands.following import EVERY
from commands.parameters import near, place
from commands.surveys import everywhere

_BEHIND = (Kind.CERTIFICATEREQUESTS, Kind.ORDERS, Kind.CHALLENGES)
NEEDS = looks(Kind.CERTIFICATES, *_BEHIND, Kind.ISSUERS, Kind.CLUSTERISSUERS)
"""What it takes to see a certificate and its chain."""
_ISSUERS = {"Issuer": Kind.ISSUERS, "ClusterIssuer": Kind.CLUSTERISSUERS}
_OURS = "cert-manager.io"
_PATIENCE = 300
"""Looks at an issue, so ten minutes: an ACME server answers within two."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A certificate and what stands behind it."""

    certificate: Certificate
    request: Object | None
    links: tuple[Link, ...]
    challenges: tuple[Object, ...]
    names: frozenset[tuple[str, str]]
    """Kind and name of everything behind it, as events name it."""


@dataclass(frozen=True, slots=True)
class IssueState:
    """How far an issue is, as it is told."""

    certificate: Certificate
    issue: Issue
    stuck: bool = False
    """Whether it waits for the same thing for so long that a person should look."""
    unknown: Unknown | None = None
    """Why it could not be asked, last time."""

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.stuck or self.issue.stage is not Stage.GOING

    @property
    def verdict(self) -> Verdict:
        """How that is."""
        if self.issue.stage is Stage.DONE:
            return Verdict.OK
        if self.over:
            return Verdict.BAD
        return Verdict.UNKNOWN if self.unknown else Verdict.NONE


async def find_certificate(ctx: Context, where: str, namespace: str | None) -> Object | None:
    """Return the Certificate that `ns/name`, `-n ns name` or a bare name means; None where there is none at all.

    The beginning of a name is enough where it can mean one thing only. Raises UsageError with near names.
    """
    space, name = _place(where, namespace)
    try:
        listing = await everywhere(ctx.neighbours.kubernetes, Kind.CERTIFICATES, ctx.settings.namespaces, space=space)
    except Missing:
        # The kind comes with cert-manager: without it there are none.
        return None
    for error in listing.unasked.values():
        raise error
    if not listing.items:
        return None
    exact = [each for each in listing.items if each["metadata"]["name"] == name]
    found = exact or [each for each in listing.items if each["metadata"]["name"].startswith(name)]
    if len(found) == 1:
        return found[0]
    close = near(name, tuple(each["metadata"]["name"] for each in listing.items))
    likely = found or [each for each in listing.items if each["metadata"]["name"] in close]
    places = tuple(read_certificate(each).place for each in likely[:3])
    problem = f"Which certificate? “{where[:60]}” is several" if found else f"No certificate “{where[:60]}”"
    raise UsageError(problem, hint="!certs lists them", near=places)


def _place(where: str, namespace: str | None) -> tuple[str, str]:
    """Read namespace (empty: any) and name; raise UsageError."""
    anywhere = namespace is None and "/" not in where
    target = place(f"any/{where}" if anywhere else where, namespace)
    if target is None or not target.name:
        raise UsageError("Which certificate?", hint="write ns/name, like ingress/pingora-tls")
    return "" if anywhere else target.namespace, target.name


async def chain(ctx: Context, certificate: Object) -> Chain:
    """Return what stands behind a certificate: its issuer where not well, the newest request, orders, challenges."""
    space, now = str(certificate["metadata"]["namespace"]), ctx.clock()
    read = read_certificate(certificate)
    lists, issuer = await asyncio.gather(
        asyncio.gather(*(_listed(ctx, kind, space) for kind in _BEHIND)), _issuer(ctx, certificate, read)
    )
    requests, orders, challenges = lists
    first = (issuer,) if issuer else ()
    request = request_of(certificate, requests)
    if request is None:
        return Chain(read, None, first, (), frozenset())
    ordered = owned(request, orders)
    asked = tuple(each for order in ordered for each in owned(order, challenges))
    behind = [(Kind.CERTIFICATEREQUESTS, request)]
    behind += [(Kind.ORDERS, each) for each in ordered] + [(Kind.CHALLENGES, each) for each in asked]
    links = tuple(link(kind, each, now) for kind, each in behind)
    names = frozenset((told.kind, each["metadata"]["name"]) for told, (_, each) in zip(links, behind, strict=True))
    return Chain(read, request, (*first, *links), asked, names)


async def knock(ctx: Context, challenges: tuple[Object, ...]) -> tuple[acme.Knock, ...]:
    """Ask the front door's port 80, from inside, for what each pending challenge wants to see there.

    The address is the configuration's; of the challenge only a checked name and token are used.
    """
    pending = (each for each in challenges if (each.get("status") or {}).get("state") not in {"valid", "ready"})
    proofs = tuple(filter(None, map(acme.proof, pending)))
    return tuple(await asyncio.gather(*(_knock(ctx, each) for each in proofs)))


async def follow(
    ctx: Context, certificate: Object, revision: int, show: Callable[[IssueState], Awaitable[None]]
) -> IssueState:
    """Look at the issue of a revision until it is done, failed or stuck; what cannot be asked is asked again."""
    state, same = IssueState(read_certificate(certificate), Issue(Stage.GOING, "", "")), 0
    for _ in range(_PATIENCE):
        before, state = state, await _look(ctx, state, certificate, revision)
        same = same + 1 if state.issue == before.issue and state.issue.why else 0
        # A challenge that has just been presented fails its first looks: what stays so is stuck.
        state = replace(state, stuck=state.unknown is None and same * EVERY >= ctx.settings.limits.stuck)
        if state.over:
            return state
        await show(state)
        await ctx.sleep(EVERY.total_seconds())
    return replace(state, stuck=state.unknown is None)


def begun_since(found: Chain, at: datetime) -> int:
    """Return the revision that an issue begun since a moment makes; 0 where none was begun."""
    born = moment(found.request["metadata"].get("creationTimestamp")) if found.request else None
    # Kubernetes keeps whole seconds.
    return revision_of(found.request) if found.request and born and born >= at.replace(microsecond=0) else 0


async def _look(ctx: Context, before: IssueState, obj: Object, revision: int) -> IssueState:
    metadata = obj["metadata"]
    try:
        now = await ctx.neighbours.kubernetes.get(Kind.CERTIFICATES, metadata["namespace"], metadata["name"])
        found = await chain(ctx, now)
    except NeighbourError as error:
        return replace(before, unknown=Unknown(error.reason))
    return IssueState(found.certificate, issue(found.certificate, found.links, revision))


async def _listed(ctx: Context, kind: Kind, namespace: str) -> tuple[Object, ...]:
    """Return the objects of a kind; none where the kind is not known, as ACME's are to some issuers."""
    try:
        return await ctx.neighbours.kubernetes.list(kind, namespaces=(namespace,))
    except Missing:
        return ()


async def _issuer(ctx: Context, obj: Object, certificate: Certificate) -> Link | None:
    """Return the issuer of a certificate where it is not well; None for one that is, or that is not cert-manager's."""
    group = ((obj.get("spec") or {}).get("issuerRef") or {}).get("group") or _OURS
    kind = _ISSUERS.get(certificate.issuer_kind)
    if kind is None or group != _OURS:
        return None
    space = certificate.namespace if kind.namespaced else ""
    try:
        found = link(kind, await ctx.neighbours.kubernetes.get(kind, space, certificate.issuer), ctx.clock())
    except Missing:
        return Link(certificate.issuer_kind, certificate.issuer, "missing", Verdict.BAD, "There is no such issuer")
    return None if found.verdict is Verdict.OK else found


async def _knock(ctx: Context, asked: acme.Proof) -> acme.Knock:
    question = ctx.neighbours.http.get(
        f"{ctx.settings.ingress.url}{asked.path}",
        neighbour="ingress",
        limit=ctx.settings.limits.probe,
        headers={"Host": asked.host},
    )
    found = await ask(question, ctx.settings.limits.probe)
    if isinstance(found, Unknown):
        return acme.Knock(asked.host, found, right=False)
    return acme.answered(asked, found.status, found.body)
