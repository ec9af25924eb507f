"""Matchers of labels, as Alertmanager, Prometheus and Loki write them: `a="b", c=~"d|e"`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",{}]+))\s*(?:,|$)')


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; an absent label is an empty one."""

    name: str
    value: str
    regex: bool = False
    equal: bool = True

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Say whether a label set meets it; patterns match whole values."""
        found = labels.get(self.name, "")
        hit = bool(re.fullmatch(self.value, found)) if self.regex else found == self.value
        return hit is self.equal

    def as_json(self) -> dict[str, Any]:
        """Return it as Alertmanager's API has it."""
        return {"name": self.name, "value": self.value, "isRegex": self.regex, "isEqual": self.equal}


def parse(text: str) -> list[Matcher]:
    """Read matchers, with or without their braces; raise ValueError."""
    text = text.strip().removeprefix("{").removesuffix("}").strip()
    found, at = [], 0
    while at < len(text):
        match = _MATCHER.match(text, at)
        if match is None:
            raise ValueError(f"bad matcher format: {text[at:]}")
        name, operator, quoted, bare = match.groups()
        value = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        found.append(Matcher(name, value, regex=operator.endswith("~"), equal=not operator.startswith("!")))
        at = match.end()
    return found


def from_json(row: Mapping[str, Any]) -> Matcher:
    """Return a matcher of Alertmanager's API; raise KeyError."""
    return Matcher(row["name"], row["value"], bool(row.get("isRegex")), bool(row.get("isEqual", True)))


def all_hold(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Say whether a label set meets every one."""
    return all(matcher.holds(labels) for matcher in matchers)
