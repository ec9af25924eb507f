"""Lines that are wanted: plain words or a pattern, which must not take longer than a line is worth."""

import re
from collections.abc import Callable

from bot.core.errors import UsageError
from bot.core.patterns import LONGEST, LONGEST_VALUE, compiled

Wanted = Callable[[str], bool]

_LONGEST_LINE = 500
"""Characters of a line that are looked at."""
# A pattern is tried at every place of a line: one `.*`, with a few words to choose from before and after it.
_MOST_WAYS = 8 * LONGEST_VALUE
_OUTER = re.compile(r"^(?:\.\*)+|(?<!\\)(?:\.\*)+$")


def wanted(text: str) -> Wanted:
    """Return whether a line is wanted; small letters stand for capitals too. Raises UsageError for a slow pattern.

    What is no pattern, like `foo(`, is meant as it stands.
    """
    if len(text) > LONGEST:
        raise UsageError(f"A filter has {LONGEST} characters at most")
    # Looked for anywhere, so that these only cost time.
    inner = _OUTER.sub("", text)
    pattern = _compiled(inner)
    if pattern is None:
        plain = inner if _is_cased(inner) else inner.lower()
        return lambda line: plain in (line if _is_cased(inner) else line.lower())
    return lambda line: pattern.search(line[:_LONGEST_LINE]) is not None


def _compiled(text: str) -> re.Pattern[str] | None:
    if re.escape(text) == text:
        return None
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return None
    try:
        return compiled(text if _is_cased(text) else f"(?i){text}", _MOST_WAYS)
    except UsageError as error:
        raise UsageError(
            f"I cannot look for “{text[:60]}”",
            hint="plain words do, or a pattern with one .* in it: --filter error.*timeout",
        ) from error


def _is_cased(text: str) -> bool:
    """Say whether capitals are meant; the one of an escape for what is no space is none."""
    letters = re.sub(r"\\.", "", text)
    return letters != letters.lower()
