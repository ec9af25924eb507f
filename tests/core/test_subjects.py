"""From an alert's card, and from a pod's name, to what people mean."""

from datetime import UTC, datetime

import pytest

from bot.core.alerts import Card, Member
from bot.core.names import Key, RoomId
from bot.core.subjects import subject, without_ending
from bot.core.webhook import Status

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


def carded(*members: dict[str, str], over: frozenset[int] = frozenset()) -> Card:
    """Return a card about alerts of these labels, some of them over."""
    told = tuple(
        Member(f"f{n}", Status.RESOLVED if n in over else Status.FIRING, labels, {}, NOW, None, "", NOW)
        for n, labels in enumerate(members)
    )
    return Card(Key("alert:1"), RoomId("!abc:example.org"), "ops", "{}", 1, {}, told, "", 0, NOW, handle="k7")


@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        ([{"namespace": "data", "pod": "openbao-0", "service": "kube-state-metrics"}], "data/openbao-0"),
        ([{"namespace": "ory", "deployment": "hydra", "service": "kube-state-metrics"}], "ory/hydra"),
        ([{"namespace": "data"}, {"namespace": "data", "pod": "valkey-0"}], "data/valkey-0"),
        ([{"namespace": "data", "instance": "sunbeam-1:9100"}], "data"),
        ([{"pod": "openbao-0"}], ""),
        ([{"instance": "sunbeam-1:9100"}], ""),
    ],
)
def test_a_card_is_about_the_nearest_thing_that_runs(members: list[dict[str, str]], wanted: str) -> None:
    assert subject(carded(*members)) == wanted


def test_a_card_is_about_what_burns_before_what_is_over() -> None:
    one, two = {"namespace": "data", "pod": "a-0"}, {"namespace": "data", "pod": "b-0"}

    assert subject(carded(one, two, over=frozenset({0}))) == "data/b-0"
    assert subject(carded(one, two, over=frozenset({0, 1}))) == "data/a-0"


@pytest.mark.parametrize(
    ("pod", "workload"),
    [
        ("hydra-6c8d9f7b5-x2kqp", "hydra"),
        ("node-exporter-x2kqp", "node-exporter"),
        ("openbao-0", "openbao"),
        ("postgres", "postgres"),
    ],
)
def test_a_pods_name_leads_to_its_workload(pod: str, workload: str) -> None:
    assert without_ending(pod) == workload
