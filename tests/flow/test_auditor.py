"""What was promised is delivered or on its way, and not for too long; what is lost is put again, once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.clients.store import cards, outbox
from bot.core.alerts import Card
from bot.core.held import Held
from bot.core.message import FIELD
from bot.core.webhook import read
from bot.demo.monitoring.payloads import Alert, webhook_body
from tests.flow.conftest import ROOM, Bot

WARNING = {"alertname": "DiskFull", "severity": "warning", "namespace": "data"}
CRITICAL = WARNING | {"severity": "critical"}


async def fires(bot: Bot, labels: dict[str, str], **changed: Any) -> None:
    alert = Alert(labels, bot.clock.wall - timedelta(minutes=1), **changed)
    await bot.app.intake.accept(ROOM, read(webhook_body([alert])))


async def looks(bot: Bot, after: float = 0, *, answers: bool = True) -> None:
    """Let time pass and have the auditor look, the homeserver answering or not."""
    bot.clock.step(after)
    if answers:
        bot.app.listener._last = bot.clock.monotonic
    await bot.app.auditor.look()


def breaches(bot: Bot) -> dict[str, int]:
    """Return how many breaches were counted, of each sort that there was."""
    lines = bot.app.metrics.render().decode().splitlines()
    found = {what: f'opsbot_auditor_breaches_total{{what="{what}"}} ' for what in ("late", "lost")}
    counted = {what: int(float(line.split()[-1])) for what, name in found.items() for line in lines if name in line}
    return {what: number for what, number in counted.items() if number}


async def lose(bot: Bot) -> None:
    """Let what waits vanish."""
    await bot.app.database.write(lambda tx: tx.run("DELETE FROM outbox"))


async def test_a_card_that_waits_or_was_delivered_is_no_breach(bot: Bot) -> None:
    await fires(bot, WARNING)
    await looks(bot)
    await bot.sent()
    await looks(bot, 3600)
    await fires(bot, WARNING, ends_at=bot.clock.wall)
    await looks(bot)
    await bot.sent()
    await looks(bot, 60)

    assert breaches(bot) == {}
    assert await bot.sent() == []


async def test_a_card_that_never_left_is_put_again_once(bot: Bot) -> None:
    await fires(bot, WARNING)
    await lose(bot)

    await looks(bot)
    await looks(bot)
    (card,) = await bot.sent()
    await looks(bot, 7200)

    assert card["body"].startswith("⚠️ WARNING DiskFull")
    assert breaches(bot) == {"lost": 1}
    assert await bot.sent() == []


async def test_an_end_that_got_lost_edits_its_card(bot: Bot) -> None:
    await fires(bot, WARNING)
    (card,) = await bot.sent()
    await fires(bot, WARNING, ends_at=bot.clock.wall)
    await lose(bot)

    await looks(bot)

    (end,) = await bot.sent()
    assert end["event"] == card["event"]
    assert end["body"].startswith("✅ RESOLVED DiskFull")
    assert end[FIELD]["rev"] >= 2


async def held_back(bot: Bot, labels: dict[str, str]) -> Card:
    """Have a card that is held back, nothing of it in the room or on its way."""
    await fires(bot, labels)
    await lose(bot)
    (card,) = await cards.open_cards(bot.app.database)
    held = replace(card, held=Held.QUIET)
    await bot.app.database.write(lambda tx: cards.save(tx, held, bot.clock.wall))
    return held


async def test_a_card_that_is_held_back_is_no_breach_burning_or_over(bot: Bot) -> None:
    card = await held_back(bot, WARNING)
    await looks(bot)
    await fires(bot, WARNING, ends_at=bot.clock.wall)
    await looks(bot)

    assert breaches(bot) == {}
    assert await bot.sent() == []
    (kept,) = await cards.held(bot.app.database, Held.QUIET)
    assert (kept.key, kept.firing) == (card.key, False)


async def test_a_card_that_is_held_back_and_becomes_urgent_is_told_at_once(bot: Bot) -> None:
    await held_back(bot, WARNING)

    await fires(bot, CRITICAL)

    assert [(each["body"].splitlines()[0][:12], each["msgtype"]) for each in await bot.sent()] == [
        ("🔥 CRITICAL D", "m.text")
    ]
    assert await cards.held(bot.app.database, Held.QUIET) == []


async def test_what_the_homeserver_never_takes_is_not_put_again_for_ever(bot: Bot) -> None:
    await fires(bot, WARNING)

    for _ in range(4):
        await bot.app.database.write(lambda tx: tx.run("UPDATE outbox SET state = 'dead'"))
        await looks(bot, 30)

    assert breaches(bot) == {"lost": 1}


@pytest.mark.parametrize(("labels", "seconds"), [(CRITICAL, 60), (WARNING, 600)], ids=["critical", "other"])
async def test_what_waits_longer_than_it_may_is_counted_once(bot: Bot, labels: dict[str, str], seconds: float) -> None:
    await looks(bot)
    await fires(bot, labels)

    await looks(bot, seconds)
    in_time = breaches(bot)
    for _ in range(3):
        await looks(bot, 30)

    assert in_time == {}
    assert breaches(bot) == {"late": 1}


async def test_while_the_homeserver_is_away_nothing_is_late(bot: Bot) -> None:
    await looks(bot)
    await fires(bot, CRITICAL)

    for _ in range(10):
        await looks(bot, 60, answers=False)
    away = breaches(bot)
    await looks(bot, 30)
    back = breaches(bot)
    await looks(bot, 61)

    assert (away, back) == ({}, {})
    assert breaches(bot) == {"late": 1}


async def test_what_is_delivered_in_time_is_not_late(bot: Bot) -> None:
    await looks(bot)
    await fires(bot, CRITICAL)
    await looks(bot, 59)
    await bot.sent()
    await looks(bot, 600)

    assert breaches(bot) == {}
    assert await outbox.depth(bot.app.database) == (0, None)
