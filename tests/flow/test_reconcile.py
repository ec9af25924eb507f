"""Cards say what Alertmanager says, whatever became of its webhooks; nothing is closed because nobody answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from bot.clients.store import cards
from bot.core.alerts import Card
from bot.core.errors import OpsError
from bot.core.message import FIELD
from bot.core.webhook import Webhook, read
from bot.demo.monitoring import SimulatedMonitoring
from bot.demo.monitoring.payloads import Alert, webhook_body
from tests.flow.conftest import ROOM, Bot, Clock, MakeBot

DOWN = {"alertname": "PostgresDown", "severity": "critical", "namespace": "data", "pod": "postgres-1"}
SECOND = DOWN | {"pod": "postgres-2"}
FULL = {"alertname": "DiskFull", "severity": "warning", "namespace": "storage", "pod": "seaweed-0"}


class House:
    """A bot and the Alertmanager that it asks, on one clock."""

    def __init__(self, bot: Bot, monitoring: SimulatedMonitoring, clock: Clock) -> None:
        self.bot = bot
        self.clock = clock
        self.monitoring = monitoring
        self.alertmanager = monitoring.alertmanager

    async def webhook(self, *alerts: Alert, **changed: Any) -> None:
        """Have a webhook come."""
        await self.bot.app.intake.accept(ROOM, hook(*alerts, **changed))

    async def compare(self, after: float = 0) -> list[str]:
        """Let time pass, have the bot compare, and return what the room then sees."""
        self.clock.step(after)
        await self.bot.app.reconciler.once()
        return await self.bot.said()

    async def cards(self) -> list[Card]:
        return await cards.open_cards(self.bot.app.database)

    def silence(self, labels: dict[str, str]) -> str:
        """Have somebody silence an alert in Alertmanager's own pages."""
        return self.alertmanager.silence(labels, timedelta(hours=1), why="new disk")


def hook(*alerts: Alert, **changed: Any) -> Webhook:
    return read(webhook_body(alerts) | changed)


@pytest.fixture
async def house(make: MakeBot, clock: Clock) -> AsyncIterator[House]:
    monitoring = SimulatedMonitoring(clock=lambda: clock.wall)
    await monitoring.start()
    bot = await make(alertmanager={"url": monitoring.url("monitoring", "alertmanager")}).open()
    await bot.app.http.open()
    yield House(bot, monitoring, clock)
    await bot.app.http.close()
    await monitoring.stop()


async def test_an_alert_whose_webhook_was_lost_gets_its_card(house: House) -> None:
    house.alertmanager.fire(DOWN)

    young = await house.compare(after=60)
    old = await house.compare(after=60)
    again = await house.compare(after=60)

    assert (young, again) == ([], [])
    assert old == ["🔥 CRITICAL PostgresDown — data/postgres-1 #a1"]


async def test_a_lost_critical_rings_as_if_its_webhook_had_come(house: House) -> None:
    house.alertmanager.fire(DOWN)
    house.clock.step(120)
    await house.bot.app.reconciler.once()

    (card,) = await house.bot.sent()

    assert card["msgtype"] == "m.text"


async def test_a_webhook_that_comes_late_changes_the_same_card(house: House) -> None:
    alert = house.alertmanager.fire(DOWN)
    await house.compare(after=120)

    await house.webhook(alert)
    nothing = await house.bot.said()
    await house.webhook(alert, house.alertmanager.fire(SECOND))
    (grown,) = await house.bot.sent()
    await house.webhook(house.alertmanager.resolve(DOWN), house.alertmanager.resolve(SECOND))
    over = await house.bot.said()

    assert nothing == []
    assert (grown[FIELD]["rev"], grown["body"].splitlines()[0]) == (2, "🔥 CRITICAL PostgresDown (2) — data #a1")
    assert over[0] == "✅ RESOLVED PostgresDown (2) — data #a1"
    assert await house.compare(after=600) == []


async def test_after_its_own_webhook_the_group_goes_by_its_own_key(house: House) -> None:
    alert = house.alertmanager.fire(DOWN)
    await house.compare(after=120)

    await house.webhook(alert, house.alertmanager.fire(SECOND))

    (card,) = await house.cards()
    assert card.group_key == '{}:{alertname="PostgresDown", namespace="data"}'


