"""A pod that turns sealed has a card within half a minute, whatever Alertmanager says, and never two."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from bot.clients.openbao import namespaces
from bot.clients.store import cards
from bot.config.settings import Limits
from bot.core.truth import ASSUMED
from bot.demo.monitoring import SimulatedMonitoring
from tests.flow.conftest import ANNA, ROOM, Bot, Clock, MakeBot

PEOPLE = {ANNA: {"role": "admin", "on_call": True}}
PODS = ("openbao-0", "openbao-1")
OPEN, SHUT = {"sealed": False}, {"sealed": True}


@dataclass
class Watched:
    """A bot that watches two pods, and what they say."""

    make: MakeBot
    monitoring: SimulatedMonitoring
    bot: Bot = field(init=False)

    async def start(self, pods: tuple[str, ...] = PODS) -> None:
        """Start another process of the bot, in the place of the one that runs."""
        url = self.monitoring.url
        self.bot = await self.make(
            people=PEOPLE,
            openbao={"pods": [url("data", pod) for pod in pods]},
            alertmanager={"url": url("monitoring", "alertmanager")},
        ).open()
        await self.bot.app.http.open()

    async def stop(self) -> None:
        await self.bot.app.http.close()
        await self.bot.close()

    def says(self, pod: str, **said: Any) -> None:
        """Let a pod tell its seal; nothing: it does not answer."""
        self.monitoring.down ^= self.monitoring.down & {("data", pod)}
        if not said:
            self.monitoring.down.add(("data", pod))
        told = {"type": "shamir", "initialized": True, "t": 3, "n": 5, "progress": 0}
        self.monitoring.answer(f"/data/{pod}/v1/sys/seal-status", json=told | said)

    async def looks(self, after: float = 30) -> list[str]:
        """Let time pass, let it look, and return the first lines of what it says."""
        self.bot.clock.step(after)
        await self.bot.app.sealwatch.look()
        return await self.bot.said()


@pytest.fixture
async def watched(make: MakeBot, clock: Clock) -> AsyncIterator[Watched]:
    house = Watched(make, SimulatedMonitoring(clock=lambda: clock.wall))
    await house.monitoring.start()
    for pod in PODS:
        house.says(pod, **OPEN)
    await house.start()
    yield house
    await house.stop()
    await house.monitoring.stop()


def test_every_pod_is_asked_twice_a_minute() -> None:
    assert Limits().seal == timedelta(seconds=30)


async def test_pods_that_are_open_are_not_talked_about(watched: Watched) -> None:
    assert await watched.looks() == []
    assert [path for _, path in watched.monitoring.request_log] == [f"/data/{pod}/v1/sys/seal-status" for pod in PODS]


async def test_a_pod_that_turns_sealed_rings_who_is_on_call_and_offers_the_way_out(watched: Watched) -> None:
    watched.says("openbao-0", **SHUT)
    await watched.bot.app.sealwatch.look()

    (card,) = await watched.bot.sent()

    first, second, *_ = card["body"].splitlines()
    assert first.startswith("🔥 CRITICAL OpenBaoSealed — ")
    assert second == "Until it is open, nobody gets a secret and no password is rotated. Next: !unseal"
    assert (card["msgtype"], card["m.mentions"]) == ("m.text", {"user_ids": [ANNA]})


async def test_the_card_is_edited_when_the_pod_is_open_again(watched: Watched) -> None:
    watched.says("openbao-0", **SHUT)
    await watched.bot.app.sealwatch.look()
    (card,) = await watched.bot.sent()
    same = await watched.looks()
    watched.says("openbao-0", **OPEN)
    watched.bot.clock.step(30)
    await watched.bot.app.sealwatch.look()

    edit, end = await watched.bot.sent()

    assert same == []
    assert edit["event"] == card["event"]
    assert edit["body"].splitlines()[0].startswith("✅ RESOLVED OpenBaoSealed — ")
    assert end["body"].startswith("✅ over after 1 min — OpenBaoSealed")


async def test_no_answer_is_neither_sealed_nor_unsealed(watched: Watched) -> None:
    watched.says("openbao-0")
    silent_first = await watched.looks()
    watched.says("openbao-0", **SHUT)
    told = await watched.looks()
    watched.says("openbao-0")
    silent_then = await watched.looks()
    watched.monitoring.answer("/data/openbao-0/v1/sys/seal-status", json={"sealed": "perhaps"})
    unreadable = await watched.looks()

    assert (silent_first, silent_then, unreadable) == ([], [], [])
    assert len(told) == 1


async def test_a_pod_that_has_nothing_to_be_opened_is_not_called_sealed(watched: Watched) -> None:
    watched.says("openbao-0", initialized=False, sealed=True, t=0, n=0)

    assert await watched.looks() == []


async def test_a_restart_tells_nothing_twice_and_forgets_nothing(watched: Watched) -> None:
    watched.says("openbao-0", **SHUT)
    await watched.looks()
    await watched.stop()
    await watched.start()
    again = await watched.looks()
    watched.says("openbao-0", **OPEN)

    assert again == []
    assert (await watched.looks())[0].startswith("✅ RESOLVED OpenBaoSealed")


async def test_a_second_pod_joins_the_card_and_the_first_leaves_it(watched: Watched) -> None:
    watched.says("openbao-0", **SHUT)
    await watched.looks()
    watched.says("openbao-1", **SHUT)
    (both,) = await watched.looks()
    watched.says("openbao-0", **OPEN)
    (one,) = await watched.looks()

    assert both.startswith("🔥 CRITICAL OpenBaoSealed (2)")
    assert one.startswith("🔥 CRITICAL OpenBaoSealed — ")


async def test_sealed_anew_it_rings_anew_with_a_card_of_its_own(watched: Watched) -> None:
    watched.says("openbao-0", **SHUT)
    await watched.looks()
    watched.says("openbao-0", **OPEN)
    await watched.looks()
    watched.says("openbao-0", **SHUT)
    watched.bot.clock.step(10)
    await watched.bot.app.sealwatch.look()

    (card,) = await watched.bot.sent()

    assert card["body"].startswith("🔥 CRITICAL OpenBaoSealed")
    assert card["msgtype"] == "m.text"
    assert "2nd this week" in card["body"]


async def test_a_pod_that_is_taken_out_of_the_configuration_burns_no_longer(watched: Watched) -> None:
    watched.says("openbao-1", **SHUT)
    await watched.looks()
    await watched.stop()
    await watched.start(PODS[:1])

    assert (await watched.looks())[0].startswith("✅ RESOLVED OpenBaoSealed")


async def test_it_rings_again_until_somebody_takes_it_like_any_critical_alert(watched: Watched) -> None:
    watched.says("openbao-0", **SHUT)
    await watched.looks()
    watched.bot.clock.step(301)

    await watched.bot.app.pager.turn()

    (page,) = await watched.bot.sent()
    assert (page["msgtype"], page["m.mentions"]) == ("m.text", {"user_ids": [ANNA]})


async def test_alertmanager_that_knows_nothing_of_it_does_not_end_it(watched: Watched) -> None:
    watched.says("openbao-0", **SHUT)
    await watched.looks()
    watched.monitoring.alertmanager.fire({"alertname": "Other", "severity": "warning"})
    for _ in range(8):
        watched.bot.clock.step(120)
        await watched.bot.app.reconciler.once()

    said = await watched.bot.said()
    database = watched.bot.app.database
    burning = [card for card in await cards.open_cards(database) if "OpenBaoSealed" in card.names]

    assert len(burning) == 1
    assert not [line for line in said if "OpenBaoSealed" in line and "RESOLVED" in line]
    # Nor does it pass for a receiver of Alertmanager's, beside which all others would count for nothing.
    assert await cards.receivers(database, but=ASSUMED) in ({}, {"ops": [ROOM]})
    assert any("Other" in line for line in said)


@pytest.mark.parametrize(
    ("type_", "words"),
    [("awskms", "It should have opened itself (awskms)"), ("shamir", "Next: !unseal")],
)
async def test_what_shares_do_not_open_is_not_offered_to_be_unsealed(watched: Watched, type_: str, words: str) -> None:
    watched.says("openbao-0", **SHUT, type=type_)
    await watched.bot.app.sealwatch.look()

    (card,) = await watched.bot.sent()

    assert card["body"].splitlines()[1].endswith(words)


def test_the_namespace_is_told_where_the_address_tells_it() -> None:
    pods = ("http://openbao-0.openbao-internal.data.svc:8200", "http://bao-1.example.org", "http://127.0.0.1:8200")

    assert namespaces(pods) == {"openbao-0": "data"}
