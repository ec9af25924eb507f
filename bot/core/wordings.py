"""What many lines have in common: the same words, with other numbers in them; pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

ELSE = "…"
"""Stands for what is another thing each time."""
_LONGEST = 300
_TOKEN = re.compile(r"[\w.:/@%+-]+")
_AGAIN = re.compile(rf"{ELSE}(?:[\s,;]*{ELSE})+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line without secrets; foreign text."""

    at: datetime
    source: str
    """Who wrote it, as `namespace/app`."""
    text: str


@dataclass(frozen=True, slots=True)
class Wording:
    """Lines that say the same."""

    text: str
    source: str
    number: int
    last: datetime


def wordings(lines: Iterable[Line]) -> tuple[Wording, ...]:
    """Return what is said more than once, the most frequent first; `lines` oldest first."""
    together: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        together.setdefault((line.source, _in_words(line.text)), []).append(line)
    found = [
        Wording(text, source, len(group), group[-1].at) for (source, text), group in together.items() if len(group) > 1
    ]
    return tuple(sorted(found, key=lambda each: (-each.number, -each.last.timestamp())))


def _in_words(text: str) -> str:
    """Return a line with a gap for everything that holds a digit."""
    gaps = _TOKEN.sub(lambda token: ELSE if any(map(str.isdigit, token[0])) else token[0], text[:_LONGEST])
    return _AGAIN.sub(ELSE, gaps).strip()
