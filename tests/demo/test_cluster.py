"""Asks the simulated cluster as the bot will: with the vendor's client."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import yaml
from kubernetes_asyncio import client, config, stream, watch
from kubernetes_asyncio.client.exceptions import ApiException

from bot.demo import world
from bot.demo.cluster import ExecAnswer, SimulatedCluster, kubeconfig

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
MERGE = "application/merge-patch+json"
TOKEN = "not-a-real-token"


class Clock:
    """Real time, and what it was put forward by."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def cluster(clock: Clock) -> AsyncIterator[SimulatedCluster]:
    made = SimulatedCluster(token=TOKEN, interval=0.01, clock=clock)
    world.inhabit(made)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def configuration(cluster: SimulatedCluster) -> Any:
    made = client.Configuration()
    await config.load_kube_config_from_dict(yaml.safe_load(kubeconfig(cluster.url, TOKEN)), client_configuration=made)
    return made


@pytest.fixture
async def api(configuration: Any) -> AsyncIterator[Any]:
    async with client.ApiClient(configuration) as made:
        yield made


@pytest.fixture
def core(api: Any) -> Any:
    return client.CoreV1Api(api)


@pytest.fixture
def apps(api: Any) -> Any:
    return client.AppsV1Api(api)


@pytest.fixture
def custom(api: Any) -> Any:
    return client.CustomObjectsApi(api)


@pytest.fixture
async def http(cluster: SimulatedCluster) -> AsyncIterator[aiohttp.ClientSession]:
    # A cut connection is to be seen, not asked again behind our back.
    connector = aiohttp.TCPConnector(force_close=True)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(cluster.url, headers=headers, connector=connector) as session:
        yield session


def names(found: Any) -> list[str]:
    return [item.metadata.name for item in found.items]


def refusal(error: pytest.ExceptionInfo[Any]) -> tuple[int, str]:
    return error.value.status, told(error)["reason"]


def told(error: pytest.ExceptionInfo[Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(error.value.body)
    return found


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        ("app=valkey", {"valkey"}),
        ("app==valkey", {"valkey"}),
        ("app in (valkey, opensearch)", {"valkey", "opensearch"}),
        ("app,app!=valkey,app notin (barman-cloud)", {"opensearch"}),
        ("!app,!cnpg.io/cluster", {"openbao", "cloudnative-pg"}),
        ("cnpg.io/cluster=postgres,role=primary", {"postgres"}),
        ("app=nobody", set()),
    ],
)
async def test_a_label_selector_finds_what_it_says(core: Any, selector: str, wanted: set[str]) -> None:
    found = await core.list_namespaced_pod("data", label_selector=selector)

    containers = {pod.spec.containers[-1].name.replace("manager", "cloudnative-pg") for pod in found.items}
    assert containers == wanted


async def test_field_selectors_find_by_name_phase_node_and_involved_object(
    cluster: SimulatedCluster, core: Any
) -> None:
    objects = world.objects_of(cluster.store, "devtools")
    world.image_pull_error(objects, "devtools", "gitea", datetime.now(UTC))
    cluster.store.put_all(objects)

    named = await core.list_pod_for_all_namespaces(field_selector="metadata.name=openbao-0,metadata.namespace=data")
    waiting = await core.list_pod_for_all_namespaces(field_selector="status.phase!=Running,spec.nodeName=sunbeam-1")
    told = await core.list_namespaced_event(
        "devtools", field_selector=f"involvedObject.name={waiting.items[0].metadata.name}"
    )

    assert names(named) == ["openbao-0"]
    assert [name.partition("-")[0] for name in names(waiting)] == ["gitea"]
    assert any("401 Unauthorized" in event.message for event in told.items)


async def test_a_field_the_kind_does_not_have_is_refused(core: Any) -> None:
    with pytest.raises(ApiException) as error:
        await core.list_namespaced_pod("data", field_selector="spec.color=red")

    assert refusal(error) == (400, "BadRequest")


