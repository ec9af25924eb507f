"""Reads a YAML file into plain values and remembers on which line each stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from re import compile as pattern
from typing import Any

import yaml

Location = tuple[str | int, ...]
_VARIABLE = pattern(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a configuration file."""

    line: int
    key: str
    words: str


class ConfigError(Exception):
    """The configuration cannot be used; `str()` is a line for each problem, `FILE:LINE key: what is wrong`."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(f"{path}:{p.line} {p.key}: {p.words}" for p in self.problems))


@dataclass(frozen=True, slots=True)
class Tree:
    """A file's plain values, the line of each place in it, and what is wrong with it as YAML."""

    values: dict[str, Any]
    lines: Mapping[Location, int]
    problems: tuple[Problem, ...]


def read(path: Path, environment: Mapping[str, str]) -> Tree:
    """Read a file, putting in the environment's variables; raise ConfigError when it is no YAML mapping."""
    root = _compose(path, _text(path))
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(path, (Problem(1, "file", "holds no keys; start from `opsbot config-example`"),))
    reader = _Reader(environment)
    try:
        values = reader.mapping(root, ())
    except RecursionError:
        problem = Problem(1, "file", "is nested without end; an alias (*) must not stand inside its own anchor (&)")
        raise ConfigError(path, (problem,)) from None
    return Tree(values, reader.lines, tuple(reader.problems))


def dotted(location: Location) -> str:
    """Return a place as people write it: `matrix.homeserver`."""
    return ".".join(map(str, location)) or "file"


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        words = f"cannot be read ({error.strerror}); give a readable file"
        raise ConfigError(path, (Problem(1, "file", words),)) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(path, (Problem(line, "file", "is not UTF-8 text here; save it as UTF-8"),)) from None


def _compose(path: Path, text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = Problem(line, "file", "holds a control character; remove it")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = Problem(mark.line + 1 if mark else 1, "file", _not_yaml(error.problem or "unreadable"))
    raise ConfigError(path, (problem,))


def _not_yaml(why: str) -> str:
    if r"'\t'" in why:
        return "is indented with a tab; use spaces"
    return f"is not YAML ({why}); mind the indentation, and quote what begins with @, ! or *"


class _Reader:
    """Turns a YAML tree into plain values."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.lines: dict[Location, int] = {(): 1}
        self.problems: list[Problem] = []

    def mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            name = str(key_node.value)
            key = self._filled(name, key_node, (*at, name))
            if key in out:
                self._complain(key_node, (*at, key), "stands here twice; keep one")
            self.lines[*at, key] = _line(key_node)
            out[key] = self._value(value_node, (*at, key))
        return out

    def _value(self, node: yaml.Node, at: Location) -> Any:
        self.lines.setdefault(at, _line(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*at, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, at)

    def _scalar(self, node: yaml.Node, at: Location) -> Any:
        text = str(node.value)
        if _VARIABLE.search(text):
            return self._filled(text, node, at)
        try:
            return yaml.SafeLoader("").construct_object(node)
        except yaml.YAMLError:
            # `!abc:example.org` without quotes is YAML for a value of the type abc:example.org.
            self._complain(node, at, f'is not text; put it in quotes: "{node.tag} {text}'.rstrip() + '"')
        except ValueError:
            self._complain(node, at, f'looks like a date or a number and is none; put it in quotes: "{text}"')
        return text

    def _filled(self, text: str, node: yaml.Node, at: Location) -> str:
        return _VARIABLE.sub(lambda match: self._variable(match[1], node, at), text)

    def _variable(self, name: str, node: yaml.Node, at: Location) -> str:
        if name not in self.environment:
            self._complain(node, at, f"${{{name}}} is not set in the environment; set it, or write the value")
        return self.environment.get(name, "")

    def _complain(self, node: yaml.Node, at: Location, words: str) -> None:
        self.problems.append(Problem(_line(node), dotted(at), words))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
