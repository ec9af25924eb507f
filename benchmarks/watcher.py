"""Another member's client: notes when each marked message, and each answer, came into its sight."""

import asyncio
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

MARK = re.compile(r"Bench[0-9a-f]{8}")
_POLL_MILLISECONDS = 10_000
_AWAY_SECONDS = 0.1
"""Between two looks for a homeserver that does not answer."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A message that holds a mark; edits are none."""

    at: float
    """By `time.perf_counter`."""
    body: str


class Watcher:
    """A /sync loop over a few rooms; an async context manager."""

    def __init__(self, url: str, token: str, rooms: Sequence[str]) -> None:
        self._url = f"{url}/_matrix/client/v3/sync"
        self._token = token
        room = {"rooms": list(rooms), "timeline": {"limit": 5000}, "ephemeral": {"types": []}}
        self._filter = json.dumps({"room": room, "presence": {"types": []}, "account_data": {"types": []}})
        self._came = asyncio.Event()
        self.seen: dict[str, float] = {}
        """Mark: when it was first seen, by `time.perf_counter`."""
        self.messages: Counter[str] = Counter()
        """Mark: in how many messages and edits."""
        self.told: defaultdict[str, list[Seen]] = defaultdict(list)
        """Mark: the messages themselves, without edits."""
        self.contents: dict[str, dict[str, Any]] = {}
        """Mark: the content of its first message."""
        self.answers: dict[str, float] = {}
        """Event: when the first answer to it was seen."""

    async def __aenter__(self) -> Self:
        """Look from now on."""
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {self._token}"}, trust_env=False)
        first = await self._sync("", 0)
        self._task = asyncio.create_task(self._watch(first["next_batch"]))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Look no more."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._session.close()

    async def until_seen(self, marks: Iterable[str], seconds: float) -> None:
        """Wait until all marks were seen; raise TimeoutError with how many were not."""
        await self._until(set(marks), self.seen, seconds)

    async def until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so, at most so long; return whether it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not true():
                    self._came.clear()
                    await self._came.wait()
        return true()

    async def until_answered(self, event: str, seconds: float) -> float:
        """Wait for the answer to an event and return when it was seen."""
        await self._until({event}, self.answers, seconds)
        return self.answers[event]

    async def _until(self, wanted: set[str], found: dict[str, float], seconds: float) -> None:
        if not await self.until(lambda: wanted <= found.keys(), seconds):
            raise TimeoutError(f"{len(wanted - found.keys())} of {len(wanted)} never came")

    async def _watch(self, since: str) -> None:
        while True:
            try:
                answer = await self._sync(since, _POLL_MILLISECONDS)
            except aiohttp.ClientError:
                # Its being away is part of what is measured.
                await asyncio.sleep(_AWAY_SECONDS)
                continue
            now = time.perf_counter()
            since = answer["next_batch"]
            for room in answer.get("rooms", {}).get("join", {}).values():
                for event in room["timeline"]["events"]:
                    self._note(event.get("content", {}), now)
            self._came.set()

    def _note(self, content: dict[str, Any], now: float) -> None:
        body, relation = str(content.get("body", "")), content.get("m.relates_to", {})
        for mark in set(MARK.findall(body)):
            self.seen.setdefault(mark, now)
            self.contents.setdefault(mark, content)
            self.messages[mark] += 1
            if relation.get("rel_type") != "m.replace":
                self.told[mark].append(Seen(now, body))
        answered = relation.get("m.in_reply_to", {}).get("event_id")
        if answered:
            self.answers.setdefault(answered, now)

    async def _sync(self, since: str, milliseconds: int) -> dict[str, Any]:
        query = {"filter": self._filter, "timeout": str(milliseconds)} | ({"since": since} if since else {})
        async with self._session.get(self._url, params=query) as response:
            response.raise_for_status()
            found: dict[str, Any] = await response.json()
            return found
