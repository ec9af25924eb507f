"""`!alerts` against the simulated Alertmanager and Prometheus."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clients.store import cards
from bot.command import Context
from bot.core.alerts import Severity, Taken, merge
from bot.core.errors import Unreachable, UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.matchers import Matcher
from bot.core.names import RequestId, RoomId, UserId
from bot.core.webhook import read
from bot.demo.monitoring import SimulatedMonitoring
from bot.demo.monitoring.grafana import Rule
from bot.demo.monitoring.payloads import webhook_body
from commands.alerts import AlertList, Show, alerts
from commands.rules import RuleList
from tests.commands.conftest import House

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BEN = UserId("@ben:example.org")
WATCHDOG = {"alertname": "Watchdog", "severity": "none"}


@pytest.fixture
def house(house: House) -> House:
    """A house whose monitoring goes by the house's clock, and where three sorts of things burn."""
    house.monitoring = SimulatedMonitoring(clock=lambda: house.now)
    fire = house.monitoring.alertmanager.fire
    fire(WATCHDOG, None, house.now - 99 * HOUR)
    for number in range(3):
        pod = {"pod": f"hydra-{number}", "deployment": "hydra"}
        fire(
            {"alertname": "PodCrash", "namespace": "ory", "severity": "warning"} | pod, None, house.now - number * HOUR
        )
    fire({"alertname": "DiskFull", "namespace": "data", "severity": "warning"}, None, house.now - MINUTE)
    fire({"alertname": "PostgresDown", "namespace": "data", "severity": "critical"}, None, house.now - 6 * MINUTE)
    return house


async def told(ctx: Context, *words: str) -> AlertList:
    result = await asked(ctx, *words)
    assert isinstance(result, AlertList)
    return result


async def asked(ctx: Context, *words: str) -> AlertList | RuleList:
    bound = alerts.bind(words)
    return await alerts.handler(ctx, *bound.args, **bound.kwargs)  # type: ignore[no-any-return]


def names(result: AlertList) -> list[str]:
    return [group.name for group in result.groups]


async def mute(ctx: Context, name: str) -> None:
    matchers = (Matcher("alertname", name),)
    now = ctx.clock()
    await ctx.neighbours.alertmanager.create_silence(
        matchers, now, now + 2 * HOUR, created_by="@anna:example.org", comment="", action=RequestId(name)
    )


async def test_what_fires_is_grouped_and_the_most_urgent_comes_first(house: House) -> None:
    async with house.open() as ctx:
        result = await told(ctx)

    assert names(result) == ["PostgresDown", "DiskFull", "PodCrash"]
    crash = result.groups[-1]
    assert (crash.number, crash.place, crash.severity) == (3, "ory/hydra", Severity.WARNING)
    assert crash.since == house.now - 2 * HOUR
    assert (result.verdict, result.watchdog) == (Verdict.BAD, True)


async def test_what_is_silenced_is_counted_and_told_when_asked(house: House) -> None:
    async with house.open() as ctx:
        await mute(ctx, "PostgresDown")
        usual, silenced, all_ = [await told(ctx, *words) for words in ((), ("silenced",), ("all",))]

    assert (names(usual), usual.silenced, usual.verdict) == (["DiskFull", "PodCrash"], 1, Verdict.WARN)
    assert (names(silenced), silenced.show, silenced.verdict) == (["PostgresDown"], Show.SILENCED, Verdict.NONE)
    assert silenced.groups[0].until == house.now + 2 * HOUR
    assert names(all_) == ["DiskFull", "PodCrash", "Watchdog", "PostgresDown"]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("data",), ["PostgresDown", "DiskFull"]),
        (("postgres",), ["PostgresDown"]),
        (("severity=warning",), ["DiskFull", "PodCrash"]),
        (("{severity=warning,", "namespace=data}"), ["DiskFull"]),
        (("severity=warning", "HYDRA"), ["PodCrash"]),
        (("-n", "data"), ["PostgresDown", "DiskFull"]),
        (("-n", "dat"), []),
        (("all", "severity=none"), ["Watchdog"]),
        (("nothing-like-it",), []),
    ],
)
async def test_words_and_matchers_narrow_it_down(house: House, words: tuple[str, ...], wanted: list[str]) -> None:
    async with house.open() as ctx:
        result = await told(ctx, *words)

    assert names(result) == wanted


async def test_a_filter_that_cannot_be_read_is_refused(house: House) -> None:
    async with house.open() as ctx:
        with pytest.raises(UsageError):
            await told(ctx, "pod=~(a")


