"""`!mon loki logs`: lines across everything, by label; what is said most often comes first."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.command import Context, command
from bot.core import logql
from bot.core.errors import UsageError
from bot.core.facts import Unknown
from bot.core.filters import Wanted, wanted
from bot.core.logql import LogQuery
from bot.core.matchers import Operator
from bot.core.scrub import scrub
from bot.core.wordings import Line, Wording, wordings
from commands.asking import ask
from commands.logs import Filter
from commands.parameters import back

if TYPE_CHECKING:
    from bot.clients.loki import Entry

_USUAL = 1000
_MOST = 5000
"""Lines that Loki gives at once (max_entries_limit_per_query)."""
_LONGEST = timedelta(days=30)
"""Loki looks no further back at once."""
_LONGEST_LINE = 4000
_MOST_CHARACTERS = 1_000_000
"""Of all lines: looking for secrets in more would keep everybody else waiting."""
_SOURCES = ("app", "container", "service_name", "pod", "job")


@dataclass(frozen=True, slots=True)
class LokiReport:
    """Lines that were found, oldest first."""

    as_of: datetime
    zone: str
    query: str
    since: timedelta
    lines: tuple[Line, ...]
    wordings: tuple[Wording, ...]
    """What is said more than once, the most frequent first."""
    looked_at: int
    """How many lines there were to choose from."""
    filtered: bool
    is_all: bool
    """Whether there were no more in that time."""
    strange: tuple[str, ...]
    """Labels that were asked for, where nothing was found and Loki does not know them."""
    known: tuple[str, ...]
    """Those that it knows then."""


@command(
    "mon loki logs",
    summary="What all services say, from Loki",
    examples=(
        """!mon loki logs '{level="error"}'""",
        '!mon loki logs {namespace="data"} |= timeout --since 2h',
        "!loki {app=gitea} --filter webhook --limit 5000",
    ),
    aliases=("loki", "loki logs", "mon loki query", "mon loki query-range"),
)
async def loki(
    ctx: Context,
    *query: str,
    since: str = "1h",
    limit: int = _USUAL,
    filter: Filter = "",  # noqa: A002 - the flag's name
) -> LokiReport:
    """Look through the newest lines of the streams with these labels, by time; --limit says through how many."""
    asked = logql.read(query)
    passes = asked.wanted(), wanted(filter)
    span = _span(since)
    if not 1 <= limit <= _MOST:
        raise UsageError(f"--limit takes 1 to {_MOST}", hint=f"write --limit {_USUAL}")
    spaces = ctx.settings.namespaces
    _must_be_shown(asked, spaces)
    now = ctx.clock()
    client = ctx.neighbours.loki
    found = await client.lines(logql.write(asked, spaces), now - span, now + timedelta(seconds=1), limit)
    # What services say may hold what no room should: only where somebody said so is it shown (threat T13).
    entries = _newest([each for each in found if each.labels.get("namespace") in spaces])
    # Thousands of lines take their time: beside the event loop.
    lines = await asyncio.to_thread(_lines, entries, passes)
    strange, known = ((), ()) if entries else await _strange(ctx, asked, now - span, now)
    return LokiReport(
        as_of=now,
        zone=ctx.settings.timezone,
        query=" ".join((str(asked), *((f'|~ "{filter}"',) if filter else ()))),
        since=span,
        lines=lines,
        wordings=wordings(lines),
        looked_at=len(entries),
        filtered=bool(asked.filters or filter),
        is_all=len(found) < limit and len(entries) == len(found),
        strange=strange,
        known=known,
    )


def _span(since: str) -> timedelta:
    span = back(since)
    if span > _LONGEST:
        raise UsageError(
            f"Loki looks {_LONGEST.days} days back at once", hint=f"write --since {_LONGEST.days}d or less"
        )
    return span


def _must_be_shown(asked: LogQuery, spaces: Iterable[str]) -> None:
    named = [each.value for each in asked.matchers if (each.name, each.operator) == ("namespace", Operator.EQUAL)]
    for space in named:
        if space not in spaces:
            raise UsageError(f"I show no logs of {space[:60]}", hint="they are shown of what stands under namespaces")


def _newest(entries: list["Entry"]) -> list["Entry"]:
    """Return as many of the newest lines as can be looked through."""
    left = _MOST_CHARACTERS
    for number, entry in enumerate(reversed(entries)):
        left -= min(len(entry.text), _LONGEST_LINE)
        if left < 0:
            return entries[len(entries) - number :]
    return entries


def _lines(entries: Iterable["Entry"], passes: Sequence[Wanted]) -> tuple[Line, ...]:
    """Return the lines that pass, without their secrets, by time.

    Only what may be shown is looked through: a filter must not find out a secret letter by letter.
    """
    streams: dict[tuple[tuple[str, str], ...], list[Entry]] = {}
    for entry in entries:
        streams.setdefault(tuple(sorted(entry.labels.items())), []).append(entry)
    lines = [line for stream in streams.values() for line in _scrubbed(stream)]
    kept = (line for line in lines if all(each(line.text) for each in passes))
    return tuple(sorted(kept, key=lambda line: line.at))


def _scrubbed(stream: list["Entry"]) -> list[Line]:
    """Return the lines of one stream, scrubbed together: a key may go over several of them."""
    texts = [entry.text[:_LONGEST_LINE] for entry in stream]
    rows = iter(scrub("\n".join(texts)).split("\n"))
    return [
        Line(entry.at, _source(entry.labels), "\n".join(next(rows, "") for _ in text.split("\n")))
        for entry, text in zip(stream, texts, strict=True)
    ]


def _source(labels: Mapping[str, str]) -> str:
    name = next((labels[each] for each in _SOURCES if labels.get(each)), "")
    return "/".join(part for part in (labels.get("namespace", ""), name) if part)


async def _strange(
    ctx: Context, asked: LogQuery, start: datetime, end: datetime
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which labels Loki does not know, and which it does: a slip in a name finds nothing, and says nothing."""
    known = await ask(ctx.neighbours.loki.labels(start, end), ctx.settings.limits.probe)
    if isinstance(known, Unknown):
        return (), ()
    names = dict.fromkeys(matcher.name for matcher in asked.matchers)
    strange = tuple(name for name in names if name not in known)
    return strange, known if strange else ()
