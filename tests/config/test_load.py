"""Each mistake is told once, with file, line and key, what is wrong and what would be right."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import ConfigError, Role, Settings, load
from bot.config.secrets import secret, tokens
from bot.core.errors import NeighbourError
from bot.core.sbbb import SBBB

FINE = """\
matrix:
  homeserver: https://messages.example.org
  user: "@opsbot:example.org"
  access_token: obviously-fake
rooms:
  ops: "!abc:example.org"
web:
  webhook_token: ${HOOK}
people:
  "@anna:example.org": {role: admin, on_call: true}
"""
ENVIRONMENT = {"HOOK": "obviously-fake"}
Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str | bytes) -> Path:
        file = tmp_path / "opsbot.yaml"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    return write


def told(file: Path) -> list[str]:
    """Return what is said of a configuration, a line for each problem, without the file's name."""
    with pytest.raises(ConfigError) as raised:
        load(file, environment=ENVIRONMENT)
    lines = str(raised.value).splitlines()
    assert all(line.startswith(f"{file}:") for line in lines)
    return [line.removeprefix(f"{file}:") for line in lines]


def read(file: Path) -> Settings:
    return load(file, environment=ENVIRONMENT)


def test_a_configuration_is_read(write: Write) -> None:
    settings = read(write(FINE))

    assert settings.people["@anna:example.org"].role is Role.ADMIN  # type: ignore[index]
    assert settings.web.webhook_token
    assert settings.web.webhook_token.get_secret_value() == "obviously-fake"
    assert settings.limits.command == timedelta(seconds=30)
    assert settings.services == SBBB


def test_secrets_do_not_show_when_settings_are_printed(write: Write) -> None:
    assert "obviously-fake" not in repr(read(write(FINE)))


def test_a_variable_may_be_part_of_a_value(write: Write) -> None:
    text = FINE.replace("messages.example.org", "${HOOK}.example.org")

    assert read(write(text)).matrix.homeserver == "https://obviously-fake.example.org"


def test_a_variable_may_be_part_of_a_key(write: Write) -> None:
    text = FINE.replace("@anna:example.org", "@anna:${HOOK}.example.org")

    assert list(read(write(text)).people) == ["@anna:obviously-fake.example.org"]


