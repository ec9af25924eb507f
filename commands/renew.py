"""`!cert renew`: have a certificate issued anew, as cmctl does, and follow that to its end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.command import ActionContext, Context, Plan, action
from bot.core.certificates import Certificate, Link, read_certificate, wished
from bot.core.errors import NotBegun, Unreachable, UsageError
from bot.core.facts import Verdict
from bot.core.kinds import Kind, Object
from bot.core.names import UserId
from bot.core.permissions import Need, Scope
from bot.core.policy import Risk
from commands.finding import Found
from commands.issuing import NEEDS, IssueState, begun_since, chain, find_certificate, follow
from commands.parameters import NamespaceOption

LIMIT = timedelta(minutes=20)
"""More than any issue is followed."""
_LATELY = timedelta(days=1)
"""Let's Encrypt issues five of the same names in a week: who spends them within a day asks somebody else first."""


@dataclass(frozen=True, slots=True)
class RenewPlan:
    """What would be issued anew."""

    certificate: Certificate
    issuer: Link | None
    """Its issuer, where that is not well."""
    lately: bool
    """Whether it was issued within the last day."""
    as_of: datetime


@dataclass(frozen=True, slots=True)
class RenewReport:
    """How far a renewal is, or how it ended."""

    state: IssueState
    by: UserId
    took: timedelta
    over: bool
    as_of: datetime

    @property
    def verdict(self) -> Verdict:
        """Only what is ready with a new revision is good."""
        return self.state.verdict if self.over else Verdict.NONE


async def preview(ctx: Context, where: str, *, namespace: NamespaceOption = None) -> Plan:
    """Find the certificate, and what its renewal meets; raise UsageError where it makes no sense."""
    found = await _find(ctx, where, namespace)
    read, now = read_certificate(found.obj), ctx.clock()
    _must_rest(read)
    await _wish(ctx, found, dry_run=True)
    issuer = next((each for each in (await chain(ctx, found.obj)).links if each.kind == read.issuer_kind), None)
    lately = read.not_before is not None and now - read.not_before < _LATELY
    return Plan(RenewPlan(read, issuer, lately, now), Risk.DANGEROUS if lately else None, target=found.identity)


@action(
    "cert renew",
    summary="Have a TLS certificate issued anew",
    risk=Risk.AFFECTING,
    examples=("!cert renew ingress/pingora-tls", "!cert renew -n ingress pingora-tls"),
    repeatable=True,
    preview=preview,
    limit=LIMIT,
    needs=(*NEEDS, Need("update", Kind.CERTIFICATES, "status", scope=Scope.EACH)),
)
async def cert_renew(ctx: ActionContext, where: str, *, namespace: NamespaceOption = None) -> RenewReport:
    """Set the condition Issuing of a Certificate, and follow the issue until it is ready, failed or stuck.

    The condition's message carries the action's id, so that a repeat after a crash finds it and only goes on following.
    """
    found = await _find(ctx, where, namespace)
    began = ctx.clock()

    def report(state: IssueState, *, over: bool = False) -> RenewReport:
        return RenewReport(state, ctx.request.sender, ctx.clock() - began, over, ctx.clock())

    revision = await _begin(ctx, found)
    state = await follow(ctx, found.obj, revision, lambda state: ctx.show(report(state)))
    return report(state, over=True)


async def _begin(ctx: ActionContext, found: Found) -> int:
    """Ask for the issue, unless that is done; return the revision that it makes."""
    read = read_certificate(found.obj)
    if _is_ours(ctx, read):
        return read.revision + 1
    if ctx.again:
        # The message goes with the condition: what was made since tells of an issue that is over.
        revision = begun_since(await chain(ctx, found.obj), ctx.decided)
        if not revision:
            raise NotBegun
        return revision
    _must_rest(read)
    try:
        await _wish(ctx, found)
    except Unreachable:
        now = await ctx.neighbours.kubernetes.get(Kind.CERTIFICATES, found.namespace, found.name)
        if not _is_ours(ctx, read_certificate(now)):
            raise
    return read.revision + 1


async def _find(ctx: Context, where: str, namespace: str | None) -> Found:
    obj = await find_certificate(ctx, where, namespace)
    if obj is None:
        raise UsageError("There is no certificate to renew", hint="TLS comes from elsewhere, as on a laptop")
    return Found(Kind.CERTIFICATES, obj)


def _must_rest(certificate: Certificate) -> None:
    """Raise UsageError where an issue goes on: a second one would be the same."""
    if certificate.issuing_since:
        raise UsageError(
            f"{certificate.place} is being issued already", hint=f"!cert {certificate.place} tells how far"
        )


async def _wish(ctx: Context, found: Found, *, dry_run: bool = False) -> None:
    wanted: Object = wished(found.obj, _words(ctx), ctx.clock())
    kubernetes = ctx.neighbours.kubernetes
    await kubernetes.replace(Kind.CERTIFICATES, found.namespace, found.name, wanted, part="status", dry_run=dry_run)


def _is_ours(ctx: ActionContext, certificate: Certificate) -> bool:
    return certificate.asked_by == _words(ctx)


def _words(ctx: Context) -> str:
    """Return the message that tells whose wish it is: a request's id is its action's."""
    id_ = ctx.action if isinstance(ctx, ActionContext) else ctx.request.id
    return f"Certificate re-issuance manually triggered by opsbot, action {id_}"
