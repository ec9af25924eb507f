"""It rings until somebody answers, never twice for one page, and by the second channel at last."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.clients.store import cards
from bot.core.alerts import Card, Muted, Taken
from bot.core.message import FIELD
from bot.core.webhook import Webhook, read
from bot.demo.monitoring.payloads import Alert, webhook_body
from tests.flow.conftest import ANNA, BEN, CLEO, ROOM, Clock, MakeBot, Second
from tests.test_recorded_webhooks import REASONS
from tests.test_recorded_webhooks import read as read_body

DOWN = {"alertname": "PostgresDown", "severity": "critical", "namespace": "data", "pod": "postgres-1"}
FULL = DOWN | {"alertname": "DiskFull", "severity": "warning"}
PEOPLE = {ANNA: {"role": "admin", "on_call": True}, BEN: {"role": "operator"}, CLEO: {"role": "viewer"}}
TURN = 15
MINUTE = 60


class House:
    """A bot whose pager is wound by hand, and what the phones hear of it."""

    def __init__(self, make: MakeBot, clock: Clock, url: str | None) -> None:
        self.make, self.clock = make, clock
        self.settings: dict[str, Any] = {"people": PEOPLE, "alerts": {"second_channel": url}}
        self.sent: list[dict[str, Any]] = []

    async def open(self, **changed: Any) -> "House":
        self.bot = await self.make(**self.settings | changed).open()
        return self

    async def restart(self) -> None:
        """End the process as a power cut does, and start another."""
        await self.bot.close()
        await self.open()

    async def fire(self, labels: dict[str, str] = DOWN) -> None:
        await self._post(Alert(labels, self.clock.wall))

    async def resolve(self, labels: dict[str, str] = DOWN) -> None:
        (card,) = [each for each in await self.cards() if each.names == (labels["alertname"],)]
        await self._post(Alert(labels, card.members[0].starts_at, ends_at=self.clock.wall))

    async def fire_more(self, number: int) -> None:
        """Let another alert of one and the same group fire."""
        alert = Alert(DOWN | {"pod": f"postgres-{number}"}, self.clock.wall)
        await self.bot.app.intake.accept(ROOM, read(webhook_body([alert])))

    async def _post(self, alert: Alert) -> None:
        hook: Webhook = read(webhook_body([alert]) | {"groupKey": alert.labels["alertname"]})
        await self.bot.app.intake.accept(ROOM, hook)

    async def wait(self, seconds: float, *, deliver: bool = True) -> list[dict[str, Any]]:
        """Let time pass with the pager's turns in it; return what the room saw."""
        seen = await self.bot.sent() if deliver else []
        while seconds > 0:
            self.clock.step(min(TURN, seconds))
            seconds -= TURN
            await self.bot.app.pager.turn()
            seen += await self.bot.sent() if deliver else []
        return seen

    async def cards(self) -> list[Card]:
        return await cards.open_cards(self.bot.app.database)

    async def amend(self, **changed: Any) -> None:
        (card,) = await self.cards()
        await self.amend_card(card, **changed)

    async def amend_card(self, card: Card, **changed: Any) -> None:
        await self.bot.app.database.write(
            lambda tx: self.bot.app.cards.amend(tx, card.key, lambda now: replace(now, **changed))
        )


def rings(seen: list[dict[str, Any]]) -> list[str]:
    """Return the first line of what rings a phone: a text that is no edit, and mentions somebody."""
    return [
        each["body"].splitlines()[0]
        for each in seen
        if each["msgtype"] == "m.text" and each["m.mentions"] and each[FIELD]["rev"] == 1
    ]


def silent(seen: list[dict[str, Any]]) -> list[str]:
    """Return the first line of every new message that rings nobody."""
    return [each["body"].splitlines()[0] for each in seen if each["msgtype"] == "m.notice" and each[FIELD]["rev"] == 1]


@pytest.fixture
async def house(make: MakeBot, clock: Clock, second: tuple[Second, str]) -> House:
    return await House(make, clock, second[1]).open()


CARD = "🔥 CRITICAL PostgresDown — data/postgres-1 #a1"


