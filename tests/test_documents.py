"""What is written about the bot is generated from it, or held to it here."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from docs.generate import written

ROOT = Path(__file__).parent.parent


def test_the_readme_says_what_the_code_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert written(readme) == readme, "run `make docs`"


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


def _manifests() -> list[dict[str, object]]:
    files = [
        path for path in (ROOT / "deploy").glob("*.yaml") if path.name not in {"config.yaml", "kustomization.yaml"}
    ]
    return [document for path in files for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def test_manifests_grant_no_secrets_and_no_wildcards() -> None:
    roles = [each for each in _manifests() if each["kind"] in {"Role", "ClusterRole"}]

    assert roles
    for rule in (rule for role in roles for rule in role["rules"]):  # type: ignore[attr-defined]
        assert "*" not in json.dumps(rule)
        assert "secrets" not in rule["resources"]


def test_manifests_are_as_the_api_server_knows_them() -> None:
    document = ROOT.parent / "shared" / "kubernetes" / "openapi-v2.json"
    if not document.exists():
        pytest.skip("the API server's schema is not beside this repository")
    schema = json.loads(document.read_text(encoding="utf-8"))["definitions"]
    names = {
        (kind["group"], kind["version"], kind["kind"]): name
        for name, definition in schema.items()
        for kind in definition.get("x-kubernetes-group-version-kind", [])
    }

    for manifest in _manifests():
        group, _, version = str(manifest["apiVersion"]).rpartition("/")
        _holds(manifest, schema[names[group, version, str(manifest["kind"])]], schema, str(manifest["kind"]))


def _holds(value: object, definition: dict[str, object], schema: dict[str, dict[str, object]], at: str) -> None:
    """Assert that a manifest has only fields that its definition knows."""
    if isinstance(reference := definition.get("$ref"), str):
        definition = schema[reference.rsplit("/", 1)[1]]
    properties = definition.get("properties")
    if isinstance(value, dict) and isinstance(properties, dict):
        for name, inner in value.items():
            assert name in properties, f"{at}.{name} is not a field"
            _holds(inner, properties[name], schema, f"{at}.{name}")
    elif isinstance(value, list) and isinstance(items := definition.get("items"), dict):
        for number, inner in enumerate(value):
            _holds(inner, items, schema, f"{at}[{number}]")