OTHER = "timezone: UTC\nalerts:\n  room: dev\n"
HOURS = "write them like 22:00-07:00, mon-fri 20:00-08:00 or sat,sun 00:00-24:00"
SERVICES = "services:\n  data:\n    valkey: {ready: valkey}\n    postgres:\n"
MIND = "mind the indentation, and quote what begins with @, ! or *"
NOT_A_PROBE = (
    "15 services.data.postgres: is not a probe; "
    "give it exactly one of: http, ready, cnpg, exec, seal_status, targets, mesh, alert_path"
)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("plian: true\n", "11 plian: is not a key here; did you mean plain?"),
        ("access: {sole: true}\n", "11 access.sole: is not a key here; did you mean solo?"),
        ("access:\n  other: true\n", "12 access.other: is not a key here; keys here are solo"),
        ("plain: maybe\n", "11 plain: should be true or false"),
        ("timezone: Mars/Olympus\n", "11 timezone: is not a time zone; write it like Europe/Lisbon or UTC"),
        ("timezone: Europe\n", "11 timezone: is not a time zone; write it like Europe/Lisbon or UTC"),
        ("timezone: 5\n", "11 timezone: should be text; put it in quotes"),
        ("log: xml\n", "11 log: should be 'json', 'pretty' or 'auto'"),
        ('bots: "@sol:example.org"\n', "11 bots: should be a list, like [one, two]"),
        (
            'bots:\n  - "@sol:example.org"\n  - sol\n',
            "13 bots.1: is not a Matrix ID; write it like @anna:example.org, in quotes",
        ),
        (
            'bots:\n  - "@sol:example.org"\n  - "@anna:example.org"\n',
            "13 bots.1: stands in people too, and a bot is never obeyed; keep one",
        ),
        ("kubernetes: no\n", "11 kubernetes: should hold keys of its own; see `opsbot config-example`"),
        ("limits:\n  command: soon\n", "12 limits.command: should be a number of seconds"),
        ("limits:\n  per_person: 2.5\n", "12 limits.per_person: should be a whole number"),
        ("limits:\n  per_person: 0\n", "12 limits.per_person: should be 1 or more"),
        ("limits:\n  outbox_window: 65\n", "12 limits.outbox_window: should be 64 or less"),
        ("loki:\n  url: loki:3100\n", "12 loki.url: is not a web address; write it like https://messages.example.org"),
        (
            "loki: {url: 'http://user:word@loki'}\n",
            "11 loki.url: is not a web address; write it like https://messages.example.org",
        ),
        (OTHER, "13 alerts.room: is not one of rooms; write one of: ops"),
        (
            "alerts:\n  routes: [{room: ops, matchers: ['a=1']}, {room: dev, receiver: x}]\n",
            "12 alerts.routes.1.room: is not one of rooms; write one of: ops",
        ),
        (
            "alerts:\n  routes:\n    - {room: ops}\n",
            "13 alerts.routes.0: needs matchers or receiver; what meets no route goes where it is posted",
        ),
        (
            "alerts:\n  quiet: ['22:00-07:00', at night]\n",
            f"12 alerts.quiet.1: cannot be read: “at night” are no hours; {HOURS}",
        ),
        (
            "alerts:\n  quiet: ['00:00-24:00']\n",
            "12 alerts.quiet: leave no time in the week in which what is held could be told; make some of them shorter",
        ),
        (
            "alerts:\n  external_urls:\n    http://am:9093: https://am.example.org\n",
            "13 alerts.external_urls.http://am:9093: leads to a host outside link_hosts; add am.example.org there",
        ),
        (
            "alerts:\n  external_urls:\n    http://am:9093: am.example.org\n",
            "13 alerts.external_urls.http://am:9093: is not a web address; write it like https://messages.example.org",
        ),
        (
            "alerts:\n  external_urls: {'/': 'https://am.example.org'}\n",
            "12 alerts.external_urls./: is no beginning of an address; write it like http://alertmanager:9093",
        ),
        (
            "alerts:\n  routes: [{room: ops, reciever: x}]\n",
            "12 alerts.routes.0.reciever: is not a key here; did you mean receiver?",
        ),
        (
            "loki:\n  url: http://${LOKI}\n",
            "12 loki.url: ${LOKI} is not set in the environment; set it, or write the value",
        ),
        ("plain: true\nplain: false\n", "12 plain: stands here twice; keep one"),
        (
            "timezone: 2026-13-45\n",
            '11 timezone: looks like a date or a number and is none; put it in quotes: "2026-13-45"',
        ),
        ("plain:\n\ttrue\n", "12 file: is indented with a tab; use spaces"),
        ("plain: \x07\n", "11 file: holds a control character; remove it"),
        (
            "plain: {\n",
            f"12 file: is not YAML (expected the node content, but found '<stream end>'); {MIND}",
        ),
        (
            "bots: [@sol:example.org]\n",
            f"11 file: is not YAML (found character '@' that cannot start any token); {MIND}",
        ),
        (
            "access: &a\n  solo: *a\n",
            "1 file: is nested without end; an alias (*) must not stand inside its own anchor (&)",
        ),
        (f"{SERVICES}      ready: 5\n", "15 services.data.postgres.ready: should be text; put it in quotes"),
        (
            f"{SERVICES}      http: http://postgres:9187/\n      status: fine\n",
            "16 services.data.postgres.status: should be a whole number",
        ),
        (
            f"{SERVICES}      http: postgres:9187\n",
            "15 services.data.postgres.http: is not a web address; write it like http://name.namespace.svc:8080/health",
        ),
        (
            f"{SERVICES}      http: http://postgres:9187/\n      stauts: 200\n",
            "16 services.data.postgres.stauts: is not a key here; did you mean status?",
        ),
        (
            f"{SERVICES}      exec: pg_isready\n      selector: app=pg\n      container: pg\n      expect: ok\n",
            "15 services.data.postgres.exec: should be a list, like [one, two]",
        ),
        (
            f"{SERVICES}      exec: [pg_isready]\n      selector: app=pg\n      container: pg\n",
            "14 services.data.postgres.expect: is missing; see `opsbot config-example`",
        ),
        (f"{SERVICES}      htpp: http://postgres:9187/\n", NOT_A_PROBE.replace("15", "14")),
        (f"{SERVICES}      ready: postgres\n      cnpg: postgres\n", NOT_A_PROBE.replace("15", "14")),
        (f"{SERVICES}      - ready\n", NOT_A_PROBE.replace("15", "14")),
        ("services:\n  data: ready\n", "12 services.data: should hold keys of its own; see `opsbot config-example`"),
    ],
)
def test_a_mistake_further_down_is_told_in_one_line(write: Write, more: str, line: str) -> None:
    assert told(write(FINE + more)) == [line]


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ('"!abc:example.org"', "!abc:example.org", '6 rooms.ops: is not text; put it in quotes: "!abc:example.org"'),
        (
            '"!abc:example.org"',
            "ops",
            "6 rooms.ops: is not a room; write a room id like !abc:example.org or an alias like #ops:example.org",
        ),
        (
            '  "@anna:example.org"',
            "  anna",
            "10 people.anna: is not a Matrix ID; write it like @anna:example.org, in quotes",
        ),
        ("role: admin", "role: boss", "10 people.@anna:example.org.role: should be 'viewer', 'operator' or 'admin'"),
        ("on_call", "on_cal", "10 people.@anna:example.org.on_cal: is not a key here; did you mean on_call?"),
        ("role: admin, ", "", "10 people.@anna:example.org.role: is missing; see `opsbot config-example`"),
        ('  "@anna:example.org": {role: admin, on_call: true}\n', "  {}\n", "9 people: is empty; write at least one"),
        (
            "  homeserver: https://messages.example.org\n",
            "",
            "1 matrix.homeserver: is missing; see `opsbot config-example`",
        ),
        ("  homeserver:", "  homesever:", "2 matrix.homesever: is not a key here; did you mean homeserver?"),
        ('rooms:\n  ops: "!abc:example.org"\n', "", "1 rooms: is missing; see `opsbot config-example`"),
        (
            "  access_token: obviously-fake\n",
            "",
            "1 matrix: needs access_token_file, access_token, password_file or password",
        ),
        (
            "  webhook_token: ${HOOK}\n",
            "  listen: 127.0.0.1:8080\n",
            "7 web: needs webhook_token_file or webhook_token",
        ),
        (
            "  webhook_token: ${HOOK}\n",
            "  webhook_token: x\n  listen: localhost\n",
            "9 web.listen: is not an address to listen on; write it like 0.0.0.0:8080",
        ),
        ("  webhook_token: ${HOOK}\n", "  webhook_token: 5\n", "8 web.webhook_token: should be text; put it in quotes"),
    ],
)
def test_a_mistake_in_what_must_be_there_is_told_in_one_line(write: Write, right: str, wrong: str, line: str) -> None:
    assert right in FINE

    assert told(write(FINE.replace(right, wrong))) == [line]


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- list\n", "word\n"])
def test_a_file_without_keys_is_told(write: Write, text: str) -> None:
    assert told(write(text)) == ["1 file: holds no keys; start from `opsbot config-example`"]


