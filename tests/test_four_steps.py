"""CONTRIBUTING says that a command is four steps: this follows them to the letter, in a copy of the house."""

import re
import shutil
from pathlib import Path

import pytest

from bot.demo.homeserver import Homeserver
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from bot.demo.transcript import Player

ROOT = Path(__file__).parent.parent


def _blocks(text: str) -> list[str]:
    """Return the code blocks of the four steps, in order."""
    section = text.split("<!-- four-steps", 1)[1].split("Then `make docs`", 1)[0]
    return [
        re.sub(r"^   ", "", block, flags=re.MULTILINE)
        for block in re.findall(r"```\w*\n(.*?)   ```", section, re.DOTALL)
    ]


def _insert(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} has no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.real
async def test_a_command_is_two_functions_two_entries_and_a_transcript(
    tmp_path: Path, homeserver: Homeserver, openbao: OpenBao
) -> None:
    house = tmp_path / "house"
    for package in ("bot", "commands", "formatters"):
        shutil.copytree(ROOT / package, house / package, ignore=shutil.ignore_patterns("__pycache__"))
    handler, formatter, transcript = _blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))

    (house / "commands" / "uptime.py").write_text(handler, encoding="utf-8")
    (house / "formatters" / "uptime.py").write_text(formatter, encoding="utf-8")
    commands, formatters = house / "commands" / "__init__.py", house / "formatters" / "__init__.py"
    _insert(commands, "COMMANDS: tuple", "from commands.uptime import uptime\n\nCOMMANDS: tuple")
    _insert(commands, "= (", "= (uptime, ")
    _insert(
        formatters,
        "FORMATTERS: Mapping",
        "from commands.uptime import Uptime\nfrom formatters import uptime\n\nFORMATTERS: Mapping",
    )
    _insert(formatters, "] = {", "] = {Uptime: uptime.uptime, ")

    stage = Stage(
        tmp_path / "stage",
        homeserver=homeserver,
        openbao=openbao,
        name="four-steps",
        environment={"PYTHONPATH": str(house)},
    )
    async with stage:
        await stage.start_bot()
        player = Player(stage)
        await player.open()
        await player.play(transcript)
        await player.play("anna> !help uptime\nbot< ℹ️ !uptime — Say how long I have been up\n…")