async def test_another_alert_of_a_group_joins_its_card(house: House) -> None:
    await house.webhook(house.alertmanager.fire(DOWN))
    house.alertmanager.fire(SECOND)
    await house.bot.said()

    # The page and the card: it rings as if its webhook had come.
    assert await house.compare(after=120) == ["🔥 CRITICAL PostgresDown (2) — data #a1"] * 2
    assert len(await house.cards()) == 1


async def test_what_is_silenced_does_not_become_a_card(house: House) -> None:
    silence = house.silence(DOWN)
    house.alertmanager.fire(DOWN)

    silenced = await house.compare(after=120)
    await house.bot.app.neighbours.alertmanager.expire(silence)

    assert silenced == []
    assert await house.compare(after=60) == ["🔥 CRITICAL PostgresDown — data/postgres-1 #a1"]


async def test_an_alert_that_ended_while_silenced_is_closed_and_said_so(house: House) -> None:
    await house.webhook(house.alertmanager.fire(DOWN))
    house.silence(DOWN)
    await house.bot.said()
    muted = await house.compare(after=60)
    house.alertmanager.resolve(DOWN)

    first = await house.compare(after=60)
    second = await house.compare(after=60)
    house.clock.step(60)
    await house.bot.app.reconciler.once()
    closed = (await house.bot.sent())[0]["body"].splitlines()

    assert muted[0].startswith("🔕 until ")
    assert (first, second) == ([], [])
    assert closed[0] == "✅ RESOLVED PostgresDown — data/postgres-1 #a1"
    assert "Alertmanager no longer knows it" in closed[-1]


async def test_an_end_that_is_told_after_all_takes_that_back(house: House) -> None:
    await house.webhook(house.alertmanager.fire(FULL))
    over = house.alertmanager.resolve(FULL)
    for _ in range(3):
        await house.compare(after=60)

    await house.webhook(over)

    (mended,) = await house.bot.sent()
    assert "no longer knows it" not in mended["body"]
    assert mended["body"].startswith("✅ RESOLVED DiskFull")


async def test_a_restarted_alertmanager_closes_nothing(house: House) -> None:
    await house.webhook(house.alertmanager.fire(FULL))
    await house.bot.said()
    house.alertmanager.restart()

    said = [await house.compare(after=60) for _ in range(4)]
    house.alertmanager.fire(FULL, starts_at=house.clock.wall - timedelta(minutes=4))
    said += [await house.compare(after=60) for _ in range(10)]

    assert [line for lines in said for line in lines if "RESOLVED" in line] == []
    assert len(await house.cards()) == 1


async def test_what_a_restarted_alertmanager_never_hears_of_again_is_closed_in_the_end(house: House) -> None:
    await house.webhook(house.alertmanager.fire(FULL))
    await house.bot.said()
    house.alertmanager.restart()

    said = [await house.compare(after=60) for _ in range(7)]

    assert said == [[], [], [], [], [], [], ["✅ RESOLVED DiskFull — storage/seaweed-0 #a1"]]


@pytest.mark.parametrize("question", ["alerts/groups", "silences", "receivers", "status"])
async def test_a_question_without_an_answer_changes_nothing(house: House, question: str) -> None:
    await house.webhook(house.alertmanager.fire(FULL))
    house.alertmanager.resolve(FULL)
    house.alertmanager.fire(DOWN)
    await house.bot.said()
    house.monitoring.answer(f"/monitoring/alertmanager/api/v2/{question}", 500)

    for _ in range(5):
        with suppress(OpsError):
            await house.compare(after=60)

    assert await house.bot.said() == []


async def test_a_grafana_alert_is_not_missed_in_alertmanager(house: House) -> None:
    await house.webhook(Alert(FULL, house.clock.wall), version="1")
    await house.bot.said()

    assert [await house.compare(after=60) for _ in range(5)] == [[]] * 5


