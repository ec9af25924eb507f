"""Matchers as Alertmanager has them, `alertname="X", pod=~"a|b"`: read from a line, written, held against labels."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.core import patterns
from bot.core.errors import UsageError

_HINT = 'write an alert\'s name, or name=value, like namespace=data or pod=~"postgres.*"'
_MOST = 20
_CHARACTERS = 1000
"""Of one value."""
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_BEGINNING = re.compile(rf"\s*({_NAME.pattern})\s*(=~|!~|!=|=)\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:,|$)', re.DOTALL)
# A shell has taken the quotes away, so that a comma parts two matchers only where another one follows.
_COMMA = re.compile(rf",(?={_BEGINNING.pattern})")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{(.*)", re.DOTALL)
_OPERATORS = frozenset(("=", "!=", "=~", "!~"))
# Marks an operator that stood alone, until its value comes.
_GLUE = "\ue001"
_UNESCAPED = {"n": "\n", '"': '"', "\\": "\\"}

# What no pattern is aimed at: who matches all of them matches everything.
_ANYTHING = ("x", "critical", "kube-system", "9f3c2a", "KubePodCrashLooping")

_STABLE = (
    *("deployment", "statefulset", "daemonset", "cronjob", "service", "cluster", "cnpg_cluster"),
    *("horizontalpodautoscaler", "persistentvolumeclaim", "container", "node"),
)
"""Labels that stay what they are when a pod is replaced."""
# What Kubernetes appends: five letters without vowels, or the minute a CronJob was due, as a number.
_GENERATED = re.compile(r"(.+)-(?:[bcdfghjklmnpqrstvwxz2456789]{5}|[0-9]{8,})")


class Operator(StrEnum):
    """How a label is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LIKE = "=~"
    NOT_LIKE = "!~"


class Breadth(StrEnum):
    """Why a silence must not be: it would hide too much."""

    EVERYTHING = "everything"
    WATCHDOG = "watchdog"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; an absent label is an empty one."""

    name: str
    value: str
    operator: Operator = Operator.EQUAL

    @property
    def is_regex(self) -> bool:
        """Whether the value is a pattern, which must match the whole label."""
        return self.operator in {Operator.LIKE, Operator.NOT_LIKE}

    @property
    def is_equal(self) -> bool:
        """Whether it asks for what the value says, and not for everything else."""
        return self.operator in {Operator.EQUAL, Operator.LIKE}

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Say whether a label set meets it; raise UsageError for a pattern that `patterns` refuses."""
        found = labels.get(self.name, "")
        hit = patterns.holds(self.value, found) if self.is_regex else found == self.value
        return hit is self.is_equal

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.operator.value}"{escaped}"'


def operator(*, is_regex: bool, is_equal: bool) -> Operator:
    """Return the operator that Alertmanager's two switches stand for."""
    if is_regex:
        return Operator.LIKE if is_equal else Operator.NOT_LIKE
    return Operator.EQUAL if is_equal else Operator.NOT_EQUAL


def read(words: Sequence[str]) -> tuple[Matcher, ...]:
    """Read the words of a line, quotes taken away or not: matchers, with or without braces, and one alert's name.

    Raises UsageError.
    """
    found: dict[Matcher, None] = {}
    for word in _loose(words):
        found |= dict.fromkeys(_of_word(word))
    matchers = tuple(found)
    if not matchers or len(matchers) > _MOST:
        raise UsageError("too many matchers" if matchers else "nothing to match", hint=_HINT)
    for name in {matcher.name for matcher in matchers}:
        _consistent([each for each in matchers if each.name == name and each.operator is Operator.EQUAL])
    return matchers


def is_matcher(word: str) -> bool:
    """Say whether a word is meant as a matcher rather than as a name."""
    return _BEGINNING.match(word) is not None or _SELECTOR.match(word) is not None or word.startswith("{")


def write(matchers: Iterable[Matcher]) -> str:
    """Return matchers as Alertmanager and amtool write them, which `read` reads."""
    return ", ".join(map(str, matchers))