async def test_pages_hold_everything_once_even_when_pods_come_and_go_between(
    cluster: SimulatedCluster, core: Any
) -> None:
    whole = names(await core.list_pod_for_all_namespaces())

    page = await core.list_pod_for_all_namespaces(limit=20)
    found = names(page)
    assert page.metadata.remaining_item_count == len(whole) - 20
    cluster.store.delete("pods", "matrix", next(name for name in whole if name.startswith("sol-")))
    while page.metadata._continue:
        page = await core.list_pod_for_all_namespaces(limit=20, _continue=page.metadata._continue)
        found += names(page)

    assert found == whole


async def test_a_continue_token_that_is_too_old_is_gone(cluster: SimulatedCluster, core: Any) -> None:
    page = await core.list_pod_for_all_namespaces(limit=5)
    cluster.compact()

    with pytest.raises(ApiException) as error:
        await core.list_pod_for_all_namespaces(limit=5, _continue=page.metadata._continue)

    assert refusal(error) == (410, "Expired")


async def test_custom_kinds_are_served_as_dictionaries(custom: Any) -> None:
    found = await custom.get_namespaced_custom_object("postgresql.cnpg.io", "v1", "data", "clusters", "postgres")
    everywhere = await custom.list_cluster_custom_object("cert-manager.io", "v1", "certificates")

    assert found["status"]["phase"] == "Cluster in healthy state"
    assert {"pingora-tls", "headscale-tls"} <= {item["metadata"]["name"] for item in everywhere["items"]}
    assert everywhere["items"][0]["kind"] == "Certificate"


async def test_a_listed_pod_names_no_kind_as_on_the_real_server(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/namespaces/data/pods", params={"limit": 1}) as answer:
        found = await answer.json()

    assert (found["kind"], "kind" in found["items"][0]) == ("PodList", False)


@pytest.mark.parametrize("path", ["/apis/nobody.example/v1/things", "/api/v1/namespaces/data/things", "/nowhere"])
async def test_what_no_kind_lives_at_is_not_found(http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(path) as answer:
        found = await answer.json()

    assert (answer.status, found["kind"], found["reason"]) == (404, "Status", "NotFound")


async def test_the_server_tells_its_version_and_its_kinds(api: Any) -> None:
    version = await client.VersionApi(api).get_code()
    resources = await client.AppsV1Api(api).get_api_resources()

    assert version.git_version.startswith("v1.36")
    assert {"deployments", "deployments/scale"} <= {row.name for row in resources.resources}


async def test_a_strategic_patch_keeps_the_other_containers_and_variables(cluster: SimulatedCluster, apps: Any) -> None:
    def two_containers(draft: Any) -> None:
        main = draft["spec"]["template"]["spec"]["containers"][0]
        main["env"] = [{"name": "KEPT", "value": "1"}, {"name": "CHANGED", "value": "1"}]
        draft["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "sidecar:1"})

    cluster.store.change("deployments", "vpn", "headscale", two_containers)
    env = [{"name": "CHANGED", "value": "2"}, {"name": "NEW", "value": "3"}]
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "headscale", "env": env}]}}}}

    found = await apps.patch_namespaced_deployment("headscale", "vpn", patch)

    main, sidecar = found.spec.template.spec.containers
    assert [(each.name, each.value) for each in main.env] == [("KEPT", "1"), ("CHANGED", "2"), ("NEW", "3")]
    assert (main.image, sidecar.name) == ("docker.io/headscale/headscale:0.26.1", "sidecar")


async def test_a_merge_patch_replaces_lists_and_removes_nulls(custom: Any) -> None:
    place = ("cert-manager.io", "v1", "ingress", "certificates", "pingora-tls")
    patch = {"metadata": {"annotations": {"a": "1"}}, "spec": {"dnsNames": ["one.demo.test"], "secretName": "new"}}

    await custom.patch_namespaced_custom_object(*place, patch, _content_type=MERGE)
    cleared = {"metadata": {"annotations": None}}
    found = await custom.patch_namespaced_custom_object(*place, cleared, _content_type=MERGE)

    assert found["spec"]["dnsNames"] == ["one.demo.test"]
    assert "annotations" not in found["metadata"]
    assert found["metadata"]["generation"] == 2


