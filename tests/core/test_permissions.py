"""What is asked about each need, and what is made of the answers."""

import pytest

from bot.core.kinds import Kind
from bot.core.permissions import Need, Place, Question, Scope, looks, questions, refused

PLACE = Place(
    namespaces=("data", "ory"),
    probed=("data",),
    objects={
        Kind.DEPLOYMENTS: (("ory", "hydra"), ("ory", "kratos"), ("data", "valkey")),
        Kind.CLUSTERS: (("data", "pg"),),
    },
)
PATCH = Need("patch", Kind.DEPLOYMENTS, scope=Scope.EACH)
LOGS = Need("get", Kind.PODS, "log")


@pytest.mark.parametrize(
    ("need", "asked"),
    [
        (LOGS, [Question("get", "", "pods/log", "data"), Question("get", "", "pods/log", "ory")]),
        (Need("get", Kind.NAMESPACES, scope=Scope.CLUSTER), [Question("get", "", "namespaces")]),
        (Need("create", Kind.PODS, "exec", Scope.PROBED), [Question("create", "", "pods/exec", "data")]),
        (
            Need("create", Kind.BACKUPS, beside=Kind.CLUSTERS),
            [Question("create", "postgresql.cnpg.io", "backups", "data")],
        ),
        (
            PATCH,
            [
                Question("patch", "apps", "deployments", "ory", "hydra"),
                Question("patch", "apps", "deployments", "ory", "kratos"),
                Question("patch", "apps", "deployments", "data", "valkey"),
            ],
        ),
        (Need("patch", Kind.STATEFULSETS, scope=Scope.EACH), []),
    ],
)
def test_a_need_is_asked_about_where_it_holds(need: Need, asked: list[Question]) -> None:
    assert list(questions(need, PLACE)) == asked


def found(needs: dict[str, tuple[Need, ...]], *denied: Question) -> list[tuple[object, ...]]:
    asked = {
        question: question not in denied
        for wanted in needs.values()
        for need in wanted
        for question in questions(need, PLACE)
    }
    return [
        (each.commands, each.verb, each.resource, each.namespace, each.names, each.partly)
        for each in refused(needs, PLACE, asked)
    ]


def test_what_is_allowed_is_not_told() -> None:
    assert found({"logs": (LOGS,), "restart": (PATCH,)}) == []


def test_what_several_commands_need_is_told_once_with_all_of_them() -> None:
    denied = Question("get", "", "pods/log", "ory")

    assert found({"logs": (LOGS,), "why": (LOGS,)}, denied) == [(("logs", "why"), "get", "pods/log", "ory", (), False)]


def test_what_is_refused_in_every_namespace_is_told_of_all_of_them() -> None:
    denied = questions(LOGS, PLACE)

    assert found({"logs": (LOGS,)}, *denied) == [(("logs",), "get", "pods/log", "", (), False)]


def test_a_rule_that_names_some_objects_leaves_the_others_out() -> None:
    _, kratos, _ = questions(PATCH, PLACE)

    assert found({"restart": (PATCH,)}, kratos) == [(("restart",), "patch", "deployments", "ory", ("kratos",), True)]


def test_a_command_that_may_touch_one_kind_leaves_another_out() -> None:
    databases = Need("patch", Kind.CLUSTERS, scope=Scope.EACH)

    told = found({"restart": (PATCH, databases)}, *questions(databases, PLACE))

    assert told == [(("restart",), "patch", "clusters", "data", ("pg",), True)]


def test_a_rule_that_names_none_of_them_is_missing() -> None:
    assert found({"restart": (PATCH,)}, *questions(PATCH, PLACE)) == [
        (("restart",), "patch", "deployments", "ory", ("hydra", "kratos"), False),
        (("restart",), "patch", "deployments", "data", ("valkey",), False),
    ]


def test_looking_is_listing() -> None:
    assert looks(Kind.PODS) == (Need("list", Kind.PODS),)