async def test_a_critical_card_rings_every_five_minutes_six_times(house: House, second: tuple[Second, str]) -> None:
    await house.fire()

    seen = await house.wait(90 * MINUTE)

    pages = [each for each in seen if each[FIELD]["kind"] == "page"]
    assert rings(seen) == [CARD] * 6
    assert [each["m.mentions"] for each in pages] == [{"user_ids": [ANNA]}] * 5
    assert [each[FIELD]["key"].rsplit(":", 1)[1] for each in pages] == ["2", "3", "4", "5", "6"]
    assert pages[0]["m.relates_to"] == {"m.in_reply_to": {"event_id": seen[0]["event"]}}
    assert pages[-1]["body"].splitlines()[1] == "Burning for 25 min, nobody on it · page 6 of 6"
    # After half an hour the second channel, once; the room is told of it, silently.
    (told,) = second[0].came
    assert told["title"] == CARD
    assert told["message"].startswith("It rang in the room, and nobody is on it\nBurning for 30 min\n")
    assert silent(seen) == ["ℹ️ Nobody answered 6 pages, the second channel was told — PostgresDown #a1"]


async def test_nothing_but_critical_rings(house: House) -> None:
    await house.fire(FULL)

    seen = await house.wait(90 * MINUTE)

    assert rings(seen) == []
    assert silent(seen) == ["⚠️ WARNING DiskFull — data/postgres-1 #a1"]


async def test_what_rings_is_what_the_configuration_says(make: MakeBot, clock: Clock) -> None:
    page = ["DiskFull", "severity=critical,namespace=ory"]
    house = await House(make, clock, None).open(alerts={"page": page})
    await house.fire()
    await house.fire(FULL)

    assert rings(await house.wait(MINUTE)) == ["⚠️ WARNING DiskFull — data/postgres-1 #b1"]


@pytest.mark.parametrize("how", ["taken", "muted"])
async def test_whoever_acks_or_mutes_ends_the_ringing(house: House, clock: Clock, how: str) -> None:
    await house.fire()
    await house.wait(6 * MINUTE)
    hour = timedelta(hours=1)
    values = {"taken": Taken(BEN, clock.wall), "muted": Muted("s1", BEN, clock.wall + hour)}

    await house.amend(**{how: values[how]})

    assert rings(await house.wait(59 * MINUTE)) == []


async def test_a_silence_that_ends_over_a_burning_card_lets_it_ring_again(house: House, clock: Clock) -> None:
    await house.fire()
    await house.amend(muted=Muted("s1", BEN, clock.wall + timedelta(minutes=30)))

    assert rings(await house.wait(30 * MINUTE - TURN)) == []
    assert rings(await house.wait(TURN)) == [CARD]


async def test_the_end_never_rings_and_is_told_below_a_card_that_rang(house: House) -> None:
    await house.fire()
    await house.wait(11 * MINUTE)
    await house.resolve()

    seen = await house.wait(30 * MINUTE)

    assert rings(seen) == []
    assert silent(seen) == ["✅ over after 11 min — PostgresDown #a1"]
    assert [each[FIELD]["kind"] for each in seen] == ["alert-card", "over"]
    assert seen[1]["m.relates_to"]["m.in_reply_to"] == {"event_id": seen[0]["event"]}


@pytest.mark.parametrize(("others", "told"), [(14, False), (15, False), (16, True)])
async def test_the_end_of_a_warning_is_told_anew_once_it_has_scrolled_away(
    house: House, others: int, told: bool
) -> None:
    await house.fire(FULL)
    await house.wait(0)
    for number in range(others):
        await house.fire(FULL | {"alertname": f"Other{number}"})
        # Not so many at once that they are a storm.
        await house.wait(10)
    await house.resolve(FULL)

    assert silent(await house.wait(TURN)) == (["✅ over after 2 min — DiskFull #a1"] if told else [])


async def test_a_warning_that_becomes_critical_rings_at_once_by_a_page_of_its_own(house: House) -> None:
    await house.fire(FULL)
    assert rings(await house.wait(0)) == []
    await house._post(Alert(FULL | {"severity": "critical", "pod": "postgres-2"}, house.clock.wall))

    seen = await house.wait(0)

    assert rings(seen) == ["🔥 CRITICAL DiskFull (2) — data #a1"]
    assert seen[0][FIELD]["key"].startswith("page:alert:")
    assert rings(await house.wait(5 * MINUTE - TURN)) == []
    assert len(rings(await house.wait(TURN))) == 1


