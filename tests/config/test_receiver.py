"""A receiver's configuration becomes ours; what is not carried over is said."""

from pathlib import Path

import pytest
import yaml

from bot.__main__ import main
from bot.config import Settings, load
from bot.config.receiver import converted
from bot.core.errors import UsageError

# Every key that the receiver knows, as its README and its internal/config/model.go have them.
THEIRS = """
http:
  address: 127.0.0.1
  port: 12345
  alerts-path-prefix: /alerts
  metrics-path: /metrics
  metrics-enabled: true
  basic-username: am
  basic-password: "${AM_PASSWORD}"
matrix:
  homeserver-url: https://messages.example.org
  user-id: "@alerts:example.org"
  access-token: "${ACCESS_TOKEN}"
  proxy: ""
  room-mapping:
    ops: "!abc:example.org"
    infra: "!def:example.org"
templating:
  external-url-mapping:
    "http://${AM_HOST}:9093": https://alertmanager.example.org
  generator-url-mapping:
    "http://prometheus:9090": https://prometheus.example.org/metrics/
  computed-values:
    - values: {color: yellow}
      when-matching-labels: {severity: warning}
  firing-template: '
    <b>{{ .Alert.Labels.alertname }}</b>
    {{ if .Alert.Annotations.description }}{{ .Alert.Annotations.description | ToUpper }}{{ end }}'
  resolved-template: "<b>{{ .Alert.Status }}</b>"
"""
ENVIRONMENT = {"ACCESS_TOKEN": "token-1", "AM_PASSWORD": "word-1", "AM_HOST": "am"}
LEAST = """
http: {port: 12345}
matrix: {homeserver-url: https://messages.example.org, user-id: "@alerts:example.org", access-token: token-1}
templating: {firing-template: "{{ .Alert }}"}
"""
NO_TEMPLATE = "cards need no template; alerts.summary may name annotations and labels to prefer."


def imported(text: str, tmp_path: Path) -> Settings:
    """Return what is read of our configuration, made from theirs."""
    file = tmp_path / "ours.yaml"
    file.write_text(converted(text))
    return load(file, environment=ENVIRONMENT)


def notes(text: str) -> list[str]:
    """Return what is said at the top beside the two lines that are always there."""
    return [line for line in converted(text).splitlines() if line.startswith("#")][2:]


def test_what_the_receiver_knew_is_carried_over(tmp_path: Path) -> None:
    settings = imported(THEIRS, tmp_path)

    assert settings.matrix.homeserver == "https://messages.example.org"
    assert settings.matrix.user == "@alerts:example.org"
    assert settings.matrix.access_token
    assert settings.matrix.access_token.get_secret_value() == "token-1"
    assert settings.rooms == {"ops": "!abc:example.org", "infra": "!def:example.org"}
    assert settings.alerts.room == "ops"
    assert settings.web.listen == "127.0.0.1:12345"
    assert settings.web.webhook_token
    assert settings.web.webhook_token.get_secret_value() == "word-1"
    assert settings.alerts.external_urls == {
        "http://am:9093": "https://alertmanager.example.org",
        "http://prometheus:9090": "https://prometheus.example.org/metrics",
    }
    assert settings.alerts.link_hosts == ("alertmanager.example.org", "prometheus.example.org")


def test_secrets_stay_variables() -> None:
    ours = converted(THEIRS)

    assert [variable for variable in ENVIRONMENT if f"${{{variable}}}" not in ours] == []


def test_what_is_left_out_is_said_and_why() -> None:
    assert notes(THEIRS + "  color: red\nmetrics: {port: 1}\n") == [
        "# Left out: http.metrics-path: it is /metrics here.",
        "# Left out: http.metrics-enabled: metrics are always there.",
        "# Left out: http.basic-username: any will do here.",
        "# Left out: matrix.proxy: there is no such setting here: the bot speaks to the homeserver without one.",
        f"# Left out: templating.computed-values: {NO_TEMPLATE}",
        f"# Left out: templating.firing-template: {NO_TEMPLATE}",
        f"# Left out: templating.resolved-template: {NO_TEMPLATE}",
        "# Left out: templating.color: not known.",
        "# Left out: metrics.port: not known.",
    ]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (LEAST, "# To do: webhooks need a token here. Choose one, and give it to Alertmanager too (http_config)."),
        (LEAST, "# To do: the room ids in Alertmanager's webhook URLs, each under a short name, under `rooms`."),
        (
            THEIRS.replace("prefix: /alerts", "prefix: hooks/"),
            "# To do: Alertmanager posts to /hooks/NAME; here it is /alerts/NAME.",
        ),
    ],
)
def test_what_is_to_be_done_by_hand_is_said(text: str, note: str) -> None:
    assert note in notes(text)


def test_nothing_is_to_be_done_where_all_is_carried_over() -> None:
    assert [note for note in notes(THEIRS) if "To do" in note] == []


def test_without_rooms_the_check_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(converted(LEAST).replace("${OPSBOT_WEBHOOK_TOKEN}", "word-1"))

    assert main(["check-config", str(file)]) == 1
    assert "rooms: is empty; write at least one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("before", "after", "listen"),
    [
        ("address: 127.0.0.1", "", "0.0.0.0:12345"),
        ("address: 127.0.0.1", 'address: ""', "0.0.0.0:12345"),
        ("address: 127.0.0.1", "address: '::1'", "[::1]:12345"),
        ("port: 12345", "port: ${AM_PASSWORD}0", "127.0.0.1:${AM_PASSWORD}0"),
    ],
)
def test_it_listens_where_the_receiver_did(before: str, after: str, listen: str) -> None:
    assert yaml.safe_load(converted(THEIRS.replace(before, after)))["web"]["listen"] == listen


def test_a_room_without_quotes_is_read_as_the_receivers_own_sample_means_it(tmp_path: Path) -> None:
    settings = imported(THEIRS.replace('"!abc:example.org"', "!abc:example.org"), tmp_path)

    assert settings.rooms["ops"] == "!abc:example.org"


@pytest.mark.parametrize("user", ["${ALERTS_USER}", "@alerts:${SERVER}"])
def test_whose_server_is_a_variable_gets_an_example_of_a_person(user: str) -> None:
    ours = yaml.safe_load(converted(THEIRS.replace("@alerts:example.org", user)))

    assert (ours["matrix"]["user"], list(ours["people"])) == (user, ["@you:example.org"])


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
