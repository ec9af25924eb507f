"""What is written about the bot is generated from it, or held to it here."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

from docs.generate import policy, written

ROOT = Path(__file__).parent.parent


def test_the_readme_says_what_the_code_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert written(readme) == readme, "run `make docs`"
    assert (ROOT / "deploy" / "openbao-policy.hcl").read_text(encoding="utf-8") == policy(), "run `make docs`"


def test_every_dependency_is_explained() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    for name in re.findall(r'^  "([A-Za-z][A-Za-z0-9_-]*)[^"]*[=>]', project, re.MULTILINE):
        assert name in contributing, f"CONTRIBUTING does not say why {name} is there"


def test_links_between_documents_lead_somewhere() -> None:
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_lock_files_name_packages_and_hashes_only() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text(encoding="utf-8")

        assert "://" not in text
        assert re.findall(r"^[a-z0-9._-]+(?:\[[a-z0-9,]+\])?==", text, re.MULTILINE | re.IGNORECASE)
        assert "--hash=sha256:" in text


def test_the_wheel_holds_the_three_packages_and_their_files(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)

    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"bot/app.py", "bot/demo/incident.txt", "commands/__init__.py", "formatters/__init__.py"} <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "docs/"))]


def test_the_wheel_alone_runs(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    program = "import sys; from bot.__main__ import main; sys.exit(main(['config-example']))"

    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(wheel)},
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert run.returncode == 0, run.stderr.decode()
    assert "homeserver:" in run.stdout.decode()
