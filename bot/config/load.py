"""Reads the configuration file; every error names file, line and key, what is wrong and what would be right."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bot.config.settings import Settings

Location = tuple[str | int, ...]
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a configuration file."""

    line: int
    key: str
    words: str


class ConfigError(Exception):
    """The configuration cannot be used; `str()` is a line for each problem: `FILE:LINE key: what is wrong …`."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(f"{path}:{p.line} {p.key}: {p.words}" for p in self.problems))


def load(path: Path, *, environment: Mapping[str, str] = os.environ, look_into_secrets: bool = True) -> Settings:
    """Read and check a configuration file; raise ConfigError with every problem found.

    `look_into_secrets=False` leaves the secret files alone: for a check on a machine that does not hold them.
    """
    tree, lines, problems = _read(path, environment)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        found = tuple(_problem(item, lines) for item in error.errors(include_url=False, include_input=False))
        raise ConfigError(path, (*problems, *found)) from None
    if look_into_secrets:
        problems += tuple(_secret_problems(settings, lines))
    if problems:
        raise ConfigError(path, problems)
    return settings


def _read(path: Path, environment: Mapping[str, str]) -> tuple[Any, dict[Location, int], tuple[Problem, ...]]:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise ConfigError(
            path, (Problem(1, "file", f"cannot be read ({error.strerror}); give a readable file"),)
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(path, (Problem(1, "file", "is not UTF-8 text; save it as UTF-8"),)) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        words = f"is not YAML ({getattr(error, 'problem', None) or 'unreadable'}); mind indentation, and quote @ and !"
        raise ConfigError(path, (Problem(line, "file", words),)) from None
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(path, (Problem(1, "file", "holds no keys; start from `opsbot config-example`"),))
    reader = _Reader(environment)
    return reader.value(root, ()), reader.lines, tuple(reader.problems)


class _Reader:
    """Turns a YAML tree into plain values, remembering on which line each key stands."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.lines: dict[Location, int] = {(): 1}
        self.problems: list[Problem] = []

    def value(self, node: yaml.Node, at: Location) -> Any:
        self.lines.setdefault(at, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*at, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, at)

    def _mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in out:
                self._complain(key_node, (*at, key), "stands here twice; keep one")
            self.lines[*at, key] = key_node.start_mark.line + 1
            out[key] = self.value(value_node, (*at, key))
        return out

    def _scalar(self, node: yaml.Node, at: Location) -> Any:
        text = str(node.value)
        if not _VARIABLE.search(text):
            return yaml.SafeLoader("").construct_object(node)
        return _VARIABLE.sub(lambda match: self._variable(match[1], node, at), text)

    def _variable(self, name: str, node: yaml.Node, at: Location) -> str:
        if name not in self.environment:
            self._complain(node, at, f"${{{name}}} is not set in the environment; set it, or write the value")
        return self.environment.get(name, "")

    def _complain(self, node: yaml.Node, at: Location, words: str) -> None:
        self.problems.append(Problem(node.start_mark.line + 1, ".".join(map(str, at)), words))


def _problem(item: Any, lines: dict[Location, int]) -> Problem:
    location: Location = tuple(item["loc"])
    known = location
    while known not in lines:
        known = known[:-1]
    # A union names its members in the location; only what stands in the file helps the reader.
    key = ".".join(map(str, known if item["type"] != "missing" else (*known, location[-1])))
    return Problem(lines[known], key or "file", _words(item, location))


def _words(item: Any, location: Location) -> str:
    match item["type"]:
        case "extra_forbidden":
            return f"is not a key here{_did_you_mean(location)}"
        case "missing":
            return "is missing; see `opsbot config-example`"
        case "value_error":
            return str(item["ctx"]["error"])
        case _:
            return str(item["msg"]).replace("Input should", "should")


def _did_you_mean(location: Location) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only needed for an error

    model: Any = Settings
    for step in location[:-1]:
        info = getattr(model, "model_fields", {}).get(step)
        model = info.annotation if info else None
    known = list(getattr(model, "model_fields", {}))
    near = get_close_matches(str(location[-1]), known, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; keys here are {', '.join(known)}" if known else "; remove it"


def _secret_problems(settings: Settings, lines: dict[Location, int]) -> Iterator[Problem]:
    files: dict[Location, Path | None] = {
        ("matrix", "access_token_file"): settings.matrix.access_token_file,
        ("matrix", "password_file"): settings.matrix.password_file,
        ("web", "webhook_token_file"): settings.web.webhook_token_file,
        ("openbao", "auth", "token_file"): settings.openbao.auth.token_file,
        ("grafana", "token_file"): settings.grafana.token_file,
    }
    for at, file in files.items():
        if file and (why := _unreadable(file)):
            yield Problem(lines.get(at, 1), ".".join(map(str, at)), f"{file} {why}")


def _unreadable(file: Path) -> str | None:
    try:
        if file.read_text(encoding="utf-8").strip():
            return None
    except OSError as error:
        return f"cannot be read ({error.strerror}); mount the secret there, or name the right file"
    except UnicodeDecodeError:
        return "is not text; it should hold the secret alone"
    return "is empty; write the secret into it"