async def test_a_json_patch_with_a_test_that_fails_changes_nothing(cluster: SimulatedCluster, apps: Any) -> None:
    before = cluster.store.get("deployments", "vpn", "headscale")
    patch = [
        {"op": "replace", "path": "/spec/replicas", "value": 3},
        {"op": "test", "path": "/metadata/uid", "value": "somebody-else"},
    ]

    with pytest.raises(ApiException) as error:
        await apps.patch_namespaced_deployment("headscale", "vpn", patch)

    assert refusal(error) == (422, "Invalid")
    assert cluster.store.get("deployments", "vpn", "headscale") == before


async def test_a_custom_kind_takes_no_strategic_patch_and_no_dictionary_as_json_patch(custom: Any) -> None:
    place = ("postgresql.cnpg.io", "v1", "data", "clusters", "postgres")

    with pytest.raises(ApiException) as strategic:
        await custom.patch_namespaced_custom_object(*place, {}, _content_type="application/strategic-merge-patch+json")
    with pytest.raises(ApiException) as json_patch:
        await custom.patch_namespaced_custom_object(*place, {}, _content_type="application/json-patch+json")

    assert refusal(strategic) == (415, "UnsupportedMediaType")
    assert refusal(json_patch) == (400, "BadRequest")


async def test_a_replace_based_on_an_old_version_is_a_conflict(custom: Any) -> None:
    place = ("cert-manager.io", "v1", "ingress", "certificates", "pingora-tls")
    mine = await custom.get_namespaced_custom_object(*place)
    await custom.patch_namespaced_custom_object(*place, {"spec": {"commonName": "theirs"}}, _content_type=MERGE)

    with pytest.raises(ApiException) as error:
        await custom.replace_namespaced_custom_object(*place, mine)

    assert refusal(error) == (409, "Conflict")


async def test_the_status_is_written_through_its_own_door_only(custom: Any) -> None:
    place = ("cert-manager.io", "v1", "ingress", "certificates", "pingora-tls")
    mine = await custom.get_namespaced_custom_object(*place)
    failed = {"type": "Issuing", "status": "False", "reason": "Failed"}
    mine["status"]["conditions"].append(failed)
    mine["spec"]["secretName"] = "ignored"

    await custom.replace_namespaced_custom_object_status(*place, mine)
    found = await custom.get_namespaced_custom_object(*place)
    found["status"] = {}
    after = await custom.replace_namespaced_custom_object(*place, found)

    assert after["status"]["conditions"][-1] == failed
    assert after["spec"]["secretName"] == "pingora-tls"


async def test_create_checks_the_namespace_the_name_and_what_is_there(custom: Any) -> None:
    place = ("postgresql.cnpg.io", "v1", "data", "backups")
    backup = {"metadata": {"name": "chatops-1"}, "spec": {"cluster": {"name": "postgres"}}}

    made = await custom.create_namespaced_custom_object(*place, backup)
    with pytest.raises(ApiException) as twice:
        await custom.create_namespaced_custom_object(*place, backup)
    with pytest.raises(ApiException) as nowhere:
        await custom.create_namespaced_custom_object("postgresql.cnpg.io", "v1", "nowhere", "backups", backup)
    with pytest.raises(ApiException) as misnamed:
        await custom.create_namespaced_custom_object(*place, {"metadata": {"name": "Not_A_Name"}, "spec": {}})

    assert (made["metadata"]["generation"], made["kind"], bool(made["metadata"]["uid"])) == (1, "Backup", True)
    assert refusal(twice) == (409, "AlreadyExists")
    assert refusal(nowhere) == (404, "NotFound")
    assert refusal(misnamed) == (422, "Invalid")


async def test_a_dry_run_says_what_would_be_and_keeps_nothing(cluster: SimulatedCluster, apps: Any) -> None:
    before = cluster.store.version
    patch = {"spec": {"replicas": 5}}

    found = await apps.patch_namespaced_deployment("headscale", "vpn", patch, dry_run="All")
    await apps.delete_namespaced_deployment("headscale", "vpn", dry_run="All")

    assert (found.spec.replicas, found.metadata.generation) == (5, 2)
    assert cluster.store.version == before


