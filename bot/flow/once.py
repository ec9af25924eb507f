"""One-time pages: opened for one person, used once, kept in memory only, so that a restart ends them all."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.clients.unsealing import wipe
from bot.config import Settings
from bot.core.errors import UsageError
from bot.core.names import UserId
from bot.core.once import Fate, OncePage, Outcome, Want
from bot.flow.desk import Desk

log = structlog.get_logger("once")

LIFE = timedelta(minutes=10)
_SECRET_CHARACTERS = 52
"""Of 32 letters each: 260 bits."""
_TRIES = 5
_KEPT = timedelta(hours=1)
"""How long a page that is over still says what became of it."""

Take = Callable[[bytearray], Awaitable[Outcome]]
"""Uses what was given, without keeping it."""


@dataclass(slots=True)
class _Page:
    person: UserId
    want: Want
    about: str
    until: datetime
    deadline: float
    take: Take
    outcome: Outcome | None = None
    tries: int = 0
    in_use: asyncio.Lock = field(default_factory=asyncio.Lock)


class OncePages:
    """The pages that are open; a page's address is the only thing that opens it, and is known by its digest alone."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pages: dict[bytes, _Page] = {}

    def open(self, person: UserId, want: Want, about: str, take: Take, life: timedelta = LIFE) -> str:
        """Open a page and return its whole address; raise UsageError where people's phones cannot reach us."""
        base = self._base(want)
        self._sweep()
        secret = self._desk.system.new_id(_SECRET_CHARACTERS)
        deadline = self._desk.system.monotonic() + life.total_seconds()
        until = self._desk.system.now() + life
        self._pages[_digest(secret)] = _Page(person, want, about, until, deadline, take)
        return f"{base}/once/{secret}"

    def close(self, address: str) -> None:
        """End a page that is not needed any more; one that was used keeps what became of it."""
        page = self._pages.get(_digest(address.rpartition("/")[2]))
        if page and page.outcome is None:
            page.outcome = Outcome(Fate.OVER)

    def find(self, secret: str) -> OncePage | None:
        """Return a page as its reader finds it; None for an address that opens nothing."""
        page = self._pages.get(_digest(secret))
        if page is None:
            return None
        over = page.outcome is None and self._is_old(page)
        return OncePage(page.person, page.want, page.about, page.until, Outcome(Fate.OVER) if over else page.outcome)

    async def submit(self, secret: str, value: bytearray) -> Outcome:
        """Use a page; whatever happens, the value is overwritten when this returns."""
        page = self._pages.get(_digest(secret))
        try:
            return await self._use(page, value) if page else Outcome(Fate.OVER)
        finally:
            wipe(value)

    async def give(self, person: UserId, value: bytearray) -> Outcome:
        """Use the page that waits for somebody's share, without its address: they gave it to us in another way."""
        waits = (page for page in self._pages.values() if (page.person, page.want) == (person, Want.SHARE))
        page = next((page for page in waits if page.outcome is None and not self._is_old(page)), None)
        return await self._use(page, value) if page else Outcome(Fate.OVER)

    def _base(self, want: Want) -> str:
        """Return where pages stand; "" where a share may come without one, and phones cannot reach us."""
        settings = self._desk.settings
        by_dm = want is Want.SHARE and settings.openbao.shares_by_dm
        return "" if by_dm and settings.web.public_url is None else public_url(settings)

    async def _use(self, page: _Page, value: bytearray) -> Outcome:
        async with page.in_use:
            if page.outcome is not None or self._is_old(page):
                return Outcome(Fate.OVER)
            page.tries += 1
            outcome = await page.take(value)
            if not outcome.again:
                page.outcome = outcome
            elif page.tries >= _TRIES:
                outcome = page.outcome = Outcome(Fate.OVER)
        log.info("once.used", person=page.person, want=page.want.value, fate=outcome.fate.value)
        return outcome

    def _is_old(self, page: _Page) -> bool:
        return self._desk.system.monotonic() >= page.deadline

    def _sweep(self) -> None:
        kept = self._desk.system.monotonic() - _KEPT.total_seconds()
        self._pages = {digest: page for digest, page in self._pages.items() if page.deadline > kept}


def public_url(settings: Settings) -> str:
    """Return where people's phones reach the door; raise UsageError where that is not set."""
    if settings.web.public_url is None:
        raise UsageError("nobody can reach my pages", hint="set web.public_url, where phones reach this door")
    return settings.web.public_url


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
