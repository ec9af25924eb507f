"""Quiet hours hold back what does not ring; nothing of it is lost, and all of it is told when they are over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.clients.store import cards
from bot.core.alerts import Taken
from bot.core.held import Held
from bot.core.message import FIELD
from bot.core.names import RoomId
from bot.core.webhook import read
from bot.demo.monitoring.payloads import Alert, webhook_body
from tests.flow.conftest import ANNA, BEN, ROOM, Clock, Ledger, MakeBot, Real
from tests.flow.test_chat import hears

# Friday the 27th of November 2026, an hour before it gets quiet.
EVENING = datetime(2026, 11, 27, 21, tzinfo=UTC)
HOUR = 3600.0
MINUTE = 60.0
DATA = RoomId("!data:example.org")
PEOPLE = {ANNA: {"role": "admin", "on_call": True}, BEN: {"role": "operator"}}
SLOW = {"alertname": "QueueGrows", "severity": "warning", "namespace": "lasuite", "pod": "worker-0"}
FULL = {"alertname": "DiskFull", "severity": "warning", "namespace": "storage", "pod": "seaweed-0"}
DOWN = {"alertname": "PostgresDown", "severity": "critical", "namespace": "data", "pod": "postgres-1"}


class House:
    """A bot with quiet hours, and the clock by which they are."""

    def __init__(self, make: MakeBot, clock: Clock, **alerts: Any) -> None:
        self.make, self.clock = make, clock
        self.alerts = {"quiet": ["22:00-07:00"], **alerts}
        self.began: dict[str, datetime] = {}

    async def open(self) -> "House":
        rooms = {"ops": ROOM, "data": DATA}
        self.bot = await self.make(people=PEOPLE, rooms=rooms, alerts=self.alerts).open()
        await self.bot.app.http.open()
        return self

    async def close(self) -> None:
        await self.bot.app.http.close()
        await self.bot.close()

    async def restart(self, **alerts: Any) -> None:
        await self.close()
        self.alerts |= alerts
        await self.open()

    async def fire(self, labels: dict[str, str], room: RoomId = ROOM) -> None:
        began = self.began[labels["alertname"]] = self.clock.wall
        await self._post(Alert(labels, began), room)

    async def resolve(self, labels: dict[str, str], room: RoomId = ROOM) -> None:
        await self._post(Alert(labels, self.began[labels["alertname"]], ends_at=self.clock.wall), room)

    async def _post(self, alert: Alert, room: RoomId) -> None:
        hook = read(webhook_body([alert]) | {"groupKey": alert.labels["namespace"]})
        await self.bot.app.intake.accept(room, hook)

    async def pass_to(self, hour: int, minute: int = 0, room: RoomId = ROOM) -> list[str]:
        """Let time pass until it is so late, duties being done on the way; return what a room then sees."""
        seen: list[str] = []
        while left := (timedelta(hours=hour, minutes=minute) - _since_midnight(self.clock.wall)) % timedelta(days=1):
            # A quarter of an hour at a time, and each minute of the last.
            self.clock.step(15 * MINUTE if left > timedelta(minutes=15) else MINUTE)
            await self.bot.app.bulletin.greet()
            await self.bot.app.pager.turn()
            self.bot.app.listener._last = self.clock.monotonic
            await self.bot.app.auditor.look()
            seen += await self.bot.said(room)
        return seen

    async def held(self) -> list[str]:
        return [card.handle for card in await cards.held(self.bot.app.database, Held.QUIET)]


def _since_midnight(now: datetime) -> timedelta:
    return now - now.replace(hour=0, minute=0)


@pytest.fixture
def ledger() -> Ledger:
    return Real()


@pytest.fixture
async def house(make: MakeBot, clock: Clock) -> Any:
    clock.wall = EVENING
    house = await House(make, clock).open()
    yield house
    await house.close()


async def test_what_does_not_ring_waits_for_the_end_of_the_quiet_hours(house: House) -> None:
    await house.pass_to(23)
    await house.fire(SLOW)
    await house.fire(FULL)
    await house.pass_to(23, 30)
    await house.resolve(SLOW)

    quiet = await house.pass_to(6, 59)
    held = await house.held()
    house.clock.step(MINUTE)
    await house.bot.app.bulletin.greet()
    over, card = await house.bot.sent()

    assert quiet == []
    assert held == ["a1", "b1"]
    assert over["body"].splitlines() == [
        "ℹ️ Quiet hours are over — 1 came and went, 1 still burns",
        "• QueueGrows #a1 — lasuite/worker-0 · yesterday 23:00, lasted 30 min",
    ]
    assert card["body"].splitlines()[0] == "⚠️ WARNING DiskFull — storage/seaweed-0 #b1"
    assert [(each["msgtype"], each["m.mentions"]) for each in (over, card)] == [("m.notice", {})] * 2
    assert await house.held() == []
    # Told once, and kept as any other card from then on.
    assert await house.pass_to(12) == []
    await house.resolve(FULL)
    assert await house.bot.said() == ["✅ RESOLVED DiskFull — storage/seaweed-0 #b1"]


async def test_alerts_names_what_is_held_also_where_alertmanager_does_not_answer(house: House) -> None:
    await house.pass_to(23)
    await house.fire(FULL)
    await house.fire(SLOW)

    (everything,) = await hears(house.bot, ANNA, "!alerts")
    (some,) = await hears(house.bot, ANNA, "!alerts namespace=storage")

    assert "ℹ️ 2 cards held back until tomorrow 07:00: DiskFull #a1, QueueGrows #b1" in everything["body"].splitlines()
    assert "ℹ️ 1 card held back until tomorrow 07:00: DiskFull #a1" in some["body"].splitlines()


async def test_who_takes_what_is_held_is_answered_and_sees_its_card(house: House) -> None:
    await house.pass_to(23)
    await house.fire(FULL)

    said = await hears(house.bot, BEN, "!ack #a1")

    assert [each["body"].splitlines()[0] for each in said] == [
        f"👀 {BEN} on it — DiskFull #a1",
        f"👀 {BEN} on it — DiskFull — storage/seaweed-0 #a1",
    ]
    assert await house.held() == []


async def test_a_critical_rings_at_any_hour(house: House) -> None:
    await house.pass_to(23)

    await house.fire(DOWN)

    (page,) = await house.bot.sent()
    assert (page["msgtype"], page["m.mentions"]) == ("m.text", {"user_ids": [ANNA]})


async def test_what_becomes_critical_while_it_is_held_rings_at_once_and_once(house: House) -> None:
    await house.pass_to(23)
    await house.fire(FULL)
    await house.pass_to(1)

    await house.fire(FULL | {"alertname": "DiskAlmostLost", "severity": "critical"})

    (page,) = await house.bot.sent()
    assert page["body"].startswith("🔥 CRITICAL DiskAlmostLost and 1 other (2) — storage/seaweed-0 #a1")
    assert (page["msgtype"], page[FIELD]["rev"]) == ("m.text", 1)
    assert await house.held() == []
    # The next page comes when every page's next does.
    assert await house.pass_to(1, 4) == []
    assert await house.pass_to(1, 6) == ["🔥 CRITICAL DiskAlmostLost and 1 other (2) — storage/seaweed-0 #a1"]


async def test_a_card_that_was_told_before_is_edited_in_the_quiet_hours(house: House) -> None:
    await house.fire(FULL)
    await house.bot.sent()
    await house.pass_to(23)

    await house.resolve(FULL)

    (edit,) = await house.bot.sent()
    assert edit["body"].startswith("✅ RESOLVED DiskFull")
    assert edit[FIELD]["rev"] > 1
    assert await house.pass_to(12) == []


async def test_who_took_a_card_is_not_asked_about_it_before_morning(house: House) -> None:
    await house.fire(FULL)
    await house.bot.sent()
    (card,) = await cards.open_cards(house.bot.app.database)
    taken = Taken(BEN, house.clock.wall)
    await house.bot.app.database.write(
        lambda tx: house.bot.app.cards.amend(tx, card.key, lambda now: replace(now, taken=taken))
    )
    await house.bot.sent()

    quiet = await house.pass_to(6, 59)
    morning = await house.pass_to(7, 1)

    assert quiet == []
    assert morning == [f"👀 {BEN}: still burning, still on it? DiskFull #a1"]


async def test_what_is_held_survives_a_restart_and_the_end_of_the_hours_without_us(house: House) -> None:
    await house.pass_to(23)
    await house.fire(FULL)
    await house.fire(SLOW)
    await house.resolve(SLOW)
    await house.close()
    house.clock.step(12 * HOUR)
    await house.open()

    await house.bot.app.bulletin.greet()

    assert await house.bot.said() == [
        "ℹ️ Quiet hours are over — 1 came and went, 1 still burns",
        "⚠️ WARNING DiskFull — storage/seaweed-0 #a1",
    ]


async def test_what_is_held_is_told_when_the_quiet_hours_are_taken_out_of_the_configuration(house: House) -> None:
    await house.pass_to(23)
    await house.fire(FULL)
    await house.restart(quiet=[])

    assert await house.pass_to(23, 1) == ["⚠️ WARNING DiskFull — storage/seaweed-0 #a1"]


async def test_each_room_is_told_of_its_own(house: House) -> None:
    await house.pass_to(23)
    await house.fire(SLOW, DATA)
    await house.resolve(SLOW, DATA)
    await house.fire(FULL)

    ops = await house.pass_to(7, 1)

    assert ops == ["⚠️ WARNING DiskFull — storage/seaweed-0 #b1"]
    assert await house.bot.said(DATA) == ["ℹ️ Quiet hours are over — 1 came and went"]


async def test_the_digest_names_what_came_and_went_and_it_is_not_named_again(house: House) -> None:
    await house.restart(digest_at="07:00")
    await house.pass_to(23)
    await house.fire(SLOW)
    await house.fire(FULL)
    await house.resolve(SLOW)
    await house.pass_to(6, 59)

    house.clock.step(MINUTE)
    await house.bot.app.bulletin.greet()

    digest, card = await house.bot.sent()
    assert digest["body"].splitlines()[0] == "ℹ️ Good morning — 🔥 0 · ⚠️ 1 · 🔕 0 · 👀 0 ✨"
    assert digest["body"].splitlines()[-2:] == [
        "Came and went in the quiet hours:",
        "• QueueGrows #a1 — lasuite/worker-0 · yesterday 23:00, lasted 0 s",
    ]
    assert card["body"].startswith("⚠️ WARNING DiskFull")
    assert await house.pass_to(12) == []


async def test_a_digest_in_the_quiet_hours_says_what_is_held_back(house: House) -> None:
    await house.restart(digest_at="06:00")
    await house.pass_to(23)
    await house.fire(FULL)

    await house.pass_to(5, 59)
    house.clock.step(MINUTE)
    await house.bot.app.bulletin.greet()

    (digest,) = await house.bot.sent()
    assert "• ⚠️ DiskFull #a1 — storage/seaweed-0 · 7 h · held back" in digest["body"].splitlines()
    assert await house.held() == ["a1"]


async def test_a_long_list_comes_a_few_at_a_time(house: House) -> None:
    await house.pass_to(23)
    for number in range(30):
        await house.fire(FULL | {"namespace": f"ns-{number}"})
    await house.pass_to(6, 59)

    minutes = [len(await house.pass_to(7, minute)) for minute in range(4)]

    assert minutes == [12, 12, 6, 0]


async def test_what_comes_after_the_hours_is_told_at_once(house: House) -> None:
    await house.pass_to(7, 1)

    await house.fire(FULL)

    assert await house.bot.said() == ["⚠️ WARNING DiskFull — storage/seaweed-0 #a1"]
    assert timedelta(0) == house.clock.wall - house.began["DiskFull"]


async def test_what_a_storm_still_holds_when_it_gets_quiet_waits_for_morning(house: House) -> None:
    await house.pass_to(21, 59)
    for number in range(10):
        await house.fire(FULL | {"namespace": f"ns-{number}"})
    storm = await house.bot.said()
    await house.pass_to(22, 5)
    await house.bot.app.storms.turn(house.bot.app.cards.release)

    quiet = await house.pass_to(6, 59)

    assert len(storm) == 9
    # An edit of the storm's own card.
    assert quiet == ["ℹ️ storm over: 10 groups in 0 s, 10 still burn"]
    assert await house.pass_to(7) == [
        "⚠️ WARNING DiskFull — ns-8/seaweed-0 #k1",
        "⚠️ WARNING DiskFull — ns-9/seaweed-0 #m1",
    ]
