"""From what a person typed on a phone to the words of a command; pure."""

import re
import shlex
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Protocol, TypeVar

from bot.core.errors import UsageError

_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "\u00a0": " "})
# Phones turn two hyphens into a dash: before a word it was a long flag, before one letter a short one.
_LONG_DASH = re.compile(r"(?<!\S)[—–](?=\w{2})")
_SHORT_DASH = re.compile(r"(?<!\S)[—–](?=\w(?!\w))")
_BARE_DASH = re.compile(r"(?<!\S)[—–](?!\S)")


class Called(Protocol):
    """Anything that is called by a verb."""

    @property
    def verb(self) -> str:
        """The words that call it."""
        ...


C = TypeVar("C", bound=Called)


def straighten(text: str) -> str:
    """Turn the quotes and dashes that phone keyboards make back into those that were meant."""
    text = text.translate(_QUOTES)
    text = _SHORT_DASH.sub("-", _LONG_DASH.sub("--", text))
    return _BARE_DASH.sub("--", text)


def addressed(body: str, bot: str, *, reply: bool) -> str | None:
    """Return the words meant for us: after `!`, after our name, or all of a reply to one of our messages."""
    first = body.strip().split("\n", 1)[0].strip()
    local = re.escape(bot.removeprefix("@").split(":", 1)[0])
    mention = re.match(rf"(?:{re.escape(bot)}|@?{local}):?\s+(?=\S)", first, re.IGNORECASE)
    if first.startswith("!") and first[1:].strip():
        return first[1:].strip()
    if mention:
        return first[mention.end() :].removeprefix("!").strip()
    return first if reply and first else None


def tokens(words: str) -> tuple[str, ...]:
    """Split a line into words as a shell would, but without a shell; raise UsageError for a quote left open."""
    try:
        found = shlex.split(straighten(words), posix=True)
    except ValueError as error:
        raise UsageError("a quote is left open", hint='close it, or leave it out: --filter "two words"') from error
    # The playbook's lines may be pasted whole: `sunbeam vault status` (design §5).
    return tuple(found[1:] if found[:1] == ["sunbeam"] else found)


def find(commands: Iterable[C], words: tuple[str, ...]) -> tuple[C, tuple[str, ...]]:
    """Return the command whose verb the words begin with, the longest, and the rest; UsageError names near verbs."""
    by_verb = {command.verb: command for command in commands}
    lowered = tuple(word.lower() for word in words)
    longest = max((len(verb.split()) for verb in by_verb), default=0)
    for length in range(min(longest, len(words)), 0, -1):
        if command := by_verb.get(" ".join(lowered[:length])):
            return command, words[length:]
    typed = lowered[0] if lowered else ""
    near = get_close_matches(typed, by_verb, n=3, cutoff=0.6)
    raise UsageError(
        f"I do not know !{typed[:40]}", hint="!help lists what there is", near=tuple(f"!{verb}" for verb in near)
    )
