"""The kustomize base: what a real API server would take, and what it grants."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from bot.config import load
from bot.config.settings import Settings
from bot.core.catalogue import HttpProbe
from bot.core.kinds import Kind
from bot.core.permissions import Place, questions, refused
from bot.demo.cluster.kinds import KINDS
from bot.demo.world import sbbb
from bot.demo.world.workloads import ROWS
from commands import COMMANDS
from tests.tools.kustomize import Json, build
from tests.tools.rbac import Grants
from tests.tools.schema import problems, with_reference

DEPLOY = Path(__file__).parents[2] / "deploy"
OBJECTS = build(DEPLOY)
GRANTS = Grants(OBJECTS, ("monitoring", "opsbot"))
OPERATOR = "monitoring.coreos.com/v1"
NOW = datetime(2026, 4, 1, 14, 0, tzinfo=UTC)
LOOKS = {"get", "list", "watch"}
KEYS = ["openbao-keys-check"]


def one(kind: str, name: str = "opsbot") -> Json:
    (found,) = [obj for obj in OBJECTS if (obj["kind"], obj["metadata"]["name"]) == (kind, name)]
    return found


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(DEPLOY / "config.yaml", look_into_secrets=False)


@with_reference
def test_every_manifest_is_what_a_real_api_server_takes() -> None:
    # The schema of the Prometheus operator's kinds is not among those at hand.
    known = [obj for obj in OBJECTS if obj["apiVersion"] != OPERATOR]

    assert [problem for obj in known for problem in problems(obj)] == []
    assert len(OBJECTS) - len(known) == 2


def test_it_builds_as_kubectl_builds_it() -> None:
    if not (kubectl := shutil.which("kubectl")):
        pytest.skip("kubectl is not here")
    built = subprocess.run([kubectl, "kustomize", DEPLOY], capture_output=True, check=True, timeout=60).stdout

    theirs = list(yaml.safe_load_all(built))
    config_maps = [obj["metadata"]["name"] for obj in theirs if obj["kind"] == "ConfigMap"]
    hashed = next(name for name in config_maps if name.startswith("opsbot-config"))

    def place(obj: Json) -> tuple[str, str, str]:
        return obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]

    plain = yaml.safe_load_all(built.replace(hashed.encode(), b"opsbot-config"))
    assert sorted(plain, key=place) == sorted(OBJECTS, key=place)


def rules() -> Iterator[Json]:
    return (each.rule for each in GRANTS.rules)


def test_no_rule_has_a_wildcard_or_reads_what_is_secret() -> None:
    assert list(rules())
    for rule in rules():
        assert "*" not in str(rule)
        assert not {"secrets", "serviceaccounts/token", "pods/attach", "nodes/proxy"} & {*rule["resources"]}
        assert "configmaps" not in rule["resources"] or (rule["resourceNames"], rule["verbs"]) == (KEYS, ["get"])
        assert not {"impersonate", "escalate", "bind", "deletecollection"} & {*rule["verbs"]}


def test_every_change_is_granted_by_namespace_and_by_name() -> None:
    for each in GRANTS.rules:
        verbs, resources = {*each.rule["verbs"]} - LOOKS, each.rule["resources"]
        # RBAC knows no name of what is created: admission.yaml holds exec and certificates to theirs, and leaves one
        # annotation of a VaultStaticSecret.
        nameless = verbs == {"create"} or resources == ["vaultstaticsecrets", "vaultdynamicsecrets"]

        assert not verbs or nameless or each.rule.get("resourceNames")
        assert not verbs or each.namespace or resources == ["selfsubjectaccessreviews"]


def test_what_the_commands_need_is_granted(settings: Settings) -> None:
    needs = {command.verb: command.needs for command in COMMANDS if command.needs}
    plurals = {kind.kind: kind.plural for kind in KINDS}
    objects = {
        kind: tuple(
            (obj["metadata"]["namespace"], obj["metadata"]["name"])
            for obj in sbbb(NOW)
            if plurals[obj["kind"]] == kind.plural and obj["metadata"].get("namespace") in settings.namespaces
        )
        for kind in Kind
    }
    place = Place(settings.namespaces, ("data",), objects)
    asked = {question for wanted in needs.values() for need in wanted for question in questions(need, place)}
    answers = {each: GRANTS.allow(each.verb, each.group, each.resource, each.namespace, each.name) for each in asked}

    assert [each for each in refused(needs, place, answers) if not each.partly] == []


def test_logs_are_read_by_namespace_and_exec_is_for_one() -> None:
    assert all(each.namespace for each in GRANTS.rules if "pods/log" in each.rule["resources"])
    assert {each.namespace for each in GRANTS.rules if "pods/exec" in each.rule["resources"]} == {"data"}
    assert not GRANTS.allow("get", "", "pods/log", "kube-system")


def test_what_the_house_runs_may_be_restarted_and_what_keeps_it_up_may_not(settings: Settings) -> None:
    # What the catalogue names, by its labels; the old receiver is what the bot replaces.
    ours = [row for row in ROWS if row.namespace in settings.namespaces and row.category]
    ours = [row for row in ours if row.name != "matrix-alertmanager-receiver"]

    for row in ours:
        assert GRANTS.allow("patch", "apps", f"{row.kind.lower()}s", row.namespace, row.name), (
            f"{row.namespace}/{row.name}"
        )
    assert not GRANTS.allow("patch", "apps", "daemonsets", "kube-system", "cilium")
    assert not GRANTS.allow("patch", "apps", "deployments", "ory", "something-else")
    assert not GRANTS.allow("patch", "apps", "statefulsets/scale", "data", "openbao")


def test_the_pod_has_no_more_than_it_needs() -> None:
    pod = one("Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert one("Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "env" not in container
    assert one("ServiceAccount")["automountServiceAccountToken"] is False


def test_openbao_gets_a_token_that_the_api_server_does_not_take() -> None:
    volumes = {each["name"]: each for each in one("Deployment")["spec"]["template"]["spec"]["volumes"]}

    (source,) = volumes["openbao-token"]["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "openbao"
    assert source["serviceAccountToken"]["expirationSeconds"] <= 3600


def test_who_looks_at_the_keys_reads_one_secret_writes_one_config_map_and_does_nothing_else(settings: Settings) -> None:
    rules = Grants(OBJECTS, ("data", "openbao-keys-check")).rules
    job = one("CronJob", "openbao-keys-check")["spec"]["jobTemplate"]["spec"]["template"]
    (container,) = job["spec"]["containers"]

    assert [(each.namespace, each.rule["resources"], each.rule["verbs"]) for each in rules] == [
        ("data", ["secrets"], ["get"]),
        ("data", ["configmaps"], ["patch"]),
    ]
    assert all(each.rule["resourceNames"] for each in rules)
    assert job["spec"]["serviceAccountName"] == "openbao-keys-check"
    assert container["args"][:2] == ["keys-check", "--secret"]
    assert container["args"][-1] == settings.openbao.keys_report
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert job["spec"]["securityContext"]["runAsNonRoot"] is True
    assert one("NetworkPolicy", "openbao-keys-check")["spec"]["egress"] == [{"ports": [{"port": 6443}]}]


def test_the_bot_logs_in_to_openbao_with_the_token_made_for_it(settings: Settings) -> None:
    pod = one("Deployment")["spec"]["template"]["spec"]
    mounts = {each["name"]: each["mountPath"] for each in pod["containers"][0]["volumeMounts"]}

    assert str(settings.openbao.auth.jwt_file) == f"{mounts['openbao-token']}/token"


def test_the_files_of_the_configuration_are_mounted_from_secrets_that_openbao_fills(settings: Settings) -> None:
    pod = one("Deployment")["spec"]["template"]["spec"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    mounted = {each["mountPath"]: volumes[each["name"]] for each in pod["containers"][0]["volumeMounts"]}

    for file in (settings.matrix.access_token_file, settings.web.webhook_token_file):
        assert file
        secret = mounted[str(file.parent)]["secret"]["secretName"]
        destination = one("VaultStaticSecret", secret)["spec"]["destination"]
        matches = destination["transformation"].get("includes", [f"^{file.name}$"])
        assert destination["name"] == secret
        assert matches == [f"^{file.name}$"]
    assert (
        mounted[str(settings.state)]["persistentVolumeClaim"]["claimName"]
        == one("PersistentVolumeClaim", "opsbot-state")["metadata"]["name"]
    )
    assert not one("Deployment")["spec"]["template"]["spec"].get("imagePullSecrets")


def test_a_new_matrix_token_restarts_the_bot_and_alertmanagers_secret_holds_no_other() -> None:
    matrix, webhook = one("VaultStaticSecret")["spec"], one("VaultStaticSecret", "opsbot-webhook")["spec"]

    assert matrix["rolloutRestartTargets"] == [{"kind": "Deployment", "name": one("Deployment")["metadata"]["name"]}]
    assert matrix["destination"]["transformation"]["excludes"] == ["^webhook-token$"]
    assert webhook["destination"]["transformation"]["includes"] == ["^webhook-token$"]
    assert all(each["destination"]["transformation"]["excludeRaw"] for each in (matrix, webhook))


def test_service_monitor_probes_and_policy_mean_the_same_port() -> None:
    pod = one("Deployment")["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    (port,) = container["ports"]
    service = one("Service")

    assert (port["name"], port["containerPort"]) == ("http", 8080)
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert service["spec"]["ports"] == [{"name": "http", "port": 8080, "targetPort": "http"}]
    assert one("ServiceMonitor")["spec"]["endpoints"][0]["port"] == "http"
    assert one("ServiceMonitor")["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert {each["httpGet"]["path"] for each in (container["livenessProbe"], container["readinessProbe"])} == {"/livez"}
    assert one("NetworkPolicy")["spec"]["ingress"][0]["ports"] == [{"port": "http"}]
    assert one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


def test_the_network_policy_lets_the_bot_reach_whom_it_asks(settings: Settings) -> None:
    probes = (probe for row in settings.services.values() for probe in row.values())
    urls = [
        settings.matrix.homeserver,
        settings.alertmanager.url,
        settings.prometheus.url,
        settings.loki.url,
        settings.grafana.url,
        settings.ingress.url,
        *settings.openbao.pods,
        *(probe.http for probe in probes if isinstance(probe, HttpProbe)),
    ]
    # What lives outside is reached by port, not by namespace.
    hosts = [host for url in urls if (host := urlsplit(url).hostname or "").endswith(".svc")]
    asked = {host.split(".")[-2] for host in hosts}

    reached = {
        name
        for rule in one("NetworkPolicy")["spec"]["egress"]
        for peer in rule.get("to", ())
        for words in peer.get("namespaceSelector", {}).get("matchExpressions", ())
        for name in words["values"]
    }

    assert asked <= reached
    assert "kube-system" not in reached
