"""`!unseal`: a ceremony in which key holders open OpenBao's pods, each by a page of their own."""

from dataclasses import dataclass
from datetime import timedelta

from bot.command import ActionContext, action
from bot.core.errors import NeighbourError, UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.policy import Risk
from bot.core.seal import SealStatus
from commands.ceremony import LIFE, Ceremony, PodSeal, UnsealReport

_VERB = "unseal"


@dataclass(frozen=True, slots=True)
class UnsealCancelled:
    """That an attempt was begun anew on these pods, and what could not be asked."""

    pods: tuple[PodSeal, ...]
    ceremonies: int
    """How many were going on."""

    @property
    def verdict(self) -> Verdict:
        """A pod that could not be asked may still hold shares."""
        return Verdict.UNKNOWN if any(isinstance(pod.status, Unknown) for pod in self.pods) else Verdict.NONE


@action(
    _VERB,
    summary="Unseal OpenBao: a page for each key holder",
    risk=Risk.DANGEROUS,
    asks=False,
    examples=("!unseal",),
    aliases=("vault unseal",),
    limit=LIFE + timedelta(minutes=1),
)
async def unseal(ctx: ActionContext) -> UnsealReport:
    """Send every key holder a one-time page, give each share to every sealed pod, and follow until all are open.

    The shares are the approval: nobody else confirms. What was given stays in OpenBao's memory until the set is whole.
    """
    if ctx.running(_VERB) > 1:
        raise UsageError("an unsealing is going on already", hint="!unseal cancel ends it")
    ceremony = Ceremony(ctx)
    await ceremony.look()
    ceremony.check()
    await ceremony.invite()
    try:
        return await ceremony.follow()
    finally:
        await ceremony.close()


@action(
    "unseal cancel",
    summary="End an unsealing and discard its shares",
    risk=Risk.REVERSIBLE,
    asks=False,
    repeatable=True,
    examples=("!unseal cancel",),
)
async def unseal_cancel(ctx: ActionContext) -> UnsealCancelled:
    """Have every sealed pod discard the shares that it was given so far, and end what goes on."""
    ceremonies = ctx.end(_VERB)
    bao, unsealing = ctx.neighbours.openbao, ctx.neighbours.unsealing
    names = tuple((await bao.all()).items())
    pods = []
    for (name, status), url in zip(names, bao.pods, strict=True):
        found = status
        if isinstance(status, SealStatus) and status.sealed:
            try:
                found = await unsealing.reset(url)
            except NeighbourError as error:
                found = Unknown(error.reason)
        pods.append(PodSeal(name, found))
    return UnsealCancelled(tuple(pods), ceremonies)
