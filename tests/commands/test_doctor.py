"""What is found out about the cluster and the way of the alerts, by asking and by nothing else."""

from dataclasses import replace

import pytest

from bot.core.kinds import Kind
from bot.core.permissions import Refused
from commands import COMMANDS
from commands.doctor import Pointing, pointing
from commands.permissions import permissions
from tests.commands.conftest import House

HIDDEN = "<secret>"


@pytest.mark.parametrize(
    ("webhooks", "where"),
    [
        (("http://opsbot.monitoring.svc:8080/alerts/ops",), Pointing.HERE),
        (("http://other.svc/hook", "https://ops.example.org/alerts/ops/"), Pointing.HERE),
        (("http://opsbot:8080/alerts/!abc%3Aexample.org",), Pointing.HERE),
        (("http://receiver:12345/alerts/old",), Pointing.ELSEWHERE),
        (("http://opsbot:8080/ops",), Pointing.ELSEWHERE),
        (("http://[bad/alerts/ops",), Pointing.ELSEWHERE),
        ((), Pointing.ELSEWHERE),
        ((HIDDEN,), Pointing.HIDDEN),
        ((HIDDEN, "http://opsbot:8080/alerts/ops"), Pointing.HERE),
        ((HIDDEN, "http://other/hook"), Pointing.HIDDEN),
    ],
)
def test_a_receiver_that_leads_to_one_of_our_rooms_is_found(webhooks: tuple[str, ...], where: Pointing) -> None:
    assert pointing(webhooks, frozenset({"ops", "!abc:example.org"})) is where


async def asked(house: House) -> tuple[Refused, ...]:
    async with house.open() as ctx:
        return await permissions(replace(ctx, commands=COMMANDS))


async def test_where_everything_is_allowed_nothing_is_told(house: House) -> None:
    assert await asked(house) == ()


async def test_a_right_that_is_missing_names_the_commands_that_need_it(house: House) -> None:
    house.cluster.access.deny("create", "pods/exec", namespace="data")

    (found,) = await asked(house)

    assert "check" in found.commands
    assert (found.verb, found.resource, found.namespace, found.names) == ("create", "pods/exec", "data", ())


async def test_a_workload_that_no_rule_names_is_told_by_its_name(house: House) -> None:
    house.cluster.access.deny("patch", "deployments", group="apps", namespace="ory", name="hydra")

    (found,) = await asked(house)

    assert {"restart", "rollout undo"} <= {*found.commands}
    assert (found.namespace, found.names, found.partly) == ("ory", ("hydra",), True)


async def test_a_kind_that_may_nowhere_be_listed_is_told_once(house: House) -> None:
    house.cluster.access.deny("list", Kind.OBJECTSTORES.plural, group=Kind.OBJECTSTORES.group)

    (found,) = await asked(house)

    assert (found.verb, found.resource, found.namespace) == ("list", "objectstores", "")


async def test_nothing_but_questions_is_sent(house: House) -> None:
    await asked(house)

    posted = {path for method, path in house.cluster.request_log if method != "GET"}
    assert posted == {"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"}


async def test_alertmanager_is_asked_for_addresses_and_for_nothing_else_of_its_configuration(house: House) -> None:
    async with house.open() as ctx:
        hidden = await ctx.neighbours.alertmanager.webhooks()
        house.monitoring.alertmanager.webhooks = ["http://opsbot:8080/alerts/ops"]
        shown = await ctx.neighbours.alertmanager.webhooks()

    assert (hidden, shown) == ((HIDDEN,), ("http://opsbot:8080/alerts/ops",))
