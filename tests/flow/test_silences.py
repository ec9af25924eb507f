"""A silence until resolved lasts as long as what it mutes, whatever happens to the bot; word comes before any ends."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.clients.store import cards, renewal
from bot.core.alerts import Card
from bot.core.errors import OpsError
from bot.core.heard import Sort
from bot.core.message import FIELD
from bot.core.names import EventId, UserId
from bot.core.renewal import CAP
from bot.core.webhook import read
from bot.demo.monitoring import SimulatedMonitoring
from bot.demo.monitoring.alertmanager import Silence
from bot.demo.monitoring.payloads import webhook_body
from tests.flow.conftest import ANNA, ROOM, Bot, Clock, Ledger, MakeBot, Real
from tests.flow.test_chat import hears

DOWN = {"alertname": "PostgresDown", "severity": "critical", "namespace": "data", "pod": "postgres-1"}
MINUTE, HOUR = 60, 3600
CARD = "PostgresDown — data/postgres-1 #a1"


@pytest.fixture
def ledger() -> Ledger:
    return Real()


class House:
    """A bot and the Alertmanager that it asks, on one clock."""

    def __init__(self, make: MakeBot, monitoring: SimulatedMonitoring, clock: Clock) -> None:
        self.make, self.clock, self.monitoring = make, clock, monitoring
        self.alertmanager = monitoring.alertmanager
        self.settings: dict[str, Any] = {}

    async def open(self) -> None:
        url = self.monitoring.url("monitoring", "alertmanager")
        self.bot: Bot = await self.make(alertmanager={"url": url}, **self.settings).open()
        await self.bot.app.http.open()

    async def close(self) -> None:
        await self.bot.app.http.close()
        await self.bot.close()

    async def restart(self) -> None:
        """End the process as a power cut does, and start another."""
        await self.close()
        await self.open()

    async def fire(self, labels: dict[str, str] = DOWN) -> EventId:
        """Have an alert burn, and its card in the room; return the card's event."""
        await self.bot.app.intake.accept(ROOM, read(webhook_body([self.alertmanager.fire(labels)])))
        (card,) = await self.bot.sent()
        return EventId(card["event"])

    async def says(self, words: str, card: EventId | None = None) -> list[str]:
        """Have Anna say something, below a card if given; return what the room sees."""
        return [each["body"].splitlines()[0] for each in await hears(self.bot, ANNA, words, target=card)]

    async def wait(self, seconds: float, *, compare: bool = False) -> list[dict[str, Any]]:
        """Let time pass with the bot's turns in it; return what the room saw."""
        seen: list[dict[str, Any]] = []
        while seconds > 0:
            self.clock.step(min(MINUTE, seconds))
            seconds -= MINUTE
            await self.bot.app.silences.turn()
            if compare:
                await self.bot.app.reconciler.once()
            seen += await self.bot.sent()
        return seen

    async def cards(self) -> list[Card]:
        return await cards.open_cards(self.bot.app.database)

    @property
    def silence(self) -> Silence:
        (only,) = self.alertmanager.silences.values()
        return only

    @property
    def muted(self) -> bool:
        """Whether Alertmanager holds it back."""
        return bool(self.alertmanager.silenced_by(DOWN))


@pytest.fixture
async def house(make: MakeBot, clock: Clock) -> AsyncIterator[House]:
    monitoring = SimulatedMonitoring(clock=lambda: clock.wall)
    await monitoring.start()
    house = House(make, monitoring, clock)
    await house.open()
    yield house
    await house.close()
    await monitoring.stop()


def firsts(seen: list[dict[str, Any]]) -> list[str]:
    return [each["body"].splitlines()[0] for each in seen]


async def test_it_is_renewed_while_it_burns_without_a_word_and_ends_when_it_is_over(house: House) -> None:
    card = await house.fire()
    said = await house.says("silence until resolved", card)

    seen = await house.wait(5 * HOUR, compare=True)
    held = house.muted
    house.alertmanager.resolve(DOWN)
    over = await house.wait(4 * MINUTE, compare=True)

    assert said == ["🔕 Silenced until resolved — 1 alert · PostgresDown #a1", f"🔕 until resolved — {CARD}"]
    assert (held, seen) == (True, [])
    assert firsts(over) == [f"✅ RESOLVED {CARD}", "✅ over after 5 h — PostgresDown #a1"]
    assert not house.muted
    assert await renewal.all_orders(house.bot.app.database) == []


