"""Writes what is generated: commands, a conversation and figures into README.md, our policy; a test keeps them so."""

import re
from importlib.resources import files
from pathlib import Path

from bot.command import Command
from bot.config.settings import OpenBao
from bot.core.grants import grants, hcl
from bot.core.policy import Risk, needed
from bot.demo.transcript import Step, read
from commands import COMMANDS

_ROOT = Path(__file__).parent.parent
_TAKES = {
    Risk.READ: "at once",
    Risk.REVERSIBLE: "👍 or `yes`",
    Risk.AFFECTING: "a code",
    Risk.DANGEROUS: "and a second person's code",
}
_NAMES = 7
"""Columns for who speaks."""


def command_table() -> str:
    """Return every command as a row of Markdown."""
    rows = [f"| `{each.usage}` | {each.summary} | {_takes(each)} |" for each in COMMANDS]
    return "\n".join(("| type | what it does | who, and how |", "|---|---|---|", *rows))


def _takes(command: Command) -> str:
    how = _TAKES[command.risk] if command.asks else _TAKES[Risk.READ]
    return f"{needed(command.risk, command.least).value}, {how}"


def conversation() -> str:
    """Return the demo's incident as a terminal would show it; it is played by the demo and by the tests."""
    text = files("bot.demo").joinpath("incident.txt").read_text(encoding="utf-8")
    return "\n".join(("```", *(line for step in read(text) for line in _lines(step)), "```"))


def figures() -> str:
    """Return the bot's last measured figures, as printed."""
    return "\n\n".join(map(_result, ("bot", "kills", "limits", "storm", "cluster")))


def comparison() -> str:
    """Return what was last measured of everybody, as printed."""
    return _result("comparison")


_PARTS = {"commands": command_table, "conversation": conversation, "figures": figures, "comparison": comparison}


def written(text: str) -> str:
    """Return the README with everything that is generated in its place."""
    for name, make in _PARTS.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(end)
        text = f"{before}{start}\n{make()}\n{end}{after}"
    return text


def _result(name: str) -> str:
    return (_ROOT / "benchmarks" / "results" / f"{name}.md").read_text(encoding="utf-8").strip()


def _lines(step: Step) -> list[str]:
    if step.who == "~":
        return _happening(step)
    name = {"=": "edited", "<": "opsbot"}.get(step.form, step.who)
    shown = [re.sub(r"[«»]", "", line) for line in step.words]
    return [f"{name if number == 0 else '':<{_NAMES}}{line}" for number, line in enumerate(shown)]


def _happening(step: Step) -> list[str]:
    verb, *words = step.words[0].split()
    if verb == "tap":
        return [f"{words[0]:<{_NAMES}}taps {words[1]}"]
    return []


def policy() -> str:
    """Return the policy of our account at OpenBao, for a store at the default mount."""
    return hcl(grants(OpenBao().mount))


def main() -> None:
    """Write README.md and deploy/openbao-policy.hcl."""
    readme = _ROOT / "README.md"
    readme.write_text(written(readme.read_text(encoding="utf-8")), encoding="utf-8")
    (_ROOT / "deploy" / "openbao-policy.hcl").write_text(policy(), encoding="utf-8")


if __name__ == "__main__":
    main()
