"""Restarting for real, against the simulated API server: what is touched, followed, repeated, and what is refused."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.command import ActionContext, Context
from bot.core.errors import Denied, NotBegun, Unreachable, UsageError
from bot.core.facts import Verdict
from bot.core.health import OutboxState, SelfReport
from bot.core.keys import KeysState, report
from bot.core.names import RequestId
from bot.core.policy import Risk
from bot.core.rollouts import ACTION, RESTARTED_AT
from bot.demo.cluster import Object
from commands.restart import RestartPlan, RestartReport, preview, restart
from commands.rollout import rollout_undo, scale
from tests.commands import conftest
from tests.commands.conftest import ANNA, House


def acting(ctx: Context, house: House, *, again: bool = False) -> ActionContext:
    """Return the context of an action that was asked for when the house was opened."""
    house.inverse = []
    fields = {"action": RequestId("a1"), "again": again, "decided": house.opened}
    return conftest.acting(ctx, **fields, undo_by=lambda *words: house.inverse.extend(words))


def restarted_at(house: House, kind: str, namespace: str, name: str) -> Any:
    obj = house.cluster.store.get(kind, namespace, name)
    holder = obj if kind == "Cluster" else obj["spec"]["template"]
    return holder["metadata"].get("annotations", {}).get(RESTARTED_AT)


def patches(house: House) -> int:
    return [method for method, _ in house.cluster.request_log].count("PATCH")


@pytest.mark.parametrize(
    ("where", "kind", "pods"),
    [
        ("ory/hydra", "Deployment", 2),
        ("storage/seaweedfs-volume", "StatefulSet", 1),
        ("monitoring/alloy", "DaemonSet", 1),
        ("data/postgres", "Cluster", 1),
    ],
)
async def test_each_kind_is_restarted_by_its_own_annotation_and_followed_to_the_end(
    house: House, where: str, kind: str, pods: int
) -> None:
    async with house.open() as ctx:
        report: RestartReport = await restart.handler(acting(ctx, house), where)

    namespace, name = where.split("/")
    assert report.verdict is Verdict.OK
    assert (report.states[0].updated, report.states[0].wanted) == (pods, pods)
    assert restarted_at(house, kind, namespace, name) == house.opened.isoformat().replace("+00:00", "Z")
    assert house.shown[0].over is False


RISKS = [
    ("ory/hydra", Risk.REVERSIBLE),
    ("ory/login-ui", Risk.REVERSIBLE),
    ("storage/seaweedfs-volume", Risk.AFFECTING),
    ("matrix/sol", Risk.AFFECTING),
    ("matrix/tuwunel", Risk.AFFECTING),
    ("data/openbao", Risk.DANGEROUS),
    ("data/postgres", Risk.DANGEROUS),
]


@pytest.mark.parametrize(("where", "risk"), RISKS, ids=[where for where, _ in RISKS])
async def test_the_harm_that_it_can_do_decides_who_must_confirm(house: House, where: str, risk: Risk) -> None:
    async with house.open() as ctx:
        plan = await preview(ctx, where)

    assert plan.risk is risk
    assert isinstance(plan.what, RestartPlan)
    assert restarted_at(house, "Deployment", "ory", "hydra") is None


async def test_a_preview_asks_the_api_server_and_changes_nothing(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("patch", "deployments", group="apps")

        with pytest.raises(Denied, match="may not patch deployments ory/hydra"):
            await preview(ctx, "ory/hydra")


async def test_what_is_meant_is_bound_to_the_object_that_was_seen(house: House) -> None:
    async with house.open() as ctx:
        before = await preview(ctx, "ory/hydra")
        house.cluster.store.change("Deployment", "ory", "hydra", lambda draft: draft["spec"].update(replicas=3))
        after = await preview(ctx, "ory/hydra")

    assert before.target != after.target


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("data/valky", "No workload “data/valky”"),
        ("hydrant", "No workload “hydrant”"),
        ("nowhere/hydra", "No workload “nowhere/hydra”"),
        ("ory/Hydra; rm", "“ory/Hydra; rm” is not a target"),
    ],
)
async def test_what_is_not_there_is_said_with_what_is_near(house: House, where: str, problem: str) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError) as caught:
            await preview(ctx, where)

    assert caught.value.problem == problem


async def test_a_bare_name_is_enough_where_it_is_the_only_one(house: House) -> None:
    async with house.open() as ctx:
        plan = await preview(ctx, "hydra")

    assert plan.what.blasts[0].place == "ory/hydra"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"paused": True}, "ory/hydra is paused: it would take the restart and do nothing"),
        ({"replicas": 0}, "ory/hydra is scaled to 0: there is no pod to restart"),
    ],
)
async def test_a_restart_that_would_do_nothing_is_refused(house: House, change: dict[str, Any], problem: str) -> None:
    async with house.open() as ctx:
        house.cluster.store.change("Deployment", "ory", "hydra", lambda draft: draft["spec"].update(change))

        with pytest.raises(UsageError) as caught:
            await preview(ctx, "ory/hydra")

    assert caught.value.problem == problem


async def test_an_answer_that_was_cut_after_the_commit_is_asked_about_and_not_repeated(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/deployments/hydra", cut=True, after_commit=True, methods=["PATCH"])

        report = await restart.handler(acting(ctx, house), "ory/hydra")

        assert report.verdict is Verdict.OK
        assert patches(house) == 1


async def test_an_answer_that_was_cut_before_the_commit_stays_unknown(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.faults.add("/deployments/hydra", cut=True, methods=["PATCH"])

        with pytest.raises(Unreachable):
            await restart.handler(acting(ctx, house), "ory/hydra")

        assert patches(house) == 1


async def test_taken_up_after_a_crash_it_only_goes_on_following(house: House) -> None:
    async with house.open() as ctx:
        await restart.handler(acting(ctx, house), "ory/hydra")
        patched = patches(house)

        report = await restart.handler(acting(ctx, house, again=True), "ory/hydra")

        assert report.verdict is Verdict.OK
        assert patches(house) == patched


async def test_what_had_not_begun_when_we_crashed_is_not_begun_later(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(NotBegun):
            await restart.handler(acting(ctx, house, again=True), "ory/hydra")

        assert patches(house) == 0


@pytest.mark.parametrize(
    ("trouble", "reason"), [("image-pull", "ImagePullBackOff"), ("crash-loop", "CrashLoopBackOff")]
)
async def test_what_is_stuck_says_why_with_the_last_events(house: House, trouble: str, reason: str) -> None:
    async with house.open() as ctx:
        house.sicken("Deployment", "ory", "hydra", trouble)

        report = await restart.handler(acting(ctx, house), "ory/hydra")

    stuck = report.states[0].stuck
    assert report.verdict is Verdict.BAD
    assert stuck
    assert stuck.reason == reason
    assert stuck.pod.startswith("hydra-")
    assert stuck.events


async def test_a_pod_that_never_gets_ready_ends_with_the_deadline_of_kubernetes(house: House) -> None:
    async with house.open() as ctx:
        house.sicken("Deployment", "ory", "hydra", "not-ready")

        report = await restart.handler(acting(ctx, house), "ory/hydra")

    assert report.states[0].stuck
    assert report.states[0].stuck.reason == "ProgressDeadlineExceeded"


async def test_a_server_that_goes_away_meanwhile_leaves_the_end_unknown(house: House) -> None:
    async with house.open() as ctx:

        async def away(_: object) -> None:
            house.cluster.faults.add("/deployments/hydra", status=500, methods=["GET"])

        report = await restart.handler(acting(replace(ctx, show=away), house), "ory/hydra")

    assert report.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("sneezes", "verdict"), [(True, Verdict.OK), (False, Verdict.WARN)])
async def test_sol_is_back_when_it_says_so(house: House, sneezes: bool, verdict: Verdict) -> None:
    house.settings = {"bots": ["@sol:example.org"], "sol": {"user": "@sol:example.org"}}
    if sneezes:
        house.voices[("@sol:example.org", "*sneezes*")] = house.now + timedelta(seconds=9)  # type: ignore[index]
    async with house.open() as ctx:
        report = await restart.handler(acting(ctx, house), "matrix/sol")

    assert report.confirmed
    assert report.confirmed.heard is sneezes
    assert report.verdict is verdict


async def test_a_restart_is_taken_back_by_the_annotation_alone(house: House) -> None:
    async with house.open() as ctx:
        await restart.handler(acting(ctx, house), "ory/hydra")
        words = list(house.inverse)

        await rollout_undo.handler(acting(ctx, house), words[2])

        assert words == ["rollout", "undo", "ory/hydra"]
        assert restarted_at(house, "Deployment", "ory", "hydra") is None
        template = house.cluster.store.get("Deployment", "ory", "hydra")["metadata"]["annotations"]
        assert template[ACTION] == "a1"


async def test_a_stateful_set_goes_back_too(house: House) -> None:
    async with house.open() as ctx:
        await restart.handler(acting(ctx, house), "storage/seaweedfs-volume")

        result = await rollout_undo.handler(acting(ctx, house), "storage/seaweedfs-volume")

        assert result.verdict is Verdict.OK
        assert restarted_at(house, "StatefulSet", "storage", "seaweedfs-volume") is None


async def test_going_back_twice_under_one_action_goes_back_once(house: House) -> None:
    async with house.open() as ctx:
        await restart.handler(acting(ctx, house), "ory/hydra")
        await rollout_undo.handler(acting(ctx, house), "ory/hydra")
        patched = patches(house)

        await rollout_undo.handler(acting(ctx, house, again=True), "ory/hydra")

        assert patches(house) == patched


async def test_a_scale_is_followed_and_taken_back(house: House) -> None:
    async with house.open() as ctx:
        result = await scale.handler(acting(ctx, house), "ory/hydra", 3)

        assert result.verdict is Verdict.OK
        assert house.inverse == ["scale", "ory/hydra", "2"]
        assert house.cluster.store.get("Deployment", "ory", "hydra")["spec"]["replicas"] == 3


async def test_the_reader_is_told_how_far_it_is(house: House) -> None:
    async with house.open() as ctx:
        await asyncio.wait_for(restart.handler(acting(ctx, house), "ory/hydra"), 20)

    assert all(isinstance(each, RestartReport) and not each.over for each in house.shown)
    assert ctx.request.sender == ANNA


REPORTS = [
    (KeysState.PRESENT, timedelta(minutes=119), ""),
    (KeysState.PRESENT, timedelta(minutes=121), "whether its keys are kept is not known: keys-check last ran 2 h ago"),
    (KeysState.EMPTY, timedelta(0), "its keys Secret is EMPTY, and it comes back sealed: for good"),
    (KeysState.PLACEHOLDER, timedelta(0), "its keys Secret is PLACEHOLDER, and it comes back sealed: for good"),
    (None, timedelta(0), "whether its keys are kept is not known: keys-check has not run yet"),
]


@pytest.mark.parametrize(("state", "old", "why"), REPORTS)
@pytest.mark.parametrize("line", ["restart", "scale", "rollout undo"])
async def test_openbao_goes_only_while_its_keys_are_known_to_be_kept(
    house: House, line: str, state: KeysState | None, old: timedelta, why: str
) -> None:
    command, words = {
        "restart": (restart, ("data/openbao",)),
        "scale": (scale, ("data/openbao", 0)),
        "rollout undo": (rollout_undo, ("data/openbao",)),
    }[line]
    async with house.open() as ctx:
        # Something to go back to.
        house.cluster.store.put(config_map(KeysState.PRESENT, house.now))
        await restart.handler(acting(ctx, house), "data/openbao")
        house.cluster.store.put(config_map(state, house.now - old))
        assert command.preview

        if why:
            with pytest.raises(UsageError) as refused:
                await command.preview(ctx, *words)
            assert refused.value.problem == f"data/openbao is left alone: {why}"
            assert "then ask again" in refused.value.hint
        else:
            assert (await command.preview(ctx, *words)).risk is Risk.DANGEROUS


async def test_what_the_cluster_does_not_tell_of_the_keys_is_no_yes(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("get", "configmaps")

        with pytest.raises(UsageError, match="is not known: Kubernetes: may not get configmaps"):
            await preview(ctx, "data/openbao")


async def test_a_house_without_such_a_secret_restarts_openbao_on_two_peoples_word(house: House) -> None:
    house.settings = {"openbao": {"keys_report": None}}
    async with house.open() as ctx:
        plan = await preview(ctx, "data/openbao")

    assert plan.risk is Risk.DANGEROUS


async def test_nobody_asks_for_the_keys_when_something_else_goes(house: House) -> None:
    async with house.open() as ctx:
        house.cluster.access.deny("get", "configmaps")

        await preview(ctx, "ory/hydra")

    assert not [path for _, path in house.cluster.request_log if "configmaps" in path]


async def test_the_homeserver_goes_when_the_room_has_read_that_we_go_mute(house: House) -> None:
    waiting = iter((2, 1, 0))
    at_rest = timedelta(0)

    async def telling() -> SelfReport:
        assert restarted_at(house, "Deployment", "matrix", "tuwunel") is None
        return SelfReport("0.1.0", house.now, OutboxState(next(waiting), at_rest), at_rest, None, ())

    async with house.open() as ctx:
        result = await restart.handler(acting(replace(ctx, report=telling), house), "matrix/tuwunel")

    assert next(waiting, "all read") == "all read"
    assert (house.shown[0].goes_mute, house.shown[0].over) == (True, False)
    assert (result.goes_mute, result.verdict) == (True, Verdict.OK)


async def test_a_room_that_reads_nothing_keeps_the_homeserver_from_nothing(house: House) -> None:
    stuck = SelfReport("0.1.0", house.now, OutboxState(3, timedelta(minutes=5)), None, None, ())

    async def telling() -> SelfReport:
        return stuck

    async with house.open() as ctx:
        result = await restart.handler(acting(replace(ctx, report=telling), house), "matrix/tuwunel")

    assert result.verdict is Verdict.OK


def config_map(state: KeysState | None, at: datetime) -> Object:
    metadata = {"name": "openbao-keys-check", "namespace": "data"}
    data = report(state, at) if state else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
