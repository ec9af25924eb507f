"""Amounts of CPU and memory, and how much of how much is used."""

from typing import Any

import pytest

from bot.core.facts import Verdict
from bot.core.usage import Usage, amount, read_nodes, read_pods

Object = dict[str, Any]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("250m", 0.25),
        ("12345678n", 0.012345678),
        ("2", 2.0),
        ("0.5", 0.5),
        ("1Ki", 1024.0),
        ("1.5Gi", 1.5 * 1024**3),
        ("1M", 1e6),
        ("1e3", 1000.0),
        ("", 0.0),
        ("lots", 0.0),
        ("1Qi", 0.0),
        ("9" * 400, 0.0),
        (None, 0.0),
    ],
)
def test_an_amount_is_read_as_kubernetes_writes_it(text: str | None, value: float) -> None:
    assert amount(text) == pytest.approx(value)


def measured(name: str, *usages: Object) -> Object:
    return {"metadata": {"name": name, "namespace": "data"}, "containers": [{"usage": usage} for usage in usages]}


def pod(name: str, *limits: Object) -> Object:
    containers = [{"resources": {"limits": limit}} for limit in limits]
    return {"metadata": {"name": name, "namespace": "data"}, "spec": {"containers": containers}}


def test_a_pod_uses_what_its_containers_use_of_what_they_may_use() -> None:
    uses = measured("a", {"cpu": "100m", "memory": "900Mi"}, {"cpu": "50m", "memory": "24Mi"})

    (found,) = read_pods([uses], [pod("a", {"cpu": "1", "memory": "960Mi"}, {"memory": "40Mi"})])

    # One container's CPU is not limited, so the pod's is not.
    assert found.cpu == pytest.approx(0.15)
    assert found.cpu_of is None
    assert (found.memory, found.memory_of) == (924 * 1024**2, 1000 * 1024**2)
    assert found.verdict is Verdict.WARN


def test_a_pod_without_limits_cannot_be_full() -> None:
    (found,) = read_pods([measured("a", {"memory": "64Gi"})], [])

    assert (found.filled, found.verdict) == (None, Verdict.OK)


def test_a_node_uses_of_what_it_can_give() -> None:
    uses = {"metadata": {"name": "n"}, "usage": {"cpu": "2", "memory": "1Gi"}}
    node = {"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "4", "memory": "4Gi"}}}

    assert read_nodes([uses], [node]) == (Usage("", "n", 2.0, 1024**3, 4.0, 4 * 1024**3),)