async def test_it_is_never_muted_further_ahead_than_a_quarter_of_an_hour(house: House) -> None:
    await house.says("silence until resolved", await house.fire())
    ahead = []

    for _ in range(60):
        await house.wait(MINUTE)
        ahead.append(house.silence.ends_at - house.clock.wall)

    assert max(ahead) <= timedelta(minutes=15)
    assert min(ahead) >= timedelta(minutes=8)


async def test_it_goes_on_after_a_restart_in_the_middle_of_everything(house: House) -> None:
    await house.says("silence until resolved", await house.fire())

    for _ in range(8):
        await house.wait(5 * MINUTE)
        await house.restart()

    assert house.muted


async def test_while_the_bot_is_away_it_runs_out_and_what_burns_is_told_again(house: House) -> None:
    await house.says("silence until resolved", await house.fire())

    house.clock.step(16 * MINUTE)
    seen = await house.wait(2 * MINUTE, compare=True)

    assert not house.muted
    assert firsts(seen) == [f"🔥 CRITICAL {CARD}"]
    assert await renewal.all_orders(house.bot.app.database) == []


async def test_a_pause_in_the_burning_does_not_end_it(house: House) -> None:
    await house.says("silence until resolved", await house.fire())
    for _ in range(20):
        house.alertmanager.resolve(DOWN)
        await house.wait(MINUTE)
        house.alertmanager.fire(DOWN)
        await house.wait(MINUTE)

    assert house.muted


async def test_an_alertmanager_that_lost_its_memory_does_not_end_it(house: House) -> None:
    await house.says("silence until resolved", await house.fire())
    house.alertmanager.restart()

    await house.wait(4 * MINUTE)
    house.alertmanager.fire(DOWN)
    await house.wait(30 * MINUTE)

    assert house.muted


async def test_an_alertmanager_that_is_away_for_some_minutes_does_not_end_it(house: House) -> None:
    await house.says("silence until resolved", await house.fire())
    await house.wait(5 * MINUTE)

    house.monitoring.down.add(("monitoring", "alertmanager"))
    for _ in range(8):
        with pytest.raises(OpsError):
            await house.wait(MINUTE)
    house.monitoring.heal()
    await house.wait(30 * MINUTE)

    assert house.muted


async def test_after_a_day_it_ends_whatever_burns_and_word_comes_before(house: House) -> None:
    card = await house.fire()
    await house.says("silence until resolved new disk", card)

    early = await house.wait(CAP.total_seconds() - 16 * MINUTE)
    (word,) = await house.wait(15 * MINUTE)
    held = house.muted
    await house.wait(2 * MINUTE)

    assert (early, held, house.muted) == ([], True, False)
    assert word["body"].splitlines()[0].startswith("🔕 A silence ends in 14 min, at ")
    assert (word["msgtype"], word["m.mentions"]) == ("m.notice", {})
    assert word["m.relates_to"] == {"m.in_reply_to": {"event_id": card}}


@pytest.mark.parametrize("how", ["unmute", "!silence expire PostgresDown --yes", ""])
async def test_whoever_ends_it_ends_it_for_good(house: House, how: str) -> None:
    card = await house.fire()
    await house.says("silence until resolved", card)

    if how:
        await house.says(how, card)
    else:
        await house.bot.app.neighbours.alertmanager.expire(house.silence.id)
    await house.wait(30 * MINUTE)

    assert not house.muted
    assert len(house.alertmanager.silences) == 1


async def test_whoever_extends_it_decides_from_then_on_when_it_ends(house: House) -> None:
    await house.says("silence until resolved", await house.fire())
    await house.wait(10 * MINUTE)
    before = house.silence.ends_at

    await house.says("!silence extend PostgresDown 2h --yes")
    listed = await house.says("!silences")
    house.alertmanager.resolve(DOWN)
    await house.wait(HOUR)

    assert listed == ["🔕 1 silence active — muting 1 alert"]
    assert house.silence.ends_at == before + timedelta(hours=2)
    assert house.muted


async def test_by_name_it_is_told_on_the_card_and_in_the_list(house: House) -> None:
    await house.fire()

    said, shown = await house.says("!silence until resolved PostgresDown --yes")
    again = await house.wait(MINUTE, compare=True)
    (listed,) = await hears(house.bot, ANNA, "!silences")

    assert said == "🔕 Silenced until resolved (1 d at most) — mutes 1 alert"
    assert (shown, again) == (f"🔕 until resolved — {CARD}", [])
    assert " until resolved, tomorrow " in listed["body"]
    assert " at the latest · mutes 1" in listed["body"]


