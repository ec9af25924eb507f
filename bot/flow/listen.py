"""Hears the rooms: one /sync at a time, stored together with its position before anything is done about it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from bot.clients.store import inbox, meta, proposals
from bot.clients.store.database import Transaction
from bot.core.confirmation import heard_as_answer
from bot.core.errors import Denied, LoggedOut, OpsError, RateLimited, StoreFailed
from bot.core.heard import Batch, Confided, Gap, Heard, Sort
from bot.core.names import RequestId
from bot.core.reading import addressed
from bot.flow.desk import Desk
from bot.flow.rooms import Rooms
from bot.flow.voices import Voices

log = structlog.get_logger("listen")

_POLL = timedelta(seconds=30)
_AT_ONCE = timedelta(0)
_GLANCE = 0.25
"""Seconds between two looks while our own messages pour out."""
_PAGES = 200
"""Most pages of history that one gap is filled from: 20,000 events, far beyond what a room holds between two syncs."""
_SINCE = "since"
_SLOWEST = 10.0
"""Longest pause, in seconds, before a homeserver that does not answer is asked again."""
_REFUSED = 60.0
"""The same, when it answers and will not have us: only a person can mend that."""
_DISK = 2.0
"""The same, while what was heard cannot be stored: the homeserver is well, and somebody is making room."""


class Listener:
    """The sync loop; `run` listens for ever, `age` tells how long ago the homeserver last answered."""

    def __init__(
        self,
        desk: Desk,
        rooms: Rooms,
        voices: Voices,
        heard: Callable[[], None],
        unrecorded: Callable[[Sequence[Heard]], Awaitable[None]],
        pouring: asyncio.Event,
        confided: Callable[[Sequence[Confided]], None],
    ) -> None:
        """`heard` is called after something for us was stored, `unrecorded` when it cannot be.

        `confided` is handed what is not to be stored, before that.
        """
        self._confided = confided
        self._desk = desk
        self._rooms = rooms
        self._voices = voices
        self._heard = heard
        self._pouring = pouring
        self._unrecorded = unrecorded
        self._failures = 0
        self._last: float | None = None

    @property
    def age(self) -> timedelta | None:
        """Time since the last answer of /sync; None before the first."""
        return None if self._last is None else timedelta(seconds=self._desk.system.monotonic() - self._last)

    async def run(self, account: str, login_again: Callable[[], Awaitable[None]]) -> None:
        """Listen until cancelled; `account` names homeserver, user and device, to which the position belongs."""
        since = await self._position(account)
        while True:
            try:
                since = await self._once(since)
                self._failures = 0
                self._last = self._desk.system.monotonic()
            except LoggedOut:
                log.warning("listen.logged_out")
                await self._recover(login_again)
            except OpsError as error:
                await self._rest(error)
            except Exception as error:
                # Nothing that comes over the wire may end the listening (research N1–N10).
                log.exception("listen.broken")
                await self._rest(error)

    async def _once(self, since: str | None) -> str:
        batch = await self._ask(since)
        self._confided(batch.confided)
        heard = [*await self._fill(batch.gaps, since), *batch.heard]
        await self._keep(batch, heard)
        if batch.unreadable:
            self._desk.metrics.inbox_unreadable.inc(batch.unreadable)
        for room in {*batch.changed}:
            self._rooms.changed(room)
        for invite in batch.invites:
            await self._rooms.invited(invite, frozenset(self._desk.settings.people))
        self._voices.hear((each for each in heard if each.room in self._rooms.all), self._desk.system.now())
        if heard:
            self._heard()
        return batch.next_batch

    async def _ask(self, since: str | None) -> Batch:
        """Wait for news until our own messages pour out; while they do, only look now and then.

        Each of them wakes a waiting /sync on the homeserver, which costs it a third of what the message itself does.
        """
        if self._last is None or self._failures:
            # In a quiet room, readiness would wait half a minute for an answer.
            return await self._desk.matrix.sync(since, poll=_AT_ONCE)
        if self._pouring.is_set():
            await self._desk.system.sleep(_GLANCE)
            return await self._desk.matrix.sync(since, poll=_AT_ONCE)
        return await self._desk.matrix.sync(since, poll=_POLL, hurry=self._pouring)

    async def _fill(self, gaps: tuple[Gap, ...], since: str | None) -> list[Heard]:
        """Fetch what a full timeline left out: our own storm may have pushed a command out of it (research §0.3)."""
        found: list[Heard] = []
        for gap in gaps:
            older: list[Heard] = []
            at = gap.prev_batch
            for _ in range(_PAGES):
                page = await self._desk.matrix.history(gap.room, at, since)
                older.extend(page.heard)
                if page.end is None or page.end == since:
                    break
                at = page.end
            found.extend(reversed(older))
        return found

    async def _keep(self, batch: Batch, heard: list[Heard]) -> None:
        try:
            await self._desk.database.write(lambda tx: self._store(tx, batch, heard))
        except StoreFailed:
            # Who asks must not wait in silence for a disk to have room.
            await self._unrecorded([each for each in heard if each.room in self._rooms.all])
            raise

    async def _store(self, tx: Transaction, batch: Batch, heard: list[Heard]) -> None:
        now = self._desk.system.now()
        for each in heard:
            if each.sort is Sort.LEAK or (each.room in self._rooms.all and await self._concerns_us(tx, each)):
                await inbox.add(tx, each, self._request(), now)
        await meta.put(tx, _SINCE, batch.next_batch)

    async def _concerns_us(self, tx: Transaction, heard: Heard) -> bool:
        """Tell whether an event of our rooms may want something of us; what people say to each other is not kept."""
        ours = heard.target is not None and await inbox.is_ours(tx, heard.target)
        match heard.sort:
            case Sort.MESSAGE:
                words = addressed(heard.body, self._desk.settings.matrix.user, reply=ours)
                return words is not None or heard_as_answer(heard.body) is not None
            case Sort.REACTION:
                return ours
            case Sort.REDACTION:
                return heard.target is not None and await proposals.done_by(tx, heard.target) is not None
            case Sort.NOTICE:
                return False
            case Sort.LEAK:
                return True

    def _request(self) -> RequestId:
        return RequestId(self._desk.system.new_id(8))

    async def _position(self, account: str) -> str | None:
        """Return where to go on; a position of another account would be a gap nobody sees."""

        async def read(tx: Transaction) -> str | None:
            if await meta.get(tx, "account") != account:
                await meta.put(tx, "account", account)
                await meta.drop(tx, _SINCE)
            return await meta.get(tx, _SINCE)

        return await self._desk.database.write(read)

    async def _recover(self, login_again: Callable[[], Awaitable[None]]) -> None:
        try:
            await login_again()
            # A login that is new and worth nothing must not be asked for as fast as the wire allows.
            await self._rest(LoggedOut(soft=True))
        except OpsError as error:
            await self._rest(error)

    async def _rest(self, error: Exception) -> None:
        self._failures += 1
        self._desk.metrics.sync_failures.inc()
        backoff = min(_slowest(error), 0.5 * 2 ** min(self._failures, 8)) * (0.5 + self._desk.system.jitter() / 2)
        pause = error.retry_after if isinstance(error, RateLimited) else backoff
        log.warning("listen.no_answer", reason=str(error), failures=self._failures, pause=round(pause, 1))
        await self._desk.system.sleep(pause)


def _slowest(error: Exception) -> float:
    match error:
        case StoreFailed():
            return _DISK
        case LoggedOut() | Denied():
            return _REFUSED
        case _:
            return _SLOWEST
