"""What the bot says in the room, and when: tests say what they want to see between which two moments."""

import asyncio
import time

from bot.demo.stage import Stage
from bot.demo.view import Seen, View

Window = tuple[float, float]
"""From and to, in seconds."""


class Arrivals:
    """Everything that the bot says from `open` on, as Anna sees it."""

    def __init__(self, stage: Stage) -> None:
        assert stage.homeserver
        self._bot = stage.user
        self.view = View(stage.homeserver, stage.sessions["anna"], stage.room)
        self._met: set[str] = set()

    async def open(self) -> None:
        """Look from now on."""
        await self.view.open()

    def about(self, name: str) -> list[Seen]:
        """Return every message and edit so far that names something."""
        return [seen for seen in self.view.seen if seen.sender == self._bot and name in seen.body]

    async def expect(self, name: str, between: Window) -> Seen:
        """Return the next message about something; fail unless it comes so many seconds from now."""
        earliest, latest = between
        begun = time.monotonic()
        while not (new := self._unmet(name)):
            left = latest - (time.monotonic() - begun)
            assert left > 0, f"nothing about {name} within {latest} s"
            await self.view.look(left)
        after = time.monotonic() - begun
        assert earliest <= after <= latest, f"{name} came after {after:.2f} s, not between {earliest} and {latest}"
        self._met.add(new[0].event_id)
        return new[0]

    async def nothing(self, name: str, seconds: float) -> None:
        """Fail when anything new about something comes within so long."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            await self.view.look(left)
            assert not self._unmet(name), f"unexpected: {self._unmet(name)[0].body}"
            # A long poll that was answered at once with something else must not become a busy loop.
            await asyncio.sleep(0.01)

    def _unmet(self, name: str) -> list[Seen]:
        return [seen for seen in self.about(name) if seen.event_id not in self._met]
