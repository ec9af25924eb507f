"""`!logs` against the simulated house."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bot.command import Context
from bot.core.errors import Denied, UsageError
from bot.core.facts import Verdict
from bot.demo.cluster.logs import LogLine
from bot.demo.world import crash_looping, image_pull_error
from commands.logs import Following, LogReport, logs
from tests.commands.conftest import House


async def told(ctx: Context, line: str = "") -> LogReport:
    """Run the command as the room would type it."""
    bound = logs.bind(tuple(line.split()))
    report = await logs.handler(ctx, *bound.args, **bound.kwargs)
    assert isinstance(report, LogReport)
    return report


def texts(report: LogReport) -> list[str]:
    return [said.text for said in report.lines]


def pod_of(house: House, namespace: str, name: str) -> str:
    pods = house.cluster.store.list("pods", namespace)
    return str(next(pod["metadata"]["name"] for pod in pods if pod["metadata"]["name"].startswith(name)))


async def write(house: House, place: str, text: str, container: str = "", ago: int = 0) -> None:
    namespace, name = place.split("/")
    at = house.now - timedelta(seconds=ago)
    await house.cluster.logs.add(namespace, pod_of(house, namespace, name), container or name, text, at)


@pytest.mark.parametrize(
    ("line", "place", "pods"),
    [
        ("data/openbao", "data/openbao", 1),
        ("openbao", "data/openbao", 1),
        ("-n data openbao", "data/openbao", 1),
        ("-n data sts/openbao", "data/openbao", 1),
        ("-n data pod/openbao-0", "data/openbao-0", 1),
        ("data/openbao-0", "data/openbao-0", 1),
        ("data/postgres", "data/postgres", 1),
        ("monitoring/alloy", "monitoring/alloy", 1),
        ("ory/hydra", "ory/hydra", 2),
        ("ory/hyd", "ory/hydra", 2),
        ("lasuite/messages", "lasuite/messages", 3),
        ("monitoring/grafana", "monitoring/kube-prometheus-stack-grafana", 1),
    ],
)
async def test_pods_are_found_by_what_they_belong_to(house: House, line: str, place: str, pods: int) -> None:
    async with house.open() as ctx:
        report = await told(ctx, line)

    assert report.place == place
    assert len({said.pod for said in report.lines}) == pods
    assert len(report.lines) == 20
    assert report.verdict is Verdict.NONE


async def test_lines_of_several_pods_come_by_time_and_name_their_pod(house: House) -> None:
    house.cluster.logs.source = lambda *_: ()

    async with house.open() as ctx:
        first, second = sorted(
            pod["metadata"]["name"] for pod in house.cluster.store.list("pods", "ory", "app.kubernetes.io/name=hydra")
        )
        house.cluster.logs.source = lambda pod, *_: [
            LogLine(house.now - timedelta(seconds=9 if pod["metadata"]["name"] == first else 8), "a"),
            LogLine(house.now - timedelta(seconds=5 if pod["metadata"]["name"] == second else 4), "b"),
        ]
        report = await told(ctx, "ory/hydra")

    one, other = first[-5:], second[-5:]
    assert [(said.pod, said.text) for said in report.lines] == [(one, "a"), (other, "a"), (other, "b"), (one, "b")]


async def test_only_the_container_of_the_service_is_asked_unless_another_is_named(house: House) -> None:
    async with house.open() as ctx:
        await write(house, "data/valkey", "from the proxy", "linkerd-proxy")
        await write(house, "data/valkey", "from valkey")
        own = await told(ctx, "data/valkey --tail 1")
        proxys = await told(ctx, "data/valkey -c linkerd-proxy --tail 1")

    assert (texts(own), own.containers, own.others) == (["from valkey"], ("valkey",), ("linkerd-proxy",))
    assert (texts(proxys), proxys.containers) == (["from the proxy"], ("linkerd-proxy",))


async def test_no_secret_gets_into_a_report_not_even_one_over_several_lines(house: House) -> None:
    key = ["-----BEGIN RSA PRIVATE KEY-----", "MIIEowIBAAKCAQEAcanary", "canary==", "-----END RSA PRIVATE KEY-----"]

    async with house.open() as ctx:
        for line in (*key, "dsn=postgres://docs:canary-1@postgres-rw/docs"):
            await write(house, "matrix/sol", line)
        report = await told(ctx, "matrix/sol --tail 5")

    assert "canary" not in repr(report)
    assert texts(report)[0] == key[0]
    assert texts(report)[4] == "dsn=postgres://docs:[secret]@postgres-rw/docs"


async def test_a_filter_looks_further_back_and_sees_no_secret(house: House) -> None:
    async with house.open() as ctx:
        await write(house, "matrix/sol", "password=canary-1", ago=3000)
        found = await told(ctx, "matrix/sol --filter password")
        guessed = await told(ctx, "matrix/sol --grep canary-1")

    assert texts(found) == ["password=[secret]"]
    assert (texts(guessed), guessed.looked_at) == ([], found.looked_at)


async def test_lines_can_be_limited_by_age_and_by_number(house: House) -> None:
    async with house.open() as ctx:
        young = await told(ctx, "matrix/sol --since 5m")
        few = await told(ctx, "matrix/sol --tail 3 --since 1h")

    assert all(said.at and house.now - said.at <= timedelta(minutes=5) for said in young.lines)
    assert (len(young.lines), len(few.lines)) == (8, 3)


async def test_the_last_words_of_the_run_before_are_told(house: House) -> None:
    crash_looping(house.objects, "lasuite", "docs", house.now)

    async with house.open() as ctx:
        report = await told(ctx, "lasuite/docs -p")
        never = await told(ctx, "data/openbao --previous")

    assert texts(report)[-1] == "django.db.utils.OperationalError: connection failed"
    assert (never.verdict, [each.reason for each in never.silent]) == (Verdict.UNKNOWN, ["it has not run before"])


async def test_a_pod_that_has_not_run_says_why(house: House) -> None:
    image_pull_error(house.objects, "devtools", "gitea", house.now)

    async with house.open() as ctx:
        report = await told(ctx, "devtools/gitea")

    assert (report.verdict, [each.reason for each in report.silent]) == (Verdict.UNKNOWN, ["ImagePullBackOff"])


async def test_logs_that_may_not_be_read_are_refused_in_the_words_of_rbac(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("get", "pods/log", namespace="data")
        with pytest.raises(Denied, match="may not get pods/log data/openbao-0"):
            await told(ctx, "data/openbao")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "Logs of what?"),
        ("kube-system/coredns", "I show no logs of kube-system"),
        ("data/valky", "No workload “data/valky”"),
        ("data/valkey -c other", "No container “other” in"),
        ("matrix/sol --tail 0", "--tail takes 1 to 500"),
        ("matrix/sol --tail 501", "--tail takes 1 to 500"),
        ("matrix/sol --since yesterday", "“yesterday” is no duration"),
        ("matrix/sol -f -p", "A run that is over says nothing more"),
        ("matrix/sol --filter (a+)+b", "I cannot look for"),
    ],
)
async def test_what_cannot_be_shown_is_a_usage_error(house: House, line: str, problem: str) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError) as caught:
            await told(ctx, line)

    assert caught.value.problem.startswith(problem)


async def test_a_workload_without_a_pod_is_a_usage_error(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.store.change("Deployment", "matrix", "sol", lambda draft: draft["spec"].update(replicas=0))
        await eventually(lambda: not house.cluster.store.list("pods", "matrix", "app=sol"))
        with pytest.raises(UsageError, match="matrix/sol has no pod"):
            await told(ctx, "matrix/sol")


@asynccontextmanager
async def followed(house: House, line: str) -> AsyncIterator["asyncio.Task[LogReport]"]:
    """Follow while the block runs."""
    async with house.open() as ctx, asyncio.timeout(20):
        task = asyncio.create_task(told(ctx, f"{line} -f"))
        try:
            yield task
        finally:
            house.stopped.set()
            await task


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


async def until(house: House, holds: Callable[[LogReport], bool]) -> LogReport:
    await eventually(lambda: bool(house.shown) and holds(house.shown[-1]))
    report: LogReport = house.shown[-1]
    return report


async def test_who_follows_sees_what_is_written_until_it_is_stopped(house: House) -> None:
    async with followed(house, "matrix/sol --tail 1") as task:
        first = await until(house, lambda report: len(report.lines) == 1)
        await write(house, "matrix/sol", "*sneezes* password=canary-1")
        await until(house, lambda report: texts(report) == ["*sneezes* password=[secret]"])
        house.stopped.set()
        last = await task

    assert first.following is Following.GOING
    assert last.following is Following.STOPPED
    assert texts(last)[-1] == "*sneezes* password=[secret]"


async def test_nobody_follows_longer_than_ten_minutes(house: House) -> None:
    async with followed(house, "matrix/sol") as task:
        last = await task

    assert last.following is Following.TIME_UP
    assert timedelta(minutes=10) <= last.as_of - last.began < timedelta(minutes=11)


async def test_the_pod_that_comes_after_one_that_is_gone_is_followed_too(house: House) -> None:
    async with followed(house, "ory/login-ui"):
        await until(house, lambda report: len(report.lines) == 20)
        old = pod_of(house, "ory", "login-ui")
        annotation = {"kubectl.kubernetes.io/restartedAt": "2026-05-01T14:00:00Z"}
        house.cluster.store.change(
            "Deployment",
            "ory",
            "login-ui",
            lambda draft: draft["spec"]["template"]["metadata"].update(annotations=annotation),
        )
        await eventually(lambda: pod_of(house, "ory", "login-ui") != old)
        await write(house, "ory/login-ui", "a new beginning")
        report = await until(house, lambda report: "a new beginning" in texts(report))

    assert report.lines[-1].pod == pod_of(house, "ory", "login-ui")[-5:]


async def test_a_filter_holds_for_what_is_followed(house: House) -> None:
    async with followed(house, "matrix/sol --filter wanted"):
        await until(house, lambda report: report.following is Following.GOING)
        await write(house, "matrix/sol", "noise")
        await write(house, "matrix/sol", "wanted")
        report = await until(house, lambda report: bool(report.lines))

    assert texts(report) == ["wanted"]
