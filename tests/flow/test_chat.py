"""A line that was heard is answered once, whatever happens on the way; nothing is answered that was not asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from bot.core.heard import Sort
from bot.core.message import FIELD
from bot.core.names import EventId, UserId
from tests.flow.conftest import ANNA, BEN, CLEO, CODE, MALLORY, SOL, Bot, Clock, Ledger, MakeBot


@asynccontextmanager
async def listening(bot: Bot) -> AsyncIterator[None]:
    """Have lines taken up while the block runs."""
    task = asyncio.create_task(bot.app.chat.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(10):
        while not await true():  # noqa: ASYNC110 - the database tells nobody of its changes
            await asyncio.sleep(0.005)


async def nothing_open(bot: Bot) -> bool:
    rows = await bot.app.database.read(
        "SELECT (SELECT count(*) FROM inbox WHERE state = 'new')"
        " + (SELECT count(*) FROM proposals WHERE state = 'executing')"
    )
    return int(rows[0][0]) == 0


async def hears(bot: Bot, who: UserId, words: str, **heard: Any) -> list[dict[str, Any]]:
    """Have somebody say something; return what is sent once all is answered."""
    await bot.hears(bot.arrival(who, words, **heard))
    async with listening(bot):
        await until(lambda: nothing_open(bot))
    return await bot.sent()


def firsts(sent: list[dict[str, Any]]) -> list[str]:
    return [content["body"].splitlines()[0] for content in sent]


async def test_an_answer_is_a_silent_reply_to_the_one_who_asked(bot: Bot) -> None:
    arrival = bot.arrival(ANNA, "!help")
    await bot.hears(arrival)
    async with listening(bot):
        await until(lambda: nothing_open(bot))

    (answer,) = await bot.sent()

    assert answer["msgtype"] == "m.notice"
    assert answer["m.mentions"] == {}
    assert answer["m.relates_to"] == {"m.in_reply_to": {"event_id": arrival.heard.event_id}}
    assert answer[FIELD] | {"rev": 1} == {
        "kind": "help-page",
        "verdict": "none",
        "key": f"answer:{arrival.request}",
        "rev": 1,
        "request": arrival.request,
    }


@pytest.mark.parametrize(
    ("who", "words", "answers"),
    [
        (ANNA, "!help", ["ℹ️ What you can ask me"]),
        (CLEO, "!poke", ["🔒 !poke needs role operator, you are viewer"]),
        (CLEO, "!poke --yes", ["🔒 !poke needs role operator, you are viewer"]),
        (ANNA, "!poke", ["⏳ !poke?"]),
        (ANNA, "!poke --yes", ["✅ Announced — by @anna:example.org"]),
        (ANNA, "!poke -y", ["✅ Announced — by @anna:example.org"]),
        (ANNA, "!smash --yes", ["🔒 !smash is not run in a room that anybody may join"]),
        (SOL, "!help", []),
        (SOL, "!poke --yes", []),
        (ANNA, "yes", []),
        (ANNA, "no", []),
        (ANNA, "thank you", []),
    ],
)
async def test_each_line_gets_the_answer_it_deserves(bot: Bot, who: UserId, words: str, answers: list[str]) -> None:
    assert firsts(await hears(bot, who, words)) == answers


async def test_what_was_said_while_the_bot_was_away_is_not_run(bot: Bot, ledger: Ledger) -> None:
    assert firsts(await hears(bot, ANNA, "!poke --yes", age=720)) == ["🔒 That was 12 min ago: send it again"]
    assert ledger.done == []


async def test_a_stranger_is_not_answered_and_the_room_is_told_once_an_hour(bot: Bot, clock: Clock) -> None:
    clock.step(3600 - clock.wall.timestamp() % 3600)
    said = [firsts(await hears(bot, MALLORY, "!poke --yes")) for _ in range(3)]
    clock.step(3600)
    said.append(firsts(await hears(bot, MALLORY, "!poke --yes")))

    told = ["🔒 @mallory:example.org tried commands and is not in people"]
    assert said == [told, [], [], told]
    assert await bot.trail() == [("refused", "", "stranger")] * 4


async def test_a_refusal_is_on_record(bot: Bot) -> None:
    await hears(bot, CLEO, "!poke the pot")

    assert await bot.trail() == [("refused", "poke", "role")]


async def test_a_reply_to_one_of_our_messages_needs_no_prefix(bot: Bot) -> None:
    (card,) = await hears(bot, ANNA, "!help")

    assert firsts(await hears(bot, ANNA, "help poke", target=card["event"])) == ["ℹ️ !poke [thing] — Poke something"]


async def test_people_who_talk_below_our_messages_are_left_alone(bot: Bot) -> None:
    (card,) = await hears(bot, ANNA, "!help")

    assert await hears(bot, ANNA, "looks good to me", target=card["event"]) == []


@pytest.mark.parametrize("sort", [Sort.NOTICE, Sort.REDACTION, Sort.REACTION])
async def test_only_what_a_person_types_is_a_command(bot: Bot, ledger: Ledger, sort: Sort) -> None:
    assert await hears(bot, ANNA, "!poke --yes", sort=sort, target=EventId("$card")) == []
    assert ledger.done == []


async def test_a_line_that_is_told_twice_is_answered_once(bot: Bot, ledger: Ledger) -> None:
    arrival = bot.arrival(ANNA, "!poke --yes")
    async with listening(bot):
        for _ in range(3):
            await bot.hears(arrival)
            bot.app.chat.wake()
            await until(lambda: nothing_open(bot))

    assert len(ledger.done) == 1
    assert len(await bot.sent()) == 1


async def test_a_slow_command_does_not_keep_the_others_waiting(bot: Bot, ledger: Ledger) -> None:
    await bot.hears(bot.arrival(ANNA, "!dig --yes"))
    async with listening(bot):
        await ledger.began.wait()
        await bot.hears(bot.arrival(BEN, "!help"))
        bot.app.chat.wake()
        await until(lambda: bot.app.database.read("SELECT 1 FROM outbox"))
        ledger.go_on.set()
        await until(lambda: nothing_open(bot))

    assert firsts(await bot.sent()) == ["ℹ️ What you can ask me", "✅ Announced — by @anna:example.org"]


async def test_a_fault_of_ours_is_answered_with_the_id_that_leads_to_the_log_and_no_more(bot: Bot) -> None:
    (answer,) = await hears(bot, ANNA, "!stumble")

    assert answer["pt.sunbeam.ops"]["request"] in answer["body"]
    assert "obviously-secret" not in str(answer)


async def test_after_a_fault_of_ours_the_next_line_is_answered(bot: Bot) -> None:
    await bot.hears(bot.arrival(ANNA, "!stumble"))

    assert firsts(await hears(bot, ANNA, "!help"))[-1] == "ℹ️ What you can ask me"


async def test_a_command_that_hangs_is_answered_when_its_time_is_over(make: MakeBot) -> None:
    bot = await make(limits={"command": 0.05}).open()

    sent = await hears(bot, ANNA, "!dig --yes")

    assert firsts(sent) == ["❔ !dig had no answer in 50 ms"]
    assert "Done or not is not known" in sent[0]["body"]
    assert (await bot.trail())[-1] == ("outcome", "dig", "unknown")


@pytest.mark.parametrize(
    ("words", "state"),
    [("!poke", "done"), ("!reach", "unknown"), ("!guess", "unknown")],
)
async def test_what_became_of_an_action_is_kept_as_it_was_told(bot: Bot, words: str, state: str) -> None:
    await hears(bot, ANNA, f"{words} --yes")

    assert [tuple(row) for row in await bot.app.database.read("SELECT state FROM proposals")] == [(state,)]


async def test_an_action_that_fails_rings_the_one_who_asked(bot: Bot) -> None:
    answer, *nudge = await hears(bot, ANNA, "!reach --yes")

    assert answer["m.mentions"] == {}
    assert "no answer in 5 s" in answer["body"]
    assert all(each["m.mentions"] == {"user_ids": [ANNA]} for each in nudge)


@pytest.mark.parametrize(("seconds", "rings"), [(19, False), (21, True)])
async def test_work_that_ends_late_rings_the_one_who_asked(
    bot: Bot, clock: Clock, ledger: Ledger, seconds: float, rings: bool
) -> None:
    await bot.hears(bot.arrival(ANNA, "!dig --yes"))
    async with listening(bot):
        await ledger.began.wait()
        clock.step(seconds)
        ledger.go_on.set()
        await until(lambda: nothing_open(bot))

    _, *nudge = await bot.sent()

    assert [each["m.mentions"] for each in nudge] == [{"user_ids": [ANNA]}] * rings
    if rings:
        assert nudge[0]["body"] == "✅ !dig done after 21 s — @anna:example.org"


async def test_while_nothing_can_be_recorded_nothing_is_done_and_then_it_is_done_once(
    bot: Bot, clock: Clock, ledger: Ledger
) -> None:
    await bot.hears(bot.arrival(ANNA, "!poke --yes"))
    await bot.full_disk(True)
    async with listening(bot):
        for _ in range(3):
            await until(lambda: _sleeps(clock))
            assert ledger.done == []
            clock.step(1)
        await until(lambda: _sleeps(clock))
        await bot.full_disk(False)
        clock.step(1)
        await until(lambda: nothing_open(bot))

    assert len(ledger.done) == 1
    assert firsts(await bot.sent()) == ["✅ Announced — by @anna:example.org"]


async def _sleeps(clock: Clock) -> bool:
    return clock.sleepers > 0


async def test_what_was_done_while_the_disk_filled_up_is_not_done_again(bot: Bot, clock: Clock, ledger: Ledger) -> None:
    await bot.hears(bot.arrival(ANNA, "!dig --yes"))
    async with listening(bot):
        await ledger.began.wait()
        await bot.full_disk(True)
        ledger.go_on.set()
        await until(lambda: _sleeps(clock))
        await bot.full_disk(False)
        clock.step(1)
        await until(lambda: nothing_open(bot))

    assert len(ledger.done) == 1
    assert (await bot.trail())[-1] == ("outcome", "dig", "ok")


@pytest.mark.parametrize(
    ("verb", "times", "answer"),
    [("dig", 0, "❔ I was cut off in the middle of !dig"), ("paint", 1, "✅ Announced — by @anna:example.org")],
)
async def test_an_action_that_was_cut_off_is_repeated_only_where_that_is_harmless(
    make: MakeBot, ledger: Ledger, verb: str, times: int, answer: str
) -> None:
    before = await make().open()
    await before.hears(before.arrival(ANNA, f"!{verb} --yes"))
    async with listening(before):
        await ledger.began.wait()
    await before.close()
    ledger.go_on.set()

    after = await make().open()
    async with listening(after):
        await until(lambda: nothing_open(after))

    assert len(ledger.done) == times
    assert firsts(await after.sent()) == [answer]


async def test_what_was_heard_before_a_crash_is_answered_after_it(make: MakeBot, ledger: Ledger) -> None:
    before = await make().open()
    await before.hears(before.arrival(ANNA, "!poke --yes"))
    await before.close()

    after = await make().open()
    async with listening(after):
        await until(lambda: nothing_open(after))

    assert len(ledger.done) == 1


async def test_the_words_are_forgotten_once_they_are_answered(bot: Bot) -> None:
    await hears(bot, ANNA, "!poke obviously-secret")

    rows = await bot.app.database.read("SELECT body FROM inbox")
    assert [row[0] for row in rows] == [""]


async def test_a_prompt_becomes_its_outcome(bot: Bot, ledger: Ledger) -> None:
    (prompt,) = await hears(bot, ANNA, "!poke")

    (done,) = await hears(bot, ANNA, "👍", sort=Sort.REACTION, target=prompt["event"])

    assert done["event"] == prompt["event"]
    assert done["body"].startswith("✅ Announced")
    assert len(ledger.done) == 1


async def test_a_code_in_the_command_line_is_no_confirmation(bot: Bot, ledger: Ledger) -> None:
    await bot.asks(ANNA, "shove")

    await hears(bot, ANNA, f"!poke yes {CODE}")

    assert ledger.done == []


async def test_old_lines_are_forgotten_and_open_ones_are_not(bot: Bot, clock: Clock) -> None:
    await hears(bot, ANNA, "!help")
    await bot.hears(bot.arrival(ANNA, "!help poke"))
    clock.step(timedelta(days=8).total_seconds())

    await bot.app.watch._forget()

    rows = await bot.app.database.read("SELECT body FROM inbox")
    assert [row[0] for row in rows] == ["!help poke"]
