"""Which container of a pod is meant, and what pods are called side by side."""

from typing import Any

import pytest

from bot.core.containers import chosen, containers, short_names
from bot.core.errors import UsageError

Object = dict[str, Any]


def pod(*names: str, default: str = "", inits: tuple[str, ...] = ()) -> Object:
    notes = {"kubectl.kubernetes.io/default-container": default} if default else {}
    spec = {"containers": [{"name": name} for name in names], "initContainers": [{"name": name} for name in inits]}
    return {"metadata": {"name": "hydra-1", "annotations": notes}, "spec": spec}


@pytest.mark.parametrize(
    ("it", "asked", "meant"),
    [
        (pod("linkerd-proxy", "hydra"), "", "hydra"),
        (pod("a", "b"), "", "a"),
        (pod("a", "b", default="b"), "", "b"),
        (pod("linkerd-proxy", "hydra"), "linkerd-proxy", "linkerd-proxy"),
        (pod("hydra", inits=("migrate",)), "migrate", "migrate"),
    ],
)
def test_the_container_in_which_the_service_runs_is_meant(it: Object, asked: str, meant: str) -> None:
    assert chosen(it, asked) == meant


def test_an_unknown_container_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        chosen(pod("linkerd-proxy", "hydra", inits=("migrate",)), "kratos")

    assert caught.value.hint == "there are hydra, linkerd-proxy, migrate"


def test_sidecars_come_last() -> None:
    assert containers(pod("linkerd-proxy", "a", "b")) == ("a", "b", "linkerd-proxy")


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["sol-1-x"], [""]),
        (["hydra-1-aaa", "hydra-1-bbb"], ["aaa", "bbb"]),
        (["pg-0", "pg-1"], ["0", "1"]),
        (["a-0", "b-0"], ["a-0", "b-0"]),
    ],
)
def test_pods_are_told_apart_by_the_end_of_their_names(names: list[str], short: list[str]) -> None:
    assert list(short_names(names).values()) == short