async def test_a_card_says_at_once_what_a_silence_by_name_does_to_it(house: House) -> None:
    await house.fire()
    seen = [await house.says("!silence 1h namespace=data --yes")]
    first = house.silence.id[:8]
    seen.append(await house.says(f"!silence extend {first} 1h --yes"))
    seen.append(await house.says("!silence 30m PostgresDown --yes"))
    seen.append(await house.says("!unsilence PostgresDown --yes"))
    seen.append(await house.says(f"!unsilence {first} --yes"))

    shown = [next((line for line in said if CARD in line), "") for said in seen]
    assert [line.split(" until ")[0] for line in shown] == ["🔕", "🔕", "", "", f"🔥 CRITICAL {CARD}"]
    assert shown[0] != shown[1]
    # Nothing else was to be set right.
    assert await house.wait(MINUTE, compare=True) == []


@pytest.mark.parametrize("words", ["silence 2h", "ack 2h", "silence until resolved"])
async def test_what_would_mute_more_than_the_card_asks_first_and_a_tap_does_not(house: House, words: str) -> None:
    card = await house.fire()
    house.alertmanager.fire(DOWN | {"pod": "postgres-2"})
    house.alertmanager.fire(DOWN | {"pod": "postgres-3"})

    (asked,) = await hears(house.bot, ANNA, words, target=card)
    before = len(house.alertmanager.silences)
    await house.says("yes")
    typed = house.muted
    await house.says("unmute", card)
    tap = await tapped(house, card, "🔕")

    assert asked["body"].splitlines()[0].endswith("? Mutes 3 alerts, 2 of them not on PostgresDown #a1")
    assert asked["body"].splitlines()[1:4] == [
        'alertname="PostgresDown", namespace="data"',
        "• PostgresDown — data/postgres-2",
        "• PostgresDown — data/postgres-3",
    ]
    assert (before, typed, house.muted, bool(tap)) == (0, True, True, True)


async def test_a_silence_by_name_asks_with_what_it_would_mute(house: House) -> None:
    await house.fire()

    (asked,) = await hears(house.bot, ANNA, "!silence 2h PostgresDown")
    (nothing,) = await hears(house.bot, ANNA, "!silence 2h Postgresdow")

    assert asked["body"].splitlines()[0].endswith(" (2 h)? Mutes 1 alert")
    assert nothing["body"].splitlines()[0].endswith(" (2 h)? Mutes nothing that fires now")
    assert nothing["body"].splitlines()[2] == "Nothing of that name fires. Near: PostgresDown"
    assert house.alertmanager.silences == {}


@pytest.mark.parametrize("words", ["silence 2h", "ack", "ack 2h", "!silence 2h PostgresDown --yes"])
async def test_undo_takes_it_back(house: House, words: str) -> None:
    await house.says(words, await house.fire())

    await house.says("!undo --yes")
    (card,) = await house.cards()

    assert (card.taken, card.muted, house.muted) == (None, None, False)


@pytest.mark.parametrize("name", ["Watchdog", "DeadMansSwitch"])
async def test_the_alert_that_always_fires_is_never_muted_whatever_it_is_called(house: House, name: str) -> None:
    house.settings = {"alerts": {"watchdog": name}}
    await house.restart()
    house.alertmanager.fire({"alertname": name, "namespace": "monitoring"})

    said = [
        await house.says(f"!silence 2h {name} --yes"),
        await house.says("!silence 2h namespace=monitoring --yes"),
        await house.says("!silence 2h namespace=monitoring"),
    ]

    assert said == [["❔ that would mute the Watchdog, which tells us that alerts get through"]] * 3
    assert house.alertmanager.silences == {}


async def test_what_does_not_burn_is_not_silenced_until_it_is_over(house: House) -> None:
    (said,) = await house.says("!silence until resolved PostgresDown --yes")

    assert said == "❔ nothing of it fires, so it cannot be over"
    assert house.alertmanager.silences == {}


@pytest.mark.parametrize("words", ["ack 2h new disk", "ack until resolved new disk"])
async def test_an_ack_with_a_time_takes_the_card_and_mutes_it(house: House, words: str) -> None:
    card = await house.fire()

    said, shown = await house.says(words, card)
    (known,) = await house.cards()

    assert shown.endswith(f" · 👀 {ANNA} — {CARD}")
    assert said.startswith("🔕 Silenced until ")
    assert known.taken
    assert known.taken.why == "new disk"
    # As users of kthxbye and karma expect; whoever reads it in Alertmanager sees who, and which action of ours it was.
    assert house.silence.comment.startswith("ACK! new disk [ops ")
    assert house.silence.created_by == ANNA


