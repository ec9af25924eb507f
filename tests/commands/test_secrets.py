"""Secrets of the operator, against the simulated API server: what is told, brought anew, followed, and refused."""

from typing import Any

import pytest

from bot.command import ActionContext, Context
from bot.core.errors import Denied, NotBegun, UsageError
from bot.core.facts import Verdict
from bot.core.syncs import RESYNC, Outcome
from bot.demo.cluster.controllers.vault_secrets import UNSYNCED
from bot.demo.cluster.troubles import TROUBLE, event
from bot.demo.world import unsynced
from commands.following import EVERY
from commands.secrets import ResyncReport, SecretsReport, preview, resync, secrets
from tests.commands.conftest import House, acting

Object = dict[str, Any]


async def told(ctx: Context, where: str | None = None) -> SecretsReport:
    found: SecretsReport = await secrets.handler(ctx, where)
    return found


async def brought(ctx: ActionContext, where: str) -> ResyncReport:
    found: ResyncReport = await resync.handler(ctx, where)
    return found


def mark(house: House, kind: str, namespace: str, name: str, **notes: str) -> None:
    store = house.cluster.store
    store.change(kind, namespace, name, lambda draft: draft["metadata"].setdefault("annotations", {}).update(notes))


async def test_what_is_not_in_step_is_told_with_its_reason(house: House) -> None:
    unsynced(house.objects, "lasuite", "docs-db-credentials", house.now, why="horizon=5s, err=Vault is sealed")
    async with house.open() as ctx:
        report = await told(ctx)

    assert report.found.verdict is Verdict.WARN
    assert [(sync.place, sync.why) for sync in report.found.behind] == [
        ("lasuite/docs-db-credentials", "Vault is sealed")
    ]


async def test_an_operator_that_writes_no_conditions_is_explained_by_its_events(house: House) -> None:
    obj = next(each for each in house.objects if each["metadata"]["name"] == "sol-secrets")
    obj["status"] = {"lastGeneration": 1}
    house.objects.append(event(obj, "VaultClientError", "Failed to get Vault client: no such host", house.now))
    async with house.open() as ctx:
        report = await told(ctx, "matrix")

    assert [(sync.name, sync.why) for sync in report.found.behind] == [
        ("sol-secrets", "Failed to get Vault client: no such host")
    ]


async def test_secrets_that_may_not_be_looked_at_are_unknown_never_fine(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("list", "vaultstaticsecrets", group="secrets.hashicorp.com")
        report = await told(ctx)

    assert report.found.verdict is Verdict.UNKNOWN
    assert len(report.found.syncs) > 5


@pytest.mark.parametrize("where", ["ory/nothing", "nowhere"])
async def test_what_is_not_there_is_said(house: House, where: str) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError):
            await told(ctx, where)


async def test_a_new_value_is_followed_to_the_last_pod_that_is_restarted_for_it(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.controllers.vault_secrets.versions["database/static-creds/hydra"] = 2
        report = await brought(acting(ctx), "ory/hydra-db")

    assert report.verdict is Verdict.OK
    assert [sync.outcome for sync in report.pickup.syncs] == [Outcome.NEW]
    assert [(each.place, each.done) for each in report.pickup.rollouts] == [("ory/hydra", True)]
    assert any(each.pickup.rollouts for each in house.shown), "the rollout was shown on its way"
    annotations = house.cluster.store.get("VaultDynamicSecret", "ory", "hydra-db-credentials")["metadata"][
        "annotations"
    ]
    assert annotations == {RESYNC: "act1"}


async def test_the_same_value_restarts_nothing(house: House) -> None:
    async with house.open() as ctx:
        dynamic = await brought(acting(ctx), "hydra-db-credentials")
        static = await brought(acting(ctx), "ory/hydra")

    assert [each.outcome for each in (*dynamic.pickup.syncs, *static.pickup.syncs)] == [Outcome.SAME, Outcome.WAITING]
    assert (dynamic.verdict, static.verdict) == (Verdict.OK, Verdict.NONE)
    assert dynamic.pickup.rollouts == static.pickup.rollouts == ()


async def test_one_that_stays_out_of_step_says_why_after_a_while(house: House) -> None:
    async with house.open() as ctx:
        mark(house, "VaultStaticSecret", "ory", "login-ui", **{TROUBLE: UNSYNCED})
        report = await brought(acting(ctx), "ory/login-ui")

    assert report.verdict is Verdict.BAD
    assert report.pickup.syncs[0].why == "permission denied"
    assert report.took + EVERY >= ctx.settings.limits.stuck


async def test_a_rollout_that_gets_stuck_is_said_with_its_reason(house: House) -> None:
    async with house.open() as ctx:
        house.sicken("Deployment", "ory", "hydra", "image-pull")
        house.cluster.controllers.vault_secrets.versions["secret/hydra"] = 2
        report = await brought(acting(ctx), "ory/hydra")

    assert report.verdict is Verdict.BAD
    assert report.pickup.rollouts[0].stuck
    assert report.pickup.rollouts[0].stuck.reason == "ImagePullBackOff"


async def test_a_target_that_is_not_there_is_said_not_to_have_restarted(house: House) -> None:
    obj = next(
        each for each in house.objects if (each["kind"], each["metadata"]["name"]) == ("VaultStaticSecret", "hydra")
    )
    obj["spec"]["rolloutRestartTargets"] = [{"kind": "Deployment", "name": "gone"}]
    async with house.open() as ctx:
        house.cluster.controllers.vault_secrets.versions["secret/hydra"] = 2
        report = await brought(acting(ctx), "ory/hydra")

    assert (report.pickup.idle, report.verdict) == (("ory/gone",), Verdict.WARN)


async def test_a_repeat_after_a_crash_only_follows_and_begins_nothing(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(NotBegun):
            await brought(acting(ctx, again=True), "ory/hydra")
        house.cluster.controllers.vault_secrets.versions["secret/hydra"] = 2
        await brought(acting(ctx), "ory/hydra")
        again = await brought(acting(ctx, again=True, decided=house.opened), "ory/hydra")

    assert [(each.place, each.done) for each in again.pickup.rollouts] == [("ory/hydra", True)]


async def test_a_cut_answer_does_not_undo_what_was_asked(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("vaultdynamicsecrets", methods=["PATCH"], cut=True, after_commit=True, times=1)
        report = await brought(acting(ctx), "hydra-db-credentials")

    assert report.verdict is Verdict.OK


@pytest.mark.parametrize("where", ["ory/hidra", "hidra", "media/", "ory/k"])
async def test_what_is_not_one_secret_is_said_before_anybody_is_asked(house: House, where: str) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError):
            await preview(ctx, where)


async def test_the_preview_asks_whether_it_may_and_changes_nothing(house: House) -> None:
    async with house.open() as ctx:
        plan = await preview(ctx, "ory/hydra")
        house.cluster.access.deny("patch", "vaultstaticsecrets", group="secrets.hashicorp.com")
        with pytest.raises(Denied, match="may not patch vaultstaticsecrets ory/hydra"):
            await preview(ctx, "ory/hydra")

    assert plan.what.sync.targets == (("Deployment", "hydra"),)
    assert "annotations" not in house.cluster.store.get("VaultStaticSecret", "ory", "hydra")["metadata"]
