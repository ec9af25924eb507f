"""Several clusters: a line names one, and what it does happens there and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.command import ActionContext, Command, Context, action, command
from bot.core.kinds import Kind
from bot.core.permissions import Need, Scope
from bot.core.policy import Risk
from bot.demo.cluster import SimulatedCluster, kubeconfig
from bot.demo.world.shapes import namespace
from commands.announce import Announced
from commands.undo import undo
from tests.flow.conftest import ANNA, Bot, Clock, Ledger
from tests.flow.test_chat import firsts, hears

TOKEN = "obviously-a-test-token-0123456789"
NEEDS = (Need("list", Kind.NAMESPACES, scope=Scope.CLUSTER),)


@dataclass
class Visits(Ledger):
    """Which clusters were seen, by the namespace that each has."""

    @property
    def commands(self) -> tuple[Command, ...]:
        async def seen(ctx: Context, verb: str) -> Announced:
            found = await ctx.neighbours.kubernetes.list(Kind.NAMESPACES)
            self.done += [(f"{verb} {obj['metadata']['name']}", ctx.request.sender, "") for obj in found]
            return Announced(ctx.request.sender)

        @command("look", summary="Look around", needs=NEEDS)
        async def look(ctx: Context, *words: str) -> Announced:
            return await seen(ctx, "look")

        @action("touch", summary="Touch something", risk=Risk.REVERSIBLE, needs=NEEDS)
        async def touch(ctx: ActionContext) -> Announced:
            ctx.undo_by("touch")
            return await seen(ctx, "touch")

        @command("idle", summary="Ask nobody")
        async def idle(ctx: Context) -> Announced:
            return Announced(ctx.request.sender)

        return (look, touch, idle, undo)


@pytest.fixture
async def bot(tmp_path: Path, clock: Clock) -> AsyncIterator[Bot]:
    async with AsyncExitStack() as stack:

        async def start(name: str) -> dict[str, str]:
            cluster = SimulatedCluster(token=TOKEN)
            cluster.seed([namespace(name, datetime(2026, 4, 1, tzinfo=UTC))])
            await cluster.start()
            stack.push_async_callback(cluster.stop)
            file = tmp_path / name
            file.write_text(kubeconfig(cluster.url, TOKEN))
            return {"kubeconfig": str(file)}

        config = {"kubernetes": await start("here"), "clusters": {"staging": await start("there")}}
        bot = await Bot(tmp_path / "state", clock, Visits(), **config).open()
        stack.push_async_callback(bot.close)
        for client in (bot.app.neighbours.kubernetes, *bot.app.neighbours.clusters.values()):
            # The vendor takes seconds to load, which is not the commands' time.
            await client.open()
            stack.push_async_callback(client.close)
        yield bot


def seen(bot: Bot) -> list[str]:
    return [what for what, _, _ in bot.ledger.done]


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("!look", "look here"),
        ("!look --cluster staging", "look there"),
        ("!look -C staging", "look there"),
        ("!look around --cluster-name=staging", "look there"),
        ("!look —cluster staging", "look there"),
        ("!touch --cluster staging --yes", "touch there"),
    ],
)
async def test_the_cluster_that_a_line_names_is_the_one_that_is_asked(bot: Bot, line: str, where: str) -> None:
    await hears(bot, ANNA, line)

    assert seen(bot) == [where]


async def test_a_confirmation_holds_for_the_cluster_that_was_named(bot: Bot) -> None:
    prompt = firsts(await hears(bot, ANNA, "!touch --cluster staging"))

    await bot.says(ANNA, "yes")

    assert prompt == ["⏳ !touch --cluster staging?"]
    assert seen(bot) == ["touch there"]


async def test_what_takes_it_back_takes_it_back_there(bot: Bot) -> None:
    await hears(bot, ANNA, "!touch --cluster staging --yes")

    await hears(bot, ANNA, "!undo --yes")

    assert seen(bot) == ["touch there", "touch there"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("!look --cluster prod", "❔ No cluster “prod”"),
        ("!touch --cluster prod", "❔ No cluster “prod”"),
        ("!look --cluster", "❔ --cluster takes the name of a cluster"),
        ("!look -C --all", "❔ -C takes the name of a cluster"),
        ("!idle --cluster staging", "❔ Unknown option: --cluster."),
    ],
)
async def test_a_cluster_that_is_not_known_is_said_before_anything_is_asked(bot: Bot, line: str, answer: str) -> None:
    said = firsts(await hears(bot, ANNA, line))

    assert said == [answer]
    assert seen(bot) == []
