"""New passwords for database roles: what is asked at the wire, who picks them up, what is said otherwise."""

from typing import Any

import pytest

from bot.command import ActionContext
from bot.core.errors import Denied, Missing, NeighbourError, NotBegun, Unreachable, UsageError
from bot.core.facts import Verdict
from bot.core.syncs import Outcome
from commands.rotatedb import preview, rotate_db
from commands.rotating import RotationReport
from tests.commands.conftest import House, acting

BAO = "/data/openbao-0/v1"
ROTATE = f"{BAO}/database/rotate-role/messages"


@pytest.fixture
def house(house: House) -> House:
    """A house whose OpenBao has a database engine."""
    house.monitoring.answer(f"{BAO}/sys/health", json={"initialized": True, "sealed": False, "standby": False})
    token = {"client_token": "not-a-real-token", "lease_duration": 3600}
    house.monitoring.answer(f"{BAO}/auth/kubernetes/login", json={"auth": token})
    house.monitoring.answer(ROTATE, 204)
    house.cluster.controllers.vault_secrets.versions["database/static-creds/messages"] = 2
    return house


async def rotated(ctx: ActionContext, role: str = "messages") -> RotationReport:
    found: RotationReport = await rotate_db.handler(ctx, role)
    return found


def asked(house: House) -> list[tuple[str, str]]:
    """Return what OpenBao's database engine was asked."""
    return [each for each in house.monitoring.request_log if "/database/" in each[1]]


async def test_a_role_is_rotated_once_picked_up_and_followed_to_the_last_pod(house: House) -> None:
    async with house.open() as ctx:
        report = await rotated(acting(ctx))

    assert asked(house) == [("POST", ROTATE)]
    assert report.verdict is Verdict.OK
    assert [(each.place, each.outcome) for each in report.pickup.syncs] == [
        ("lasuite/messages-db-credentials", Outcome.NEW)
    ]
    assert [(each.place, each.done) for each in report.pickup.rollouts] == [("lasuite/messages-backend", True)]


@pytest.mark.parametrize(
    ("status", "said", "error", "words"),
    [
        (403, ["1 error occurred:\n\t* permission denied\n\n"], Denied, "may not rotate the database role messages"),
        (400, ["no static role found for role name"], Missing, "the database role messages: no such static role"),
        (404, ['no handler for route "database/rotate-role/messages"'], Missing, "nothing there"),
    ],
)
async def test_a_refusal_is_a_clear_sentence_and_nothing_is_resynced(
    house: House, status: int, said: list[str], error: type[NeighbourError], words: str
) -> None:
    house.monitoring.answer(ROTATE, status, json={"errors": said})
    async with house.open() as ctx:
        with pytest.raises(error, match=words):
            await rotated(acting(ctx))

    assert annotations(house) == {}


async def test_a_cut_answer_is_made_good_by_what_the_operator_then_finds(house: House) -> None:
    house.monitoring.answer(ROTATE, 502)
    async with house.open() as ctx:
        report = await rotated(acting(ctx))
        with pytest.raises(Unreachable):
            await rotated(acting(ctx, action="act2"))

    assert report.verdict is Verdict.OK


async def test_a_repeat_after_a_crash_rotates_nothing_again(house: House) -> None:
    async with house.open() as ctx:
        report = await rotated(acting(ctx, again=True))
        with pytest.raises(NotBegun):
            await rotated(acting(ctx, action="act2", again=True, decided=house.now))

    assert asked(house) == []
    assert report.verdict is Verdict.OK


async def test_what_is_not_picked_up_is_a_warning(house: House) -> None:
    house.cluster.controllers.vault_secrets.versions.clear()
    async with house.open() as ctx:
        report = await rotated(acting(ctx))

    assert report.verdict is Verdict.WARN
    assert [each.outcome for each in report.pickup.syncs] == [Outcome.SAME]


async def test_the_preview_names_who_uses_it_and_changes_nothing(house: House) -> None:
    async with house.open() as ctx:
        plan = await preview(ctx, "messages")
        with pytest.raises(UsageError, match="No secret uses the database role “mesages”") as refused:
            await preview(ctx, "mesages")

    assert [sync.place for sync in plan.what.syncs] == ["lasuite/messages-db-credentials"]
    assert refused.value.near == ("messages",)
    assert (asked(house), annotations(house)) == ([], {})


def annotations(house: House) -> dict[str, Any]:
    found = house.cluster.store.get("VaultDynamicSecret", "lasuite", "messages-db-credentials")["metadata"]
    return dict(found.get("annotations", {}))