async def test_a_delete_bound_to_another_uid_is_a_conflict(cluster: SimulatedCluster, core: Any) -> None:
    options = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="somebody-else"))

    with pytest.raises(ApiException) as error:
        await core.delete_namespaced_pod("openbao-0", "data", body=options)

    assert refusal(error) == (409, "Conflict")
    assert cluster.store.find("pods", "data", "openbao-0")


async def test_a_world_at_rest_stays_at_rest(cluster: SimulatedCluster) -> None:
    seeded = len(world.sbbb(datetime.now(UTC)))

    await cluster.controllers.settled()

    # 1000 is the version of the empty store.
    assert cluster.store.version == 1000 + seeded


async def test_a_restart_replaces_the_pods_one_by_one_and_never_serves_with_fewer(
    cluster: SimulatedCluster, apps: Any
) -> None:
    old = {pod["metadata"]["name"] for pod in cluster.store.list("pods", "ory", "app.kubernetes.io/name=hydra")}
    ready = []
    cluster.store.listen(
        lambda change: (
            ready.append(change.now["status"]["readyReplicas"])
            if change.kind.kind == "Deployment" and "status" in change.now
            else None
        )
    )
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: "2026-04-01T14:00:00Z"}}}}}

    asked = await apps.patch_namespaced_deployment("hydra", "ory", patch)
    await cluster.controllers.settled()
    done = await apps.read_namespaced_deployment("hydra", "ory")

    assert asked.metadata.generation > asked.status.observed_generation
    assert done.status.observed_generation == done.metadata.generation == 2
    assert (done.status.updated_replicas, done.status.ready_replicas, done.status.replicas) == (2, 2, 2)
    assert {row.type: row.reason for row in done.status.conditions}["Progressing"] == "NewReplicaSetAvailable"
    new = {pod["metadata"]["name"] for pod in cluster.store.list("pods", "ory", "app.kubernetes.io/name=hydra")}
    assert len(new) == 2
    assert not new & old
    assert min(ready) == 2


async def test_the_same_restart_twice_does_nothing_the_second_time(cluster: SimulatedCluster, apps: Any) -> None:
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: "2026-04-01T14:00:00Z"}}}}}
    await apps.patch_namespaced_deployment("hydra", "ory", patch)
    await cluster.controllers.settled()
    before = cluster.store.version

    await apps.patch_namespaced_deployment("hydra", "ory", patch)
    await cluster.controllers.settled()

    assert cluster.store.version == before


async def test_a_single_instance_with_recreate_is_away_for_a_moment(cluster: SimulatedCluster, apps: Any) -> None:
    counts = []
    cluster.store.listen(lambda _: counts.append(len(cluster.store.list("pods", "matrix", "app=sol"))))
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: "2026-04-01T14:00:00Z"}}}}}

    await apps.patch_namespaced_deployment("sol", "matrix", patch)
    await cluster.controllers.settled()

    assert (min(counts), max(counts), counts[-1]) == (0, 1, 1)


async def test_a_stateful_set_keeps_its_names_and_reports_its_revisions(cluster: SimulatedCluster, apps: Any) -> None:
    before = cluster.store.get("pods", "storage", "seaweedfs-volume-0")["metadata"]["uid"]
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: "2026-04-01T14:00:00Z"}}}}}

    await apps.patch_namespaced_stateful_set("seaweedfs-volume", "storage", patch)
    await cluster.controllers.settled()
    done = await apps.read_namespaced_stateful_set("seaweedfs-volume", "storage")

    assert done.status.current_revision == done.status.update_revision
    assert done.status.ready_replicas == done.status.updated_replicas == 1
    assert cluster.store.get("pods", "storage", "seaweedfs-volume-0")["metadata"]["uid"] != before


