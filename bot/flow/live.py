"""Answers that change while their command runs, and the way to end those that somebody follows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.clients.store import outbox
from bot.command import Request
from bot.core.errors import StoreFailed
from bot.core.message import Message, Priority, Rendered
from bot.core.names import Key, RequestId
from bot.flow.desk import Desk
from bot.flow.outbox import Outbox

log = structlog.get_logger("live")


@dataclass(slots=True)
class Live:
    """One command that runs."""

    request: Request
    verb: str
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    shown: Rendered | None = None


class LiveAnswers:
    """The commands that run now, each with what its message says."""

    def __init__(self, desk: Desk, posts: Outbox) -> None:
        self._desk = desk
        self._outbox = posts
        self._running: dict[RequestId, Live] = {}

    @asynccontextmanager
    async def of(self, request: Request, verb: str) -> AsyncIterator[Live]:
        """Keep a command among those that run while the block does."""
        live = Live(request, verb)
        self._running[request.id] = live
        try:
            yield live
        finally:
            del self._running[request.id]

    async def show(self, live: Live, result: Any) -> None:
        """Say in its message how far a command is; a disk that is full loses a step, never the work."""
        rendered = self._desk.render(result)
        if rendered == live.shown:
            return
        request = live.request
        message = Message(
            request.room,
            answer_key(request.id),
            rendered,
            Priority.ANSWER,
            reply_to=request.beneath or request.event,
            request=request.id,
        )
        try:
            await self._desk.database.write(lambda tx: outbox.put(tx, message, self._desk.system.now()))
        except StoreFailed as error:
            log.warning("live.not_shown", error=str(error))
            return
        live.shown = rendered
        self._outbox.wake(request.room)

    def running(self, verb: str) -> int:
        """Return how many commands of a verb run."""
        return sum(live.verb == verb for live in self._running.values())

    def end(self, verb: str) -> int:
        """End every command of a verb that can be ended; return how many."""
        ended = [live for live in self._running.values() if live.verb == verb]
        for live in ended:
            live.stopped.set()
        return len(ended)

    def stop(self, by: Request) -> int:
        """End what a person follows in their room, or the one whose message they replied to; return how many."""
        mine = [live for live in self._running.values() if live.request.room == by.room and _meant(live, by)]
        for live in mine:
            live.stopped.set()
        return len(mine)


def answer_key(request: RequestId) -> Key:
    """Return the key of the message that answers a request: a prompt is edited into its outcome."""
    return Key(f"answer:{request}")


def _meant(live: Live, by: Request) -> bool:
    if live.request.id == by.id:
        return False
    key = answer_key(live.request.id)
    return by.about == key if by.about and by.about.startswith("answer:") else live.request.sender == by.sender
