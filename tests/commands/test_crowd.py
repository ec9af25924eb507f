"""What a crowd of pods costs; `python -m benchmarks.cluster` measures it from the room."""

import time
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from bot.command import Command, Context
from bot.demo.world import scale_world
from commands.logs import logs
from commands.status import status
from tests.commands.conftest import House

PODS, NAMESPACES = 400, 12
MEBIBYTE = 1024 * 1024


@pytest.fixture
async def ctx(house: House) -> AsyncIterator[Context]:
    house.objects = scale_world(house.now, pods=PODS, namespaces=NAMESPACES)
    house.settings["namespaces"] = [f"crowd-{number:02}" for number in range(NAMESPACES)]
    async with house.open() as ctx:
        await ctx.neighbours.kubernetes.open()
        yield ctx


async def processor_time(ctx: Context, command: Command, *words: str) -> float:
    """Return the seconds that it takes, those of the simulated cluster included."""
    bound = command.bind(words)
    began = time.process_time()
    await command.handler(ctx, *bound.args, **bound.kwargs)
    return time.process_time() - began


async def test_a_status_of_400_pods_takes_less_than_a_second(ctx: Context) -> None:
    assert min([await processor_time(ctx, status) for _ in range(3)]) < 1


async def test_the_first_lines_of_ten_pods_take_less_than_a_second(ctx: Context) -> None:
    assert min([await processor_time(ctx, logs, "crowd-00/app-000") for _ in range(3)]) < 1


async def test_a_status_of_400_pods_takes_less_than_60_mib(ctx: Context) -> None:
    tracemalloc.start()
    try:
        await status.handler(ctx)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 60 * MEBIBYTE
