"""Questions to Prometheus, built from parts: foreign text enters as a quoted label value and in no other way."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`|[A-Za-z_:][\w:]*|[=!<>]=|=~|!~|.', re.DOTALL)
_COMPARISONS = frozenset({"==", "!=", ">=", "<=", ">", "<"})
_DEEPEST = 50
"""Brackets within brackets; a rule that nobody could read is not taken apart."""
_SETS = frozenset({"and", "or", "unless"})
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a rule compares with: `> 0.95`."""

    sign: str
    number: float

    def crossed(self, value: float) -> bool:
        """Tell whether a value meets the comparison."""
        return {
            "==": value == self.number,
            "!=": value != self.number,
            ">=": value >= self.number,
            "<=": value <= self.number,
            ">": value > self.number,
            "<": value < self.number,
        }[self.sign]


@dataclass(frozen=True, slots=True)
class Drawable:
    """What can be drawn of a rule's expression."""

    expr: str
    threshold: Threshold | None = None
    whole: bool = True
    """Whether it has values all the time, not only while another condition holds."""
    sound: bool = True
    """Whether it may stand inside another expression: its brackets are closed."""


def quoted(text: str) -> str:
    """Return a text as a string of PromQL, for a label's value."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def drawable(rule: str) -> Drawable:
    """Return what to draw of a rule: `disk_used > 0.9 and on (pod) up` is `disk_used and on (pod) up`, threshold > 0.9.

    Only a comparison with a number that decides by itself is taken off; whatever else is there stays as it is.
    """
    rule = rule.strip()
    marks = _marks(rule)
    if marks is None:
        return Drawable(rule, whole=False, sound=False)
    if marks and marks[-1].enclosing == 0 and marks[-1].end == len(rule):
        inner = drawable(rule[1:-1])
        return inner if inner.threshold else replace(inner, expr=rule)
    sets = [mark for mark in marks if mark.word in _SETS]
    if any(mark.word == "or" for mark in sets):
        return Drawable(rule, whole=False)
    if sets:
        first = drawable(rule[: sets[0].start])
        rest = rule[sets[0].start :]
        expr = f"({first.expr}) {rest}" if first.threshold else rule
        return replace(first, expr=expr, whole=False)
    return _without_threshold(rule, [mark for mark in marks if mark.word in _COMPARISONS])


def narrowed(drawn: Drawable, labels: Mapping[str, str]) -> str:
    """Return the expression for those of its series alone that carry all these labels."""
    names = sorted(name for name in labels if _NAME.fullmatch(name))
    if not names or not drawn.sound:
        return drawn.expr
    only = "vector(1)"
    for name in names:
        # A dollar would stand for what a pattern found.
        value = quoted(labels[name].replace("$", "$$"))
        only = f'label_replace({only}, "{name}", {value}, "", "")'
    return f"({drawn.expr}) and on ({', '.join(names)}) {only}"


@dataclass(frozen=True, slots=True)
class _Mark:
    """A word or a bracket's end that stands outside all brackets."""

    word: str
    start: int
    end: int
    enclosing: int | None = None
    """Where the bracket that ends here began."""


def _marks(rule: str) -> list[_Mark] | None:
    """Return what of a rule stands outside all brackets; None where it is not sure: unclosed, too deep, commented."""
    opened: list[tuple[str, int]] = []
    marks: list[_Mark] = []
    for token in _TOKEN.finditer(rule):
        word = token[0]
        if word == "#" or word in {'"', "'", "`"}:
            return None
        if word in "([{":
            opened.append((")]}"["([{".index(word)], token.start()))
            if len(opened) > _DEEPEST:
                return None
        elif word in ")]}":
            if not opened or opened[-1][0] != word:
                return None
            _, start = opened.pop()
            if not opened and word == ")":
                marks.append(_Mark(word, token.start(), token.end(), start))
        elif not opened and not word.isspace():
            marks.append(_Mark(word.lower(), token.start(), token.end()))
    return None if opened else marks


def _without_threshold(rule: str, comparisons: list[_Mark]) -> Drawable:
    if not comparisons:
        return Drawable(rule)
    last = comparisons[-1]
    number = _NUMBER.fullmatch(rule[last.end :].strip(" ()"))
    if number is None:
        return Drawable(rule, whole=False)
    return Drawable(rule[: last.start].strip(), Threshold(last.word, float(number[0])), whole=len(comparisons) == 1)
