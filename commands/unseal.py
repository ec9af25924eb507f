"""`!unseal`: a ceremony in which key holders open OpenBao's pods, each by a page of their own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.command import ActionContext, action
from bot.core.ceremony import Noticed, fate_of, noticed, opens_by_itself, well_formed
from bot.core.errors import NeighbourError, UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.names import UserId
from bot.core.once import Fate, Outcome, Want
from bot.core.policy import Risk
from bot.core.seal import SealStatus

if TYPE_CHECKING:
    from bot.clients.openbao import OpenBao
    from bot.clients.unsealing import Unsealing

LIFE = timedelta(minutes=10)
"""How long a ceremony takes at most, and each of its pages can be used."""
_LOOK = 1.0
"""Seconds between two looks at the pods."""
_VERB = "unseal"


@dataclass(frozen=True, slots=True)
class PodSeal:
    """How sealed one pod is."""

    name: str
    status: SealStatus | Unknown
    noticed: Noticed | None = None
    """What happened to it that nobody here did."""

    @property
    def sealed(self) -> bool:
        """Whether it can take a share."""
        return isinstance(self.status, SealStatus) and self.status.sealed and self.status.initialized


@dataclass(frozen=True, slots=True)
class Invitation:
    """Asks a key holder for a share, by direct message; the address is theirs alone."""

    about: str
    address: str
    until: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class UnsealReport:
    """How far a ceremony is, or how it ended."""

    as_of: datetime
    zone: str
    pods: tuple[PodSeal, ...]
    gave: tuple[UserId, ...]
    """Who gave a share that counted, in that order."""
    waiting: tuple[UserId, ...]
    """Whose page is still open."""
    unreached: tuple[UserId, ...]
    """Who could not be sent their page."""
    until: datetime
    took: timedelta
    fate: Fate | None
    """How it ended: OPENED, WRONG, OVER (nobody came in time), REFUSED (cancelled); None: it goes on."""
    plain: bool

    @property
    def verdict(self) -> Verdict:
        """Sealed is bad until it is over well."""
        return Verdict.OK if self.fate is Fate.OPENED else Verdict.BAD


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
    ceremony = _Ceremony(ctx)
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


class _Ceremony:
    """One unsealing: the pods as last seen, who gave, and the pages that are open."""

    def __init__(self, ctx: ActionContext) -> None:
        self._ctx = ctx
        self._bao: OpenBao = ctx.neighbours.openbao
        self._unsealing: Unsealing = ctx.neighbours.unsealing
        self._began = ctx.clock()
        self._pods: tuple[PodSeal, ...] = ()
        self._gave: list[UserId] = []
        self._pages: dict[UserId, str] = {}
        self._unreached: list[UserId] = []
        self._fate: Fate | None = None
        self._one_at_a_time = asyncio.Lock()
        self._moved = asyncio.Event()

    async def look(self) -> None:
        """See how sealed each pod is, and what happened that nobody here did."""
        async with self._one_at_a_time:
            answers = await self._bao.all()
            before = {pod.name: pod for pod in self._pods}
            self._pods = tuple(_seen(name, status, before.get(name)) for name, status in answers.items())
            if before and self._pods and not any(pod.sealed or isinstance(pod.status, Unknown) for pod in self._pods):
                self._fate = Fate.OPENED

    def check(self) -> None:
        """Raise UsageError where there is nothing to unseal, or no share would do it."""
        told = [pod.status for pod in self._pods if isinstance(pod.status, SealStatus)]
        if not told:
            reasons = "; ".join(pod.status.reason for pod in self._pods if isinstance(pod.status, Unknown))
            raise UsageError(f"OpenBao could not be asked: {reasons}", hint="!vault status, !logs data/openbao")
        if any(not status.initialized for status in told):
            raise UsageError("OpenBao is not initialised: there is no key to unseal it with", hint="see COE-2026-001")
        if any(opens_by_itself(status) for status in told):
            raise UsageError(
                "OpenBao unseals by itself: its shares are for recovery only",
                hint="!logs data/openbao says why not",
            )
        if not any(status.sealed for status in told):
            raise UsageError("OpenBao is unsealed already", hint="!vault status shows every pod")
        if not self._holders():
            raise UsageError("nobody holds a key", hint="set key_holder: true under people")

    async def invite(self) -> None:
        """Open a page for every key holder and send it to them."""
        about = ", ".join(pod.name for pod in self._pods if pod.sealed)
        until = self._ctx.clock() + LIFE
        for holder in self._holders():
            self._pages[holder] = self._ctx.page(holder, Want.SHARE, about, partial(self._take, holder))
        letters = [Invitation(about, url, until, self._ctx.settings.timezone) for url in self._pages.values()]
        sent = await asyncio.gather(*(map(self._ctx.letter, self._pages, letters)))
        self._unreached = [who for who, arrived in zip(self._pages, sent, strict=True) if not arrived]

    async def follow(self) -> UnsealReport:
        """Show every step until all are open, the set was wrong, time is over or somebody ends it."""
        rounds = int(LIFE.total_seconds() / _LOOK)
        for _ in range(rounds):
            if self._fate is None and self._ctx.stopped.is_set():
                self._fate = Fate.REFUSED
            if self._fate:
                return self._report()
            await self._ctx.show(self._report())
            self._moved.clear()
            await self._rest()
            await self.look()
        self._fate = Fate.OVER
        return self._report()

    async def close(self) -> None:
        """End the pages and take the letters back."""
        for address in self._pages.values():
            await self._ctx.close_page(address)

    async def _rest(self) -> None:
        """Wait for a share, but no longer than until the next look."""
        resting = asyncio.ensure_future(self._ctx.sleep(_LOOK))
        moved = asyncio.ensure_future(self._moved.wait())
        await asyncio.wait({resting, moved}, return_when=asyncio.FIRST_COMPLETED)
        resting.cancel()
        moved.cancel()

    async def _take(self, who: UserId, share: bytearray) -> Outcome:
        """Give one share to every sealed pod; it is not kept."""
        if not well_formed(share):
            return Outcome(Fate.MALFORMED)
        async with self._one_at_a_time:
            if self._fate:
                return Outcome(Fate.OVER)
            outcomes = [await self._give(number, share) for number, pod in enumerate(self._pods) if pod.sealed]
            self._moved.set()
        outcome = max(outcomes, key=lambda each: _WEIGHT.index(each.fate), default=Outcome(Fate.OVER))
        if outcome.fate in {Fate.COUNTED, Fate.OPENED}:
            self._gave.append(who)
        if outcome.fate is Fate.WRONG:
            self._fate = Fate.WRONG
        elif outcome.fate is Fate.OPENED and not any(pod.sealed for pod in self._pods):
            self._fate = Fate.OPENED
        return outcome

    async def _give(self, number: int, share: bytearray) -> Outcome:
        pod, url = self._pods[number], self._bao.pods[number]
        before = pod.status
        assert isinstance(before, SealStatus)
        try:
            answer = await self._unsealing.give(url, share)
            after = answer or await self._bao.seal_status(url)
        except NeighbourError as error:
            self._set(number, replace(pod, status=Unknown(error.reason)))
            return Outcome(Fate.UNREACHABLE)
        self._set(number, PodSeal(pod.name, after))
        fate = fate_of(before, after, taken=answer is not None)
        return Outcome(fate, after.progress, after.threshold)

    def _set(self, number: int, pod: PodSeal) -> None:
        self._pods = (*self._pods[:number], pod, *self._pods[number + 1 :])

    def _holders(self) -> Sequence[UserId]:
        return [user for user, person in self._ctx.settings.people.items() if person.key_holder]

    def _report(self) -> UnsealReport:
        now = self._ctx.clock()
        left = [who for who in self._pages if who not in self._gave and who not in self._unreached]
        return UnsealReport(
            as_of=now,
            zone=self._ctx.settings.timezone,
            pods=self._pods,
            gave=tuple(self._gave),
            waiting=tuple(left),
            unreached=tuple(self._unreached),
            until=self._began + LIFE,
            took=now - self._began,
            fate=self._fate,
            plain=self._ctx.settings.plain,
        )


_WEIGHT = (Fate.OVER, Fate.UNREACHABLE, Fate.MALFORMED, Fate.REPEATED, Fate.COUNTED, Fate.OPENED, Fate.WRONG)
"""Which fate is told when a share met several in several pods: the last of these."""


def _seen(name: str, status: SealStatus | Unknown, before: PodSeal | None) -> PodSeal:
    if before is None or isinstance(status, Unknown):
        return PodSeal(name, status)
    if isinstance(before.status, Unknown):
        # A pod that did not answer for a while has likely restarted, and then its count says so.
        return PodSeal(name, status, before.noticed)
    return PodSeal(name, status, noticed(before.status, status) or (before.noticed if status.sealed else None))
