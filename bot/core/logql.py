"""Questions to Loki, `{namespace="data"} |= "error"`: read into parts, and written anew from them; pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.core import filters, matchers
from bot.core.errors import UsageError
from bot.core.filters import Wanted
from bot.core.matchers import Matcher, Operator

_HINT = '{namespace="data"}, or {app="gitea"} |= "error"'
_MOST = 10
_SIGN = re.compile(r"\s*(\|=|!=|\|~|!~)\s*")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|`([^`]*)`|((?:(?![|!][=~])[^"`])+)')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`')
_UNESCAPED = {"n": "\n", "t": "\t"}
_METRIC = re.compile(r"[a-z_]+\s*\(|[a-z_]+\s+by\b")


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which streams, and which of their lines."""

    matchers: tuple[Matcher, ...]
    filters: tuple[tuple[str, str], ...]
    """Sign and text of each: `|=`, `!=`, `|~`, `!~`."""

    def wanted(self) -> Wanted:
        """Return whether a line passes every filter; raise UsageError for a pattern that may take too long."""
        passes = [_passes(sign, text) for sign, text in self.filters]
        return lambda line: all(each(line) for each in passes)

    def __str__(self) -> str:
        """Return it as people write it."""
        return " ".join((f"{{{matchers.write(self.matchers)}}}", *(f'{sign} "{text}"' for sign, text in self.filters)))


def read(words: Sequence[str]) -> LogQuery:
    """Read the words of a line, quotes taken away by a shell or not; raise UsageError."""
    if not words or not words[0].startswith("{"):
        counts = bool(words) and _METRIC.match(words[0]) is not None
        raise UsageError("I show lines, and count none" if counts else "Lines of what?", hint=_HINT)
    selector, rest = _parted(words)
    found = tuple(_filters(rest))
    if len(found) > _MOST:
        raise UsageError("too many filters", hint=_HINT)
    return LogQuery(_labels(selector), found)


def write(query: LogQuery, namespaces: Sequence[str]) -> str:
    """Return what Loki is asked: the streams alone, and of these only what comes from the namespaces.

    Its filters stay with us: they may look only at what may be shown, or they would find out a secret letter by letter.
    """
    allowed = Matcher("namespace", "|".join(map(re.escape, namespaces)), Operator.LIKE)
    return f"{{{matchers.write((*query.matchers, allowed))}}}"


def _labels(selector: Sequence[str]) -> tuple[Matcher, ...]:
    found = matchers.read(selector)
    # To Alertmanager a bare word is an alert's name; to Loki it is nothing.
    if any(each.name == "alertname" for each in found) and "alertname" not in "".join(selector):
        raise UsageError("a label needs a value", hint=_HINT)
    return found


def _parted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words of the braces, and those behind them."""
    depth = 0
    for number, word in enumerate(words):
        bare = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), word)
        for at, sign in enumerate(bare, start=1):
            depth += {"{": 1, "}": -1}.get(sign, 0)
            if depth == 0 and sign == "}":
                rest = (word[at:], *words[number + 1 :])
                return [*words[:number], word[:at]], [each for each in rest if each.strip()]
    raise UsageError("a brace is left open", hint=_HINT)


def _filters(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    sign = ""
    for word in words:
        if sign and not _QUOTED.match(word):
            # A shell has taken the quotes away: the whole word is the text.
            yield sign, word
            sign = ""
            continue
        rest = word
        while rest.strip():
            if not sign:
                sign, rest = _sign(rest)
            elif text := _STRING.match(rest):
                yield sign, _unescaped(text)
                sign, rest = "", rest[text.end() :]
            else:
                raise UsageError(f"“{rest[:40]}” is no text", hint=_HINT)
    if sign:
        raise UsageError(f"{sign} what?", hint=_HINT)


def _sign(text: str) -> tuple[str, str]:
    found = _SIGN.match(text)
    if found is None:
        raise UsageError(f"I do not know “{text.strip()[:40]}”", hint='behind the braces: |= != |~ !~, like |= "error"')
    return found[1], text[found.end() :]


def _unescaped(text: re.Match[str]) -> str:
    if text[1] is None:
        return text[2] if text[2] is not None else text[3].strip()
    return re.sub(r"\\(.)", lambda each: _UNESCAPED.get(each[1], each[1]), text[1], flags=re.DOTALL)


def _passes(sign: str, text: str) -> Wanted:
    holds: Wanted = filters.wanted(text) if sign.endswith("~") else lambda line: text in line
    return holds if sign.startswith("|") else lambda line: not holds(line)
