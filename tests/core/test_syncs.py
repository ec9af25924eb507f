"""Whether a secret of the Vault Secrets Operator is in step."""

from typing import Any

import pytest

from bot.core.kinds import Kind
from bot.core.moments import epoch, moment
from bot.core.syncs import Outcome, Sync, outcome, read_sync, read_syncs, reason

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
        (Kind.VAULTSTATICSECRETS, {"conditions": [{"type": "SecretSynced", "status": "True"}]}, True),
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


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("Failed to sync the secret, horizon=5s, err=no such host", "no such host"),
        ("err=GET http://a\nCode: 403. Errors:\n\n* 1 error occurred:\n\t* permission denied\n", "permission denied"),
        ("Code: 503. Errors:\n\n* Vault is sealed", "Vault is sealed"),
        ("Vault is sealed", "Vault is sealed"),
        ("err=bad token hvs.CAESIJ1x2y3z4a5b6c7d8e9f0g1h2i3j4k5l6m7n8o9p", "bad token [secret]"),
        ("", ""),
    ],
)
def test_the_reason_is_what_a_person_can_use(message: str, why: str) -> None:
    assert reason(message) == why


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        ({"secretLease": {"duration": 3600}, "lastRenewalTime": 1_777_636_800}, 1_777_640_400),
        ({"staticCredsMetaData": {"lastVaultRotation": 1_777_636_800, "rotationPeriod": 60}}, 1_777_636_860),
        ({"secretLease": {"duration": 0}, "lastRenewalTime": 1_777_636_800}, None),
        ({"secretLease": {"duration": 60}, "lastRenewalTime": 0}, None),
        ({}, None),
    ],
)
def test_a_dynamic_secret_ends_with_its_lease_or_its_role_s_next_rotation(status: Object, ends: int | None) -> None:
    found = read_sync(Kind.VAULTDYNAMICSECRETS, {"metadata": {"name": "docs"}, "status": status})

    assert found.ends == epoch(ends)


def sync(*, synced: bool = True, value: str = "a", renewed: int = 0) -> Sync:
    return Sync("ory", "hydra", synced, None, renewed=epoch(renewed), fingerprint=value)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (sync(), sync(), Outcome.WAITING),
        (sync(), sync(value="b"), Outcome.NEW),
        (sync(), sync(value="b", synced=False), Outcome.FAILING),
        (sync(synced=False), sync(synced=False), Outcome.FAILING),
        (sync(synced=False), sync(), Outcome.SAME),
        (sync(synced=False, value=""), sync(), Outcome.NEW),
        (sync(renewed=1), sync(renewed=1), Outcome.WAITING),
        (sync(renewed=1), sync(renewed=2), Outcome.SAME),
        (sync(renewed=1), sync(renewed=2, value="b"), Outcome.NEW),
    ],
)
def test_what_came_of_a_resync_is_told_by_what_moved(before: Sync, now: Sync, expected: Outcome) -> None:
    assert outcome(before, now) is expected


def test_the_fingerprint_is_in_no_repr() -> None:
    assert "abc=" not in repr(sync(value="abc="))
