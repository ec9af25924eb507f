"""`opsbot keys-check`: one Secret looked at, one ConfigMap written, no value anywhere."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.core.facts import Unknown
from bot.core.keys import KeysReport, KeysState, read_report
from bot.demo.cluster import SimulatedCluster, kubeconfig
from bot.demo.cluster.store import Object

TOKEN = "obviously-a-test-token-0123456789"
SHARE = "canary-share-8c41"


def secret(**values: str) -> Object:
    data = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "openbao-keys", "namespace": "data"},
        "data": data,
    }


def config_map() -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "openbao-keys-check", "namespace": "data"},
        "data": {"note": "ours"},
    }


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[SimulatedCluster]:
    server = SimulatedCluster(token=TOKEN)
    server.seed([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "data"}}, config_map()])
    await server.start()
    (tmp_path / "kubeconfig").write_text(kubeconfig(server.url, TOKEN))
    yield server
    await server.stop()


async def run(directory: Path, *arguments: str) -> int:
    """Run it as the CronJob does, with the test's cluster."""
    return await asyncio.to_thread(main, ["keys-check", "--kubeconfig", str(directory / "kubeconfig"), *arguments])


def told(cluster: SimulatedCluster) -> KeysReport | Unknown:
    return read_report(cluster.store.get("ConfigMap", "data", "openbao-keys-check"), datetime.now(UTC))


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"key": SHARE, "root-token": SHARE}, KeysState.PRESENT),
        ({"key": "placeholder", "root-token": "placeholder"}, KeysState.PLACEHOLDER),
        ({"key": "", "root-token": SHARE}, KeysState.EMPTY),
        (None, KeysState.EMPTY),
    ],
)
async def test_what_the_secret_holds_is_written_for_the_bot_and_no_value_with_it(
    cluster: SimulatedCluster,
    tmp_path: Path,
    values: dict[str, str] | None,
    state: KeysState,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if values is not None:
        cluster.store.put(secret(**values))

    code = await run(tmp_path)

    said = told(cluster)
    assert code == 0
    assert isinstance(said, KeysReport)
    assert said.state is state
    printed = capsys.readouterr()
    assert printed == (f"data/openbao-keys: {state.value}\n", "")
    written = str(cluster.store.get("ConfigMap", "data", "openbao-keys-check"))
    assert SHARE not in written
    assert base64.b64encode(SHARE.encode()).decode() not in written
    assert "ours" in written


async def test_it_asks_for_nothing_but_its_secret_and_its_config_map(cluster: SimulatedCluster, tmp_path: Path) -> None:
    cluster.store.put(secret(key=SHARE))

    await run(tmp_path)

    assert cluster.request_log == [
        ("GET", "/api/v1/namespaces/data/secrets/openbao-keys"),
        ("PATCH", "/api/v1/namespaces/data/configmaps/openbao-keys-check"),
    ]


@pytest.mark.parametrize(
    ("verb", "resource", "why"),
    [
        ("get", "secrets", "kubernetes: may not get secrets data/openbao-keys (403)"),
        ("patch", "configmaps", "kubernetes: may not patch configmaps data/openbao-keys-check (403)"),
    ],
)
async def test_what_it_could_not_look_at_it_does_not_vouch_for(
    cluster: SimulatedCluster, tmp_path: Path, verb: str, resource: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.store.put(secret(key=SHARE))
    cluster.access.deny(verb, resource)

    code = await run(tmp_path)

    assert (code, capsys.readouterr().err) == (1, f"{why}\n")
    assert told(cluster) == Unknown("keys-check has not run yet")


async def test_names_that_are_none_are_refused_before_anything_is_asked(
    cluster: SimulatedCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [await run(tmp_path, "--secret", name) for name in ("data", "../x", "Data/x")]

    assert codes == [1, 1, 1]
    assert cluster.request_log == []
    assert "write namespace/name" in capsys.readouterr().err