async def test_a_daemon_set_rolls_too(cluster: SimulatedCluster, apps: Any) -> None:
    before = cluster.store.list("pods", "monitoring", "app.kubernetes.io/name=alloy")[0]["metadata"]["name"]
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: "2026-04-01T14:00:00Z"}}}}}

    await apps.patch_namespaced_daemon_set("alloy", "monitoring", patch)
    await cluster.controllers.settled()
    done = await apps.read_namespaced_daemon_set("alloy", "monitoring")

    assert done.status.updated_number_scheduled == done.status.number_available == 1
    assert cluster.store.find("pods", "monitoring", before) is None


async def test_a_rollout_that_cannot_pull_its_image_is_stuck_with_the_old_pods_serving(
    cluster: SimulatedCluster, clock: Clock, apps: Any, core: Any
) -> None:
    objects = world.objects_of(cluster.store, "ory")
    world.image_pull_error(objects, "ory", "hydra", datetime.now(UTC), only_new=True)
    cluster.store.put_all(objects)
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: "2026-04-01T14:00:00Z"}}}}}

    await apps.patch_namespaced_deployment("hydra", "ory", patch)
    with pytest.raises(TimeoutError):
        await cluster.controllers.settled(within=0.2)
    clock.ahead = timedelta(minutes=11)
    await cluster.controllers.settled()
    done = await apps.read_namespaced_deployment("hydra", "ory")
    pods = await core.list_namespaced_pod("ory", label_selector="app.kubernetes.io/name=hydra")

    assert {row.type: row.reason for row in done.status.conditions}["Progressing"] == "ProgressDeadlineExceeded"
    assert (done.status.ready_replicas, done.status.updated_replicas, done.status.replicas) == (2, 1, 3)
    reasons = [
        status.state.waiting.reason
        for pod in pods.items
        for status in pod.status.container_statuses
        if status.state.waiting
    ]
    assert reasons == ["ImagePullBackOff"]


async def test_scaling_and_deleting_pods_ends_at_the_wished_number(
    cluster: SimulatedCluster, apps: Any, core: Any
) -> None:
    await apps.patch_namespaced_deployment_scale("login-ui", "ory", {"spec": {"replicas": 3}})
    await cluster.controllers.settled()
    pods = await core.list_namespaced_pod("ory", label_selector="app=login-ui")
    await core.delete_namespaced_pod(pods.items[0].metadata.name, "ory")
    await cluster.controllers.settled()

    after = await core.list_namespaced_pod("ory", label_selector="app=login-ui")
    scale = await apps.read_namespaced_deployment_scale("login-ui", "ory")
    assert len(pods.items) == len(after.items) == scale.spec.replicas == scale.status.replicas == 3
    assert names(pods) != names(after)


async def test_what_a_deleted_deployment_owned_goes_with_it(cluster: SimulatedCluster, apps: Any) -> None:
    await apps.delete_namespaced_deployment("login-ui", "ory")
    await cluster.controllers.settled()

    assert cluster.store.list("pods", "ory", "app=login-ui") == []
    assert cluster.store.list("replicasets", "ory", "app=login-ui") == []


async def test_a_workload_deleted_in_the_middle_of_its_rollout_leaves_nothing_behind(
    cluster: SimulatedCluster, apps: Any
) -> None:
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: "2026-04-01T14:00:00Z"}}}}}
    await apps.patch_namespaced_deployment("hydra", "ory", patch)

    await apps.delete_namespaced_deployment("hydra", "ory")
    await cluster.controllers.settled()

    assert cluster.store.list("pods", "ory", "app.kubernetes.io/name=hydra") == []
    assert cluster.store.list("replicasets", "ory", "app.kubernetes.io/name=hydra") == []


async def test_logs_come_by_container_and_tail(cluster: SimulatedCluster, core: Any) -> None:
    pod = cluster.store.list("pods", "data", "app=valkey")[0]["metadata"]["name"]

    with pytest.raises(ApiException) as unnamed:
        await core.read_namespaced_pod_log(pod, "data")
    whole = await core.read_namespaced_pod_log(pod, "data", container="valkey")
    tail = await core.read_namespaced_pod_log(pod, "data", container="valkey", tail_lines=3)
    recent = await core.read_namespaced_pod_log(pod, "data", container="valkey", since_seconds=120)
    capped = await core.read_namespaced_pod_log(pod, "data", container="valkey", limit_bytes=100)

    assert refusal(unnamed) == (400, "BadRequest")
    assert "choose one of: [linkerd-proxy valkey]" in told(unnamed)["message"]
    assert tail.splitlines() == whole.splitlines()[-3:]
    assert 0 < len(recent.splitlines()) < 5
    assert capped == whole[:100]