async def test_a_warning_that_is_critical_before_it_was_sent_rings_once(house: House) -> None:
    await house.fire(FULL)
    await house._post(Alert(FULL | {"severity": "critical", "pod": "postgres-2"}, house.clock.wall))

    seen = await house.wait(MINUTE)

    assert [(each["msgtype"], each[FIELD]["kind"], each["m.mentions"]) for each in seen] == [
        ("m.text", "alert-card", {"user_ids": [ANNA]})
    ]


async def test_a_group_that_comes_and_goes_says_so_and_rings_no_more(house: House) -> None:
    seen = []
    for _ in range(3):
        await house.fire()
        seen.append(await house.wait(MINUTE))
        await house.resolve()
        await house.wait(MINUTE)
    await house.fire()
    flapping = await house.wait(10 * MINUTE)

    # Two rounds are four changes: from then on it is flapping.
    assert [len(rings(each)) for each in seen] == [1, 1, 0]
    assert rings(flapping) == []
    assert "flapping, so it does not ring" in flapping[0]["body"]
    assert (flapping[0]["msgtype"], flapping[0]["m.mentions"]) == ("m.notice", {})
    # It has burned steadily for a quarter of an hour: now it means it.
    assert rings(await house.wait(10 * MINUTE))[0].startswith("🔥 CRITICAL PostgresDown")


async def test_a_restart_neither_doubles_a_page_nor_forgets_one(house: House) -> None:
    await house.fire()
    seen = []
    for _ in range(12):
        seen += await house.wait(5 * MINUTE)
        await house.restart()

    assert rings(seen) == [CARD] * 6
    assert len({each[FIELD]["key"] for each in seen if each[FIELD]["kind"] == "page"}) == 5


async def test_the_count_and_the_page_are_one(house: House) -> None:
    await house.fire()
    await house.wait(0)
    house.clock.step(5 * MINUTE)
    await house.bot.full_disk(full=True)
    with pytest.raises(Exception, match="cannot commit"):
        await house.bot.app.pager.turn()
    await house.bot.full_disk(full=False)

    assert [each.pages for each in await house.cards()] == [1]
    assert rings(await house.wait(TURN)) == [CARD]
    assert [each.pages for each in await house.cards()] == [2]


async def test_the_clock_going_back_delays_a_page_by_one_interval_at_most(house: House) -> None:
    await house.fire()
    await house.wait(0)
    house.clock.wall -= timedelta(hours=3)

    assert len(rings(await house.wait(5 * MINUTE + TURN))) == 1


async def test_a_homeserver_that_is_away_for_a_minute_is_passed_by_once(
    house: House, second: tuple[Second, str]
) -> None:
    await house.fire()

    await house.wait(59, deliver=False)
    assert second[0].came == []
    await house.wait(20 * MINUTE, deliver=False)

    (told,) = second[0].came
    assert told["message"].startswith("The room cannot be reached, so this comes another way\n")
    # Back again, the room hears one page, not one for every five minutes, and then the next in its time.
    seen = await house.wait(0)
    assert rings(seen) == [CARD]
    assert silent(seen) == ["ℹ️ This room could not be reached, the second channel was told — PostgresDown #a1"]
    assert len(rings(await house.wait(6 * MINUTE))) == 1


async def test_a_second_channel_that_fails_is_tried_five_times_and_then_told(
    house: House, second: tuple[Second, str]
) -> None:
    second[0].status = 500
    await house.fire()

    seen = await house.wait(90 * MINUTE)

    assert len(second[0].came) == 5
    assert silent(seen) == ["⚠️ Nobody answered 6 pages, the second channel did not work — PostgresDown #a1"]


async def test_without_a_second_channel_the_room_is_told_so(make: MakeBot, clock: Clock) -> None:
    house = await House(make, clock, None).open()
    await house.fire()

    assert silent(await house.wait(90 * MINUTE)) == [
        "⚠️ Nobody answered 6 pages, there is no second channel — PostgresDown #a1"
    ]


async def test_who_took_it_is_asked_every_hour_three_times_and_nobody_else(house: House, clock: Clock) -> None:
    await house.fire(FULL)
    await house.wait(0)
    await house.amend(taken=Taken(BEN, clock.wall))

    assert rings(await house.wait(60 * MINUTE - TURN)) == []
    seen = await house.wait(8 * 60 * MINUTE)

    assert rings(seen) == [f"👀 {BEN}: still burning, still on it? DiskFull #a1"] * 3
    assert [each["m.mentions"] for each in seen] == [{"user_ids": [BEN]}] * 3


