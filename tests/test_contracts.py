"""What holds the packages together: lists that agree, and imports that go one way."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from bot.command import Command
from bot.core import replies
from bot.core.policy import Risk
from bot.core.reading import as_meant, find, tokens
from commands import COMMANDS
from formatters import FORMATTERS
from formatters.render import kind

ROOT = Path(__file__).parents[1]
EACH = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.verb)


def results(command: Command) -> tuple[type, ...]:
    """Return the types that a handler may return."""
    returned: Any = get_type_hints(command.handler)["return"]
    return get_args(returned) if get_origin(returned) in {Union, UnionType} else (returned,)


@EACH
def test_every_result_has_words(command: Command) -> None:
    # What stands in for another command has no result of its own.
    assert command.stands_in or set(results(command)) <= set(FORMATTERS)


@EACH
def test_every_command_says_in_one_line_what_it_is_for(command: Command) -> None:
    assert command.summary
    assert command.summary == command.summary.strip()
    assert "\n" not in command.summary
    assert command.summary[0].isupper()
    assert not command.summary.endswith(".")


@EACH
def test_every_example_is_a_line_that_the_command_takes(command: Command) -> None:
    for example in command.examples:
        found, rest = find(COMMANDS, as_meant(tokens(example.removeprefix("!"))))

        assert found is command
        found.bind(rest)


@EACH
def test_what_changes_something_says_in_its_docstring_what(command: Command) -> None:
    assert command.handler.__doc__
    assert command.changes is (command.risk is not Risk.READ)


def test_verbs_are_unique_and_typed_as_they_are_written() -> None:
    verbs = [verb for command in COMMANDS for verb in (command.verb, *command.aliases)]

    assert len(verbs) == len(set(verbs))
    assert all(verb == " ".join(verb.lower().split()) for verb in verbs)


def test_whatever_the_flow_answers_has_words() -> None:
    named = {name for file in (ROOT / "bot/flow").glob("*.py") for name in imports(file)}
    answers = {getattr(replies, name.rsplit(".", 1)[1]) for name in named if name.startswith(replies.__name__)}

    assert len(answers) > 10
    assert answers <= set(FORMATTERS)


def test_programs_can_tell_every_kind_of_message_from_the_others() -> None:
    kinds = [kind(sort) for sort in FORMATTERS]

    assert len(kinds) == len(set(kinds))


def imports(file: Path) -> Iterator[str]:
    """Give the modules that a file names, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_core_knows_the_standard_library_and_pydantic_only() -> None:
    roots = {name.split(".")[0] for file in (ROOT / "bot/core").rglob("*.py") for name in imports(file)}

    assert roots <= {*sys.stdlib_module_names, "bot", "pydantic"}


def test_the_door_serves_http_and_asks_nobody() -> None:
    asked = {
        name
        for file in (ROOT / "bot/web").rglob("*.py")
        for name in imports(file)
        if name.startswith("aiohttp") and not name.startswith(("aiohttp.web", "aiohttp.http", "aiohttp.streams"))
    }

    assert asked == set()


def test_only_one_file_asks_the_machine_for_time_and_chance() -> None:
    """Time is stepped and ids are counted in tests, so everybody else is handed them."""
    asking = {
        str(file.relative_to(ROOT))
        for place in ("bot/core", "bot/flow", "bot/web", "commands", "formatters")
        for file in (ROOT / place).rglob("*.py")
        if {"time", "random", "secrets", "uuid"} & {name.split(".")[0] for name in imports(file)}
        or "datetime.now(" in file.read_text()
    }

    assert asking == set()


def test_imports_go_one_way() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout


def test_commands_and_formatters_are_quick_to_load() -> None:
    """What takes seconds and 60 MB to load comes after the webhook's door is open."""
    code = "import sys, commands, formatters; print(*{name.split('.')[0] for name in sys.modules})"

    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert not {"nio", "kubernetes_asyncio", "aiohttp", "hvac", "aiosqlite", "structlog"} & set(loaded.split())
