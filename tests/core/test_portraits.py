"""What is told of one object, and what is never told."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.kinds import Kind
from bot.core.portraits import read_portrait
from bot.core.rows import When
from bot.demo import world
from commands.kinds import SHOWN

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
CANARY = "canary-73ab"
Object = dict[str, Any]


def test_facts_stand_where_the_table_says() -> None:
    spec = {"dnsNames": ["a.test", "b.test"], "secretName": "tls"}
    it = {"metadata": {"name": "it"}, "spec": spec, "status": {"lastFailureTime": "2026-05-01T13:00:00Z"}}

    portrait = read_portrait(Kind.CERTIFICATES, it, NOW)

    failed = When("", datetime(2026, 5, 1, 13, tzinfo=UTC))
    assert portrait.facts == (("for", "a.test, b.test"), ("secret", "tls"), ("last failed", failed))


@pytest.mark.parametrize(
    ("type_", "holds", "well"),
    [
        ("Ready", "True", True),
        ("Ready", "False", False),
        ("Ready", "Unknown", False),
        ("DiskPressure", "False", True),
        ("DiskPressure", "True", False),
        ("DiskPressure", "Unknown", False),
        ("Issuing", "True", True),
    ],
)
def test_a_condition_is_well_when_it_says_what_one_wants_to_hear(type_: str, holds: str, well: bool) -> None:
    it = {"metadata": {"name": "it"}, "status": {"conditions": [{"type": type_, "status": holds}]}}

    (condition,) = read_portrait(Kind.NODES, it, NOW).conditions

    assert condition.well is well


def test_neither_environment_nor_annotations_nor_a_secret_in_a_message_are_told() -> None:
    pod = next(obj for obj in world.sbbb(NOW) if obj["kind"] == "Pod")
    pod["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": CANARY}
    pod["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": CANARY}]
    pod["spec"]["containers"][0]["args"] = [CANARY]
    state = {"waiting": {"reason": "CreateContainerConfigError", "message": f"password={CANARY}"}}
    pod["status"]["containerStatuses"][0] |= {"state": state}
    pod["status"]["conditions"][0]["message"] = f"token={CANARY}"

    told = repr(read_portrait(Kind.PODS, pod, NOW))

    assert CANARY not in told
    assert "password=[secret]" in told


def test_every_kind_of_the_world_has_facts_to_tell() -> None:
    kinds = {obj["kind"].lower(): obj for obj in world.sbbb(NOW)}

    told = {
        kind.plural: read_portrait(kind, kinds[kind.singular], NOW).facts for kind in SHOWN if kind.singular in kinds
    }

    silent = [plural for plural, facts in told.items() if not facts]
    assert silent == ["namespaces", "issuers"]