@pytest.mark.parametrize("words", ["ack", "ack new disk", "ack until the new disk is there", "ack 2 disks are full"])
async def test_an_ack_without_a_time_mutes_nothing(house: House, words: str) -> None:
    shown = await house.says(words, await house.fire())

    assert shown == [f"👀 {ANNA} on it — {CARD}"]
    assert house.alertmanager.silences == {}


async def test_an_unack_ends_the_silence_that_came_with_the_ack_and_no_other(house: House) -> None:
    card = await house.fire()

    await house.says("ack 2h", card)
    await house.says("unack", card)
    acked = house.muted
    await house.says("silence 2h", card)
    await house.says("ack", card)
    await house.says("unack", card)

    assert (acked, house.muted) == (False, True)


async def test_word_comes_once_before_a_silence_ends_that_somebody_made_elsewhere(house: House) -> None:
    card = await house.fire()
    identity = house.alertmanager.silence(DOWN, timedelta(hours=1), by="ben", why="new disk")
    await house.wait(44 * MINUTE, compare=True)

    (word,) = await house.wait(2 * MINUTE)
    await house.restart()
    again = await house.wait(13 * MINUTE)

    assert word["body"].splitlines() == [
        word["body"].splitlines()[0],
        "• PostgresDown — data/postgres-1",
        f"by ben · new disk · longer: !silence extend {identity[:8]} 2h",
    ]
    assert word["m.relates_to"] == {"m.in_reply_to": {"event_id": card}}
    assert word[FIELD]["kind"] == "silence-ends"
    assert again == []


async def test_a_silence_that_is_extended_is_told_anew_before_its_new_end(house: House) -> None:
    await house.fire()
    identity = house.alertmanager.silence(DOWN, timedelta(hours=1))
    first = await house.wait(46 * MINUTE)

    await house.says(f"!silence extend {identity[:8]} 1h --yes")
    between = await house.wait(58 * MINUTE)
    second = await house.wait(MINUTE)

    assert (len(first), between, len(second)) == (1, [], 1)


async def test_before_the_end_of_a_silence_that_mutes_nothing_there_is_no_word(house: House) -> None:
    house.alertmanager.silence(DOWN, timedelta(hours=1))

    assert await house.wait(2 * HOUR) == []


async def test_what_has_no_card_is_told_in_the_alerts_room(house: House) -> None:
    house.alertmanager.fire(DOWN)
    house.alertmanager.silence(DOWN, timedelta(hours=1))

    (word,) = await house.wait(50 * MINUTE)

    assert "m.relates_to" not in word


@pytest.mark.parametrize("emoji", ["🔕", "🔇", "🤫", "🙊"])
async def test_a_tap_mutes_and_taking_it_back_unmutes(house: House, emoji: str) -> None:
    tap = await tapped(house, await house.fire(), emoji)
    muted = house.muted
    await hears(house.bot, ANNA, "", target=tap, sort=Sort.REDACTION)

    assert (muted, house.muted) == (True, False)


@pytest.mark.parametrize("emoji", ["👀", "👍", "👍🏽"])
async def test_a_tap_takes_and_taking_it_back_gives_back(house: House, emoji: str) -> None:
    tap = await tapped(house, await house.fire(), emoji)
    (taken,) = await house.cards()
    await hears(house.bot, ANNA, "", target=tap, sort=Sort.REDACTION)
    (given_back,) = await house.cards()

    assert taken.taken
    assert (taken.taken.by, given_back.taken) == (ANNA, None)


@pytest.mark.parametrize("emoji", ["🔥", "❤️", "👏", "👎", "🎉", "💯", "ack", "", "🔕🔕", "x" * 1000])
async def test_any_other_reaction_does_nothing_and_is_not_answered(house: House, emoji: str) -> None:
    card = await house.fire()
    before = await house.cards()
    await tapped(house, card, emoji)

    assert await house.bot.sent() == []
    assert await house.cards() == before
    assert house.alertmanager.silences == {}


async def test_nobody_takes_back_what_another_tapped(house: House) -> None:
    tap = await tapped(house, await house.fire(), "🔕")
    await hears(house.bot, UserId("@ben:example.org"), "", target=tap, sort=Sort.REDACTION)

    assert house.muted


async def tapped(house: House, card: EventId, emoji: str) -> EventId:
    """Have Anna react to a card; return the reaction."""
    arrival = house.bot.arrival(ANNA, emoji, target=card, sort=Sort.REACTION)
    await house.bot.hears(arrival)
    await hears(house.bot, ANNA, "good morning")
    return arrival.heard.event_id
