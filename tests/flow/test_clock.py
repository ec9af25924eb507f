"""The machine's clock is set, an hour forwards or back: nothing comes at once, and nothing an hour late."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.clients.store import cards
from bot.core.alerts import Muted, Taken
from bot.core.webhook import read
from bot.demo.monitoring import SimulatedMonitoring
from bot.demo.monitoring.payloads import Alert, webhook_body
from tests.flow.conftest import ANNA, BEN, ROOM, Bot, Clock, MakeBot, Second
from tests.flow.test_auditor import breaches, looks
from tests.flow.test_pager import DOWN, FULL, MINUTE, TURN, House, rings

HOUR = 3600
BOTH_WAYS = pytest.mark.parametrize("step", [HOUR, -HOUR], ids=["forwards", "back"])


class Turned:
    """A bot whose pager is wound by hand, and whose clock is set meanwhile."""

    def __init__(self, house: House) -> None:
        self.house, self.clock = house, house.clock

    async def set(self, seconds: float) -> None:
        self.clock.set(seconds)
        await self.house.bot.app.clock.look()

    async def wait(self, seconds: float, **how: Any) -> list[str]:
        return rings(await self.house.wait(seconds, **how))


@pytest.fixture
async def turned(make: MakeBot, clock: Clock, second: tuple[Second, str]) -> Turned:
    house = await House(make, clock, second[1]).open()
    await house.bot.app.clock.look()
    return Turned(house)


@BOTH_WAYS
async def test_the_next_page_comes_in_its_time(turned: Turned, step: float) -> None:
    await turned.house.fire()
    await turned.wait(2 * MINUTE)

    await turned.set(step)
    early = await turned.wait(3 * MINUTE - TURN)
    due = await turned.wait(TURN)

    assert (early, len(due)) == ([], 1)


@BOTH_WAYS
async def test_the_next_page_comes_in_its_time_also_over_a_restart(turned: Turned, step: float) -> None:
    await turned.house.fire()
    await turned.wait(2 * MINUTE)

    turned.clock.set(step)
    await turned.house.restart()
    await turned.house.bot.app.clock.look()
    early = await turned.wait(3 * MINUTE - TURN)
    due = await turned.wait(TURN)

    assert (early, len(due)) == ([], 1)


@BOTH_WAYS
async def test_the_second_channel_is_asked_when_a_page_has_waited_for_a_minute_and_not_before(
    turned: Turned, second: tuple[Second, str], step: float
) -> None:
    await turned.house.fire()
    await turned.wait(2 * TURN, deliver=False)

    await turned.set(step)
    await turned.wait(TURN, deliver=False)
    early = len(second[0].came)
    await turned.wait(TURN, deliver=False)

    assert (early, len(second[0].came)) == (0, 1)


@BOTH_WAYS
async def test_who_took_it_is_asked_after_an_hour(turned: Turned, clock: Clock, step: float) -> None:
    await turned.house.fire(FULL)
    await turned.house.amend(taken=Taken(BEN, clock.wall))
    await turned.wait(30 * MINUTE)

    await turned.set(step)
    early = await turned.wait(30 * MINUTE - TURN)
    due = await turned.wait(TURN)

    assert (early, len(due)) == ([], 1)


@BOTH_WAYS
async def test_a_silence_holds_as_long_as_it_would_have(turned: Turned, clock: Clock, step: float) -> None:
    await turned.house.fire()
    await turned.house.amend(muted=Muted("s1", BEN, clock.wall + timedelta(minutes=20)))
    await turned.wait(10 * MINUTE)

    await turned.set(step)
    early = await turned.wait(10 * MINUTE - TURN)
    due = await turned.wait(TURN)

    assert (early, len(due)) == ([], 1)


@BOTH_WAYS
async def test_what_came_and_went_before_keeps_nothing_quiet_for_longer(turned: Turned, step: float) -> None:
    for _ in range(2):
        await turned.house.fire()
        await turned.wait(MINUTE)
        await turned.house.resolve()
    await turned.wait(MINUTE)

    await turned.set(step)
    await turned.wait(15 * MINUTE)
    await turned.house.fire()

    assert len(await turned.wait(0)) == 1


@BOTH_WAYS
async def test_what_waits_is_late_when_it_is(bot: Bot, step: float) -> None:
    await bot.app.clock.look()
    await looks(bot)
    await bot.app.intake.accept(ROOM, read(webhook_body([Alert(DOWN, bot.clock.wall)])))

    bot.clock.set(step)
    await bot.app.clock.look()
    await looks(bot, 30)
    _, oldest = await bot.app.outbox.state()
    early = breaches(bot)
    await looks(bot, 31)

    assert (early, oldest) == ({}, timedelta(seconds=30))
    assert breaches(bot) == {"late": 1}


@BOTH_WAYS
async def test_the_watchdog_is_missed_in_its_time(bot: Bot, step: float) -> None:
    await bot.app.clock.look()
    await bot.app.intake.accept(ROOM, read(webhook_body([Alert({"alertname": "Watchdog"}, bot.clock.wall)])))
    bot.clock.step(12.5 * HOUR)

    bot.clock.set(step)
    await bot.app.clock.look()
    said = []
    for wait in (0.4 * HOUR, 0.2 * HOUR):
        bot.clock.step(wait)
        await bot.app.watchdog.look()
        said.append(await bot.said())

    assert said == [[], ["🔥 CRITICAL Watchdog not heard for 13 h"]]


@BOTH_WAYS
async def test_a_prompt_lives_for_two_minutes(bot: Bot, step: float) -> None:
    await bot.asks(ANNA, "shove")
    bot.clock.step(100)

    bot.clock.set(step)
    await bot.app.gate.expire()
    open_still = await bot.said()
    bot.clock.step(21)
    await bot.app.gate.expire()
    over = await bot.said()

    assert len(open_still) == 1
    assert over == ["⏰ Expired, nothing done — !shove"]


@BOTH_WAYS
async def test_a_day_has_one_digest(make: MakeBot, clock: Clock, step: float) -> None:
    clock.wall = datetime(2026, 3, 2, 8, 10, tzinfo=UTC)
    bot = await make(timezone="UTC", alerts={"digest_at": "08:00"}).open()
    await bot.app.http.open()
    await bot.app.bulletin.greet()
    first = await bot.said()

    clock.set(step)
    for _ in range(8):
        clock.step(15 * MINUTE)
        await bot.app.bulletin.greet()

    await bot.app.http.close()

    assert (len(first), await bot.said()) == (1, [])


class Asked:
    """A bot and an Alertmanager with a clock of its own."""

    def __init__(self, bot: Bot, monitoring: SimulatedMonitoring, clock: Clock) -> None:
        self.bot, self.alertmanager, self.clock = bot, monitoring.alertmanager, clock

    async def set(self, seconds: float) -> None:
        self.clock.set(seconds)
        await self.bot.app.clock.look()

    async def compare(self, after: float = 0) -> list[str]:
        self.clock.step(after)
        await self.bot.app.reconciler.once()
        return await self.bot.said()


@pytest.fixture
async def asked(make: MakeBot, clock: Clock) -> AsyncIterator[Asked]:
    monitoring = SimulatedMonitoring(clock=lambda: clock.elsewhere)
    await monitoring.start()
    bot = await make(alertmanager={"url": monitoring.url("monitoring", "alertmanager")}).open()
    await bot.app.http.open()
    await bot.app.clock.look()
    yield Asked(bot, monitoring, clock)
    await bot.app.http.close()
    await monitoring.stop()


@BOTH_WAYS
async def test_an_alert_that_is_missing_is_closed_after_two_minutes(asked: Asked, step: float) -> None:
    asked.clock.step(10 * MINUTE)
    await asked.bot.app.intake.accept(ROOM, read(webhook_body([Alert(FULL, asked.clock.wall)])))
    await asked.compare()

    await asked.set(step)
    early = await asked.compare(after=90)
    due = await asked.compare(after=30)

    assert (early, len(due)) == ([], 1)
    assert due[0].startswith("✅ RESOLVED DiskFull")


@BOTH_WAYS
async def test_a_restarted_alertmanager_is_believed_when_it_has_run_for_a_while(asked: Asked, step: float) -> None:
    await asked.bot.app.intake.accept(ROOM, read(webhook_body([Alert(FULL, asked.clock.wall)])))
    await asked.bot.said()
    asked.alertmanager.restart()

    await asked.set(step)
    early = [await asked.compare(after=60) for _ in range(6)]
    due = [await asked.compare(after=60) for _ in range(2)]

    assert early == [[]] * 6
    assert sum(map(len, due)) == 1


@BOTH_WAYS
async def test_an_alert_whose_webhook_was_lost_gets_its_card_in_its_time(asked: Asked, step: float) -> None:
    await asked.set(step)
    asked.alertmanager.fire(FULL, starts_at=asked.clock.elsewhere)

    said = [await asked.compare(after=60) for _ in range(2)]

    assert [len(each) for each in said] == [0, 1]


@BOTH_WAYS
async def test_a_silence_is_over_when_alertmanager_says_so(asked: Asked, step: float) -> None:
    asked.alertmanager.fire(DOWN, starts_at=asked.clock.elsewhere)
    await asked.compare(after=2 * MINUTE)
    asked.alertmanager.silence(DOWN, timedelta(minutes=30))
    await asked.compare(after=MINUTE)

    await asked.set(step)
    await asked.compare(after=MINUTE)
    (card,) = await cards.open_cards(asked.bot.app.database)
    again = await asked.compare(after=MINUTE)

    assert card.muted
    assert abs(card.muted.until - asked.clock.wall - timedelta(minutes=27)) < timedelta(seconds=5)
    assert again == []