async def test_a_receiver_that_alertmanager_does_not_have_is_not_asked_for(house: House) -> None:
    await house.webhook(Alert(FULL, house.clock.wall), receiver="elsewhere")
    await house.bot.said()

    assert [await house.compare(after=60) for _ in range(5)] == [[]] * 5


async def test_receivers_that_never_posted_to_us_are_left_alone_once_one_did(house: House) -> None:
    await house.webhook(Alert(FULL, house.clock.wall), receiver="ops")
    house.alertmanager.fire(DOWN)
    await house.bot.said()

    assert await house.compare(after=120) == []


async def test_a_truncated_card_is_filled_in(house: House) -> None:
    house.clock.step(1)
    alerts = [house.alertmanager.fire(FULL | {"pod": f"seaweed-{number}"}) for number in range(4)]
    await house.webhook(*alerts[:2], truncatedAlerts=2)
    before = await house.bot.said()

    after = await house.compare()
    (card,) = await house.cards()
    await house.webhook(*alerts[:2], house.alertmanager.fire(FULL | {"pod": "seaweed-9"}), truncatedAlerts=2)

    assert before == ["⚠️ WARNING DiskFull (4) — storage #a1"]
    assert after == ["⚠️ WARNING DiskFull (4) — storage #a1"]
    assert (len(card.members), card.truncated) == (4, 0)
    assert await house.bot.said() == ["⚠️ WARNING DiskFull (5) — storage #a1"]


async def test_a_silence_made_elsewhere_shows_on_the_card_and_goes_with_it(house: House) -> None:
    await house.webhook(house.alertmanager.fire(FULL))
    silence = house.silence({"alertname": "DiskFull"})
    await house.bot.said()

    muted = await house.compare()
    (card,) = await house.cards()
    same = await house.compare(after=60)
    await house.bot.app.neighbours.alertmanager.expire(silence)
    loud = await house.compare(after=60)

    assert muted[0].startswith("🔕 until ")
    assert card.muted
    assert (card.muted.silence, card.muted.by, card.muted.why) == (silence, "ben", "new disk")
    assert same == []
    assert loud == ["⚠️ WARNING DiskFull — storage/seaweed-0 #a1"]


async def test_a_card_of_which_something_is_not_silenced_is_not_muted(house: House) -> None:
    await house.webhook(house.alertmanager.fire(DOWN), house.alertmanager.fire(SECOND))
    house.silence(DOWN)
    await house.bot.said()

    assert await house.compare() == []


async def test_an_alert_that_began_anew_unheard_goes_on_on_its_card(house: House) -> None:
    await house.webhook(house.alertmanager.fire(FULL))
    await house.bot.said()
    house.clock.step(600)
    house.alertmanager.resolve(FULL)
    house.alertmanager.fire(FULL)

    await house.compare(after=120)

    (card,) = await house.cards()
    assert [member.status.value for member in card.members] == ["resolved", "firing"]


async def test_an_end_that_was_told_is_believed_though_the_other_of_a_pair_still_lists_the_alert(house: House) -> None:
    alert = house.alertmanager.fire(FULL)
    await house.webhook(alert)
    await house.webhook(house.alertmanager.resolve(FULL))
    house.alertmanager.alerts[alert.fingerprint] = alert
    await house.bot.said()

    assert [await house.compare(after=120) for _ in range(4)] == [[]] * 4
    assert await house.compare(after=240) == ["⚠️ WARNING DiskFull — storage/seaweed-0 #b1"]


async def test_what_changed_while_alertmanager_was_asked_is_left_for_the_next_time(house: House) -> None:
    await house.webhook(house.alertmanager.fire(FULL))
    house.silence({"alertname": "DiskFull"})
    await house.bot.said()
    house.monitoring.answer("/monitoring/alertmanager/api/v2/receivers", json=[{"name": "matrix"}], delay=0.2)

    comparing = asyncio.create_task(house.bot.app.reconciler.once())
    await asyncio.sleep(0.05)
    await house.webhook(house.alertmanager.fire(FULL | {"pod": "seaweed-1"}))
    await comparing

    assert await house.bot.said() == ["⚠️ WARNING DiskFull (2) — storage #a1"]
    assert (await house.compare())[0].startswith("🔕 until ")
