"""Whether a secret of the Vault Secrets Operator is in step."""

from typing import Any

import pytest

from bot.core.kinds import Kind
from bot.core.moments import moment
from bot.core.syncs import read_syncs

MADE = "2026-05-01T12:00:00Z"
LATER = "2026-05-01T13:00:00Z"
Object = dict[str, Any]


def failing(status: Object) -> Object:
    return status | {"conditions": [{"type": "SecretSynced", "status": "False", "lastTransitionTime": LATER}]}


@pytest.mark.parametrize(
    ("kind", "status", "synced"),
    [
        (Kind.VAULTSTATICSECRETS, {"secretMAC": "abc="}, True),
        (Kind.VAULTSTATICSECRETS, {"secretMAC": ""}, False),
        (Kind.VAULTSTATICSECRETS, {}, False),
        (Kind.VAULTSTATICSECRETS, failing({"secretMAC": "abc="}), False),
        (Kind.VAULTDYNAMICSECRETS, {"lastRenewalTime": 1_777_636_800}, True),
        (Kind.VAULTDYNAMICSECRETS, {"lastRenewalTime": "1777636800"}, True),
        (Kind.VAULTDYNAMICSECRETS, {"lastRenewalTime": 0}, False),
        (Kind.VAULTDYNAMICSECRETS, {"lastRenewalTime": "0"}, False),
        (Kind.VAULTDYNAMICSECRETS, {"lastRenewalTime": ""}, False),
        (Kind.VAULTDYNAMICSECRETS, {"secretMAC": "abc="}, False),
    ],
)
def test_a_secret_is_in_step_when_its_object_proves_it(kind: Kind, status: Object, synced: bool) -> None:
    obj = {"metadata": {"name": "docs", "namespace": "lasuite", "creationTimestamp": MADE}, "status": status}

    (found,) = read_syncs(kind, [obj])

    assert found.synced is synced


def test_a_secret_that_failed_is_behind_since_then() -> None:
    obj = {"metadata": {"name": "docs", "creationTimestamp": MADE}, "status": failing({})}

    (found,) = read_syncs(Kind.VAULTSTATICSECRETS, [obj])

    assert found.since == moment(LATER)
