"""Alerts are led to their rooms, however they come; each is in one room, and stays there while it burns."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.clients.store import cards
from bot.core.names import RoomId
from bot.core.webhook import read
from bot.demo.monitoring import SimulatedMonitoring
from bot.demo.monitoring.payloads import Alert, webhook_body
from tests.flow.conftest import ANNA, ROOM, Bot, Clock, Ledger, MakeBot, Real
from tests.flow.test_chat import hears

DATA, APPS = RoomId("!data:example.org"), RoomId("!apps:example.org")
ROOMS = {"ops": ROOM, "data": DATA, "apps": APPS}
ROUTES: list[dict[str, Any]] = [
    {"room": "data", "matchers": ['pod=~"postgres.*"']},
    {"room": "apps", "receiver": "apps"},
]
ROUTED: dict[str, Any] = {"rooms": ROOMS, "alerts": {"routes": ROUTES}}
DISK = {"alertname": "DiskFull", "severity": "warning", "namespace": "data", "pod": "valkey-0"}
POSTGRES = DISK | {"pod": "postgres-1"}
WATCHDOG = {"alertname": "Watchdog", "severity": "none", "pod": "postgres-0"}


@pytest.fixture
def ledger() -> Ledger:
    return Real()


@pytest.fixture
async def bot(make: MakeBot) -> Bot:
    return await make(**ROUTED).open()


async def posts(bot: Bot, *alerts: Alert, room: RoomId = ROOM, **changed: Any) -> None:
    await bot.app.intake.accept(room, read(webhook_body(alerts) | changed))


async def seen(bot: Bot) -> dict[str, list[str]]:
    """Return what each room is told, first lines only."""
    return {name: said for name, room in ROOMS.items() if (said := await bot.said(room))}


async def test_each_room_has_a_card_of_its_own_for_its_part(bot: Bot) -> None:
    disk, postgres = Alert(DISK, bot.clock.wall), Alert(POSTGRES, bot.clock.wall)

    await posts(bot, disk, postgres)
    opened = await seen(bot)
    await posts(bot, disk, Alert(POSTGRES, postgres.starts_at, ends_at=bot.clock.wall))
    over = await seen(bot)

    assert opened == {
        "ops": ["⚠️ WARNING DiskFull — data/valkey-0 #a1"],
        "data": ["⚠️ WARNING DiskFull — data/postgres-1 #b1"],
    }
    assert over == {"data": ["✅ RESOLVED DiskFull — data/postgres-1 #b1"]}


async def test_a_route_by_receiver_takes_all_of_a_webhook(bot: Bot) -> None:
    await posts(bot, Alert(DISK, bot.clock.wall), receiver="apps")

    assert await seen(bot) == {"apps": ["⚠️ WARNING DiskFull — data/valkey-0 #a1"]}


async def test_what_meets_no_route_goes_where_it_is_posted(bot: Bot) -> None:
    await posts(bot, Alert(DISK, bot.clock.wall), room=APPS)

    assert await seen(bot) == {"apps": ["⚠️ WARNING DiskFull — data/valkey-0 #a1"]}


async def test_one_alert_posted_twice_and_led_to_one_room_has_one_card(bot: Bot) -> None:
    """As a receiver with two webhooks does, or two Alertmanagers that differ in where they post."""
    alert = Alert(POSTGRES, bot.clock.wall)

    await posts(bot, alert, room=ROOM)
    await posts(bot, alert, room=APPS)

    assert await seen(bot) == {"data": ["⚠️ WARNING DiskFull — data/postgres-1 #a1"]}


async def test_one_alert_posted_to_two_rooms_without_a_route_is_told_in_both(bot: Bot) -> None:
    alert = Alert(DISK, bot.clock.wall)

    await posts(bot, alert, room=ROOM)
    await posts(bot, alert, room=APPS)

    assert set(await seen(bot)) == {"ops", "apps"}


@pytest.mark.parametrize(
    ("before", "after", "home"),
    [
        pytest.param([], ROUTES, "ops", id="a route is made"),
        pytest.param(ROUTES, [], "data", id="a route is taken away"),
        pytest.param(ROUTES, [ROUTES[0] | {"room": "apps"}], "data", id="a route leads elsewhere"),
    ],
)
async def test_what_burns_stays_on_its_card_when_the_routes_change(
    make: MakeBot, before: list[Any], after: list[Any], home: str
) -> None:
    bot = await make(**ROUTED | {"alerts": {"routes": before}}).open()
    alert = Alert(POSTGRES, bot.clock.wall)
    await posts(bot, alert)
    await seen(bot)
    await bot.close()
    bot = await make(**ROUTED | {"alerts": {"routes": after}}).open()

    await posts(bot, alert)
    again = await seen(bot)
    over = Alert(POSTGRES, alert.starts_at, ends_at=bot.clock.wall)
    await posts(bot, over)
    ended = await seen(bot)
    bot.clock.step(30)
    await posts(bot, over)

    assert again == {}
    assert ended == {home: ["✅ RESOLVED DiskFull — data/postgres-1 #a1"]}
    assert await seen(bot) == {}


async def test_who_takes_a_card_from_another_room_is_answered_there(make: MakeBot) -> None:
    bot = await make(**ROUTED).open()
    await posts(bot, Alert(POSTGRES, bot.clock.wall), Alert(DISK, bot.clock.wall))
    await seen(bot)

    (answer,) = await hears(bot, ANNA, "!ack #a1")
    there = await seen(bot)
    elsewhere = await hears(bot, ANNA, "!ack #b1")

    assert answer["body"] == f"👀 {ANNA} on it — DiskFull #a1"
    assert there == {"data": [f"👀 {ANNA} on it — DiskFull — data/postgres-1 #a1"]}
    # In its own room the card says it, by an edit.
    assert [each["body"].splitlines()[0] for each in elsewhere] == [f"👀 {ANNA} on it — DiskFull — data/valkey-0 #b1"]


async def test_the_absence_of_the_watchdog_is_told_where_a_route_leads_it(bot: Bot) -> None:
    await posts(bot, Alert(WATCHDOG, bot.clock.wall))
    bot.clock.step(timedelta(hours=14).total_seconds())
    await bot.app.watchdog.look()
    missed = await seen(bot)
    await posts(bot, Alert(WATCHDOG, bot.clock.wall))

    assert missed == {"data": ["🔥 CRITICAL Watchdog not heard for 14 h"]}
    assert await seen(bot) == {"data": ["✅ RESOLVED Watchdog is back"]}


@pytest.fixture
async def compared(make: MakeBot, clock: Clock) -> AsyncIterator[tuple[Bot, SimulatedMonitoring]]:
    """A bot that compares its cards with an Alertmanager, and that one."""
    monitoring = SimulatedMonitoring(clock=lambda: clock.wall)
    await monitoring.start()
    url = monitoring.url("monitoring", "alertmanager")
    bot = await make(**ROUTED | {"alertmanager": {"url": url}}).open()
    await bot.app.http.open()
    yield bot, monitoring
    await bot.app.http.close()
    await monitoring.stop()


async def test_what_a_lost_webhook_would_have_told_is_led_to_the_same_rooms(
    compared: tuple[Bot, SimulatedMonitoring],
) -> None:
    bot, monitoring = compared
    disk, postgres = monitoring.alertmanager.fire(DISK), monitoring.alertmanager.fire(POSTGRES)
    bot.clock.step(120)

    await bot.app.reconciler.once()
    told = await seen(bot)
    await posts(bot, disk, postgres)
    late = await seen(bot)
    bot.clock.step(60)
    await bot.app.reconciler.once()

    assert told == {
        "ops": ["⚠️ WARNING DiskFull — data/valkey-0 #a1"],
        "data": ["⚠️ WARNING DiskFull — data/postgres-1 #b1"],
    }
    assert late == {}
    assert await seen(bot) == {}
    assert len(await cards.open_cards(bot.app.database)) == 2


async def test_where_a_receiver_posts_is_remembered_though_a_route_led_its_alerts_elsewhere(
    compared: tuple[Bot, SimulatedMonitoring],
) -> None:
    bot, monitoring = compared
    await posts(bot, monitoring.alertmanager.fire(POSTGRES), room=APPS)
    monitoring.alertmanager.fire(DISK | {"alertname": "Slow"})
    await seen(bot)
    bot.clock.step(120)

    await bot.app.reconciler.once()

    assert await seen(bot) == {"apps": ["⚠️ WARNING Slow — data/valkey-0 #b1"]}
