"""A receiver's configuration becomes ours; what it cannot say is said to be missing."""

from pathlib import Path

import pytest

from bot.__main__ import main
from bot.config import load
from bot.config.receiver import converted
from bot.core.errors import UsageError

THEIRS = """
http:
  {address: 127.0.0.1, port: 12345, alerts-path-prefix: /alerts, basic-username: am, basic-password: "${AM_PASSWORD}"}
matrix:
  homeserver-url: https://messages.example.org
  user-id: "@alerts:example.org"
  access-token: "${ACCESS_TOKEN}"
  room-mapping: {ops: "!abc:example.org", infra: "!def:example.org"}
templating:
  external-url-mapping: {"http://am:9093": https://alertmanager.example.org}
  firing-template: "<b>{{ .Alert.Labels.alertname }}</b>"
"""


def test_what_the_receiver_knew_is_carried_over(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(converted(THEIRS))

    settings = load(file, environment={"ACCESS_TOKEN": "token-1", "AM_PASSWORD": "word-1"})

    assert settings.matrix.homeserver == "https://messages.example.org"
    assert settings.rooms == {"ops": "!abc:example.org", "infra": "!def:example.org"}
    assert settings.web.listen == "127.0.0.1:12345"
    assert settings.web.webhook_token
    assert settings.web.webhook_token.get_secret_value() == "word-1"
    assert settings.alerts.link_hosts == ("alertmanager.example.org",)


def test_secrets_stay_variables() -> None:
    ours = converted(THEIRS)

    assert "${ACCESS_TOKEN}" in ours
    assert "${AM_PASSWORD}" in ours


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2]", "no receiver's configuration"),
        ("a: [", "not YAML"),
        ("matrix: {user-id: '@a:b'}", "homeserver-url is missing"),
    ],
)
def test_anything_else_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        converted(text)


def test_the_command_line_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "theirs.yaml"
    file.write_text(THEIRS)

    assert main(["import-receiver", str(file)]) == 0
    assert capsys.readouterr().out == converted(THEIRS)
    assert main(["import-receiver", str(tmp_path / "nowhere.yaml")]) == 1
    assert "cannot be read" in capsys.readouterr().err
