"""`!seal`: the emergency brake; nobody gets a secret from OpenBao until key holders open it again."""

from dataclasses import dataclass
from datetime import timedelta

from bot.command import ActionContext, Context, Plan, action
from bot.core.ceremony import opens_by_itself
from bot.core.errors import Sealed, Unreachable, UsageError
from bot.core.facts import Unknown, Verdict, worst
from bot.core.keys import Keys
from bot.core.names import UserId
from bot.core.policy import Risk, Role
from bot.core.seal import SealStatus
from commands.ceremony import PodSeal
from commands.vault import keys_state

_PATIENCE = timedelta(seconds=30)
"""How long a standby may take to step in, and be sealed in its turn."""
_LOOK = 0.5


@dataclass(frozen=True, slots=True)
class SealPlan:
    """What sealing means, and what it takes to open it again."""

    pods: int
    threshold: int
    shares: int
    opens_itself: bool
    """Whether the next restart opens it again, without anybody's share."""
    keys: Keys | None
    """Whether its keys are kept; None: nobody checks that."""


@dataclass(frozen=True, slots=True)
class SealReport:
    """How sealed every pod was found afterwards."""

    pods: tuple[PodSeal, ...]
    by: UserId
    took: timedelta

    @property
    def verdict(self) -> Verdict:
        """A pod that still serves is bad, one that does not say is unknown."""
        return worst(map(_verdict, self.pods))


async def _preview(ctx: Context) -> Plan:
    """Look what is open; raise UsageError where nothing is."""
    answers = await ctx.neighbours.openbao.all()
    told = [status for status in answers.values() if isinstance(status, SealStatus)]
    if not told:
        raise UsageError("OpenBao could not be asked", hint="!vault status says why")
    if not any(status.serves for status in told):
        raise UsageError("OpenBao is sealed already", hint="!vault status shows every pod, !unseal opens them")
    keys = await keys_state(ctx)
    most = max(told, key=lambda status: status.threshold)
    plan = SealPlan(len(answers), most.threshold, most.shares, any(map(opens_by_itself, told)), keys)
    return Plan(plan, target="openbao")


@action(
    "seal",
    summary="Seal OpenBao: nobody gets a secret until !unseal",
    risk=Risk.DANGEROUS,
    least=Role.ADMIN,
    examples=("!seal",),
    aliases=("vault seal",),
    preview=_preview,
    limit=_PATIENCE + timedelta(minutes=1),
)
async def seal(ctx: ActionContext) -> SealReport:
    """Seal the pod that serves, and whichever takes its place, until none does; tell what was seen then."""
    began = ctx.clock()
    pods = await _look(ctx)
    while any(pod.open for pod in pods) and ctx.clock() - began < _PATIENCE:
        try:
            await ctx.neighbours.kv.account.seal()
        except (Sealed, Unreachable):
            # Between two that serve nobody answers, and who is being sealed may not: the next look tells.
            await ctx.sleep(_LOOK)
        pods = await _look(ctx)
    return SealReport(pods, ctx.request.sender, ctx.clock() - began)


async def _look(ctx: Context) -> tuple[PodSeal, ...]:
    return tuple(PodSeal(name, status) for name, status in (await ctx.neighbours.openbao.all()).items())


def _verdict(pod: PodSeal) -> Verdict:
    if isinstance(pod.status, Unknown):
        return Verdict.UNKNOWN
    return Verdict.BAD if pod.open else Verdict.OK