def all_hold(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Say whether a label set meets every one; raise UsageError as `Matcher.holds` does."""
    return all(matcher.holds(labels) for matcher in matchers)


def default_matchers(labels: Mapping[str, str]) -> tuple[Matcher, ...]:
    """Return what silences this alert and the same one of the pod that comes after: never a pod, instance or uid."""
    kept = [Matcher(name, labels[name]) for name in ("alertname", "namespace", *_STABLE) if labels.get(name)]
    return (*kept, *_job(labels.get("job_name", "")))


def covering(alerts: Sequence[Mapping[str, str]]) -> tuple[Matcher, ...]:
    """Return what silences all of these alerts, by what they have in common; nothing where that is not even a name."""
    first, *others = alerts
    shared = {name: value for name, value in first.items() if all(each.get(name) == value for each in others)}
    names = sorted({each.get("alertname", "") for each in alerts})
    either = "|".join(map(_literally, names))
    if "" in names or len(either) > patterns.LONGEST:
        return ()
    if len(names) == 1:
        return default_matchers(shared)
    return (Matcher("alertname", either, Operator.LIKE), *default_matchers(shared))


def too_broad(matchers: Sequence[Matcher], watchdog: str | None) -> Breadth | None:
    """Say why a silence would hide too much, if so: it would match whatever fires, or the alert that always does.

    `watchdog`: the name of that alert.
    """
    if all_hold(matchers, {}) or all(_holds_anything(matcher) for matcher in matchers):
        return Breadth.EVERYTHING
    named = [matcher for matcher in matchers if matcher.name == "alertname"]
    aimed = any(matcher.is_equal and not _holds_anything(matcher) for matcher in named)
    # As kube-prometheus labels it, without a namespace.
    labels = {"alertname": watchdog or "", "severity": "none"}
    if watchdog and (all_hold(matchers, labels) or (aimed and all_hold(named, labels))):
        return Breadth.WATCHDOG
    return None


def _loose(words: Sequence[str]) -> list[str]:
    """Return the words without braces, and with what was typed as `a = b` in one piece."""
    out: list[str] = []
    inside = False
    for raw in words:
        word = raw.strip()
        if not inside and (selector := _SELECTOR.fullmatch(word)):
            out.append(selector[1])
            word = "{" + selector[2]
        if not inside and word.startswith("{"):
            inside, word = True, word[1:]
        closing = word.rstrip(", ")
        if inside and closing.endswith("}") and closing.count("}") > closing.count("{"):
            inside, word = False, closing[:-1]
        if out and (word in _OPERATORS or out[-1].endswith(_GLUE)):
            out[-1] += word if word not in _OPERATORS else word + _GLUE
        elif word.strip(", "):
            out.append(word)
    if inside:
        raise UsageError("a brace is left open", hint=_HINT)
    return [word.replace(_GLUE, "") for word in out]


def _of_word(word: str) -> list[Matcher]:
    if not _BEGINNING.match(word):
        return [_named(word.strip().rstrip(","))]
    found, rest = [], word
    while rest.strip(", "):
        match = _BEGINNING.match(rest)
        if match is None:
            raise UsageError(f"“{rest[:40]}” is no matcher", hint=_HINT)
        value, rest = _value(rest[match.end() :])
        found.append(_checked(Matcher(match[1], value, Operator(match[2]))))
    return found


def _value(text: str) -> tuple[str, str]:
    """Return the value that a text begins with, and what follows."""
    if quoted := _QUOTED.match(text):
        value = re.sub(r"\\(.)", lambda each: _UNESCAPED.get(each[1], each[0]), quoted[1], flags=re.DOTALL)
        return value, text[quoted.end() :]
    if text.startswith(("=", '"')):
        raise UsageError(f"“{text[:40]}” is no value", hint=_HINT)
    comma = _COMMA.search(text)
    return (text[: comma.start()], text[comma.end() :]) if comma else (text.rstrip(", "), "")


def _named(word: str) -> Matcher:
    """Return the matcher for an alert's bare name, as amtool does."""
    if any(sign in word for sign in "=~{}"):
        raise UsageError(f"“{word[:40]}” is no matcher", hint=_HINT)
    if "|" in word or "*" in word:
        raise UsageError(f"“{word[:40]}” is no alert's name", hint=f'for a pattern write alertname=~"{word[:40]}"')
    return _checked(Matcher("alertname", word.strip('"')))


def _checked(matcher: Matcher) -> Matcher:
    if len(matcher.value) > _CHARACTERS or "\x00" in matcher.value or not _NAME.fullmatch(matcher.name):
        raise UsageError(f"“{matcher.name[:20]}” cannot be matched with that", hint=_HINT)
    if matcher.is_regex:
        patterns.compiled(matcher.value)
    return matcher


def _consistent(matchers: Sequence[Matcher]) -> None:
    if len(matchers) > 1:
        first, second = matchers[0].value[:40], matchers[1].value[:40]
        either = f'{matchers[0].name}=~"{first}|{second}"'
        raise UsageError(f"nothing is both “{first}” and “{second}”", hint=f"for either of them write {either}")


def _holds_anything(matcher: Matcher) -> bool:
    return all(matcher.holds({matcher.name: value}) for value in _ANYTHING)


def _literally(name: str) -> str:
    """Return a pattern that a name alone matches."""
    # The signs that mean something to RE2; it refuses a backslash before most others.
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", name)


def _job(name: str) -> tuple[Matcher, ...]:
    if not name:
        return ()
    generated = _GENERATED.fullmatch(name)
    if generated is None:
        return (Matcher("job_name", name),)
    # A dot is all that Kubernetes allows in a name and a pattern takes for something else.
    stem = generated[1].replace(".", r"\.")
    return (Matcher("job_name", f"{stem}-[a-z0-9]+", Operator.LIKE),)
