"""What the API server lets the bot's account write, whatever the bot or its thief asks for."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.core.barman import QUESTIONS
from bot.core.catalogue import ExecProbe
from bot.core.sbbb import BARMAN, EXECS, SBBB
from bot.demo import world
from tests.tools.admission import Request, refusals
from tests.tools.kustomize import Json, build

OBJECTS = build(Path(__file__).parents[2] / "deploy")
WORLD = world.sbbb(datetime(2026, 4, 1, 14, 0, tzinfo=UTC))
RESTARTED, ACTION = "kubectl.kubernetes.io/restartedAt", "ops.sunbeam.pt/action"
WORKLOADS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
SECRETS = "secrets.hashicorp.com"

Edit = Callable[[Json], object]


def there(kind: str, name: str) -> Json:
    return next(obj for obj in WORLD if (obj["kind"], obj["metadata"]["name"]) == (kind, name))


def edited(old: Json, edit: Edit) -> Json:
    new = copy.deepcopy(old)
    edit(new)
    # As the server has it by the time it asks its policies.
    new["metadata"] |= {"generation": 9, "resourceVersion": "900", "managedFields": [{"manager": "opsbot"}]}
    return new


def update(group: str, resource: str, old: Json, edit: Edit, **more: Any) -> Request:
    return Request("UPDATE", group, resource, edited(old, edit), old, **more)


def template(obj: Json) -> Json:
    found: Json = obj["spec"]["template"]
    return found


def note(name: str, value: str = "2026-04-01T14:00:00Z") -> Edit:
    return lambda obj: template(obj)["metadata"].setdefault("annotations", {}).update({name: value})


def mark(name: str, value: str = "2026-04-01T14:00:00Z") -> Edit:
    return lambda obj: obj["metadata"].setdefault("annotations", {}).update({name: value})


@pytest.mark.parametrize(
    ("kind", "name"), [("Deployment", "hydra"), ("StatefulSet", "openbao"), ("DaemonSet", "alloy")]
)
def test_a_workload_may_be_restarted_and_the_restart_undone(kind: str, name: str) -> None:
    old = there(kind, name)
    restarted = edited(old, note(RESTARTED))

    def undo(obj: Json) -> None:
        obj["spec"] = old["spec"]
        mark(ACTION)(obj)

    done = refusals(OBJECTS, update("apps", WORKLOADS[kind], old, note(RESTARTED)))
    undone = refusals(OBJECTS, update("apps", WORKLOADS[kind], restarted, undo))

    assert (done, undone) == ([], [])


@pytest.mark.parametrize(
    "edit",
    [
        lambda obj: template(obj)["spec"]["containers"][0].update(image="evil:1"),
        lambda obj: template(obj)["spec"]["containers"][0].update(command=["sh"]),
        lambda obj: template(obj)["spec"].update(serviceAccountName="admin"),
        lambda obj: template(obj)["spec"].pop("containers"),
        lambda obj: template(obj)["spec"].update(hostNetwork=True),
        lambda obj: template(obj)["metadata"]["labels"].update(more="1"),
        lambda obj: template(obj)["metadata"].update(finalizers=["x/y"]),
        lambda obj: obj["spec"].update(replicas=0),
        lambda obj: obj["spec"].update(paused=True),
        lambda obj: obj["spec"].pop("selector"),
        lambda obj: obj["metadata"]["labels"].update(more="1"),
        lambda obj: obj["metadata"].update(ownerReferences=[]),
        lambda obj: obj["metadata"].update(finalizers=["x/y"]),
        lambda obj: obj["status"].update(replicas=7),
        lambda obj: obj.pop("status"),
        note("linkerd.io/inject", "disabled"),
        note("vault.hashicorp.com/agent-inject", "true"),
        mark(RESTARTED),
    ],
)  # fmt: skip
def test_nothing_else_of_a_workload_may_change_not_even_together_with_a_restart(edit: Edit) -> None:
    old = there("Deployment", "hydra")

    alone = refusals(OBJECTS, update("apps", "deployments", old, edit))
    hidden = refusals(OBJECTS, update("apps", "deployments", old, lambda obj: (note(RESTARTED)(obj), edit(obj))))

    assert alone
    assert hidden


def test_an_annotation_of_the_pod_template_may_not_be_taken_away() -> None:
    old = edited(there("Deployment", "hydra"), note("config/checksum", "abc"))

    taken = refusals(
        OBJECTS, update("apps", "deployments", old, lambda obj: template(obj)["metadata"].pop("annotations"))
    )

    assert len(taken) == 1
    assert "restartedAt" in taken[0]


def test_everybody_else_writes_as_before() -> None:
    old = there("Deployment", "hydra")

    def swap(obj: Json) -> None:
        template(obj)["spec"]["containers"][0]["image"] = "next:2"

    assert refusals(OBJECTS, update("apps", "deployments", old, swap, user="system:serviceaccount:flux:flux")) == []


@pytest.mark.parametrize(
    ("group", "resource", "kind", "name", "annotation"),
    [
        ("postgresql.cnpg.io", "clusters", "Cluster", "postgres", RESTARTED),
        (SECRETS, "vaultstaticsecrets", "VaultStaticSecret", "sol-secrets", "ops.sunbeam.pt/resync"),
        (SECRETS, "vaultdynamicsecrets", "VaultDynamicSecret", "hydra-db-credentials", "ops.sunbeam.pt/resync"),
    ],
)
def test_of_a_database_or_a_secret_only_the_annotation_that_stirs_its_operator_may_change(
    group: str, resource: str, kind: str, name: str, annotation: str
) -> None:
    old = there(kind, name)

    def asked(edit: Edit) -> list[str]:
        return refusals(OBJECTS, update(group, resource, old, edit))

    assert asked(mark(annotation)) == []
    assert asked(mark("cnpg.io/hibernation", "on"))
    assert asked(lambda obj: obj["spec"].update(more=1))
    assert asked(lambda obj: obj["spec"].pop(next(iter(obj["spec"]))))
    assert asked(lambda obj: obj["status"].update(more=1))
    assert asked(lambda obj: (mark(annotation)(obj), obj["metadata"].update(labels={"more": "1"})))


def issuing(obj: Json) -> object:
    return obj["status"]["conditions"].append({"type": "Issuing", "status": "True", "reason": "ManuallyTriggered"})


@pytest.mark.parametrize(
    ("edit", "allowed"),
    [
        (issuing, True),
        (lambda obj: obj["status"].update(notAfter="2036-01-01T00:00:00Z"), False),
        (lambda obj: obj["status"].pop("notAfter"), False),
        (lambda obj: obj["status"]["conditions"][0].update(status="False"), False),
        (lambda obj: obj["status"].update(conditions=[]), False),
        (lambda obj: (issuing(obj), obj["status"].update(revision=7)), False),
    ],
)
def test_of_a_certificates_status_only_the_wish_to_renew_may_change(edit: Edit, allowed: bool) -> None:
    asked = update("cert-manager.io", "certificates/status", there("Certificate", "pingora-tls"), edit)

    assert (refusals(OBJECTS, asked) == []) is allowed


@pytest.mark.parametrize(
    ("edit", "allowed"),
    [
        (lambda obj: obj, True),
        (lambda obj: obj["metadata"].update(name="other-tls"), False),
        (lambda obj: obj["metadata"].update(namespace="data"), False),
        (lambda obj: obj["spec"].update(secretName="openbao-keys"), False),
    ],
)
def test_only_the_certificates_that_it_may_delete_may_be_put_back(edit: Edit, allowed: bool) -> None:
    new = edited(there("Certificate", "pingora-tls"), edit)

    refused = refusals(OBJECTS, Request("CREATE", "cert-manager.io", "certificates", new))

    assert (refused == []) is allowed


@pytest.mark.parametrize(("dry", "allowed"), [(True, True), (False, False)])
def test_a_database_may_be_tried_and_none_may_be_made(dry: bool, allowed: bool) -> None:
    refused = refusals(
        OBJECTS, Request("CREATE", "postgresql.cnpg.io", "clusters", there("Cluster", "postgres"), dry=dry)
    )

    assert (refused == []) is allowed


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({"command": ["valkey-cli", "ping"], "container": "valkey", "stdout": True, "stderr": True}, True),
        ({"command": ["valkey-cli", "ping", "x"], "stdout": True}, False),
        ({"command": ["valkey-cli"], "stdout": True}, False),
        ({"command": ["barman", "backup", "postgres"], "stdout": True, "stderr": True}, True),
        ({"command": ["barman", "delete", "postgres"], "stdout": True}, False),
        ({"command": ["barman", "-f", "json", "delete", "postgres"], "stdout": True}, False),
        ({"command": ["sh", "-c", "valkey-cli ping"], "stdout": True}, False),
        ({"command": ["cat", "/openbao/data/vault.db"], "stdout": True}, False),
        ({"command": ["valkey-cli", "ping"], "stdin": True}, False),
        ({"command": ["valkey-cli", "ping"], "tty": True}, False),
        ({"stdout": True}, False),
    ],
)
def test_only_the_configured_words_run_in_a_container(options: Json, allowed: bool) -> None:
    refused = refusals(OBJECTS, Request("CONNECT", "", "pods/exec", {"kind": "PodExecOptions", **options}))

    assert (refused == []) is allowed


def test_what_the_default_catalogue_runs_is_admitted() -> None:
    for probe in (probe for probes in SBBB.values() for probe in probes.values() if isinstance(probe, ExecProbe)):
        assert refusals(OBJECTS, Request("CONNECT", "", "pods/exec", {"command": list(probe.exec)})) == []


def test_what_the_default_list_runs_is_admitted() -> None:
    for template in EXECS:
        assert refusals(OBJECTS, Request("CONNECT", "", "pods/exec", {"command": list(template.argv)})) == []


def test_what_barman_is_asked_is_admitted() -> None:
    for argv in (each.argv(question) for each in BARMAN for question in QUESTIONS):
        assert refusals(OBJECTS, Request("CONNECT", "", "pods/exec", {"command": list(argv)})) == []


def test_every_policy_denies_and_fails_shut() -> None:
    policies = [obj for obj in OBJECTS if obj["kind"] == "ValidatingAdmissionPolicy"]
    bindings = {obj["spec"]["policyName"]: obj["spec"] for obj in OBJECTS if obj["kind"].endswith("PolicyBinding")}

    assert {each["metadata"]["name"] for each in policies} == bindings.keys()
    assert all(each["spec"]["failurePolicy"] == "Fail" for each in policies)
    assert all(each["validationActions"] == ["Deny"] for each in bindings.values())