async def test_a_second_who_takes_it_is_asked_anew(house: House, clock: Clock) -> None:
    await house.fire(FULL)
    await house.amend(taken=Taken(BEN, clock.wall))
    await house.wait(61 * MINUTE)
    await house.amend(taken=Taken(ANNA, clock.wall))

    seen = await house.wait(61 * MINUTE)

    assert [each["m.mentions"] for each in seen if each[FIELD]["kind"] == "reminder"] == [{"user_ids": [ANNA]}]


async def test_one_card_that_cannot_be_told_keeps_no_other_from_ringing(house: House) -> None:
    await house.fire()
    await house.fire(DOWN | {"alertname": "Other"})
    await house.wait(0)
    first, _ = await house.cards()
    broken = replace(first, members=())
    await house.bot.app.database.write(
        lambda tx: tx.run(
            "UPDATE cards SET card = ? WHERE key = ?", (cards._CARD.dump_json(broken).decode(), first.key)
        )
    )

    assert rings(await house.wait(5 * MINUTE)) == ["🔥 CRITICAL Other — data/postgres-1 #b1"]


@pytest.mark.parametrize("told", [True, False], ids=["with a reason", "without"])
async def test_a_groups_story_rings_at_its_beginning_and_for_what_is_added(house: House, told: bool) -> None:
    """As Alertmanager 0.32 tells it, and as those before it do."""
    seen: dict[str, list[dict[str, Any]]] = {}
    for name in REASONS:
        hook = read_body(name)
        await house.bot.app.intake.accept(ROOM, hook if told else replace(hook, reason=""))
        seen[name] = await house.bot.sent()
        house.clock.step(5 * MINUTE)

    assert {name: rings(messages) for name, messages in seen.items() if rings(messages)} == {
        "reason-first": ["🔥 CRITICAL PostgresDown — data/postgres-1 #a1"],
        "reason-added": ["🔥 CRITICAL PostgresDown (2) — data #a1"],
    }
    assert {name: len(messages) for name, messages in seen.items()} == {
        "reason-first": 1,
        "reason-added": 2,
        "reason-some-resolved": 1,
        "reason-repeated": 0,
        # The card, and the line that says that what rang is over.
        "reason-all-resolved": 2,
    }


async def test_what_a_repetition_brings_for_the_first_time_rings_in_its_turn(house: House) -> None:
    """It was told before, and that webhook got lost: nothing began just now."""
    await house.bot.app.intake.accept(ROOM, read_body("reason-first"))
    await house.wait(2 * MINUTE)
    late = replace(read_body("reason-added"), reason="repeat interval elapsed")
    await house.bot.app.intake.accept(ROOM, late)

    (edit,) = await house.bot.sent()

    assert edit["body"].startswith("🔥 CRITICAL PostgresDown (2)")
    assert rings([edit]) == []
    assert rings(await house.wait(3 * MINUTE)) == ["🔥 CRITICAL PostgresDown (2) — data #a1"]


async def test_what_is_added_within_a_minute_of_a_page_rings_not_again(house: House) -> None:
    await house.bot.app.intake.accept(ROOM, read_body("reason-first"))
    first = await house.wait(45)
    await house.bot.app.intake.accept(ROOM, read_body("reason-added"))

    assert (len(rings(first)), rings(await house.bot.sent())) == (1, [])


async def test_what_is_added_to_a_card_that_somebody_took_rings_nobody(house: House) -> None:
    await house.bot.app.intake.accept(ROOM, read_body("reason-first"))
    await house.amend(taken=Taken(BEN, house.clock.wall))
    await house.wait(10 * MINUTE)
    await house.bot.app.intake.accept(ROOM, read_body("reason-added"))

    assert rings(await house.bot.sent()) == []


async def test_what_is_added_after_the_last_page_rings_as_often_again(house: House, second: tuple[Second, str]) -> None:
    await house.bot.app.intake.accept(ROOM, read_body("reason-first"))
    before = await house.wait(60 * MINUTE)
    await house.bot.app.intake.accept(ROOM, read_body("reason-added"))
    after = await house.wait(60 * MINUTE)

    assert (len(rings(before)), len(rings(after))) == (6, 6)
    assert len(second[0].came) == 2


async def test_what_keeps_growing_does_not_keep_the_second_channel_waiting(
    house: House, second: tuple[Second, str]
) -> None:
    for number in range(30):
        await house.fire_more(number)
        await house.wait(90)

    assert len(second[0].came) >= 1