def test_a_file_that_is_not_utf_8_is_told_with_the_line(write: Write) -> None:
    assert told(write(FINE.encode() + b"# caf\xe9\n")) == ["11 file: is not UTF-8 text here; save it as UTF-8"]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert told(tmp_path / "none.yaml") == ["1 file: cannot be read (No such file or directory); give a readable file"]


def test_all_mistakes_are_told_at_once_in_their_order(write: Write) -> None:
    text = FINE.replace("role: admin", "role: boss") + "plian: true\nloki: {url: nowhere}\n"

    assert [line.split()[0] for line in told(write(text))] == ["10", "11", "12"]


def secret_file(tmp_path: Path, content: bytes | None) -> Path:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read (No such file or directory); mount the secret there, or name the right file"),
        (b"", "is empty; write the secret into it"),
        (b" \n", "is empty; write the secret into it"),
        (b"\xff\xfe", "is not text; it should hold the secret alone"),
    ],
)
@pytest.mark.parametrize(
    ("section", "key", "line"),
    [
        ("openbao:\n  auth:\n    token_file: ", "openbao.auth.token_file", 13),
        ("grafana:\n  token_file: ", "grafana.token_file", 12),
    ],
)
def test_a_secret_that_cannot_be_used_is_told(
    write: Write, tmp_path: Path, content: bytes | None, why: str, section: str, key: str, line: int
) -> None:
    file = secret_file(tmp_path, content)

    assert told(write(f"{FINE}{section}{file}\n")) == [f"{line} {key}: {file} {why}"]


def test_a_machine_without_the_secrets_may_leave_them_alone(write: Write, tmp_path: Path) -> None:
    file = write(f"{FINE}grafana:\n  token_file: {tmp_path}/none\n")

    assert load(file, environment=ENVIRONMENT, look_into_secrets=False).grafana.token_file == tmp_path / "none"


def test_no_message_holds_a_secret(write: Write) -> None:
    text = FINE.replace("access_token: obviously-fake", "access_token: [obviously-fake]\n  acces_token: obviously-fake")

    assert "obviously-fake" not in " ".join(told(write(text)))


def test_a_secret_is_read_when_it_is_needed_and_its_file_wins(write: Write, tmp_path: Path) -> None:
    file = secret_file(tmp_path, b"  first \n")
    value = read(write(FINE)).web.webhook_token

    assert secret(value, file) == "first"
    file.write_text("second\n")
    assert secret(value, file) == "second"
    assert secret(value, None) == "obviously-fake"
    assert secret(None, None) is None


def test_several_tokens_are_valid_while_one_is_rotated_out(tmp_path: Path) -> None:
    assert tokens(None, secret_file(tmp_path, b"old\n\n new \n")) == ("old", "new")


def test_a_secret_file_that_is_gone_is_named_without_its_content(tmp_path: Path) -> None:
    with pytest.raises(NeighbourError, match="cannot be read"):
        secret(None, tmp_path / "none")
