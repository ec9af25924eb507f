"""Why an alert burns: what its rule looks at, told by Prometheus or by the alert, and by nobody that an alert names."""

from datetime import timedelta

import pytest

from bot.clients.store import cards as store
from bot.command import Context
from bot.core.alerts import Card, Member
from bot.core.facts import Unknown
from bot.core.names import Key, RoomId
from bot.core.webhook import Status
from bot.demo.monitoring.prometheus import Rule
from commands.cards import CardReasons, Looked, why
from tests.commands.conftest import House

FULL = {"alertname": "VolumeFull", "severity": "critical", "namespace": "data", "pod": "postgres-1"}
RULES = "/monitoring/prometheus/api/v1/rules"
ELSEWHERE = "http://elsewhere.example.org/graph?g0.expr=up+%3D%3D+0&g0.tab=1"


def member(house: House, generator_url: str = "", **labels: str) -> Member:
    found = FULL | labels
    return Member(str(found), Status.FIRING, found, {}, house.now, None, generator_url, house.now)


async def told(ctx: Context, house: House, *members: Member) -> CardReasons:
    place = (Key("alert:1"), RoomId("!abc:example.org"), "ops", "{}", 1)
    card = Card(*place, {}, members, "", 0, house.now, handle="k7")
    await house.database.write(lambda tx: store.save(tx, card, house.now))
    found = await why.handler(ctx, "#k7")
    assert isinstance(found, CardReasons)
    assert found.card == card
    return found


async def test_prometheus_tells_what_the_rule_looks_at(house: House) -> None:
    async with house.open() as ctx:
        result = await told(ctx, house, member(house, ELSEWHERE))

    assert result.rules == (Looked("VolumeFull", "volume_used_ratio > 0.95", timedelta(minutes=2)),)


async def test_of_several_rules_of_one_name_it_is_the_one_for_this_alert(house: House) -> None:
    house.monitoring.prometheus.rules.insert(0, Rule("VolumeFull", "volume_used_ratio > 0.8", {"severity": "warning"}))

    async with house.open() as ctx:
        (rule,) = (await told(ctx, house, member(house))).rules

    assert isinstance(rule, Looked)
    assert rule.expr == "volume_used_ratio > 0.95"


@pytest.mark.parametrize("name", ["OfNoRule", "VolumeFull"])
async def test_where_prometheus_does_not_say_the_alert_names_its_expression(house: House, name: str) -> None:
    async with house.open() as ctx:
        house.monitoring.answer(
            RULES, 404 if name == "VolumeFull" else 200, json={"status": "success", "data": {"groups": []}}
        )
        house.monitoring.request_log.clear()
        result = await told(ctx, house, member(house, ELSEWHERE, alertname=name))

    assert result.rules == (Looked(name, "up == 0", timedelta(0)),)
    # The address itself is never asked.
    assert [path for _, path in house.monitoring.request_log] == [RULES]


async def test_a_prometheus_that_does_not_answer_is_not_taken_for_one_without_the_rule(house: House) -> None:
    async with house.open() as ctx:
        unknown = await told(ctx, house, member(house, alertname="OfNoRule"))
        house.monitoring.down.add(("monitoring", "prometheus"))
        unasked = await told(ctx, house, member(house))

    assert (unknown.rules, unasked.rules) == ((), (Unknown("connection cut"),))


async def test_the_first_few_names_of_a_card_have_each_their_rule(house: House) -> None:
    names = ("TargetDown", "TargetDown", "ConnectionsHigh", "OfNoRule", "VolumeFull")

    async with house.open() as ctx:
        members = [member(house, alertname=name, pod=str(n), severity="warning") for n, name in enumerate(names)]
        result = await told(ctx, house, *members)

    assert [rule.name for rule in result.rules if isinstance(rule, Looked)] == ["TargetDown", "ConnectionsHigh"]
