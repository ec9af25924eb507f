"""The digest comes once a day, the board is edited only where its numbers change, and neither rings."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.clients.store import oncall
from bot.core.alerts import Muted, Taken
from bot.core.message import FIELD
from bot.demo.monitoring import SimulatedMonitoring
from tests.flow.conftest import ANNA, BEN, CLEO, Clock, Ledger, MakeBot, Real
from tests.flow.test_chat import hears
from tests.flow.test_pager import DOWN, FULL, House

MORNING = datetime(2026, 11, 23, 7, 59, tzinfo=UTC)
PEOPLE = {
    ANNA: {"role": "admin", "on_call": True},
    BEN: {"role": "operator", "on_call": True},
    CLEO: {"role": "viewer"},
}


@pytest.fixture
def ledger() -> Ledger:
    return Real()


@pytest.fixture
async def house(make: MakeBot, clock: Clock) -> Any:
    clock.wall = MORNING
    house = House(make, clock, None)
    house.settings = {"people": PEOPLE, "alerts": {"digest_at": "08:00", "board": True}}
    await house.open()
    await house.bot.app.http.open()
    yield house
    await house.bot.app.http.close()


async def restarted(house: House) -> None:
    await house.bot.app.http.close()
    await house.restart()
    await house.bot.app.http.open()


def bodies(seen: list[dict[str, Any]], kind: str) -> list[str]:
    return [each["body"] for each in seen if each[FIELD]["kind"] == kind]


async def burning(house: House) -> None:
    """Have a card that nobody is on, one that Ben is on, and one that is muted."""
    for name, changed in (
        ("Open", {}),
        ("Acked", {"taken": Taken(BEN, house.clock.wall)}),
        ("Quiet", {"muted": Muted("s1", ANNA, house.clock.wall + timedelta(hours=3))}),
    ):
        await house.fire(DOWN | {"alertname": name})
        (card,) = [each for each in await house.cards() if each.names == (name,)]
        await house.amend_card(card, **changed)
    await house.bot.sent()


async def test_the_digest_comes_once_a_day_also_over_restarts(house: House) -> None:
    greet = house.bot.app.bulletin.greet
    await greet()
    assert await house.bot.sent() == []

    house.clock.step(60)
    await greet()
    await greet()
    (digest,) = await house.bot.sent()

    assert (digest["msgtype"], digest["m.mentions"]) == ("m.notice", {})
    assert digest["body"].splitlines()[0] == "✅ Good morning — no card is open ✨"
    house.clock.step(60)
    await restarted(house)
    await house.bot.app.bulletin.greet()
    assert await house.bot.sent() == []
    house.clock.step(24 * 3600)
    await house.bot.app.bulletin.greet()
    assert len(await house.bot.sent()) == 1


async def test_the_digest_says_what_is_open_acked_silenced_and_ending(make: MakeBot, clock: Clock) -> None:
    clock.wall = MORNING + timedelta(minutes=1)
    monitoring = SimulatedMonitoring(clock=lambda: clock.wall)
    await monitoring.start()
    house = House(make, clock, None)
    house.settings = {
        "people": PEOPLE,
        "alerts": {"digest_at": "08:00"},
        "alertmanager": {"url": monitoring.url("monitoring", "alertmanager")},
    }
    await house.open()
    await house.bot.app.http.open()
    for hours in (2, 30):
        monitoring.alertmanager._silence(
            {
                "matchers": [{"name": "alertname", "value": f"In{hours}", "isRegex": False, "isEqual": True}],
                "startsAt": clock.wall.isoformat(),
                "endsAt": (clock.wall + timedelta(hours=hours)).isoformat(),
                "createdBy": "ben",
                "comment": "",
            }
        )
    await burning(house)
    clock.step(240)

    await house.bot.app.bulletin.greet()

    (digest,) = bodies(await house.bot.sent(), "digest")
    assert digest.splitlines() == [
        "ℹ️ Good morning — 🔥 1 · ⚠️ 0 · 🔕 1 · 👀 1 ✨",
        "• 🔥 Open #a1 — data/postgres-1 · 4 min",
        f"• 👀 Acked #b1 — data/postgres-1 · 4 min · {BEN}",
        "• 🔕 Quiet #c1 — data/postgres-1 · until 11:00",
        "Silences that end today:",
        '• 🔕 alertname="In2" · until 10:00',
    ]
    await house.bot.app.http.close()
    await monitoring.stop()


async def test_an_alertmanager_that_does_not_answer_is_said_so(house: House) -> None:
    house.clock.step(60)
    await house.bot.app.bulletin.greet()

    (digest,) = bodies(await house.bot.sent(), "digest")

    assert "❔ Silences: Alertmanager" in digest


async def test_the_board_is_one_message_edited_where_its_numbers_change(house: House) -> None:
    board = house.bot.app.bulletin.chalk
    house.bot.app.bulletin._may_pin = False

    await board()
    await board()
    (first,) = await house.bot.sent()
    await house.fire()
    await house.fire(FULL)
    await board()
    await board()
    seen = [each for each in await house.bot.sent() if each[FIELD]["kind"] == "board"]

    assert (first["msgtype"], first["body"]) == ("m.notice", "🔥 0 · ⚠️ 0 · 🔕 0 · 👀 0")
    assert [(each["event"], each["body"], each[FIELD]["rev"]) for each in seen] == [
        (first["event"], "🔥 1 · ⚠️ 1 · 🔕 0 · 👀 0", 2)
    ]
    await restarted(house)
    house.bot.app.bulletin._may_pin = False
    await house.bot.app.bulletin.chalk()
    assert await house.bot.sent() == []


async def roster(house: House) -> Any:
    return await house.bot.app.database.write(oncall.get)


async def test_who_is_set_is_paged_also_after_a_restart(house: House) -> None:
    (answer,) = await hears(house.bot, ANNA, "!oncall ben")
    await restarted(house)

    await house.fire()
    (page,) = await house.bot.sent()

    assert answer["body"].splitlines()[0] == f"✅ On call now: {BEN}"
    assert page["m.mentions"] == {"user_ids": [BEN]}


@pytest.mark.parametrize("words", ["!oncall @mallory", "!oncall set", "!oncall @ben @nobody", "!handover @mallory"])
async def test_nobody_but_the_configurations_people_can_be_set(house: House, words: str) -> None:
    (answer,) = await hears(house.bot, ANNA, words)

    assert answer["body"].startswith("❔ ")
    assert await roster(house) is None


async def test_a_viewer_sees_the_roster_and_may_not_change_it(house: House) -> None:
    (seen,) = await hears(house.bot, CLEO, "!oncall")
    (refused,) = await hears(house.bot, CLEO, "!oncall @cleo")

    assert seen["body"] == f"ℹ️ On call: {ANNA}, {BEN}"
    assert refused["body"].splitlines()[0] == "🔒 !oncall set needs role operator, you are viewer"
    assert await roster(house) is None


async def test_a_handover_rings_the_next_once_with_what_burns(house: House) -> None:
    await burning(house)
    await hears(house.bot, ANNA, "!oncall @anna")

    seen = await hears(house.bot, ANNA, "!handover")

    (said,) = [each for each in seen if each[FIELD]["kind"] == "handover"]
    assert (said["msgtype"], said["m.mentions"]) == ("m.text", {"user_ids": [BEN]})
    assert said["body"].splitlines()[0] == f"ℹ️ {BEN} on call now — 🔥 1 · ⚠️ 0 · 🔕 1 · 👀 1"
    assert [each["msgtype"] for each in seen if each is not said] == ["m.notice"]
    assert await roster(house) == (BEN,)


async def test_a_page_that_is_tapped_or_answered_stands_for_its_card(house: House) -> None:
    await house.fire()
    seen = await house.wait(300)
    page = next(each["event"] for each in seen if each[FIELD]["kind"] == "page")

    await hears(house.bot, BEN, "ack on my way", target=page)

    (card,) = await house.cards()
    assert card.taken
    assert (card.taken.by, card.taken.why) == (BEN, "on my way")
