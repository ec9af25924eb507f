"""Patterns as Alertmanager's RE2 has them, held with Python's `re`: only what means the same to both and ends soon."""

import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache

from bot.core.errors import UsageError

LONGEST = 200
"""Characters of a pattern."""
LONGEST_VALUE = 256
"""Characters of a label that a pattern is held against; a longer one is met by none."""

# Python tries one way after the other: three times `.*` on the longest value are three million steps, some 50 ms.
_MOST_WAYS = LONGEST_VALUE**3
_TOKEN = re.compile(
    r"\\."  # an escape
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]"  # a set
    r"|\((?:\?[a-zA-Z<!=>#-]*:?)?"
    r"|\{[0-9]*,?[0-9]*\}"
    r"|.",
    re.DOTALL,
)
_ESCAPES = frozenset("dDwWsSbBntrfv")
# RE2's named sets mean something else to Python; the others will mean something else one day, and it warns of them.
_ODD_SET = re.compile(r"\[|--|&&|~~|\|\|")
_TIMES = re.compile(r"\{([0-9]{1,3})(?:(,)([0-9]{0,3}))?\}")
_MOST_TIMES = 100


@dataclass
class _Group:
    """What a group holds, as far as read."""

    branches: int = 1
    varies: bool = False
    """Whether it can match in more than one way, so that repeating it would multiply them."""


@dataclass
class _Cost:
    """How many ways a pattern may have to be tried."""

    groups: list[_Group] = field(default_factory=lambda: [_Group()])
    ways: int = 1
    """Of the branch that is being read."""
    total: int = 0
    atom: _Group | None = None
    """What a repetition would repeat; None where nothing stands before it."""
    repeated: bool = False
    """Whether what stands before is a repetition itself."""


def holds(pattern: str, text: str) -> bool:
    """Say whether a pattern matches a whole text; raise UsageError for one that `compiled` refuses."""
    return len(text) <= LONGEST_VALUE and compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=512)
def compiled(pattern: str, most_ways: int = _MOST_WAYS) -> re.Pattern[str]:
    """Return a pattern ready for use; raise UsageError for one that is wrong, too long, too slow or not RE2's.

    `most_ways`: in how many ways it may match at one place.
    """
    if len(pattern) > LONGEST:
        raise _refused(pattern, f"is longer than {LONGEST} characters")
    if _ways(pattern) > most_ways:
        raise _refused(pattern, "can match in too many ways")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # To RE2 a digit is one of ten, but small and capital letters are those of every script.
            return re.compile(pattern, 0 if "(?i" in pattern else re.ASCII)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        raise _refused(pattern, "is no pattern") from error


def _ways(pattern: str) -> int:
    """Return in how many ways a pattern may match; raise UsageError for one that nobody can say that of."""
    cost = _Cost()
    for match in _TOKEN.finditer(pattern):
        _take(match[0], cost, pattern, first=match.start() == 0)
    if len(cost.groups) > 1:
        raise _refused(pattern, "leaves a parenthesis open")
    _next_branch(cost)
    return cost.total


def _take(part: str, cost: _Cost, pattern: str, *, first: bool) -> None:
    if part.startswith("("):
        _open(part, cost, pattern, first=first)
    elif part == ")":
        _close(cost, pattern)
    elif part == "|":
        _choose(cost)
    elif part in {"*", "+", "?"} or part.startswith("{"):
        _repeat(part, cost, pattern)
    else:
        _atom(part, pattern)
        cost.atom, cost.repeated = _Group(), False


def _open(part: str, cost: _Cost, pattern: str, *, first: bool) -> None:
    if part == "(?i" and first:  # `(?i)` before everything else; its parenthesis closes an empty group.
        part = "("
    if part not in {"(", "(?:", "(?i:"}:
        raise _refused(pattern, f"holds “{part[:4]}”, which Alertmanager or I do not know")
    cost.groups.append(_Group())
    cost.atom, cost.repeated = None, False


def _close(cost: _Cost, pattern: str) -> None:
    if len(cost.groups) == 1:
        raise _refused(pattern, "closes a parenthesis that is not open")
    group = cost.groups.pop()
    cost.ways *= group.branches
    cost.groups[-1].varies |= group.varies
    cost.atom, cost.repeated = group, False


def _choose(cost: _Cost) -> None:
    cost.atom, cost.repeated = None, False
    if len(cost.groups) == 1:
        _next_branch(cost)
        return
    cost.groups[-1].branches += 1
    cost.groups[-1].varies = True


def _repeat(part: str, cost: _Cost, pattern: str) -> None:
    if cost.repeated and part == "?":
        cost.repeated, cost.atom = False, None  # as few as possible: no further way
        return
    if cost.repeated or cost.atom is None:
        raise _refused(pattern, f"repeats nothing with “{part[:8]}”")
    times = _times(part, pattern)
    if times > 1 and cost.atom.varies:
        raise _refused(pattern, "repeats what can match in several ways, which may take for ever")
    cost.ways *= times + (part == "?")
    cost.groups[-1].varies = True
    cost.repeated = True


def _times(part: str, pattern: str) -> int:
    """Return how often a repetition may go round at most; 1 for `?`."""
    if part in {"*", "+"}:
        return LONGEST_VALUE
    if part == "?":
        return 1
    match = _TIMES.fullmatch(part)
    least, most = (int(match[1]), int(match[3] or match[1])) if match else (0, _MOST_TIMES + 1)
    if max(least, most) > _MOST_TIMES:
        raise _refused(pattern, f"cannot have “{part[:12]}”: write \\{{ for a brace, or repeat less")
    return LONGEST_VALUE if match and match[2] and not match[3] else max(most, 2)


def _next_branch(cost: _Cost) -> None:
    cost.total += cost.ways
    cost.ways = 1


def _atom(part: str, pattern: str) -> None:
    inside = part[1:-1] if len(part) > 1 and part.startswith("[") else ""
    escapes = [part[1:]] if part.startswith("\\") else re.findall(r"\\(.)", inside, re.DOTALL)
    if any(each.isalnum() and each not in _ESCAPES for each in escapes) or _ODD_SET.search(re.sub(r"\\.", "", inside)):
        raise _refused(pattern, f"holds “{part[:12]}”, which Alertmanager or I do not know")


def _refused(pattern: str, why: str) -> UsageError:
    return UsageError(f"the pattern “{pattern[:60]}” {why}", hint="keep it plain, like =~postgres.* or =~a|b")