async def test_the_last_words_of_a_crashed_container_are_kept(cluster: SimulatedCluster, core: Any) -> None:
    objects = world.objects_of(cluster.store, "lasuite")
    world.crash_looping(objects, "lasuite", "messages-mta-out", datetime.now(UTC))
    cluster.store.put_all(objects)
    pods = await core.list_namespaced_pod("lasuite", label_selector="app=messages-mta-out")

    words = await core.read_namespaced_pod_log(pods.items[0].metadata.name, "lasuite", previous=True, timestamps=True)
    with pytest.raises(ApiException) as healthy:
        await core.read_namespaced_pod_log("openbao-0", "data", previous=True)

    assert "Traceback (most recent call last):" in words
    assert words.startswith(str(datetime.now(UTC).year))
    assert refusal(healthy) == (400, "BadRequest")


async def test_a_followed_log_gives_new_lines_as_they_are_written(cluster: SimulatedCluster, core: Any) -> None:
    answer = await core.read_namespaced_pod_log("openbao-0", "data", follow=True, tail_lines=1, _preload_content=False)
    await answer.content.readline()

    await cluster.logs.add("data", "openbao-0", "openbao", "core: vault is sealed")
    line = await asyncio.wait_for(answer.content.readline(), 5)

    assert line == b"core: vault is sealed\n"
    answer.close()


async def frames(configuration: Any, pod: str, namespace: str, command: list[str], **options: Any) -> dict[int, bytes]:
    """Run a command without preloading, and return what came on each channel."""
    found: dict[int, bytes] = {}
    async with stream.WsApiClient(configuration) as api:
        connection = await client.CoreV1Api(api).connect_get_namespaced_pod_exec(
            pod, namespace, command=command, stdout=True, stderr=True, _preload_content=False, **options
        )
        async with connection as socket:
            async for message in socket:
                found[message.data[0]] = found.get(message.data[0], b"") + message.data[1:]
    return found


async def test_a_command_answers_on_its_channels_and_says_how_it_ended(
    cluster: SimulatedCluster, configuration: Any
) -> None:
    pod = cluster.store.list("pods", "data", "app=valkey")[0]["metadata"]["name"]

    found = await frames(configuration, pod, "data", ["valkey-cli", "ping"], container="valkey")

    assert found[1] == b"PONG\n"
    assert json.loads(found[3])["status"] == "Success"


async def test_a_command_that_does_not_exist_exits_127(configuration: Any) -> None:
    found = await frames(configuration, "openbao-0", "data", ["no-such-thing"])

    ended = json.loads(found[3])
    assert found[2] == b"sh: no-such-thing: not found\n"
    assert (ended["reason"], ended["details"]["causes"]) == (
        "NonZeroExitCode",
        [{"reason": "ExitCode", "message": "127"}],
    )


async def test_output_may_split_a_character_and_end_without_a_word(
    cluster: SimulatedCluster, configuration: Any
) -> None:
    answer = ExecAnswer("grün ✅", frame_bytes=1, exit_code=None)
    cluster.execs.answer("data", "openbao-0", ["bao", "…"], answer)

    found = await frames(configuration, "openbao-0", "data", ["bao", "read", "anything"])

    assert found[1].decode() == "grün ✅"
    assert 3 not in found


async def test_the_vendors_own_reading_of_a_command_works_too(configuration: Any) -> None:
    async with stream.WsApiClient(configuration) as api:
        found = await client.CoreV1Api(api).connect_get_namespaced_pod_exec(
            "openbao-0", "data", command=["bao", "status", "-format=json"], stdout=True
        )

    # What it preloads it also reads as JSON, and hands back as Python would print it.
    assert "'sealed': False" in found


