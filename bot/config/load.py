"""Reads the configuration file; every error names file, line and key, what is wrong, what would be right."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from bot.config.settings import Settings
from bot.config.tree import ConfigError, Location, Problem, Tree, dotted, read
from bot.config.words import problems

__all__ = ["ConfigError", "load"]


def load(path: Path, *, environment: Mapping[str, str] = os.environ, look_into_secrets: bool = True) -> Settings:
    """Read and check a configuration file; raise ConfigError with every problem found.

    `look_into_secrets=False` leaves the secret files alone: for a check on a machine that does not hold them.
    """
    tree = read(path, environment)
    try:
        settings = Settings.model_validate(tree.values)
    except ValidationError as error:
        # What is wrong as YAML is not told a second time as a wrong value.
        said = {problem.key for problem in tree.problems}
        found = tuple(problem for problem in problems(error, tree) if problem.key not in said)
        raise ConfigError(path, (*tree.problems, *found)) from None
    wrong = (*tree.problems, *(_secret_problems(settings, tree) if look_into_secrets else ()))
    if wrong:
        raise ConfigError(path, wrong)
    return settings


def _secret_problems(settings: Settings, tree: Tree) -> Iterator[Problem]:
    files: dict[Location, Path | None] = {
        ("matrix", "access_token_file"): settings.matrix.access_token_file,
        ("matrix", "password_file"): settings.matrix.password_file,
        ("web", "webhook_token_file"): settings.web.webhook_token_file,
        ("openbao", "auth", "token_file"): settings.openbao.auth.token_file,
        ("grafana", "token_file"): settings.grafana.token_file,
        ("alerts", "second_channel_file"): settings.alerts.second_channel_file,
        ("alerts", "heartbeat_url_file"): settings.alerts.heartbeat_url_file,
    }
    for at, file in files.items():
        if file and (why := _unreadable(file)):
            yield Problem(tree.lines.get(at, 1), dotted(at), f"{file} {why}")


def _unreadable(file: Path) -> str | None:
    try:
        if file.read_text(encoding="utf-8").strip():
            return None
    except OSError as error:
        return f"cannot be read ({error.strerror}); mount the secret there, or name the right file"
    except UnicodeDecodeError:
        return "is not text; it should hold the secret alone"
    return "is empty; write the secret into it"
