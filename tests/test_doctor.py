"""`opsbot doctor` against a house on loopback: its exit code is what scripts go by, and it leaves the bot alone."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from bot.demo.homeserver import Homeserver
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage, script

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str


async def doctor(stage: Stage, *words: str) -> Ran:
    """Run the installed script, as a person does beside the bot."""
    process = await asyncio.create_subprocess_exec(
        script(),
        "doctor",
        "--config",
        str(stage.config),
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    ran = Ran(process.returncode or 0, out.decode(), err.decode())
    for secret in (stage.password, stage.webhook_token, str(stage.cluster.token)):
        assert secret not in ran.out + ran.err
    return ran


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, homeserver: Homeserver, openbao: OpenBao
) -> AsyncIterator[Stage]:
    directory = tmp_path_factory.mktemp("doctor")
    async with Stage(directory, homeserver=homeserver, openbao=openbao, name="patient") as stage:
        # As an Alertmanager older than 0.26 shows it.
        stage.monitoring.alertmanager.webhooks = [f"{stage.url}/alerts/ops"]
        yield stage


async def test_before_the_first_start_the_homeserver_is_not_known_and_no_login_is_made(stage: Stage) -> None:
    ran = await doctor(stage)

    assert ran.code == 2
    assert "• Homeserver ❔ no login yet: start the bot once" in ran.out
    assert not (Path(stage.directory) / "state").exists()


async def test_beside_a_bot_that_is_well_it_ends_with_0_and_leaves_its_login_alone(stage: Stage) -> None:
    await stage.start_bot()
    login = stage.directory / "state" / "matrix" / "login.json"
    before = login.read_text()

    ran = await doctor(stage)

    assert (ran.code, ran.out.splitlines()[0][:20]) == (0, "✅ Nothing to change,")
    assert "Fine: Kubernetes v1.36.2+k3s1 · Room ops · OpenBao ·" in ran.out
    assert login.read_text() == before
    await stage.until_ready()


async def test_a_right_that_is_missing_ends_with_1_and_prints_the_rule(stage: Stage) -> None:
    stage.cluster.access.deny("create", "pods/exec", namespace="data")

    ran = await doctor(stage)
    stage.cluster.access.clear()

    told, _, rules = ran.out.partition("\n\n")
    assert ran.code == 1
    assert "may not create pods/exec in data" in told
    assert yaml.safe_load(rules) == [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}]


async def test_a_neighbour_that_does_not_answer_ends_with_2(stage: Stage) -> None:
    stage.monitoring.down.add(("monitoring", "loki"))

    ran = await doctor(stage)
    stage.monitoring.down.clear()

    assert ran.code == 2
    assert "• Loki ❔" in ran.out


async def test_a_token_that_the_api_server_does_not_know_ends_with_1(stage: Stage) -> None:
    token, stage.cluster.token = stage.cluster.token, "obviously-another-token"

    ran = await doctor(stage)
    stage.cluster.token = token

    assert ran.code == 1
    assert "• Kubernetes ❌ does not know our token (401)" in ran.out


async def test_an_alertmanager_that_posts_elsewhere_ends_with_1(stage: Stage) -> None:
    shown, stage.monitoring.alertmanager.webhooks = stage.monitoring.alertmanager.webhooks, ["http://old/alerts/ops2"]

    ran = await doctor(stage)
    stage.monitoring.alertmanager.webhooks = shown

    assert ran.code == 1
    assert "• Alerts ⚠️ no receiver of Alertmanager's leads to /alerts/ of mine" in ran.out


async def test_a_cluster_that_is_not_configured_is_said(stage: Stage) -> None:
    ran = await doctor(stage, "--cluster", "staging")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "No cluster “staging”; the configuration names no others\n"
