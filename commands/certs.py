"""`!certs` and `!cert`: TLS certificates, and what stands behind one of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.command import Context, command
from bot.core.acme import Knock
from bot.core.certificates import Certificate, Link, by_need, read_certificate
from bot.core.errors import Missing
from bot.core.events import Event, fold
from bot.core.facts import Unknown, Verdict, worst
from bot.core.kinds import Kind, Listing
from bot.core.permissions import looks
from commands.asking import ask
from commands.events import LATELY
from commands.existing import NEEDED, must_exist
from commands.issuing import NEEDS, Chain, chain, find_certificate, knock
from commands.parameters import NamespaceOption, ahead
from commands.surveys import Unasked, everywhere

_EVENTS = 3


@dataclass(frozen=True, slots=True)
class CertReport:
    """Certificates: what is wrong first, then what expires soonest."""

    as_of: datetime
    namespace: str
    """Empty: all of them."""
    within: timedelta | None
    """Only those that are not well, or expire so soon; None: all."""
    certificates: tuple[Certificate, ...]
    others: int
    """How many more there are that were not asked for."""
    gaps: tuple[Unasked, ...]
    served: bool
    """Whether the cluster knows certificates at all: they come with cert-manager."""

    @property
    def verdict(self) -> Verdict:
        """The worst of them; where there are none, nothing is told about health."""
        told = [each.verdict(self.as_of) for each in self.certificates]
        if self.gaps:
            return worst([*told, Verdict.UNKNOWN])
        return worst(told) if told else Verdict.OK if self.others else Verdict.NONE


@dataclass(frozen=True, slots=True)
class CertChain:
    """One certificate with all that stands behind it."""

    as_of: datetime
    certificate: Certificate
    links: tuple[Link, ...]
    knocks: tuple[Knock, ...]
    """What port 80 answered for the challenges that wait."""
    events: tuple[Event, ...] | Unknown
    """The last warnings about any of them."""

    @property
    def verdict(self) -> Verdict:
        """How the certificate is; a link that broke while it still serves is a warning."""
        own = self.certificate.verdict(self.as_of)
        behind = (*(each.verdict for each in self.links), *(each.verdict for each in self.knocks))
        broken = any(each is not Verdict.OK for each in behind)
        return Verdict.WARN if own is Verdict.OK and broken else own


@dataclass(frozen=True, slots=True)
class NoCertificate:
    """There is no Certificate object where one was asked about, as in a house whose TLS somebody else provides."""

    where: str


@command(
    "certs",
    summary="TLS certificates, the most urgent first",
    examples=("!certs", "!certs --within 14d", "!certs -n ingress"),
    needs=(*looks(Kind.CERTIFICATES), NEEDED),
)
async def certs(ctx: Context, *, within: str = "", namespace: NamespaceOption = None) -> CertReport:
    """Tell of each certificate whether it is ready, when it expires and is renewed, and who issues it."""
    span = ahead(within) if within else None
    try:
        found = await everywhere(
            ctx.neighbours.kubernetes, Kind.CERTIFICATES, ctx.settings.namespaces, space=namespace or ""
        )
        served = True
    except Missing:
        found, served = Listing((), {}), False
    if namespace and not found.items:
        await must_exist(ctx, namespace)
    now = ctx.clock()
    read = by_need(map(read_certificate, found.items), now)
    asked = tuple(each for each in read if span is None or _pressing(each, span, now))
    gaps = tuple(Unasked("certificates", where, error.reason) for where, error in found.unasked.items())
    return CertReport(now, namespace or "", span, asked, len(read) - len(asked), gaps, served)


@command(
    "cert",
    summary="One TLS certificate and what stands behind it",
    examples=("!cert ingress/pingora-tls", "!cert -n ingress pingora-tls"),
    needs=(*NEEDS, *looks(Kind.EVENTS)),
)
async def cert(ctx: Context, where: str, *, namespace: NamespaceOption = None) -> CertChain | NoCertificate:
    """Tell the chain from Certificate to Challenge, and ask port 80 for what a challenge wants to see there."""
    obj = await find_certificate(ctx, where, namespace)
    if obj is None:
        return NoCertificate(f"{namespace}/{where}" if namespace else where)
    found = await chain(ctx, obj)
    knocks = await knock(ctx, found.challenges)
    return CertChain(ctx.clock(), found.certificate, found.links, knocks, await _warnings(ctx, found))


def _pressing(certificate: Certificate, span: timedelta, now: datetime) -> bool:
    ends = certificate.not_after
    return ends is None or ends - now <= span or certificate.verdict(now) is not Verdict.OK


async def _warnings(ctx: Context, found: Chain) -> tuple[Event, ...] | Unknown:
    """Return the last warnings about a certificate and what stands behind it."""
    space, now = found.certificate.namespace, ctx.clock()
    question = ctx.neighbours.kubernetes.list(Kind.EVENTS, namespaces=(space,))
    told = await ask(question, ctx.settings.limits.probe)
    if isinstance(told, Unknown):
        return told
    about = {("Certificate", found.certificate.name), *found.names}
    return tuple(each for each in fold(told, now, LATELY) if each.warning and (each.kind, each.name) in about)[:_EVENTS]