async def test_only_alertmanagers_own_word_is_a_green_light(house: House) -> None:
    house.monitoring.alertmanager.alerts.clear()

    async with house.open() as ctx:
        well = await told(ctx)
        house.monitoring.down.add(("monitoring", "alertmanager"))
        half = await told(ctx)
        house.monitoring.down.add(("monitoring", "prometheus"))
        dark = await told(ctx)

    assert [result.verdict for result in (well, half, dark)] == [Verdict.OK, Verdict.UNKNOWN, Verdict.UNKNOWN]
    assert (half.alertmanager, half.prometheus) == (Unknown("connection cut"), None)
    assert dark.prometheus == Unknown("connection cut")


async def test_prometheus_tells_what_fires_when_alertmanager_is_silent(house: House) -> None:
    async with house.open() as ctx:
        house.monitoring.answer("/monitoring/alertmanager", 503)
        result = await told(ctx, "data")

    assert names(result) == ["PostgresDown", "DiskFull"]
    assert result.alertmanager == Unknown("HTTP 503")
    assert result.verdict is Verdict.BAD


async def test_a_nonsense_answer_is_not_taken_for_quiet(house: House) -> None:
    async with house.open() as ctx:
        house.monitoring.answer("/monitoring/alertmanager/api/v2/alerts", json={"alerts": []})
        house.monitoring.answer("/monitoring/prometheus/api", json=[])
        result = await told(ctx)

    assert result.verdict is Verdict.UNKNOWN


async def test_alerts_are_told_even_when_silences_are_not(house: House) -> None:
    async with house.open() as ctx:
        await mute(ctx, "PostgresDown")
        house.monitoring.answer("/monitoring/alertmanager/api/v2/silences", 500)
        result = await told(ctx, "silenced")

    assert names(result) == ["PostgresDown"]
    assert result.groups[0].until is None


async def test_what_somebody_is_on_is_told_with_who_and_the_card_that_can_be_answered(house: House) -> None:
    async with house.open() as ctx:
        await opened(house, "k7", "PostgresDown", Taken(BEN, house.now))
        await opened(house, "m2", "DiskFull", None)
        usual, acked = await told(ctx), await told(ctx, "acked")
        nothing = await told(ctx, "acked", "ory")

    assert [(group.name, group.card, group.taken_by) for group in usual.groups] == [
        ("PostgresDown", "k7", BEN),
        ("DiskFull", "m2", None),
        ("PodCrash", "", None),
    ]
    assert (names(acked), acked.show, acked.verdict) == (["PostgresDown"], Show.ACKED, Verdict.BAD)
    assert (names(nothing), nothing.verdict) == ([], Verdict.NONE)


async def opened(house: House, handle: str, name: str, taken: Taken | None) -> None:
    """Have a card about an alert that fires."""
    (alert,) = [each for each in house.monitoring.alertmanager.firing() if each.labels["alertname"] == name]
    hook = read(webhook_body([alert]) | {"groupKey": name})
    card, _ = merge(None, hook, RoomId("!abc:example.org"), house.now)
    await house.database.write(lambda tx: cards.save(tx, replace(card, handle=handle, taken=taken), house.now))


async def test_grafanas_own_rules_are_listed_the_most_urgent_first(house: House) -> None:
    house.monitoring.grafana.rules = [
        Rule("Quiet"),
        Rule("Waits", pending=True),
        Rule("Disk", labels={"severity": "warning"}, firing_since=house.now),
        Rule("Broken", health="error"),
        Rule("Mail", folder="mail", labels={"severity": "critical"}, firing_since=house.now),
    ]

    async with house.open() as ctx:
        all_, mail = await asked(ctx, "--rules"), await asked(ctx, "mail", "--rules")

    assert isinstance(all_, RuleList)
    assert isinstance(mail, RuleList)
    assert [rule.name for rule in all_.rules] == ["Mail", "Disk", "Broken", "Waits", "Quiet"]
    assert ([rule.name for rule in mail.rules], mail.wanted) == (["Mail"], "mail")
    assert (all_.verdict, mail.verdict) == (Verdict.BAD, Verdict.BAD)


async def test_a_grafana_that_does_not_answer_is_not_taken_for_one_without_rules(house: House) -> None:
    async with house.open() as ctx:
        house.monitoring.down.add(("monitoring", "grafana"))
        with pytest.raises(Unreachable):
            await asked(ctx, "--rules")
