"""The Kubernetes client against the simulated API server."""

import asyncio
import json
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from bot.clients.kubernetes import Kubernetes
from bot.core.errors import Denied, Missing, Rejected, Unreachable
from bot.core.kinds import Kind
from bot.demo.cluster import ExecAnswer, Object, SimulatedCluster, kubeconfig
from bot.demo.cluster.exec import PROTOCOLS

TOKEN = "obviously-a-test-token-0123456789"
NEXT_TOKEN = "obviously-the-next-test-token-987"
LIMIT = timedelta(seconds=2)
PING = ("valkey-cli", "ping")


def pod(name: str, namespace: str = "data", **labels: str) -> Object:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [{"name": "main", "image": "x"}, {"name": "linkerd-proxy", "image": "y"}]},
        "status": {"phase": "Running"},
    }


def names(objects: tuple[Object, ...]) -> list[str]:
    return [obj["metadata"]["name"] for obj in objects]


@pytest.fixture
async def cluster() -> AsyncIterator[SimulatedCluster]:
    server = SimulatedCluster(token=TOKEN)
    server.seed([pod("valkey-0", app="valkey"), pod("hydra-0", "ory"), pod("sol-0", "matrix")])
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def kubernetes(cluster: SimulatedCluster, tmp_path: Path) -> AsyncIterator[Kubernetes]:
    client = Kubernetes(kubeconfig=written(tmp_path, cluster.url), limit=LIMIT)
    yield client
    await client.close()


def written(directory: Path, url: str, token: str = TOKEN) -> Path:
    path = directory / "kubeconfig"
    path.write_text(kubeconfig(url, token))
    return path


def test_importing_the_client_does_not_import_the_vendor() -> None:
    code = "import sys, bot.clients.kubernetes; sys.exit('kubernetes_asyncio' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)

    assert done.returncode == 0


async def test_the_server_tells_its_version(kubernetes: Kubernetes) -> None:
    assert (await kubernetes.version()).startswith("v1.")


async def test_one_object_comes_as_plain_json(kubernetes: Kubernetes) -> None:
    found = await kubernetes.get(Kind.PODS, "data", "valkey-0")

    assert (found["metadata"]["name"], found["status"]["phase"]) == ("valkey-0", "Running")


async def test_an_object_that_is_not_there_is_missing(kubernetes: Kubernetes) -> None:
    with pytest.raises(Missing, match="get pods data/nobody"):
        await kubernetes.get(Kind.PODS, "data", "nobody")


