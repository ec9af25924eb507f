"""The demo's script is played as a stranger would play it."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).with_name("opsbot")


@pytest.mark.real
@pytest.mark.slow
def test_the_demo_plays_its_incident_and_leaves(tmp_path: Path) -> None:
    run = subprocess.run(
        [SCRIPT, "demo", "--script", "--directory", tmp_path / "demo"],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "everything was answered as expected" in run.stdout
    assert "🔥 CRITICAL OpenSearchDown — data/opensearch-0" in run.stdout
