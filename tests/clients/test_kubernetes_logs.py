"""What containers write, read and followed through the Kubernetes client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clients.kubernetes import Kubernetes
from bot.core.containers import Container
from bot.core.errors import Denied, Missing, Rejected, Unreachable
from bot.core.lines import LogLine
from bot.demo.cluster import SimulatedCluster, kubeconfig
from tests.clients.test_kubernetes import NEXT_TOKEN, TOKEN, pod, written

MAIN = Container("data", "valkey-0", "main")


@pytest.fixture
async def cluster() -> AsyncIterator[SimulatedCluster]:
    server = SimulatedCluster(token=TOKEN)
    ran = {"name": "main", "state": {"running": {}}, "lastState": {}}
    server.seed([pod("valkey-0", app="valkey") | {"status": {"phase": "Running", "containerStatuses": [ran]}}])
    await server.start()
    for number in range(5):
        await write(server, f"line {number}", ago=50 - 10 * number)
    yield server
    await server.stop()


@pytest.fixture
async def kubernetes(cluster: SimulatedCluster, tmp_path: Path) -> AsyncIterator[Kubernetes]:
    client = Kubernetes(kubeconfig=written(tmp_path, cluster.url), limit=timedelta(seconds=5))
    yield client
    await client.close()


async def write(cluster: SimulatedCluster, text: str, ago: int = 0, container: str = "main") -> None:
    await cluster.logs.add("data", "valkey-0", container, text, cluster.store.clock() - timedelta(seconds=ago))


def texts(lines: tuple[LogLine, ...]) -> list[str]:
    return [line.text for line in lines]


async def test_the_last_lines_come_oldest_first_with_their_times(kubernetes: Kubernetes) -> None:
    lines = await kubernetes.log(MAIN, lines=2)

    assert texts(lines) == ["line 3", "line 4"]
    assert lines[0].at
    assert lines[1].at
    assert timedelta(seconds=9) < lines[1].at - lines[0].at < timedelta(seconds=11)


async def test_only_what_is_young_enough_comes(kubernetes: Kubernetes) -> None:
    assert texts(await kubernetes.log(MAIN, lines=20, since=timedelta(seconds=25))) == ["line 3", "line 4"]


async def test_of_lines_too_long_to_be_sent_whole_the_newest_come(
    cluster: SimulatedCluster, kubernetes: Kubernetes
) -> None:
    for number in range(40):
        await write(cluster, f"{number} " + "x" * 60_000)

    lines = await kubernetes.log(MAIN, lines=500)

    assert lines[-1].text.startswith("39 ")


async def test_there_is_nothing_of_a_run_that_never_was(kubernetes: Kubernetes) -> None:
    with pytest.raises(Rejected, match="get pods/log data/valkey-0"):
        await kubernetes.log(MAIN, lines=1, previous=True)


async def test_a_pod_that_is_gone_is_missing(kubernetes: Kubernetes) -> None:
    with pytest.raises(Missing):
        await kubernetes.log(Container("data", "valkey-9", "main"), lines=1)


async def test_who_may_not_read_logs_is_told_so(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.access.deny("get", "pods/log")

    with pytest.raises(Denied, match="may not get pods/log data/valkey-0"):
        await kubernetes.log(MAIN, lines=1)
    with pytest.raises(Denied):
        await anext(kubernetes.follow(MAIN))


async def test_what_is_written_while_somebody_listens_arrives(
    cluster: SimulatedCluster, kubernetes: Kubernetes
) -> None:
    seen = await kubernetes.log(MAIN, lines=20)

    async with aclosing(kubernetes.follow(MAIN, seen)) as lines, asyncio.timeout(5):  # type: ignore[type-var]
        asyncio.get_running_loop().call_later(0.1, asyncio.ensure_future, write(cluster, "line 5"))
        first = await anext(lines)

    assert first.text == "line 5"


async def test_a_cut_line_is_taken_up_again_without_a_line_twice(
    cluster: SimulatedCluster, kubernetes: Kubernetes
) -> None:
    seen = await kubernetes.log(MAIN, lines=20)
    told: list[str] = []

    async with asyncio.timeout(10):
        await write(cluster, "line 5")
        async with aclosing(kubernetes.follow(MAIN, seen)) as lines:  # type: ignore[type-var]
            told.append((await anext(lines)).text)
            await write(cluster, "line 6")
            told.append((await anext(lines)).text)
            await cluster.logs.cut()
            await write(cluster, "line 7")
            told.append((await anext(lines)).text)

    assert told == ["line 5", "line 6", "line 7"]
    assert [path for _, path in cluster.request_log].count("/api/v1/namespaces/data/pods/valkey-0/log") == 3


async def test_following_asks_again_with_a_new_token(
    cluster: SimulatedCluster, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    await kubernetes.log(MAIN, lines=1)
    cluster.token = NEXT_TOKEN
    (tmp_path / "kubeconfig").write_text(kubeconfig(cluster.url, NEXT_TOKEN))
    await write(cluster, "line 5")

    async with asyncio.timeout(5):
        line = await anext(kubernetes.follow(MAIN, [LogLine(cluster.store.clock() - timedelta(seconds=5), "")]))

    assert line.text == "line 5"


async def test_a_server_that_stays_away_ends_the_following(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    await kubernetes.open()
    await cluster.stop()

    with pytest.raises(Unreachable, match="connection refused"):
        await anext(kubernetes.follow(MAIN))