async def test_a_kind_that_is_not_installed_is_missing(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.faults.add("/vaultstaticsecrets", status=404)

    with pytest.raises(Missing, match="list vaultstaticsecrets"):
        await kubernetes.list(Kind.VAULTSTATICSECRETS)


async def test_several_namespaces_cost_one_question(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    found = await kubernetes.list(Kind.PODS, namespaces=("data", "ory"))

    assert names(found) == ["valkey-0", "hydra-0"]
    assert cluster.request_log == [("GET", "/api/v1/pods")]


async def test_selectors_reach_the_server(kubernetes: Kubernetes) -> None:
    by_label = await kubernetes.list(Kind.PODS, namespaces=("data",), labels="app=valkey")
    by_field = await kubernetes.list(Kind.PODS, fields="metadata.name=sol-0")

    assert (names(by_label), names(by_field)) == (["valkey-0"], ["sol-0"])


async def test_roles_given_by_namespace_are_enough(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.faults.add(r"^/api/v1/pods$", status=403)

    found = await kubernetes.list(Kind.PODS, namespaces=("data", "ory", "nowhere"))
    await kubernetes.list(Kind.PODS, namespaces=("data", "ory"))

    assert names(found) == ["valkey-0", "hydra-0"]
    # The refusal is remembered: the second listing does not ask across the cluster again.
    assert [path for _, path in cluster.request_log].count("/api/v1/pods") == 1


async def test_a_namespace_that_is_denied_is_told_and_the_others_are_read(
    cluster: SimulatedCluster, kubernetes: Kubernetes
) -> None:
    cluster.faults.add(r"^/api/v1/pods$", status=403)
    cluster.access.deny("list", "pods", namespace="ory")

    found = await kubernetes.survey(Kind.PODS, namespaces=("data", "ory"))

    assert names(found.items) == ["valkey-0"]
    assert found.unasked["ory"].reason == "may not list pods in ory (403)"


async def test_a_list_with_a_hole_is_not_taken_for_whole(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.faults.add(r"^/api/v1/pods$", status=403)
    cluster.access.deny("list", "pods", namespace="ory")

    with pytest.raises(Denied, match="ory"):
        await kubernetes.list(Kind.PODS, namespaces=("data", "ory"))


async def test_long_lists_are_read_to_their_end(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.seed([pod(f"crowd-{number:04}") for number in range(1100)])

    found = await kubernetes.list(Kind.PODS, namespaces=("data",))

    assert len(found) == 1101
    assert len(cluster.request_log) == 3


async def test_a_list_that_expires_half_way_is_read_again(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.seed([pod(f"crowd-{number:04}") for number in range(600)])
    cluster.faults.add("/pods$", times=1)  # lets the first page through
    cluster.faults.add("/pods$", status=410, times=1)

    found = await kubernetes.list(Kind.PODS, namespaces=("data",))

    assert len(set(names(found))) == len(found) == 601
    assert len(cluster.request_log) == 4


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_server_is_asked_again(cluster: SimulatedCluster, kubernetes: Kubernetes, status: int) -> None:
    cluster.faults.add("/pods", status=status, retry_after=0, times=2)

    assert len(await kubernetes.list(Kind.PODS)) == 3


async def test_a_cut_connection_is_asked_again(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.faults.add("/pods", cut=True, times=1)

    assert len(await kubernetes.list(Kind.PODS)) == 3


async def test_a_server_that_hangs_costs_no_more_than_the_limit(cluster: SimulatedCluster, tmp_path: Path) -> None:
    cluster.faults.add("/pods", delay=30)
    client = Kubernetes(kubeconfig=written(tmp_path, cluster.url), limit=timedelta(seconds=0.3))
    await client.open()

    async with asyncio.timeout(2):
        with pytest.raises(Unreachable) as caught:
            await client.list(Kind.PODS)
    await client.close()

    assert caught.value.reason == "no answer in 0.3 s"


async def test_a_closed_port_is_unreachable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = Kubernetes(kubeconfig=written(tmp_path, f"http://127.0.0.1:{port}"), limit=LIMIT)

    with pytest.raises(Unreachable) as caught:
        await client.version()
    await client.close()

    assert caught.value.reason == "connection refused"


async def test_no_error_carries_the_servers_words(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.faults.add("/pods", status=500, text="a-servers-secret")

    with pytest.raises(Unreachable) as caught:
        await kubernetes.list(Kind.PODS)

    assert str(caught.value) == "kubernetes: HTTP 500"


async def test_an_answer_that_is_not_json_is_unreadable(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.faults.add("/pods", status=200, text="<html>a proxy</html>")

    with pytest.raises(Unreachable, match="unreadable answer"):
        await kubernetes.list(Kind.PODS)


async def test_a_new_token_in_the_file_is_taken_up_without_a_restart(
    cluster: SimulatedCluster, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    await kubernetes.list(Kind.PODS)
    cluster.token = NEXT_TOKEN
    written(tmp_path, cluster.url, NEXT_TOKEN)

    found = await asyncio.gather(*(kubernetes.list(Kind.PODS) for _ in range(3)))

    assert [len(each) for each in found] == [3, 3, 3]


async def test_a_token_nobody_knows_is_denied_after_one_more_try(
    cluster: SimulatedCluster, kubernetes: Kubernetes
) -> None:
    cluster.token = NEXT_TOKEN

    with pytest.raises(Denied, match="does not know our token"):
        await kubernetes.list(Kind.PODS)

    assert len(cluster.request_log) == 2


@pytest.mark.parametrize("text", ["", "not: a kubeconfig", "{", "- a\n- list\n"])
async def test_credentials_that_cannot_be_read_are_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)

    with pytest.raises(Unreachable, match="no usable credentials in the kubeconfig"):
        await Kubernetes(kubeconfig=path, limit=LIMIT).version()


async def test_outside_a_cluster_without_a_kubeconfig_there_are_no_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(Unreachable, match="no usable credentials in this pod"):
        await Kubernetes(limit=LIMIT).version()


async def test_proxies_of_the_environment_are_ignored(kubernetes: Kubernetes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert len(await kubernetes.list(Kind.PODS)) == 3


async def test_nothing_that_the_server_says_is_logged(
    cluster: SimulatedCluster, kubernetes: Kubernetes, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.seed([pod("telltale")])
    caplog.set_level(logging.DEBUG)

    await kubernetes.list(Kind.PODS)
    await kubernetes.get(Kind.PODS, "data", "telltale")

    assert "telltale" not in caplog.text
    assert not logging.getLogger("kubernetes_asyncio.client.rest").isEnabledFor(logging.INFO)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (ExecAnswer("PONG\n"), (0, "PONG\n", "")),
        (ExecAnswer("out", "err", exit_code=7), (7, "out", "err")),
        (ExecAnswer("schön ✅\n", frame_bytes=1), (0, "schön ✅\n", "")),
        (ExecAnswer(b"\xff\xfe"), (0, "\ufffd\ufffd", "")),
        (ExecAnswer("half", exit_code=None), (None, "half", "")),
    ],
)
async def test_a_command_tells_what_it_printed_and_how_it_ended(
    cluster: SimulatedCluster, kubernetes: Kubernetes, answer: ExecAnswer, wanted: tuple[int | None, str, str]
) -> None:
    cluster.execs.answer("data", "valkey-0", PING, answer)

    done = await kubernetes.exec("data", "valkey-0", "main", PING, limit=LIMIT)

    assert (done.exit_code, done.stdout, done.stderr) == wanted


async def test_arguments_arrive_as_they_are(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    argv = ("sh", "-c", "echo 'a b' && echo c=d&e ✅", "")
    cluster.execs.answer("data", "valkey-0", argv, ExecAnswer("as they are"))

    assert (await kubernetes.exec("data", "valkey-0", "main", argv, limit=LIMIT)).stdout == "as they are"


async def test_a_command_that_hangs_costs_no_more_than_the_limit(
    cluster: SimulatedCluster, kubernetes: Kubernetes
) -> None:
    cluster.execs.answer("data", "valkey-0", PING, ExecAnswer("late", seconds=30))
    await kubernetes.open()

    async with asyncio.timeout(3):
        with pytest.raises(Unreachable, match=r"no answer in 0\.3 s"):
            await kubernetes.exec("data", "valkey-0", "main", PING, limit=timedelta(seconds=0.3))


async def test_a_command_that_may_not_be_run_is_denied(cluster: SimulatedCluster, kubernetes: Kubernetes) -> None:
    cluster.access.deny("create", "pods/exec")

    with pytest.raises(Denied, match=r"may not exec in pods data/valkey-0 \(403\)"):
        await kubernetes.exec("data", "valkey-0", "main", PING, limit=LIMIT)


async def test_a_pod_that_is_gone_cannot_run_a_command(kubernetes: Kubernetes) -> None:
    with pytest.raises(Missing):
        await kubernetes.exec("data", "nobody", "main", PING, limit=LIMIT)


async def test_a_container_that_is_not_there_is_rejected(kubernetes: Kubernetes) -> None:
    with pytest.raises(Rejected):
        await kubernetes.exec("data", "valkey-0", "other", PING, limit=LIMIT)


async def test_of_a_command_that_prints_too_much_the_end_still_counts(
    cluster: SimulatedCluster, kubernetes: Kubernetes
) -> None:
    cluster.execs.answer("data", "valkey-0", PING, ExecAnswer("x" * 2_000_000, exit_code=7))

    done = await kubernetes.exec("data", "valkey-0", "main", PING, limit=LIMIT)

    assert (len(done.stdout), done.exit_code) == (1024 * 1024, 7)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_command_ends_the_same_in_both_versions_of_the_protocol(
    cluster: SimulatedCluster, kubernetes: Kubernetes, protocol: str
) -> None:
    cluster.execs.protocols = (protocol,)
    cluster.execs.answer("data", "valkey-0", PING, ExecAnswer("schön ✅\n", exit_code=7, frame_bytes=1))

    done = await kubernetes.exec("data", "valkey-0", "main", PING, limit=LIMIT)

    assert (done.exit_code, done.stdout) == (7, "schön ✅\n")
    assert cluster.execs.spoken == [protocol]


@asynccontextmanager
async def ending_with(status: object) -> AsyncIterator[str]:
    """An API server whose every command ends with this on the status channel."""

    async def handler(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(protocols=("v4.channel.k8s.io",))
        await ws.prepare(request)
        raw = status if isinstance(status, bytes) else json.dumps(status).encode()
        await ws.send_bytes(b"\x03" + raw)
        await ws.close()
        return ws

    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_command_that_could_not_be_started_is_no_success(tmp_path: Path) -> None:
    status = {"status": "Failure", "reason": "InternalError", "message": "executable file not found in $PATH"}

    async with ending_with(status) as url:
        client = Kubernetes(kubeconfig=written(tmp_path, url), limit=LIMIT)
        with pytest.raises(Rejected, match="could not be started"):
            await client.exec("data", "valkey-0", "main", PING, limit=LIMIT)
        await client.close()


_BROKEN = {"status": "Failure", "reason": "InternalError", "message": "error reading from error stream: EOF"}


@pytest.mark.parametrize("status", [b"not json", ["a", "list"], _BROKEN])
async def test_an_end_that_cannot_be_read_is_unknown(tmp_path: Path, status: object) -> None:
    async with ending_with(status) as url:
        client = Kubernetes(kubeconfig=written(tmp_path, url), limit=LIMIT)
        done = await client.exec("data", "valkey-0", "main", PING, limit=LIMIT)
        await client.close()

    assert done.exit_code is None
