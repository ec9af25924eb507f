"""The example is what the program writes, works as it stands, and holds every key that the contract fixes."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from bot.__main__ import main
from bot.config import load
from bot.config.example import catalogue, example
from bot.config.settings import Settings
from bot.core.sbbb import SBBB

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"

# The configuration contract: people's files hold on to these names.
KEYS = """\
state timezone plain
matrix matrix.homeserver matrix.user matrix.access_token_file matrix.access_token matrix.password
matrix.password_file matrix.device_id
rooms rooms.ops
web web.listen web.public_url web.webhook_token_file web.webhook_token
people people.@anna:example.org.role people.@anna:example.org.key_holder people.@anna:example.org.on_call
people.@ben:example.org.role people.@cleo:example.org.role
bots
access access.solo
kubernetes kubernetes.kubeconfig kubernetes.context
openbao openbao.pods openbao.auth openbao.auth.method openbao.auth.role openbao.mount
alertmanager.url prometheus.url loki.url grafana.url grafana.token_file
alerts alerts.room
"""


@pytest.mark.parametrize(("arguments", "wanted"), [([], example), (["--catalogue"], catalogue)])
def test_the_example_is_what_config_example_prints(
    capsys: pytest.CaptureFixture[str], arguments: list[str], wanted: Any
) -> None:
    assert main(["config-example", *arguments]) == 0

    assert capsys.readouterr().out == wanted()


def test_the_example_beside_the_readme_is_the_one_that_the_program_writes() -> None:
    assert EXAMPLE.read_text() == example(), "write it anew: opsbot config-example > config.example.yaml"


def test_the_example_works_as_it_stands() -> None:
    settings = load(EXAMPLE, environment={}, look_into_secrets=False)

    assert set(settings.rooms) == {"ops"}
    assert len(settings.people) == 3


def at(tree: Any, key: str) -> Any:
    for name, person in (tree.get("people") or {}).items():
        if key.startswith(f"people.{name}."):
            return person[key.removeprefix(f"people.{name}.")]
    for step in key.split("."):
        tree = tree[step]
    return tree


@pytest.mark.parametrize("key", KEYS.split())
def test_every_key_of_the_contract_is_in_the_example(key: str) -> None:
    at(yaml.safe_load(EXAMPLE.read_text()), key)


def names(model: type[BaseModel], before: str = "") -> list[str]:
    found = []
    for name, info in model.model_fields.items():
        found.append(f"{before}{name}")
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            found += names(info.annotation, f"{before}{name}.")
    return found


@pytest.mark.parametrize("key", [key for key in names(Settings) if key not in {"services", "namespaces"}])
def test_every_setting_is_in_the_example_with_its_reason(key: str) -> None:
    lines = EXAMPLE.read_text().splitlines()
    name, depth = key.rsplit(".", 1)[-1], key.count(".")

    found = [number for number, line in enumerate(lines) if line.startswith(f"{'  ' * depth}{name}:")]

    assert found
    assert all(lines[number - 1].strip().startswith("#") for number in found)


def test_what_everything_but_the_first_four_have_is_the_default() -> None:
    """The head of the example says so."""
    shown = load(EXAMPLE, environment={}, look_into_secrets=False)
    least = Settings.model_validate(
        {name: shown.model_dump()[name] for name in ("matrix", "rooms", "web", "people")}
    ).model_dump()

    differing = {name for name, value in shown.model_dump().items() if least[name] != value}

    assert differing <= {"bots"}


def test_the_printed_catalogue_is_the_default_and_can_be_pasted_in(tmp_path: Path) -> None:
    file = tmp_path / "opsbot.yaml"
    file.write_text(f"{EXAMPLE.read_text()}\n{catalogue()}")

    assert load(file, environment={}, look_into_secrets=False).services == SBBB
