"""One-time pages: opened for one person, used once, kept in memory only, so that a restart ends them all."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
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


class OncePages:
    """The pages that are open; a page's address is the only thing that opens it, and is known by its digest alone."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pages: dict[bytes, _Page] = {}
        self._one_at_a_time = asyncio.Lock()

    def open(self, person: UserId, want: Want, about: str, take: Take, life: timedelta = LIFE) -> str:
        """Open a page and return its whole address; raise UsageError where people's phones cannot reach us."""
        base = public_url(self._desk.settings)
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
        try:
            async with self._one_at_a_time:
                return await self._submit(secret, value)
        finally:
            wipe(value)

    async def _submit(self, secret: str, value: bytearray) -> Outcome:
        page = self._pages.get(_digest(secret))
        if page is None or page.outcome is not None or self._is_old(page):
            return Outcome(Fate.OVER)
        page.tries += 1
        outcome = await page.take(value)
        if not outcome.again or page.tries >= _TRIES:
            page.outcome = outcome
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
