"""What an action would touch is found out before anybody is asked, and looked at once more before it is touched."""

from datetime import timedelta

import pytest

from bot.command import Plan
from bot.core.confirmation import UNDO
from bot.core.errors import Unreachable, UsageError
from bot.core.policy import Risk
from bot.flow.chat import request_from
from tests.flow.conftest import ANNA, BEN, CODE, Bot, Clock, Ledger
from tests.flow.test_chat import firsts, hears, listening, nothing_open, until


async def asked(bot: Bot) -> None:
    """Ask for a lift as chat does, in a room that admits every class."""
    request = request_from(bot.arrival(ANNA, "!lift"))
    plan = await bot.app.executor.plan(bot.command("lift"), (), request)
    assert isinstance(plan, Plan)
    await bot.app.gate.propose(bot.command("lift"), (), request, plan)


@pytest.mark.parametrize(
    ("plan", "line", "answer", "done"),
    [
        (Plan(None), "!lift", "⏳ !lift?", False),
        (Plan(None), "!lift --yes", "✅ Announced — by @anna:example.org", True),
        (Plan(None, asks=False), "!lift", "✅ Announced — by @anna:example.org", True),
        (Plan(None, risk=Risk.AFFECTING), "!lift --yes", "🔒 !lift is not run in a room that anybody may join", False),
        (UsageError("there is nothing to lift"), "!lift", "❔ there is nothing to lift", False),
        (Unreachable("kubernetes", "cut"), "!lift", "❔ Could not ask Kubernetes: !lift (cut)", False),
    ],
)
async def test_what_is_found_decides_whether_and_how_it_is_asked(
    bot: Bot, ledger: Ledger, plan: Plan | Exception, line: str, answer: str, done: bool
) -> None:
    ledger.plan = plan

    sent = await hears(bot, ANNA, line)

    assert firsts(sent) == [answer]
    assert bool(ledger.done) == done


async def test_a_danger_that_was_found_takes_a_second_person(bot: Bot, ledger: Ledger) -> None:
    ledger.plan = Plan(None, risk=Risk.DANGEROUS)
    await asked(bot)

    await bot.says(ANNA, f"yes {CODE}")
    alone = list(ledger.done)
    await bot.says(BEN, f"yes {CODE}")

    assert alone == []
    assert [verb for verb, _, _ in ledger.done] == ["lift it"]


@pytest.mark.parametrize(
    ("then", "done"),
    [
        (Plan(None, target="uid-1"), True),
        (Plan(None, target="uid-2"), False),
        (Plan(None, target="uid-1", risk=Risk.DANGEROUS), False),
        (UsageError("it is gone"), False),
        (Unreachable("kubernetes", "no answer"), False),
    ],
)
async def test_a_confirmation_holds_for_what_was_shown_and_for_nothing_else(
    bot: Bot, ledger: Ledger, then: Plan | Exception, done: bool
) -> None:
    ledger.plan = Plan(None, risk=Risk.AFFECTING, target="uid-1")
    await asked(bot)
    ledger.plan = then

    await bot.says(ANNA, f"yes {CODE}")

    assert bool(ledger.done) == done


async def test_what_changed_since_is_said(bot: Bot, ledger: Ledger) -> None:
    ledger.plan = Plan(None, target="uid-1")
    await asked(bot)
    ledger.plan = Plan(None, target="uid-2")

    await bot.says(ANNA, "yes")

    assert (await bot.said())[-1] == "🔒 Changed since you were asked, so left alone — !lift"
    assert [state for _, state in await states(bot)] == ["failed"]


async def states(bot: Bot) -> list[tuple[str, str]]:
    return [(row["verb"], row["state"]) for row in await bot.app.database.read("SELECT verb, state FROM proposals")]


async def test_a_follower_sees_each_step_once_and_ends_it_with_a_word(bot: Bot, ledger: Ledger) -> None:
    await bot.hears(bot.arrival(ANNA, "!watch"))
    async with listening(bot):
        await ledger.began.wait()
        shown = firsts(await bot.sent())
        await bot.hears(bot.arrival(BEN, "!stop"))
        bot.app.chat.wake()
        await until(lambda: _stops(ledger, 1))
        await bot.hears(bot.arrival(ANNA, "!stop"))
        bot.app.chat.wake()
        await until(lambda: nothing_open(bot))

    assert shown == ["✅ Announced — by @anna:example.org"]
    assert ledger.stopped == [0, 1]
    assert "✅ Announced — by @ben:example.org" in firsts(await bot.sent())


async def _stops(ledger: Ledger, number: int) -> bool:
    return len(ledger.stopped) == number


async def test_an_action_is_taken_back_by_the_words_it_left(bot: Bot, ledger: Ledger) -> None:
    await hears(bot, ANNA, "!lift stone --yes")

    sent = await hears(bot, ANNA, "!undo")

    # The words that take it back are of class 2, and ruled on as if they had been typed.
    assert firsts(sent) == ["🔒 !shove is not run in a room that anybody may join"]
    assert [verb for verb, _, _ in ledger.done] == ["lift stone"]


@pytest.mark.parametrize(
    ("before", "wait", "line", "answer"),
    [
        ("!help", timedelta(0), "!undo", "❔ In the last 15 min of this room: nothing that can be taken back"),
        ("!poke --yes", timedelta(0), "!undo", "❔ In the last 15 min of this room: nothing that can be taken back"),
        ("!lift --yes", UNDO, "!undo", "❔ In the last 15 min of this room: nothing that can be taken back"),
        ("!lift --yes", timedelta(0), "!undo zzz", "❔ In the last 15 min of this room: “zzz” is none of them"),
        ("!lift --yes", timedelta(0), "!undo k", "❔ “k” is too short for an id"),
    ],
)
async def test_what_cannot_be_taken_back_is_said(
    bot: Bot, clock: Clock, before: str, wait: timedelta, line: str, answer: str
) -> None:
    await hears(bot, ANNA, before)
    clock.step(wait.total_seconds())

    sent = await hears(bot, ANNA, line)

    assert firsts(sent) == [answer]
