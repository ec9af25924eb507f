"""Too much at once: one card counts it, what rings keeps its own, and nothing is lost on the way in or out."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bot.clients.store import outbox, storms
from bot.clients.store.database import Transaction
from bot.core.alerts import Taken
from bot.core.message import FIELD
from bot.core.webhook import read
from bot.demo.monitoring.payloads import Alert, webhook_body
from tests.flow.conftest import ANNA, ROOM, Clock, MakeBot
from tests.flow.test_auditor import breaches

PEOPLE = {ANNA: {"role": "admin", "on_call": True}}
WINDOW, CALM = 60, 120


class Sky:
    """A bot, the weather over it, and what the room hears."""

    def __init__(self, make: MakeBot, clock: Clock, **changed: Any) -> None:
        self.make, self.clock = make, clock
        self.changed: dict[str, Any] = {"people": PEOPLE} | changed
        self.began: dict[str, datetime] = {}

    async def open(self) -> "Sky":
        self.bot = await self.make(**self.changed).open()
        return self

    async def restart(self) -> None:
        await self.bot.close()
        await self.open()

    async def fire(self, *names: str, severity: str = "warning", namespace: str = "data") -> None:
        for name in names:
            self.began.setdefault(name, self.clock.wall)
            await self._post(name, severity, namespace, None)

    async def resolve(self, *names: str, severity: str = "warning", namespace: str = "data") -> None:
        for name in names:
            await self._post(name, severity, namespace, self.clock.wall)

    async def _post(self, name: str, severity: str, namespace: str, ends_at: datetime | None) -> None:
        labels = {"alertname": name, "severity": severity, "namespace": namespace, "pod": f"{name.lower()}-0"}
        body = webhook_body([Alert(labels, self.began[name], ends_at=ends_at)])
        await self.bot.app.intake.accept(ROOM, read(body))

    async def turn(self, seconds: float = 10) -> None:
        self.clock.step(seconds)
        await self.bot.app.storms.turn(self.bot.app.cards.release)

    async def look(self) -> None:
        self.bot.app.listener._last = self.clock.monotonic
        await self.bot.app.auditor.look()

    async def outbreak(self, hidden: int = 1) -> None:
        """Let nine and more groups come, and the room hear of it."""
        await self.fire(*numbered(8 + hidden))
        await self.turn()
        await self.bot.sent()


def numbered(number: int, first: int = 1) -> tuple[str, ...]:
    return tuple(f"Slow{each}" for each in range(first, first + number))


@pytest.fixture
async def sky(make: MakeBot, clock: Clock) -> Sky:
    return await Sky(make, clock).open()


async def test_up_to_eight_new_groups_have_a_card_each(sky: Sky) -> None:
    await sky.fire(*numbered(8))
    await sky.turn()

    assert [line.split()[2] for line in await sky.bot.said()] == list(numbered(8))


async def test_the_ninth_and_all_that_follow_are_told_by_one_card(sky: Sky) -> None:
    await sky.fire(*numbered(9))
    first = await sky.bot.said()
    await sky.fire(*numbered(20, 10), namespace="storage")
    at_once = await sky.bot.said()
    await sky.turn()

    (card,) = await sky.bot.sent()
    # Before the eight, since it says more than any of them.
    assert first[0] == "⚠️ STORM 9 groups in 0 s — 9 warning"
    assert len(first) == 9
    assert at_once == []
    assert card["body"].splitlines() == [
        "⚠️ STORM 29 groups in 0 s — 29 warning",
        "• storage 20 · data 9",
        "What rings keeps its own card. !alerts lists all.",
    ]
    assert (card[FIELD]["kind"], card[FIELD]["rev"], card["msgtype"]) == ("storm-card", 2, "m.notice")


async def test_groups_of_different_minutes_are_no_storm(sky: Sky) -> None:
    await sky.fire(*numbered(8))
    sky.clock.step(WINDOW + 1)
    await sky.fire(*numbered(8, 9))
    await sky.turn()

    assert not any("STORM" in line for line in await sky.bot.said())


async def test_a_critical_keeps_its_own_card_in_a_storm_and_rings(sky: Sky) -> None:
    await sky.outbreak()
    await sky.fire("PostgresDown", severity="critical")
    (critical,) = await sky.bot.sent()
    await sky.turn()

    assert critical["body"].startswith("🔥 CRITICAL PostgresDown")
    assert (critical["msgtype"], critical["m.mentions"]) == ("m.text", {"user_ids": [ANNA]})
    assert await sky.bot.said() == ["🔥 STORM 10 groups in 10 s — 1 critical, 9 warning"]


async def test_what_becomes_critical_within_a_storm_gets_its_own_card_and_rings_once(sky: Sky) -> None:
    await sky.outbreak(hidden=3)
    labels = {"alertname": "Slow10", "severity": "critical", "namespace": "data", "pod": "another"}
    await sky.bot.app.intake.accept(ROOM, read(webhook_body([Alert(labels, sky.clock.wall)])))

    (card,) = await sky.bot.sent()

    assert card["body"].startswith("🔥 CRITICAL Slow10 (2)")
    assert (card["msgtype"], card["m.mentions"]) == ("m.text", {"user_ids": [ANNA]})


async def test_a_card_of_before_the_storm_is_edited_as_ever(sky: Sky) -> None:
    await sky.outbreak()
    await sky.resolve("Slow1")

    assert [line.split(" — ")[0] for line in await sky.bot.said()] == ["✅ RESOLVED Slow1"]


async def test_what_ends_within_the_storm_is_counted_and_has_no_message(sky: Sky) -> None:
    await sky.outbreak(hidden=3)
    await sky.resolve("Slow10", "Slow11")
    await sky.turn()

    (card,) = await sky.bot.sent()

    assert card["body"].splitlines()[2] == "✅ ended: Slow10 1 · Slow11 1"


async def test_a_pair_of_alertmanagers_tells_a_storm_twice_and_it_is_counted_once(sky: Sky) -> None:
    await sky.fire(*(name for name in numbered(12) for _ in range(2)))
    await sky.resolve("Slow12", "Slow12")
    await sky.turn()
    await sky.fire("Slow12")
    await sky.turn()

    said = await sky.bot.said()

    assert said[0] == "⚠️ STORM 12 groups in 0 s — 12 warning"
    assert len(said) == 9


async def test_what_the_sender_left_out_is_counted_with_its_group(sky: Sky) -> None:
    await sky.outbreak()
    alert = Alert({"alertname": "Cut", "severity": "warning", "namespace": "ory"}, sky.clock.wall)
    await sky.bot.app.intake.accept(ROOM, read(webhook_body([alert]) | {"truncatedAlerts": 990}))
    await sky.turn()

    (card,) = await sky.bot.sent()

    assert card["body"].splitlines()[2] == "1,000 alerts in all"


async def test_it_says_nothing_when_nothing_changed(sky: Sky) -> None:
    await sky.outbreak()

    await sky.turn()

    assert await sky.bot.said() == []


async def test_when_it_is_calm_what_still_burns_gets_its_own_card_silently(sky: Sky) -> None:
    await sky.outbreak(hidden=4)
    await sky.resolve("Slow10", "Slow11")
    await sky.turn(CALM - 20)
    raging = await sky.bot.said()
    await sky.turn(20)

    over, *cards = await sky.bot.sent()

    assert raging == ["⚠️ STORM 12 groups in 0 s — 12 warning"]
    assert over["body"].splitlines() == [
        "ℹ️ storm over: 12 groups in 0 s, 10 still burn",
        "• data 12",
        "✅ ended: Slow10 1 · Slow11 1",
        "What still burns gets its own card.",
    ]
    assert [card["body"].split()[2] for card in cards] == ["Slow9", "Slow12"]
    assert {card["msgtype"] for card in cards} == {"m.notice"}


async def test_it_lasts_as_long_as_groups_keep_coming(sky: Sky) -> None:
    await sky.outbreak()
    for number in range(30):
        await sky.fire(f"More{number}")
        await sky.turn(7)
        (last,) = await sky.bot.said()

    assert last.startswith("⚠️ STORM 39 groups in 3 min")


async def test_after_a_storm_a_new_group_has_a_card_again_and_the_storm_is_left_alone(sky: Sky) -> None:
    await sky.outbreak()
    await sky.turn(CALM)
    await sky.bot.sent()
    await sky.fire("Later")
    await sky.turn()

    assert [line.split()[2] for line in await sky.bot.said()] == ["Later"]


async def test_many_that_still_burn_get_their_cards_a_few_at_a_time(sky: Sky) -> None:
    """At one message in five seconds none may wait so long that it counts as late."""
    await sky.outbreak(hidden=40)
    await sky.turn(CALM)
    await sky.turn()
    waiting = await sky.bot.app.database.write(lambda tx: outbox.queued(tx, ROOM))
    first = await sky.bot.said()
    await sky.turn()
    second = await sky.bot.said()
    # These never had a card, and need none any more.
    await sky.resolve(*numbered(3, 46))
    await sky.turn()
    third = await sky.bot.said()
    await sky.turn()

    assert waiting == len(first) == 16
    assert first[0] == "ℹ️ storm over: 48 groups in 0 s, 48 still burn"
    assert [line.split()[2] for line in first[1:] + second] == list(numbered(31, 9))
    assert third[0] == "ℹ️ storm over: 48 groups in 0 s, 45 still burn"
    assert [line.split()[2] for line in third[1:]] == list(numbered(6, 40))
    assert await sky.bot.said() == []


async def test_whoever_takes_a_group_of_a_storm_brings_its_card_into_the_room(sky: Sky) -> None:
    await sky.outbreak(hidden=2)
    (storm,) = await storms.unfinished(sky.bot.app.database)
    key, _ = await storms.waiting(sky.bot.app.database, storm)
    taken = Taken(ANNA, sky.clock.wall)

    await sky.bot.app.database.write(
        lambda tx: sky.bot.app.cards.amend(tx, key, lambda card: replace(card, taken=taken))
    )

    assert (await sky.bot.said())[0].startswith(f"👀 {ANNA} on it — Slow9")


async def test_a_storm_outlasts_a_restart(sky: Sky) -> None:
    await sky.outbreak(hidden=2)
    await sky.restart()
    await sky.fire("More")
    await sky.turn()
    raging = await sky.bot.said()
    await sky.restart()
    await sky.turn(CALM)

    assert raging == ["⚠️ STORM 11 groups in 10 s — 11 warning"]
    assert (await sky.bot.said())[0] == "ℹ️ storm over: 11 groups in 10 s, 11 still burn"


async def test_where_the_window_is_nothing_there_is_no_storm(make: MakeBot, clock: Clock) -> None:
    sky = await Sky(make, clock, limits={"storm": "PT0S"}).open()

    await sky.fire(*numbered(30))
    await sky.turn()

    assert len(await sky.bot.said()) == 30


async def test_the_auditor_counts_what_a_storm_tells_as_kept(sky: Sky) -> None:
    await sky.outbreak(hidden=5)
    await sky.resolve("Slow9")
    for _ in range(4):
        await sky.turn(30)
        await sky.look()
        await sky.bot.sent()

    assert breaches(sky.bot) == {}


async def test_a_storms_card_that_got_lost_is_put_again(sky: Sky) -> None:
    await sky.fire(*numbered(12))
    await sky.bot.app.database.write(lambda tx: tx.run("DELETE FROM outbox WHERE key LIKE 'storm:%'"))

    await sky.look()

    assert (await sky.bot.said())[0] == "⚠️ STORM 12 groups in 0 s — 12 warning"
    assert breaches(sky.bot) == {"lost": 1}


async def test_groups_that_no_storm_counts_for_a_minute_are_noticed(sky: Sky) -> None:
    """As when the one who is to count them hangs."""
    await sky.outbreak()
    await sky.fire(*numbered(5, 10))
    await sky.look()
    in_time = breaches(sky.bot)
    sky.clock.step(61)
    await sky.look()

    assert in_time == {}
    assert await sky.bot.said() == ["⚠️ STORM 14 groups in 10 s — 14 warning"]
    assert breaches(sky.bot) == {"lost": 1}


async def test_a_group_that_a_storm_left_behind_gets_its_card(sky: Sky) -> None:
    await sky.outbreak()
    await sky.bot.app.database.write(_forgotten)

    await sky.look()

    assert [line.split()[2] for line in await sky.bot.said()] == ["Slow9"]
    assert breaches(sky.bot) == {"lost": 1}


async def _forgotten(tx: Transaction) -> None:
    storm = await storms.raging(tx, ROOM)
    assert storm
    await storms.finish(tx, storm)
