"""Containers that are listened to: what each said, scrubbed before anybody sees it, and put in one order."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.core.containers import Container, chosen, short_names
from bot.core.errors import Missing, NeighbourError, Rejected
from bot.core.lines import LogLine
from bot.core.pods import read_pod
from bot.core.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.clients.kubernetes import Kubernetes
    from bot.core.filters import Wanted
    from bot.core.kinds import Object

MOST = 500
"""Lines that are kept of a container (research K16)."""
_USUAL = 20
_LONGEST_LINE = 4000
_ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """One line without secrets; foreign text."""

    at: datetime | None
    pod: str
    """The end of its pod's name; empty where there is but one pod."""
    text: str


class Speaker:
    """One container, and what it has said so far."""

    def __init__(self, pod: Object, container: str) -> None:
        """`container` empty: the one in which the pod's service runs."""
        metadata = pod["metadata"]
        self.container = Container(metadata["namespace"], metadata["name"], chosen(pod, container))
        self.error: NeighbourError | None = None
        """Why there are no lines, or no more."""
        self._pod = pod
        self._lines: deque[LogLine] = deque(maxlen=MOST)

    @property
    def name(self) -> str:
        """Its pod's."""
        return self.container.pod

    @property
    def is_gone(self) -> bool:
        """Whether its pod is not there any more."""
        return isinstance(self.error, Missing)

    @property
    def heard(self) -> int:
        """How many of its lines are kept."""
        return len(self._lines)

    async def read(
        self, kubernetes: Kubernetes, *, lines: int = _USUAL, since: timedelta | None = None, previous: bool = False
    ) -> None:
        """Take in its last lines; what went wrong is kept as `error`."""
        try:
            self._lines.extend(await kubernetes.log(self.container, lines=lines, since=since, previous=previous))
        except NeighbourError as error:
            self.error = error

    async def listen(self, kubernetes: Kubernetes) -> None:
        """Take in what it says from now on, until it is gone or cannot be heard any more."""
        try:
            # Without lines of its own it begins with the last ones; with them, this tells whether it can be heard.
            last = await kubernetes.log(self.container, lines=1 if self._lines else _USUAL)
            if not self._lines:
                self._lines.extend(last)
            self.error = None
            async for line in kubernetes.follow(self.container, tuple(self._lines)):
                self._lines.append(line)
        except NeighbourError as error:
            self.error = error

    def why(self, now: datetime, *, previous: bool) -> str:
        """Say why it cannot be heard, in the words of Kubernetes where it has any."""
        if self.error is None:
            return ""
        if isinstance(self.error, Missing):
            return "the pod is gone"
        if isinstance(self.error, Rejected):
            trouble = read_pod(self._pod, now).trouble
            return "it has not run before" if previous else trouble.reason if trouble else self.error.reason
        return self.error.reason

    def lines(self, last: int) -> tuple[LogLine, ...]:
        """Return its last lines as they were written: not to be shown."""
        return tuple(self._lines)[-last:]


async def read_all(
    speakers: Iterable[Speaker], kubernetes: Kubernetes, *, lines: int, since: timedelta | None, previous: bool
) -> None:
    """Read several at the same time."""
    await asyncio.gather(*(each.read(kubernetes, lines=lines, since=since, previous=previous) for each in speakers))


def merged(said: Mapping[str, Sequence[LogLine]], wanted: Wanted) -> tuple[Said, ...]:
    """Return the wanted lines of several pods without their secrets, by time; one without follows the one before it."""
    short = short_names(tuple(said))
    found: list[tuple[datetime, Said]] = []
    for pod, lines in said.items():
        at = _ALWAYS
        for line in _scrubbed(lines):
            at = line.at or at
            # Only what may be shown is looked through: a filter must not find out a secret letter by letter.
            if wanted(line.text):
                found.append((at, Said(line.at, short[pod], line.text)))
    found.sort(key=lambda pair: pair[0])
    return tuple(each for _, each in found)


def _scrubbed(lines: Sequence[LogLine]) -> list[LogLine]:
    """Scrub the lines of one pod together, before those of others come in between: a key may go over several."""
    texts = scrub("\n".join(line.text[:_LONGEST_LINE] for line in lines)).split("\n")
    return [LogLine(line.at, text) for line, text in zip(lines, texts, strict=False)]
