"""The command line: exit codes that scripts can rely on, and words on the right stream."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.__main__ import main

EXAMPLE = Path(__file__).parents[1] / "config.example.yaml"
BODY = {
    "version": "4",
    "receiver": "ops",
    "status": "firing",
    "groupKey": "{}:{}",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "DiskFull", "severity": "critical", "namespace": "data", "pod": "postgres-1"},
            "annotations": {"summary": "No room left"},
            "startsAt": "2026-10-01T10:00:00Z",
        }
    ],
}
CARD = "🔥 CRITICAL DiskFull — data/postgres-1\nNo room left\n• postgres-1 · since 12:00\n"


def opsbot(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the installed script, as a person does."""
    script = Path(sys.executable).with_name("opsbot")
    return subprocess.run([script, *arguments], input=given, capture_output=True, timeout=30, check=False)


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A configuration with two mistakes, whose state nobody may touch."""
    file = tmp_path / "opsbot.yaml"
    text = EXAMPLE.read_text().replace("state: /var/lib/opsbot", f"state: {tmp_path}/state")
    file.write_text(f"plian: true\n{text.replace('role: viewer', 'role: boss')}")
    return file


def test_check_config_says_that_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", "--no-secrets", str(EXAMPLE)]) == 0

    assert capsys.readouterr() == (f"{EXAMPLE}: fine\n", "")


def test_check_config_looks_into_secret_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", str(EXAMPLE)]) == 1

    said = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in said] == ["matrix.access_token_file:", "web.webhook_token_file:"]


def test_run_stops_with_the_same_lines_before_it_touches_anything(wrong: Path) -> None:
    checked = opsbot("check-config", "--no-secrets", str(wrong))
    run = opsbot("run", "--config", str(wrong))

    assert (checked.returncode, run.returncode) == (1, 1)
    assert checked.stderr == run.stderr
    assert run.stderr.decode().splitlines() == [
        f"{wrong}:1 plian: is not a key here; did you mean plain?",
        f"{wrong}:49 people.@cleo:example.org.role: should be 'viewer', 'operator' or 'admin'",
    ]
    assert (checked.stdout, run.stdout) == (b"", b"")
    assert not (wrong.parent / "state").exists()


def test_run_says_when_it_cannot_use_its_directory(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("obviously-fake")
    (tmp_path / "state").write_text("a file where the directory should be")
    text = EXAMPLE.read_text().replace("state: /var/lib/opsbot", f"state: {tmp_path}/state")
    for file in ("/run/secrets/matrix/access-token", "/run/secrets/webhook/token"):
        text = text.replace(file, f"{tmp_path}/token")
    config = tmp_path / "opsbot.yaml"
    config.write_text(text.replace("0.0.0.0:8080", "127.0.0.1:0"))

    run = opsbot("run", "--config", str(config))

    assert run.returncode == 1
    assert run.stderr.decode().splitlines()[-1].startswith(f"opsbot cannot start: the database under {tmp_path}/state")
    assert b"Traceback" not in run.stderr


def test_replay_shows_the_card_in_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "body.json"
    file.write_text(json.dumps(BODY))

    assert main(["replay", str(file), "--timezone", "Europe/Berlin"]) == 0

    assert capsys.readouterr() == (CARD, "")


def test_replay_reads_standard_input() -> None:
    shown = opsbot("replay", "-", "--timezone", "Europe/Berlin", given=json.dumps(BODY).encode())

    assert (shown.returncode, shown.stdout.decode(), shown.stderr) == (0, CARD, b"")


def test_replay_says_what_is_no_webhook() -> None:
    shown = opsbot("replay", "-", given=b"[]")

    assert (shown.returncode, shown.stdout) == (1, b"")
    assert shown.stderr.decode().startswith("the body must be a JSON object")


@pytest.mark.parametrize("arguments", [[], ["dance"], ["run"], ["check-config"], ["replay"]])
def test_a_misspelt_line_is_answered_with_how_to_spell_it(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)

    assert left.value.code == 2
    assert "usage: opsbot" in capsys.readouterr().err


def test_the_module_is_the_script() -> None:
    shown = subprocess.run([sys.executable, "-m", "bot", "--help"], capture_output=True, timeout=30, check=True)

    assert shown.stdout == opsbot("--help").stdout
