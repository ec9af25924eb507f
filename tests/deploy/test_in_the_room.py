"""The bot at work with nothing but what `deploy/` grants: enough for the playbook, and not more."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.demo.cluster.access import Wish, Write
from bot.demo.homeserver import Homeserver
from bot.demo.openbao import OpenBao
from bot.demo.stage import Stage
from bot.demo.transcript import Player
from tests.tools.admission import Request, refusals
from tests.tools.kustomize import build
from tests.tools.rbac import Grants

ROOT = Path(__file__).parents[2]
OBJECTS = build(ROOT / "deploy")
GRANTS = Grants(OBJECTS, ("monitoring", "opsbot"))
pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


def granted(wish: Wish) -> bool:
    return GRANTS.allow(wish.verb, wish.group, wish.resource, wish.namespace, wish.name)


def denied(write: Write) -> str:
    return "; ".join(refusals(OBJECTS, Request(write.operation, write.group, write.resource, write.new, write.old)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def player(
    tmp_path_factory: pytest.TempPathFactory, homeserver: Homeserver, openbao: OpenBao
) -> AsyncIterator[Player]:
    directory = tmp_path_factory.mktemp("granted")
    settings = {"limits": {"per_person": 1000, "stuck": "PT0.1S"}}
    async with Stage(directory, homeserver=homeserver, openbao=openbao, name="granted", settings=settings) as stage:
        stage.cluster.access.roles = granted
        stage.cluster.access.policies = denied
        await stage.start_bot()
        player = Player(stage)
        await player.open()
        # The first question loads the vendor's package, which may take longer than a question should.
        await player.play("anna> !status ory\nbot< *\n…")
        yield player


LOOKS = """
anna> !status
bot< ✅ 42 services fine
…
anna> !check
bot< ✅ 38 of 38 services fine
…
"""
RESTARTS = """
anna> !restart ory/hydra --yes
bot= ✅ ory/hydra restarted 2/2 in *
anna> !undo
bot< ⏳ Take ory/hydra back to revision 1?
…
~ tap anna 👍
bot= ✅ ory/hydra is back at *
"""
SCALES = """
anna> !scale ory/hydra 3
bot< ⏳ Scale ory/hydra from 2 to 3 pods?
…
~ tap anna 👍
bot= ✅ ory/hydra scaled from 2 to 3 in *
"""
# The preview of a restart is a dry run: the API server has let it pass by the time that anybody is asked.
DATABASES = """
anna> !restart data/postgres
bot< 🔥 Restart data/postgres? *
…
anna> no
bot= ❌ Cancelled by *
"""
OPENBAO = """
anna> !restart data/openbao
bot< 🔥 Restart data/openbao? *
…
anna> no
bot= ❌ Cancelled by *
"""


@pytest.mark.parametrize("script", [LOOKS, RESTARTS, SCALES, DATABASES, OPENBAO])
async def test_what_is_granted_is_enough(player: Player, script: str) -> None:
    await player.play(script)


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("!restart kube-system/cilium", "patch daemonsets kube-system/cilium"),
        ("!restart longhorn-system/longhorn-manager", "patch daemonsets longhorn-system/longhorn-manager"),
    ],
)
async def test_what_is_not_granted_is_said_by_the_name_of_the_right(player: Player, line: str, right: str) -> None:
    await player.play(f"anna> {line}\nbot< ❌ Kubernetes refused: {right} (403)\n…")


async def test_doctor_finds_that_the_rules_fit_the_commands(player: Player) -> None:
    await player.play("anna> !doctor\nbot< *\n…")

    assert player.last
    assert " may not " not in player.last.body
    assert "\nFine: Kubernetes" in player.last.body