async def test_the_fifth_version_of_the_exec_protocol_is_spoken(http: aiohttp.ClientSession) -> None:
    path = "/api/v1/namespaces/data/pods/openbao-0/exec"
    query = [("command", "bao"), ("command", "status"), ("command", "-format=json"), ("stdout", "true")]

    async with http.ws_connect(path, params=query, protocols=("v5.channel.k8s.io",)) as socket:
        chosen = socket.protocol

    assert chosen == "v5.channel.k8s.io"


async def test_a_long_command_outlives_the_clients_heartbeat(
    cluster: SimulatedCluster, http: aiohttp.ClientSession
) -> None:
    cluster.execs.answer("data", "openbao-0", ["bao", "…"], ExecAnswer("done", seconds=0.2))
    query = [("command", "bao"), ("command", "read"), ("stdout", "true")]

    path = "/api/v1/namespaces/data/pods/openbao-0/exec"
    async with http.ws_connect(path, params=query, protocols=("v4.channel.k8s.io",), heartbeat=0.05) as socket:
        received = [message.data async for message in socket]

    assert b"\x01done" in received


async def test_a_command_without_a_stream_to_answer_on_is_refused(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/namespaces/data/pods/openbao-0/exec", params={"command": "bao"}) as answer:
        assert answer.status == 400


async def test_a_watch_tells_what_comes_changes_and_goes(cluster: SimulatedCluster, api: Any, core: Any) -> None:
    start = (await core.list_namespaced_config_map("matrix")).metadata.resource_version
    seen: list[tuple[str, str]] = []

    async def listen() -> None:
        async with watch.Watch() as watching:
            listing = watching.stream(
                core.list_namespaced_config_map, "matrix", resource_version=start, timeout_seconds=5
            )
            async for event in listing:
                seen.append((event["type"], event["object"].metadata.name))
                if len(seen) == 3:
                    return

    listener = asyncio.create_task(listen())
    await core.create_namespaced_config_map("matrix", {"metadata": {"name": "new"}, "data": {"a": "1"}})
    await core.create_namespaced_config_map("data", {"metadata": {"name": "elsewhere"}})
    await core.patch_namespaced_config_map("new", "matrix", {"data": {"a": "2"}})
    await core.delete_namespaced_config_map("new", "matrix")
    await asyncio.wait_for(listener, 5)

    assert seen == [("ADDED", "new"), ("MODIFIED", "new"), ("DELETED", "new")]


async def test_a_watch_from_nowhere_begins_with_what_is_there_and_ends_in_time(core: Any) -> None:
    async with watch.Watch() as watching:
        listing = watching.stream(core.list_namespaced_pod, "media", timeout_seconds=1, allow_watch_bookmarks=True)
        seen = [event["type"] async for event in listing]

    assert seen == ["ADDED", "BOOKMARK"]


async def test_leaving_the_selection_is_told_as_a_deletion(cluster: SimulatedCluster, core: Any) -> None:
    start = str(cluster.store.version)
    cluster.store.change(
        "configmaps", "matrix", "sol-config", lambda draft: draft["metadata"].update(labels={"on": "yes"})
    )
    cluster.store.change(
        "configmaps", "matrix", "sol-config", lambda draft: draft["metadata"].update(labels={"on": "no"})
    )

    seen = []
    async with watch.Watch() as watching:
        listing = watching.stream(
            core.list_namespaced_config_map, "matrix", label_selector="on=yes", resource_version=start
        )
        async for event in listing:
            seen.append(event["type"])
            if event["type"] == "DELETED":
                break

    assert seen == ["ADDED", "DELETED"]


async def test_a_watch_from_a_forgotten_version_is_gone(cluster: SimulatedCluster, core: Any) -> None:
    start = str(cluster.store.version)
    await core.create_namespaced_config_map("matrix", {"metadata": {"name": "new"}})
    cluster.compact()

    async with watch.Watch() as watching:
        listing = watching.stream(core.list_namespaced_config_map, "matrix", resource_version=start, timeout_seconds=1)
        with pytest.raises(ApiException) as error:
            await anext(listing)

    assert error.value.status == 410


async def test_without_the_token_nobody_is_answered(cluster: SimulatedCluster) -> None:
    async with aiohttp.ClientSession(cluster.url) as session, session.get("/api/v1/pods") as answer:
        found = await answer.json()

    assert (answer.status, found["reason"]) == (401, "Unauthorized")


async def test_a_denied_wish_is_refused_and_said_beforehand_by_the_review(
    cluster: SimulatedCluster, api: Any, apps: Any
) -> None:
    cluster.access.deny("patch", "deployments", group="apps", namespace="ory")

    async def allowed(namespace: str) -> bool:
        wish = {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": namespace, "name": "hydra"}
        body = {"spec": {"resourceAttributes": wish}}
        review = await client.AuthorizationV1Api(api).create_self_subject_access_review(body)
        return bool(review.status.allowed)

    with pytest.raises(ApiException) as error:
        await apps.patch_namespaced_deployment("hydra", "ory", {})

    assert refusal(error) == (403, "Forbidden")
    assert told(error)["message"] == (
        'deployments.apps "hydra" is forbidden: User "system:serviceaccount:monitoring:opsbot" cannot patch resource '
        '"deployments" in API group "apps" in the namespace "ory"'
    )
    assert (await allowed("ory"), await allowed("data")) == (False, True)
    assert (await apps.read_namespaced_deployment("hydra", "ory")).metadata.name == "hydra"


async def test_a_token_review_knows_the_accounts(cluster: SimulatedCluster, api: Any) -> None:
    cluster.access.accounts["vso-token"] = "system:serviceaccount:data:default"
    reviews = client.AuthenticationV1Api(api)

    known = await reviews.create_token_review({"spec": {"token": "vso-token"}})
    unknown = await reviews.create_token_review({"spec": {"token": "nobody's"}})

    assert known.status.user.username == "system:serviceaccount:data:default"
    assert unknown.status.authenticated is False


async def test_a_fault_meets_so_many_requests_and_says_when_to_come_back(cluster: SimulatedCluster, core: Any) -> None:
    cluster.faults.add(r"/pods$", status=429, retry_after=3, times=1, methods=["GET"])

    with pytest.raises(ApiException) as error:
        await core.list_namespaced_pod("data")
    after = await core.list_namespaced_pod("data")

    assert refusal(error) == (429, "TooManyRequests")
    assert told(error)["details"] == {"retryAfterSeconds": 3}
    assert after.items


async def test_a_cut_connection_is_no_answer(cluster: SimulatedCluster, http: aiohttp.ClientSession) -> None:
    cluster.faults.add("/pods", cut=True)

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await http.get("/api/v1/namespaces/data/pods")


async def test_a_cut_after_commit_leaves_the_work_done(cluster: SimulatedCluster, http: aiohttp.ClientSession) -> None:
    cluster.faults.add("/configmaps", cut=True, after_commit=True, times=1)

    with pytest.raises(aiohttp.ClientError):
        await http.post("/api/v1/namespaces/matrix/configmaps", json={"metadata": {"name": "new"}})

    assert cluster.store.find("configmaps", "matrix", "new")


async def test_another_process_can_set_faults_and_heal_them(
    cluster: SimulatedCluster, http: aiohttp.ClientSession
) -> None:
    await http.post("/_faults", json={"path": "/pods", "status": 503, "text": "<html>no</html>"})
    async with http.get("/api/v1/pods") as faulty:
        told = await faulty.text()
    await http.delete("/_faults")
    async with http.get("/api/v1/pods") as healed:
        pass

    assert (faulty.status, told, healed.status) == (503, "<html>no</html>", 200)


async def test_the_log_of_requests_says_method_and_path(cluster: SimulatedCluster, apps: Any) -> None:
    await apps.read_namespaced_deployment("hydra", "ory")

    assert cluster.request_log == [("GET", "/apis/apps/v1/namespaces/ory/deployments/hydra")]


async def test_it_stops_at_once_with_a_watch_open(cluster: SimulatedCluster, http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/pods", params={"watch": "1"}) as watching:
        await watching.content.readline()

        await asyncio.wait_for(cluster.stop(), 2)
