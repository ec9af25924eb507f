"""Writes a secret: with values made here or given on a page, over the version that was shown, and with a way back."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.command import ActionContext
from bot.core.errors import Denied, Missing, NeighbourError, NotBegun, Rejected, Sealed, Unreachable
from bot.core.facts import Verdict
from bot.core.kv import Version
from bot.core.names import RequestId, UserId
from bot.core.once import Fate, Outcome, Want
from bot.core.values import Change, Encoding, encoded

LIFE = timedelta(minutes=10)
"""How long the page for a value can be used."""
_LONGEST = 8192
"""Bytes of a value that somebody gives; keys and certificates are shorter."""


@dataclass(frozen=True, slots=True)
class How:
    """Where values come from, and what becomes of a secret's other keys."""

    whole: bool
    """Whether they vanish."""
    ask: bool = False
    """Whether a person gives the value, on a page."""
    random: int = 0
    """Random bytes of each value that is made here."""
    encoding: Encoding = Encoding.HEX

    @property
    def length(self) -> int:
        """Characters of a value that is made here."""
        return 0 if self.ask else len(encoded(bytes(self.random), self.encoding))


@dataclass(frozen=True, slots=True)
class ValueWanted:
    """Asks somebody for a value, by direct message; the address is theirs alone."""

    about: str
    address: str
    until: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class ValueAwaited:
    """That somebody's page waits for a value, or that none came."""

    path: str
    key: str
    by: UserId
    reached: bool
    """Whether the letter with the page arrived."""
    until: datetime
    zone: str
    over: bool = False

    @property
    def verdict(self) -> Verdict:
        """Nothing was done where none came."""
        return Verdict.WARN if self.over else Verdict.NONE


@dataclass(frozen=True, slots=True)
class Written:
    """The version that a secret has now."""

    path: str
    version: int
    keys: tuple[str, ...]
    """Which were set."""
    vanished: tuple[str, ...]
    back_to: int
    """The version whose values it has; 0: new ones."""
    by: UserId
    undo: RequestId | None
    """None: there is no version to go back to."""

    @property
    def verdict(self) -> Verdict:
        """It is written."""
        return Verdict.OK


@dataclass(frozen=True, slots=True)
class Target:
    """A secret as it was looked at, and what is to be done to it."""

    path: str
    name: str
    """With the mount before it."""
    newest: Version | None
    gone: bool
    change: Change

    @property
    def cas(self) -> int:
        """The version that must still be the newest."""
        return self.newest.number if self.newest else 0

    @property
    def identity(self) -> str:
        """What a confirmation holds for."""
        return f"{self.name} at version {self.cas}"


async def write(ctx: ActionContext, target: Target, how: How) -> Written | ValueAwaited:
    """Write what was confirmed; raise what there is to say where it cannot be."""
    begun(ctx, target, target.identity)
    written = await (_Asking(ctx, target, how).ask() if how.ask else _generate(ctx, target, how))
    return written if isinstance(written, ValueAwaited) else done(ctx, target, written)


def begun(ctx: ActionContext, target: Target, identity: str) -> None:
    """Raise what there is to say where a secret is not any more what was confirmed."""
    if ctx.again:
        if identity == ctx.target:
            raise NotBegun
        raise Unreachable("openbao", f"I was cut off while I wrote {target.name}, which is at version {target.cas} now")
    if identity != ctx.target:
        raise Rejected("openbao", f"cannot write {target.name}: somebody wrote it meanwhile")


async def _generate(ctx: ActionContext, target: Target, how: How) -> int:
    """Write values that nobody knows; return the version."""
    values = {key: encoded(ctx.new_secret(how.random), how.encoding) for key in target.change.sets}
    return await _store(ctx, target, values, whole=how.whole)


async def _store(ctx: ActionContext, target: Target, values: Mapping[str, str], *, whole: bool) -> int:
    """Write; after a cut answer, ask whether it was done."""
    kv = ctx.neighbours.kv
    write = kv.write if whole else kv.patch
    try:
        return await write(target.path, values, cas=target.cas)
    except Unreachable:
        if not await kv.holds(target.path, target.cas + 1, values):
            raise
        return target.cas + 1


def done(ctx: ActionContext, target: Target, version: int, *, back_to: int = 0) -> Written:
    """Return the result, and leave the way back where there is one."""
    undo = target.cas > 0 and not target.gone
    if undo:
        ctx.undo_by("vault", "kv", "rollback", target.name, "--to", str(target.cas))
    keys = () if back_to else target.change.sets
    by = ctx.request.sender
    return Written(target.name, version, keys, target.change.vanishes, back_to, by, ctx.action if undo else None)


class _Asking:
    """One page that waits for a value and writes it."""

    def __init__(self, ctx: ActionContext, target: Target, how: How) -> None:
        self._ctx = ctx
        self._target = target
        self._whole = how.whole
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def ask(self) -> int | ValueAwaited:
        """Send the page, wait, and return the version written, or that no value came; raise why it was not taken."""
        ctx, target = self._ctx, self._target
        key, until, zone = target.change.sets[0], ctx.clock() + LIFE, ctx.settings.timezone
        about = f"{target.name} {key}"
        awaited = ValueAwaited(target.name, key, ctx.request.sender, True, until, zone)
        address = ctx.page(ctx.request.sender, Want.VALUE, about, self._take)
        try:
            if not await ctx.letter(ctx.request.sender, ValueWanted(about, address, until, zone)):
                return replace(awaited, reached=False, over=True)
            await ctx.show(awaited)
            return await self._wait() or replace(awaited, over=True)
        finally:
            await ctx.close_page(address)

    async def _wait(self) -> int | None:
        """Return the version; None: nobody came, or it was ended."""
        ends: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(self._ctx.sleep(LIFE.total_seconds())),
            asyncio.ensure_future(self._ctx.stopped.wait()),
        ]
        try:
            await asyncio.wait([*ends, self._over], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        return self._over.result() if self._over.done() else None

    async def _take(self, value: bytearray) -> Outcome:
        """Write what was given; the page says how it went, the room why it did not."""
        if self._over.done():
            return Outcome(Fate.OVER)
        try:
            # A browser ends lines as a form does; keys and certificates do not.
            text = value.decode().replace("\r\n", "\n")
        except UnicodeDecodeError:
            return Outcome(Fate.MALFORMED)
        if not text or "\0" in text or len(value) > _LONGEST:
            return Outcome(Fate.MALFORMED)
        try:
            version = await _store(self._ctx, self._target, {self._target.change.sets[0]: text}, whole=self._whole)
        except (Sealed, Denied, Missing, Rejected) as error:
            self._over.set_exception(error)
            return Outcome(Fate.REFUSED)
        except NeighbourError:
            return Outcome(Fate.UNREACHABLE)
        self._over.set_result(version)
        return Outcome(Fate.STORED)
