"""Lines that containers wrote: read from what the API sends, put in order, and joined where the line was cut."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_LONGEST = 64 * 1024
"""Bytes of a line; a longer one, or what never ends one, is taken in pieces."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, and when it was written; foreign text."""

    at: datetime | None
    """None where the API told no time, as for its own remarks within a log."""
    text: str


def read_line(raw: bytes) -> LogLine:
    """Read a line as the API sends it with `timestamps`: RFC 3339, a space, the text."""
    told = raw.decode(errors="replace").removesuffix("\r")
    stamp, _, text = told.partition(" ")
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return LogLine(None, told)
    return LogLine(at.astimezone(UTC), text) if at.tzinfo else LogLine(None, told)


def read_lines(body: bytes) -> tuple[LogLine, ...]:
    """Read a whole answer."""
    breaker = Breaker()
    return (*breaker.feed(body), *breaker.rest())


class Breaker:
    """Breaks what arrives in chunks into lines."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, chunk: bytes) -> Iterator[LogLine]:
        """Yield the lines that end in this chunk."""
        *whole, self._begun = (self._begun + chunk).split(b"\n")
        yield from map(read_line, whole)
        while len(self._begun) > _LONGEST:
            yield read_line(self._begun[:_LONGEST])
            self._begun = self._begun[_LONGEST:]

    def rest(self) -> Iterator[LogLine]:
        """Yield the line that had begun when the chunks ended."""
        if self._begun:
            yield read_line(self._begun)
        self._begun = b""


class Seam:
    """Where a log that was cut goes on: the API begins anew with the second it was cut in, so lines come twice."""

    def __init__(self, seen: Iterable[LogLine] = ()) -> None:
        self.last: datetime | None = None
        """When the newest line was written."""
        self._there: Counter[str] = Counter()
        """The lines of that very moment."""
        for line in seen:
            self._note(line)
        self.cut()

    def cut(self) -> None:
        """Say that the log ends here and will begin again a little before."""
        self._edge = self.last
        self._twice = Counter(self._there)

    def is_new(self, line: LogLine) -> bool:
        """Say whether a line was not there before the cut, and remember it."""
        if line.at is not None and self._edge is not None:
            if line.at < self._edge:
                return False
            if line.at == self._edge and self._twice[line.text] > 0:
                self._twice[line.text] -= 1
                return False
        self._note(line)
        return True

    def _note(self, line: LogLine) -> None:
        if line.at is None:
            return
        if self.last is None or line.at > self.last:
            self.last = line.at
            self._there.clear()
        if line.at == self.last:
            self._there[line.text] += 1
