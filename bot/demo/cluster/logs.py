"""What containers have written, and the `log` subresource that reads it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiohttp import web

from bot.demo.clock import Clock, now_utc
from bot.demo.cluster.pods import container_of
from bot.demo.cluster.refusals import bad_request
from bot.demo.cluster.store import Object

Place = tuple[str, str, str]
"""Namespace, pod, container."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line a container wrote."""

    at: datetime
    text: str

    def shown(self, *, timestamps: bool) -> bytes:
        """Return the line as the API sends it."""
        stamp = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z ") if timestamps else ""
        return f"{stamp}{self.text}\n".encode()


Source = Callable[[Object, str, bool], Iterable[LogLine]]
"""Pod, container, whether the previous run is meant → what it wrote before anybody looked."""


def _silent(_pod: Object, _container: str, _previous: bool) -> Iterable[LogLine]:
    return ()


class Logs:
    """The lines of every container: what the world's `source` says, then what was added."""

    def __init__(self, clock: Clock = now_utc) -> None:
        self.source: Source = _silent
        self._clock = clock
        self._added: dict[Place, list[LogLine]] = defaultdict(list)
        self._grown = asyncio.Condition()
        self._cuts = 0

    async def add(self, namespace: str, pod: str, container: str, text: str, at: datetime | None = None) -> None:
        """Let a container write a line; whoever follows it gets it at once."""
        self._added[namespace, pod, container].append(LogLine(at or self._clock(), text))
        async with self._grown:
            self._grown.notify_all()

    async def cut(self) -> None:
        """End every log that is followed, as a server does that restarts."""
        self._cuts += 1
        async with self._grown:
            self._grown.notify_all()

    async def answer(self, request: web.Request, pod: Object) -> web.StreamResponse:
        """Answer GET …/pods/{name}/log; raise Refusal 400 as the real server does."""
        query = request.query
        previous = query.get("previous", "").lower() == "true"
        container = container_of(pod, query.get("container", ""), inits=True)
        _must_have_run(pod, container, previous=previous)
        place = (pod["metadata"]["namespace"], pod["metadata"]["name"], container)
        lines = [*self.source(pod, container, previous), *(() if previous else self._added[place])]
        timestamps = query.get("timestamps", "").lower() == "true"
        body = b"".join(line.shown(timestamps=timestamps) for line in self._wanted(request, lines))
        if query.get("follow", "").lower() == "true" and not previous:
            return await self._follow(request, place, body)
        limit = int(query["limitBytes"]) if "limitBytes" in query else None
        return web.Response(body=body[:limit], content_type="text/plain")

    def _wanted(self, request: web.Request, lines: list[LogLine]) -> list[LogLine]:
        if "sinceSeconds" in request.query:
            start = self._clock() - timedelta(seconds=int(request.query["sinceSeconds"]))
            lines = [line for line in lines if line.at >= start]
        if "sinceTime" in request.query:
            start = datetime.fromisoformat(request.query["sinceTime"])
            lines = [line for line in lines if line.at >= start]
        if "tailLines" in request.query:
            lines = lines[max(0, len(lines) - int(request.query["tailLines"])) :]
        return lines

    async def _follow(self, request: web.Request, place: Place, body: bytes) -> web.StreamResponse:
        timestamps = request.query.get("timestamps", "").lower() == "true"
        answer = web.StreamResponse(headers={"Content-Type": "text/plain"})
        written = self._added[place]
        sent, cuts = len(written), self._cuts
        await answer.prepare(request)
        await answer.write(body)
        while True:
            async with self._grown:
                while len(written) == sent and self._cuts == cuts:
                    await self._grown.wait()
            if self._cuts != cuts:
                return answer
            for line in written[sent:]:
                await answer.write(line.shown(timestamps=timestamps))
                sent += 1


def _must_have_run(pod: Object, container: str, *, previous: bool) -> None:
    statuses = {status["name"]: status for status in pod.get("status", {}).get("containerStatuses", [])}
    status = statuses.get(container)
    if status is None:
        return
    where = f'container "{container}" in pod "{pod["metadata"]["name"]}"'
    if previous and not status.get("lastState", {}).get("terminated"):
        raise bad_request(f"previous terminated {where} not found")
    waiting = status.get("state", {}).get("waiting", {}).get("reason", "")
    if waiting and not status.get("lastState", {}).get("terminated"):
        why = "trying and failing to pull image" if "Image" in waiting else waiting
        raise bad_request(f"{where} is waiting to start: {why}")
