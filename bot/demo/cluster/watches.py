"""Watches: the changes of a collection as a stream of JSON lines."""

import asyncio
import json
import time
from collections.abc import Callable

from aiohttp import web

from bot.demo.cluster.kinds import Kind
from bot.demo.cluster.lists import tests_of
from bot.demo.cluster.refusals import Refusal, bad_request
from bot.demo.cluster.selectors import Test
from bot.demo.cluster.store import Change, Object, Store

BOOKMARK_SECONDS = 60.0
_LONGEST_SECONDS = 1800.0


class Watching:
    """What one watch wants to see of one kind."""

    def __init__(self, kind: Kind, namespace: str, tests: list[Test]) -> None:
        self._kind = kind
        self._namespace = namespace
        self._tests = tests

    def admits(self, obj: Object | None) -> bool:
        """Say whether an object is in the watched selection."""
        if obj is None or self._namespace not in ("", obj["metadata"].get("namespace")):
            return False
        return all(test(obj) for test in self._tests)

    def event(self, change: Change) -> Object | None:
        """Return the event a change means here: what leaves the selection is DELETED, what enters it ADDED."""
        if change.kind is not self._kind:
            return None
        was, stays = self.admits(change.before), change.type != "DELETED" and self.admits(change.now)
        if not was and not stays:
            return None
        return {"type": _TYPES[was, stays], "object": change.now}


_TYPES = {(False, True): "ADDED", (True, True): "MODIFIED", (True, False): "DELETED"}


async def stream(request: web.Request, store: Store, kind: Kind, namespace: str) -> web.StreamResponse:
    """Answer a watch until its time is over or the client goes; a version that is too old gets an ERROR event."""
    watching = Watching(kind, namespace, tests_of(request, kind))
    changes: asyncio.Queue[Change] = asyncio.Queue()
    stop = store.listen(changes.put_nowait)
    try:
        first = _first(request, store, watching, kind)
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        for event in first:
            await _send(answer, event)
        if not (first and first[-1]["type"] == "ERROR"):
            await _go_on(request, answer, changes, watching, lambda: _bookmark(kind, store))
        return answer
    finally:
        stop()


def _first(request: web.Request, store: Store, watching: Watching, kind: Kind) -> list[Object]:
    version = request.query.get("resourceVersion", "")
    if version in ("", "0"):
        return [{"type": "ADDED", "object": obj} for obj in store.select(kind, "", [watching.admits])]
    if not version.isdigit():
        raise bad_request(f"Invalid value: {version!r}: strconv.ParseUint: invalid syntax")
    try:
        changes = store.since(int(version))
    except Refusal as refusal:
        return [{"type": "ERROR", "object": refusal.status()}]
    return [event for change in changes if (event := watching.event(change))]


async def _go_on(
    request: web.Request,
    answer: web.StreamResponse,
    changes: asyncio.Queue[Change],
    watching: Watching,
    bookmark: Callable[[], Object],
) -> None:
    wants_bookmarks = request.query.get("allowWatchBookmarks", "").lower() in ("true", "1")
    end = time.monotonic() + float(request.query.get("timeoutSeconds", _LONGEST_SECONDS))
    while (left := end - time.monotonic()) > 0:
        try:
            change = await asyncio.wait_for(changes.get(), min(left, BOOKMARK_SECONDS))
        except TimeoutError:
            if wants_bookmarks:
                await _send(answer, bookmark())
        else:
            if event := watching.event(change):
                await _send(answer, event)


async def _send(answer: web.StreamResponse, event: Object) -> None:
    await answer.write(json.dumps(event).encode() + b"\n")


def _bookmark(kind: Kind, store: Store) -> Object:
    metadata = {"resourceVersion": str(store.version), "creationTimestamp": None}
    return {"type": "BOOKMARK", "object": {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}}
