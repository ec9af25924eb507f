"""The alert that always fires: swallowed while it comes, loud when it does not; the heartbeat depends on it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.core.errors import OpsError
from bot.core.webhook import read
from bot.demo.monitoring import SimulatedMonitoring
from bot.demo.monitoring.payloads import Alert, webhook_body
from tests.flow.conftest import ANNA, BEN, ROOM, Bot, Clock, MakeBot

WATCHDOG = {"alertname": "Watchdog", "severity": "none"}
DOWN = {"alertname": "PostgresDown", "severity": "warning", "namespace": "data"}
PEOPLE = {ANNA: {"role": "admin", "on_call": True}, BEN: {"role": "operator"}}
HOUR = 3600.0


@pytest.fixture
async def bot(make: MakeBot) -> Bot:
    return await make(people=PEOPLE, timezone="UTC").open()


async def comes(bot: Bot, *others: Alert, ended: bool = False) -> None:
    """Have the Watchdog come, other alerts with it."""
    now = bot.clock.wall
    alert = Alert(WATCHDOG, now - timedelta(days=1), ends_at=now if ended else None)
    await bot.app.intake.accept(ROOM, read(webhook_body([alert, *others])))


async def looks(bot: Bot, after: float) -> list[str]:
    bot.clock.step(after)
    await bot.app.watchdog.look()
    return await bot.said()


async def test_it_has_no_card(bot: Bot) -> None:
    await comes(bot)
    await comes(bot, Alert(DOWN, bot.clock.wall))

    assert await bot.said() == ["⚠️ WARNING PostgresDown — data #a1"]


async def test_nothing_is_said_before_it_was_first_seen(bot: Bot) -> None:
    await comes(bot, ended=True)

    assert await looks(bot, 100 * HOUR) == []


async def test_while_it_comes_nothing_is_said(bot: Bot) -> None:
    for _ in range(4):
        await comes(bot)
        assert await looks(bot, 12 * HOUR) == []


async def test_overdue_it_rings_who_is_on_call_once_and_is_edited_when_it_is_back(bot: Bot) -> None:
    await comes(bot)
    quiet = await looks(bot, 13 * HOUR)
    bot.clock.step(1)
    await bot.app.watchdog.look()
    (loud,) = await bot.sent()
    again = await looks(bot, HOUR)
    overdue = bot.app.watchdog.overdue

    await comes(bot)
    (back,) = await bot.sent()

    assert (quiet, again, overdue) == ([], [], True)
    assert loud["body"].splitlines()[0] == "🔥 CRITICAL Watchdog not heard for 13 h"
    assert (loud["msgtype"], loud["m.mentions"]) == ("m.text", {"user_ids": [ANNA]})
    assert back["body"].splitlines()[0] == "✅ RESOLVED Watchdog is back"
    assert (back["event"], back["msgtype"]) == (loud["event"], "m.notice")
    assert await looks(bot, 60) == []
    assert not bot.app.watchdog.overdue


async def test_the_next_silence_rings_anew(bot: Bot) -> None:
    await comes(bot)
    await looks(bot, 14 * HOUR)
    await comes(bot)
    await bot.sent()
    bot.clock.step(14 * HOUR)

    await bot.app.watchdog.look()

    (loud,) = await bot.sent()
    assert (loud["msgtype"], loud["event"]) == ("m.text", "$bot-2")


async def test_when_alertmanager_says_that_it_ended_nobody_waits_half_a_day(bot: Bot) -> None:
    await comes(bot)
    await comes(bot, ended=True)

    assert await looks(bot, 60) == ["🔥 CRITICAL Watchdog ended in Alertmanager"]


async def test_after_a_restart_it_gets_the_time_to_come_again(make: MakeBot, clock: Clock) -> None:
    first = await make(people=PEOPLE).open()
    await comes(first)
    await first.close()
    clock.step(30 * HOUR)
    second = await make(people=PEOPLE).open()

    assert await looks(second, 0.5 * HOUR) == []
    assert await looks(second, HOUR) == ["🔥 CRITICAL Watchdog not heard for 31 h"]


async def test_what_was_said_outlives_a_restart_and_is_taken_back(make: MakeBot) -> None:
    first = await make(people=PEOPLE).open()
    await comes(first)
    await looks(first, 20 * HOUR)
    await first.close()
    second = await make(people=PEOPLE).open()

    silent = await looks(second, 60)
    overdue = second.app.watchdog.overdue
    await comes(second)

    assert (silent, overdue) == ([], True)
    assert await second.said() == ["✅ RESOLVED Watchdog is back"]


async def test_switched_off_it_is_an_alert_like_any_other(make: MakeBot) -> None:
    bot = await make(alerts={"watchdog": None}).open()
    await comes(bot)

    assert await bot.said() == ["⚠️ ALERT Watchdog #a1"]
    assert await looks(bot, 100 * HOUR) == []


class Outside:
    """Somebody outside who counts heartbeats."""

    def __init__(self, bot: Bot, monitoring: SimulatedMonitoring) -> None:
        self.bot = bot
        self._monitoring = monitoring

    @property
    def beats(self) -> int:
        return len(self._monitoring.request_log)


@pytest.fixture
async def outside(make: MakeBot) -> AsyncIterator[Outside]:
    monitoring = SimulatedMonitoring()
    await monitoring.start()
    monitoring.answer("/out/side/obviously-fake")
    alerts: dict[str, Any] = {"heartbeat_url": f"{monitoring.url('out', 'side')}/obviously-fake"}
    bot = await make(alerts=alerts).open()
    await bot.app.http.open()
    bot.app.listener._last = bot.clock.monotonic
    yield Outside(bot, monitoring)
    await bot.app.http.close()
    await monitoring.stop()


async def test_while_all_is_well_somebody_outside_hears_of_it(outside: Outside) -> None:
    await outside.bot.app.heartbeat.beat()
    await outside.bot.app.heartbeat.beat()

    assert outside.beats == 2


async def test_a_bot_that_is_not_fit_to_serve_is_silent(outside: Outside) -> None:
    outside.bot.clock.step(121)
    await outside.bot.app.heartbeat.beat()
    outside.bot.app.listener._last = outside.bot.clock.monotonic
    await outside.bot.full_disk(True)
    await outside.bot.app.heartbeat.beat()

    assert outside.beats == 0


async def test_without_the_watchdog_it_is_silent_too(outside: Outside) -> None:
    await comes(outside.bot)
    await looks(outside.bot, 14 * HOUR)
    outside.bot.app.listener._last = outside.bot.clock.monotonic

    await outside.bot.app.heartbeat.beat()

    assert outside.beats == 0


async def test_nobody_outside_and_nothing_is_asked(bot: Bot) -> None:
    await bot.app.heartbeat.beat()


async def test_an_address_that_refuses_is_a_failure_without_the_address(outside: Outside) -> None:
    outside._monitoring.answer("/out/side/obviously-fake", 404)

    with pytest.raises(OpsError) as failure:
        await outside.bot.app.heartbeat.beat()

    assert "obviously-fake" not in str(failure.value)
