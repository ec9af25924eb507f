"""What containers write: the end of it, and what they go on to write."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

from bot.clients.kubernetes_connection import Connection, Question
from bot.core.containers import Container
from bot.core.errors import Rejected, Unreachable
from bot.core.kinds import Kind
from bot.core.lines import Breaker, LogLine, Seam, read_lines

MOST_LINES = 500
"""Lines of one container in one answer (research K16)."""
_MOST_BYTES = 256 * 1024
# The API has no word for "still here": a container that says nothing is asked anew, in case the line is dead (K16).
_IDLE = timedelta(seconds=60)
_ATTEMPTS = 4
_PAUSE_SECONDS = 0.5


async def tail(
    connection: Connection, container: Container, *, lines: int, since: timedelta | None = None, previous: bool = False
) -> tuple[LogLine, ...]:
    """Return the last lines of a container, or of the run before this one; raise as `ask` does."""
    while True:
        query = (
            ("tailLines", str(min(lines, MOST_LINES))),
            ("limitBytes", str(_MOST_BYTES)),
            *((("sinceSeconds", str(max(1, int(since.total_seconds())))),) if since else ()),
            *((("previous", "true"),) if previous else ()),
        )
        body = await connection.read(_question(container, query))
        # The limit cuts off the end, which is what was asked for.
        if len(body) < _MOST_BYTES or lines == 1:
            return read_lines(body)
        lines = max(1, min(lines, MOST_LINES) // 4)


async def follow(
    connection: Connection, container: Container, *, seen: Iterable[LogLine] = ()
) -> AsyncIterator[LogLine]:
    """Yield what a container writes after the lines `seen`, as long as it is listened to.

    A cut line is taken up again, and none comes twice. Raises Missing when the pod is gone, Denied, and after several
    attempts Unreachable or Rejected.
    """
    seam, failed = Seam(seen), 0
    while True:
        try:
            async with connection.stream(_question(container, _onwards(seam)), _IDLE) as chunks:
                failed = 0
                async for line in _lines(chunks):
                    if seam.is_new(line):
                        yield line
        except (Unreachable, Rejected):
            failed += 1
            if failed == _ATTEMPTS:
                raise
        seam.cut()
        # It also ends when the container does: what comes after it needs a moment.
        await asyncio.sleep(_PAUSE_SECONDS * max(1, failed))


def _onwards(seam: Seam) -> tuple[tuple[str, str], ...]:
    """Return from where to go on: from the second of the newest line, or from now."""
    since = ("sinceTime", seam.last.strftime("%Y-%m-%dT%H:%M:%SZ")) if seam.last else ("tailLines", "0")
    return (("follow", "true"), since)


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[LogLine]:
    breaker = Breaker()
    async for chunk in chunks:
        for line in breaker.feed(chunk):
            yield line
    for line in breaker.rest():
        yield line


def _question(container: Container, query: tuple[tuple[str, str], ...]) -> Question:
    place = f"{container.namespace}/{container.pod}"
    return Question(
        f"{Kind.PODS.root}/namespaces/{{namespace}}/pods/{{name}}/log",
        f"get pods/log {place}",
        {"namespace": container.namespace, "name": container.pod},
        (("container", container.name), ("timestamps", "true"), *query),
    )
