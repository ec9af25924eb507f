"""What can go wrong between the bot and the cluster, switched on by rule: refusals, delays, cut connections."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.demo.cluster.answers import refuse
from bot.demo.cluster.refusals import GENERIC_REASONS, Refusal, bad_request

_SETTINGS = frozenset({"status", "delay", "cut", "after_commit", "retry_after", "text", "times", "methods"})


@dataclass(slots=True)
class Fault:
    """One rule: which requests it meets, and what happens to them."""

    path: re.Pattern[str]
    methods: frozenset[str] = field(default=frozenset())
    """Empty: all."""
    status: int | None = None
    delay: float = 0.0
    """Seconds before anything else happens."""
    cut: bool = False
    """Drop the connection without an answer."""
    after_commit: bool = False
    """Do the work first, then cut or answer `status`: the client cannot know that it was done."""
    retry_after: int | None = None
    text: str | None = None
    """A body that is not JSON, as a proxy in between would send it."""
    times: int | None = None
    """How many requests it meets; None: all."""

    def meets(self, request: web.Request) -> bool:
        """Say whether the rule is for this request, and count it."""
        wanted = self.times != 0 and bool(self.path.search(request.path))
        wanted = wanted and (not self.methods or request.method in self.methods)
        if wanted and self.times is not None:
            self.times -= 1
        return wanted

    @property
    def answers(self) -> bool:
        """Whether the request gets something else than the answer to its question."""
        return self.cut or self.status is not None


class Faults:
    """The rules in force; the first that meets a request decides."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def add(
        self,
        path_regex: str,
        *,
        status: int | None = None,
        delay: float = 0.0,
        cut: bool = False,
        after_commit: bool = False,
        retry_after: int | None = None,
        text: str | None = None,
        times: int | None = None,
        methods: Iterable[str] = (),
    ) -> Fault:
        """Put a rule in force; `path_regex` is searched in the path without its query."""
        verbs = frozenset(method.upper() for method in methods)
        fault = Fault(re.compile(path_regex), verbs, status, delay, cut, after_commit, retry_after, text, times)
        self.rules.append(fault)
        return fault

    def clear(self) -> None:
        """Heal everything."""
        self.rules.clear()

    def meeting(self, request: web.Request) -> Fault | None:
        """Return the rule for a request, counted, or None."""
        return next((fault for fault in self.rules if fault.meets(request)), None)

    def routes(self) -> list[web.RouteDef]:
        """Return the way for another process: POST adds a rule (`path` and the words of `add`), DELETE heals."""
        return [web.post("/_faults", self._post), web.delete("/_faults", self._delete)]

    async def _post(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        path = body.pop("path", None)
        if not isinstance(path, str) or not body.keys() <= _SETTINGS:
            return refuse(bad_request(f"a fault has a path and some of {', '.join(sorted(_SETTINGS))}"))
        self.add(path, **body)
        return web.json_response({"rules": len(self.rules)}, status=201)

    async def _delete(self, _: web.Request) -> web.Response:
        self.clear()
        return web.json_response({"rules": 0})


async def suffer(fault: Fault, request: web.Request) -> web.Response:
    """Return what a request gets instead of its answer."""
    if fault.cut:
        if request.transport is not None:
            request.transport.abort()
        # Nobody will read it: the connection is gone. Raising would be logged as an error of the server.
        return web.Response()
    return _told(fault)


def _told(fault: Fault) -> web.Response:
    code = fault.status or 500
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    if fault.text is not None:
        return web.Response(status=code, text=fault.text, headers=headers)
    details = {"retryAfterSeconds": fault.retry_after} if fault.retry_after is not None else None
    reason = GENERIC_REASONS.get(code, "InternalError")
    return refuse(Refusal(code, reason, "a fault was asked for", details), headers)


async def wait(fault: Fault | None) -> None:
    """Sleep as long as the rule says."""
    if fault is not None and fault.delay:
        await asyncio.sleep(fault.delay)
