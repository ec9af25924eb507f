"""Shows that a line was heard, before there is an answer: read marker, typing, and 👀 when it takes longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bot.clients.matrix import Matrix
from bot.core.errors import OpsError
from bot.core.message import transaction_id
from bot.core.names import EventId, Key, RoomId

_TYPING_AFTER = 0.4
"""Seconds: most answers are there sooner, and typing would only flicker."""
_EYES_AFTER = 2.0
"""Seconds, counted from the asking (design §5)."""


class Receipts:
    """Signs of life; best effort, since the answer is what was promised."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix

    @asynccontextmanager
    async def of(self, room: RoomId, event: EventId) -> AsyncIterator[None]:
        """Show signs of life while the block runs."""
        signs = asyncio.create_task(self._show(room, event), name=f"receipt {event}")
        try:
            yield
        finally:
            signs.cancel()
            with suppress(asyncio.CancelledError):
                await signs

    async def _show(self, room: RoomId, event: EventId) -> None:
        with suppress(OpsError, TimeoutError):
            await self._matrix.mark_read(room, event)
            await asyncio.sleep(_TYPING_AFTER)
            try:
                await self._matrix.typing(room, 30)
                await asyncio.sleep(_EYES_AFTER - _TYPING_AFTER)
                await self._matrix.react(room, event, "👀", transaction_id(room, Key(f"eyes:{event}"), 1))
                await asyncio.Event().wait()
            finally:
                with suppress(OpsError, TimeoutError):
                    await self._matrix.typing(room, 0)
