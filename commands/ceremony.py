"""An unsealing under way: the pods as last seen, who gave, the pages that are open; and what the room is told of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.command import ActionContext
from bot.core.ceremony import Noticed, fate_of, noticed, opens_by_itself, well_formed
from bot.core.errors import NeighbourError, UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.names import UserId
from bot.core.once import Fate, Outcome, Want
from bot.core.seal import SealStatus

if TYPE_CHECKING:
    from bot.clients.openbao import OpenBao
    from bot.clients.unsealing import Unsealing

LIFE = timedelta(minutes=10)
"""How long a ceremony takes at most, and each of its pages can be used."""
_LOOK = 1.0
"""Seconds between two looks at the pods."""
_CALLS = 3
"""How often at most those who gave are asked again, because somebody had the count begin anew."""


@dataclass(frozen=True, slots=True)
class PodSeal:
    """How sealed one pod is."""

    name: str
    status: SealStatus | Unknown
    noticed: Noticed | None = None
    """What happened to it that nobody here did."""
    forgot: bool = False
    """Whether it lost shares that nobody was asked for again yet."""
    untaken: Unknown | None = None
    """Why the last share did not arrive."""

    @property
    def open(self) -> bool:
        """Whether it is known to need no share."""
        return isinstance(self.status, SealStatus) and self.status.serves

    @property
    def sealed(self) -> bool:
        """Whether it can take a share."""
        return isinstance(self.status, SealStatus) and self.status.sealed and self.status.initialized


@dataclass(frozen=True, slots=True)
class Invitation:
    """Asks a key holder for a share, by direct message; the address is theirs alone."""

    about: str
    address: str
    """Of a page; where phones reach none, it has no host."""
    by_chat: bool
    """Whether the share may be typed as an answer, too."""
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


class Ceremony:
    """One unsealing."""

    def __init__(self, ctx: ActionContext) -> None:
        self._ctx = ctx
        self._bao: OpenBao = ctx.neighbours.openbao
        self._unsealing: Unsealing = ctx.neighbours.unsealing
        self._began = ctx.clock()
        self._pods: tuple[PodSeal, ...] = ()
        self._suspected: set[str] = set()
        """Pods that seem to have begun anew: one that is being opened looks so for a moment."""
        self._told: dict[str, SealStatus] = {}
        """What each pod said last, so that a restart is seen across the time in which it said nothing."""
        self._gave: list[UserId] = []
        self._unsure: set[UserId] = set()
        """Whose share may have arrived although no answer came."""
        self._pages: dict[UserId, str] = {}
        self._unreached: list[UserId] = []
        self._calls = 0
        self._fate: Fate | None = None
        self._one_at_a_time = asyncio.Lock()
        self._shares = 0
        """Grows when a share comes and when it is given: what was asked before says nothing about after."""
        self._moved = asyncio.Event()

    async def look(self) -> None:
        """See how sealed each pod is, and what happened that nobody here did."""
        shares = self._shares
        # A pod that hangs must not keep a share from the others: it is asked without the lock.
        answers = await self._bao.all()
        async with self._one_at_a_time:
            if shares == self._shares:
                first = not self._pods
                self._pods = tuple(self._seen(number, *answer) for number, answer in enumerate(answers.items()))
                if not first and all(pod.open for pod in self._pods):
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
        await self._call(self._holders())

    async def follow(self) -> UnsealReport:
        """Show every step until all are open, the set was wrong, time is over or somebody ends it."""
        while self._fate is None and self._ctx.clock() < self._began + LIFE:
            if self._ctx.stopped.is_set():
                self._fate = Fate.REFUSED
                break
            self._moved.clear()
            await self._ctx.show(self._report())
            await self._rest()
            await self.look()
            await self._call_again()
        self._fate = self._fate or Fate.OVER
        return self._report()

    async def close(self) -> None:
        """End the pages and take the letters back."""
        for address in self._pages.values():
            await self._ctx.close_page(address)

    async def _call(self, holders: Sequence[UserId]) -> None:
        about = ", ".join(pod.name for pod in self._pods if pod.sealed)
        until = self._began + LIFE
        for holder in holders:
            if old := self._pages.get(holder):
                await self._ctx.close_page(old)
            self._pages[holder] = self._ctx.page(holder, Want.SHARE, about, partial(self._take, holder))
        zone = self._ctx.settings.timezone
        by_chat = self._ctx.settings.openbao.shares_by_dm
        letters = [Invitation(about, self._pages[holder], by_chat, until, zone) for holder in holders]
        sent = await asyncio.gather(*(map(self._ctx.letter, holders, letters)))
        self._unreached = [who for who in self._unreached if who not in holders]
        self._unreached += [who for who, arrived in zip(holders, sent, strict=True) if not arrived]

    async def _call_again(self) -> None:
        """Ask those who gave once more where a pod lost what they gave."""
        if self._calls >= _CALLS or not any(pod.forgot for pod in self._pods):
            return
        self._calls += 1
        self._pods = tuple(replace(pod, forgot=False) for pod in self._pods)
        again, self._gave = tuple(self._gave), []
        await self._call(again)

    async def _rest(self) -> None:
        """Wait for a share, but no longer than until the next look."""
        resting = asyncio.ensure_future(self._ctx.sleep(_LOOK))
        moved = asyncio.ensure_future(self._moved.wait())
        await asyncio.wait({resting, moved}, return_when=asyncio.FIRST_COMPLETED)
        resting.cancel()
        moved.cancel()

    async def _take(self, who: UserId, share: bytearray) -> Outcome:
        """Give one share to every pod that is not open; it is not kept."""
        if not well_formed(share):
            return Outcome(Fate.MALFORMED)
        async with self._one_at_a_time:
            if self._fate:
                return Outcome(Fate.OVER)
            self._shares += 1
            shut = [number for number, pod in enumerate(self._pods) if not pod.open]
            fates = await asyncio.gather(*(self._give(number, share) for number in shut))
            self._shares += 1
            fate = self._settle(who, max(fates, key=_WEIGHT.index, default=Fate.OVER))
            self._moved.set()
            return Outcome(fate, *self._progress())

    def _settle(self, who: UserId, fate: Fate) -> Fate:
        """Write down what a share did, and return what its giver is told."""
        if fate is Fate.REPEATED and who in self._unsure:
            fate = Fate.COUNTED
        if fate is Fate.UNREACHABLE:
            self._unsure.add(who)
        if fate in {Fate.COUNTED, Fate.OPENED} and who not in self._gave:
            self._gave.append(who)
        if fate is Fate.WRONG:
            self._fate = Fate.WRONG
        elif fate is Fate.OPENED:
            if not all(pod.open for pod in self._pods):
                return Fate.COUNTED
            self._fate = Fate.OPENED
        return fate

    async def _give(self, number: int, share: bytearray) -> Fate:
        pod, url = self._pods[number], self._bao.pods[number]
        try:
            before = pod.status if isinstance(pod.status, SealStatus) else await self._bao.seal_status(url)
            if before.serves:
                self._set(replace(pod, status=before), number)
                return Fate.OVER
            answer = await self._unsealing.give(url, share)
            after = answer or await self._bao.seal_status(url)
        except NeighbourError as error:
            # It may have arrived: what the pod says next is no news about somebody else.
            self._told.pop(pod.name, None)
            why = Unknown(error.reason)
            self._set(replace(pod, status=why, untaken=why), number)
            return Fate.UNREACHABLE
        fate = fate_of(before, after, taken=answer is not None)
        told, self._told[pod.name] = self._told.get(pod.name), after
        anew = told is not None and fate is Fate.COUNTED and noticed(told, after) is Noticed.BEGUN_ANEW
        news = Noticed.BEGUN_ANEW if anew else pod.noticed
        self._set(PodSeal(pod.name, after, news, forgot=pod.forgot or anew), number)
        return fate

    def _set(self, pod: PodSeal, number: int) -> None:
        self._pods = (*self._pods[:number], pod, *self._pods[number + 1 :])

    def _seen(self, number: int, name: str, status: SealStatus | Unknown) -> PodSeal:
        """Return a pod as it is now, with what happened to it since it was asked last."""
        before = self._pods[number] if self._pods else PodSeal(name, status)
        if isinstance(status, Unknown):
            return replace(before, status=status)
        told = self._told.get(name)
        news = noticed(told, status) if told else None
        if news is Noticed.BEGUN_ANEW and name not in self._suspected:
            self._suspected.add(name)
            return replace(before, status=status)
        self._suspected.discard(name)
        self._told[name] = status
        if status.serves:
            return PodSeal(name, status, news)
        forgot = before.forgot or news is Noticed.BEGUN_ANEW
        return PodSeal(name, status, news or before.noticed, forgot, before.untaken)

    def _progress(self) -> tuple[int, int]:
        """Return how many shares the pod that lacks most of them has, and how many it needs."""
        shut = [pod.status for pod in self._pods if isinstance(pod.status, SealStatus) and pod.sealed]
        least = min(shut, key=lambda status: status.progress, default=None)
        return (least.progress, least.threshold) if least else (0, 0)

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
