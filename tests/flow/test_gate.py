"""The one door: each confirmed action is carried out once, for nobody who may not, and never without a record."""

import asyncio
import re

import pytest

from bot.clients.store import proposals
from bot.core.confirmation import Answer
from bot.core.errors import StoreFailed
from bot.core.heard import Sort
from bot.core.names import EventId, UserId
from bot.core.policy import Allow, Ask, Reason, Refuse, Risk, Role, Ruling
from bot.flow.chat import request_from
from bot.flow.gate import Said
from tests.flow.conftest import ANNA, BEN, CLEO, CODE, MALLORY, SOL, Bot, Clock, Ledger, MakeBot

YES = f"yes {CODE}"
ANNAS_EVIL_TWIN = UserId("@anna:evil.test")


async def test_of_a_thousand_confirmations_at_once_one_is_carried_out(bot: Bot, ledger: Ledger) -> None:
    await bot.asks(ANNA, "shove")
    answers = [Said(Answer(agrees=True, code=CODE), bot.arrival(ANNA, YES)) for _ in range(1000)]

    heard = await asyncio.gather(*map(bot.app.gate.hear, answers))
    for confirmed in filter(None, heard):
        await bot.app.executor.run(confirmed)

    assert sum(confirmed is not None for confirmed in heard) == 1
    assert len(ledger.done) == 1


async def test_whoever_moves_a_proposal_on_moves_it_once(bot: Bot) -> None:
    request = await bot.asks(ANNA, "poke")

    moved = [
        await bot.app.database.write(lambda tx: proposals.leave(tx, request.id, "pending", "executing", ANNA))
        for _ in range(2)
    ]

    assert moved == [True, False]


async def test_what_is_confirmed_is_what_was_asked_and_runs_for_the_one_who_asked(bot: Bot, ledger: Ledger) -> None:
    request = await bot.asks(ANNA, "smash", "the pot")

    await bot.says(BEN, YES)

    assert ledger.done == [("smash the pot", ANNA, request.id)]


async def test_a_confirmation_counts_once(bot: Bot, ledger: Ledger) -> None:
    await bot.asks(ANNA, "poke")

    await bot.says(ANNA, "yes")
    await bot.says(ANNA, "yes")

    assert len(ledger.done) == 1


@pytest.mark.parametrize("later", ["yes", "no"])
async def test_what_was_left_stays_so(bot: Bot, ledger: Ledger, later: str) -> None:
    await bot.asks(ANNA, "poke")
    await bot.says(ANNA, "no")

    await bot.says(ANNA, later)

    assert ledger.done == []
    assert (await bot.said())[-1] == "❌ Cancelled by @anna:example.org — !poke"


# Each class: who says what after how long, and whether it is carried out.
LINES = [
    ("poke", ANNA, "yes", 1, True),
    ("poke", ANNA, "yes", 119, True),
    ("poke", ANNA, "yes", 120, False),
    ("poke", BEN, "yes", 1, False),
    ("poke", CLEO, "yes", 1, False),
    ("poke", MALLORY, "yes", 1, False),
    ("poke", SOL, "yes", 1, False),
    ("shove", ANNA, "yes", 1, False),
    ("shove", ANNA, YES, 119, True),
    ("shove", ANNA, YES, 120, False),
    ("shove", ANNA, "yes 0000", 1, False),
    ("shove", BEN, YES, 1, False),
    ("shove", CLEO, YES, 1, False),
    ("shove", MALLORY, YES, 1, False),
    ("smash", ANNA, YES, 1, False),
    ("smash", BEN, "yes", 1, False),
    ("smash", BEN, YES, 119, True),
    ("smash", BEN, YES, 120, False),
    ("smash", BEN, "yes 0000", 1, False),
    ("smash", CLEO, YES, 1, False),
    ("smash", MALLORY, YES, 1, False),
    ("smash", ANNAS_EVIL_TWIN, YES, 1, False),
    ("poke", UserId("@Anna:example.org"), "yes", 1, False),
]


@pytest.mark.parametrize(("verb", "who", "words", "seconds", "done"), LINES)
async def test_each_class_takes_the_word_of_the_right_person_in_time(
    bot: Bot, clock: Clock, ledger: Ledger, verb: str, who: UserId, words: str, seconds: float, done: bool
) -> None:
    await bot.asks(ANNA, verb)
    clock.step(seconds)

    await bot.says(who, words)

    assert bool(ledger.done) is done


@pytest.mark.parametrize(("seconds", "done"), [(0, False), (59, False), (60, True), (119, True), (120, False)])
async def test_alone_one_waits_a_minute_before_danger(
    make: MakeBot, clock: Clock, ledger: Ledger, seconds: float, done: bool
) -> None:
    bot = await make(access={"solo": True}).open()
    await bot.asks(ANNA, "smash")
    clock.step(seconds)

    await bot.says(ANNA, YES)

    assert bool(ledger.done) is done


@pytest.mark.parametrize(
    ("verb", "who", "emoji", "done"),
    [
        ("poke", ANNA, "👍", True),
        ("poke", BEN, "👍", False),
        ("poke", CLEO, "👍", False),
        ("shove", ANNA, "👍", False),
        ("smash", BEN, "👍", False),
    ],
)
async def test_a_tap_is_enough_for_what_can_be_undone_only(
    bot: Bot, ledger: Ledger, verb: str, who: UserId, emoji: str, done: bool
) -> None:
    await bot.asks(ANNA, verb)
    (prompt,) = await bot.sent()

    await bot.taps(who, emoji, prompt["event"])

    assert bool(ledger.done) is done


async def test_a_tap_on_another_message_is_no_answer(bot: Bot, ledger: Ledger) -> None:
    await bot.asks(ANNA, "poke")
    await bot.sent()

    await bot.taps(ANNA, "👍", EventId("$forged-prompt"))

    assert ledger.done == []


async def test_yes_in_reply_to_somebody_else_is_no_answer(bot: Bot, ledger: Ledger) -> None:
    await bot.asks(ANNA, "poke")
    (prompt,) = await bot.sent()

    await bot.says(ANNA, "yes", target=EventId("$shall-we-have-lunch"))
    assert ledger.done == []
    await bot.says(ANNA, "yes", target=prompt["event"])

    assert len(ledger.done) == 1


async def test_a_bare_yes_is_about_ones_own_newest_prompt(bot: Bot, clock: Clock, ledger: Ledger) -> None:
    await bot.asks(ANNA, "poke", "first")
    clock.step(1)
    await bot.asks(ANNA, "poke", "second")
    clock.step(1)
    await bot.asks(BEN, "poke", "third")

    await bot.says(ANNA, "yes")

    assert [verb for verb, *_ in ledger.done] == ["poke second"]


@pytest.mark.parametrize(
    ("verb", "who", "words", "hint"),
    [
        ("shove", ANNA, "yes", "🔒 That one takes the code: type yes and the four digits — !shove"),
        ("shove", ANNA, "yes 0000", "🔒 That is not its code, 2 tries left — !shove"),
        ("smash", ANNA, YES, "🔒 That one takes somebody else's word — !smash"),
    ],
)
async def test_an_answer_that_does_not_count_is_told_why(
    bot: Bot, verb: str, who: UserId, words: str, hint: str
) -> None:
    await bot.asks(ANNA, verb)

    await bot.says(who, words)

    assert (await bot.said())[-1] == hint


@pytest.mark.parametrize(("verb", "who"), [("shove", BEN), ("shove", CLEO), ("smash", CLEO), ("smash", MALLORY)])
async def test_who_has_no_say_gets_no_answer(bot: Bot, verb: str, who: UserId) -> None:
    await bot.asks(ANNA, verb)
    await bot.sent()

    await bot.says(who, YES)

    assert await bot.sent() == []


async def test_three_wrong_codes_void_a_prompt(bot: Bot, ledger: Ledger) -> None:
    await bot.asks(ANNA, "shove")
    for guess in ("0000", "0001", "0002"):
        await bot.says(ANNA, f"yes {guess}")

    await bot.says(ANNA, YES)

    assert ledger.done == []
    assert (await bot.said())[0] == "🔒 Three wrong codes, left alone — !shove"
    assert (await bot.trail())[-1] == ("cancelled", "shove", "three wrong codes")


async def test_wrong_codes_of_others_do_not_void_a_prompt(bot: Bot, ledger: Ledger) -> None:
    await bot.asks(ANNA, "shove")
    for guess in range(5):
        await bot.says(BEN, f"yes {guess:04d}")

    await bot.says(ANNA, YES)

    assert len(ledger.done) == 1


@pytest.mark.parametrize(
    ("seconds", "reboots", "done"),
    [(5, False, True), (119, False, True), (120, False, False), (5, True, False), (120, True, False)],
)
async def test_a_restart_between_prompt_and_yes_changes_nothing_and_a_reboot_ends_it(
    make: MakeBot, clock: Clock, ledger: Ledger, seconds: float, reboots: bool, done: bool
) -> None:
    before = await make().open()
    await before.asks(ANNA, "shove")
    await before.close()
    clock.step(seconds)
    if reboots:
        clock.reboot()

    after = await make().open()
    await after.says(ANNA, YES)

    assert bool(ledger.done) is done


async def test_who_lost_the_right_to_act_confirms_nothing_after_the_restart(make: MakeBot, ledger: Ledger) -> None:
    before = await make().open()
    await before.asks(ANNA, "poke")
    await before.close()

    after = await make(people={ANNA: {"role": "viewer"}}).open()
    await after.says(ANNA, "yes")

    assert ledger.done == []


async def test_a_prompt_that_nobody_answers_is_said_to_be_over(bot: Bot, clock: Clock) -> None:
    await bot.asks(ANNA, "poke")
    (prompt,) = await bot.sent()
    clock.step(119)
    await bot.app.gate.expire()
    assert await bot.sent() == []
    clock.step(1)

    await bot.app.gate.expire()
    await bot.app.gate.expire()

    (over,) = await bot.sent()
    assert over["event"] == prompt["event"]
    assert over["body"] == "⏰ Expired, nothing done — !poke"
    assert await proposals.in_state(bot.app.database, "pending") == []


async def test_every_step_is_on_record_with_who_said_what(bot: Bot) -> None:
    await bot.asks(ANNA, "smash", "it")

    await bot.says(BEN, YES)

    assert await bot.trail() == [
        ("prompted", "smash it", ""),
        ("confirmed", "smash it", BEN),
        ("intent", "smash it", ""),
        ("outcome", "smash it", "ok"),
    ]


async def test_no_code_is_kept_or_recorded(bot: Bot) -> None:
    await bot.asks(ANNA, "shove")

    kept = await bot.app.database.read("SELECT * FROM proposals")
    trail = await bot.app.database.read("SELECT * FROM audit")

    # As a word of its own: any four digits may stand somewhere in a hash or a fraction of a second.
    alone = re.compile(rf"(?<![0-9a-f]){CODE}(?![0-9a-f])")
    assert not [value for row in (*kept, *trail) for value in tuple(row) if alone.search(str(value))]


async def test_a_second_person_is_asked_by_name_and_the_first_is_not(bot: Bot) -> None:
    await bot.asks(ANNA, "smash")

    (prompt,) = await bot.sent()

    assert prompt["msgtype"] == "m.text"
    assert prompt["m.mentions"] == {"user_ids": [BEN]}
    assert prompt["body"] == f"🔥 !smash?\nSomeone else types: yes {CODE} · 2 min"


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("poke", "⏳ !poke?\n👍 to go, ❌ to leave it · 2 min"),
        ("shove", f"⏳ !shove?\nType: yes {CODE}, or no · 2 min"),
    ],
)
async def test_other_prompts_ring_nobody(bot: Bot, verb: str, body: str) -> None:
    await bot.asks(ANNA, verb)

    (prompt,) = await bot.sent()

    assert (prompt["msgtype"], prompt["m.mentions"], prompt["body"]) == ("m.notice", {}, body)


async def test_asked_twice_by_a_crash_a_prompt_is_shown_once(bot: Bot) -> None:
    request = await bot.asks(ANNA, "poke")

    await bot.app.gate.propose(bot.command("poke"), (), request)

    assert len(await bot.sent()) == 1


async def test_without_a_record_nothing_begins(bot: Bot, ledger: Ledger) -> None:
    request = request_from(bot.arrival(ANNA, "!poke --yes"))
    await bot.full_disk(True)

    with pytest.raises(StoreFailed):
        await bot.app.gate.begin(bot.command("poke"), (), request)

    assert ledger.done == []


async def test_without_a_record_a_confirmation_does_not_count_and_may_be_repeated(bot: Bot, ledger: Ledger) -> None:
    await bot.asks(ANNA, "poke")
    await bot.full_disk(True)
    with pytest.raises(StoreFailed):
        await bot.says(ANNA, "yes")
    assert ledger.done == []

    await bot.full_disk(False)
    await bot.says(ANNA, "yes")

    assert len(ledger.done) == 1


async def ruling(bot: Bot, who: UserId, risk: Risk = Risk.READ, *, age: float = 0.0, skip: bool = False) -> Ruling:
    return await bot.app.gate.rule(bot.arrival(who, "!it", age=age), risk, skip_prompt=skip)


@pytest.mark.parametrize(
    ("who", "risk", "expected"),
    [
        (ANNA, Risk.READ, Allow()),
        (CLEO, Risk.READ, Allow()),
        (CLEO, Risk.REVERSIBLE, Refuse(Reason.ROLE, Role.OPERATOR)),
        (BEN, Risk.REVERSIBLE, Ask()),
        # Nothing is connected: a room that cannot be asked about counts as open to anybody.
        (BEN, Risk.AFFECTING, Refuse(Reason.PUBLIC_ROOM)),
        (ANNA, Risk.DANGEROUS, Refuse(Reason.PUBLIC_ROOM)),
        (MALLORY, Risk.READ, Refuse(Reason.STRANGER)),
        (ANNAS_EVIL_TWIN, Risk.READ, Refuse(Reason.STRANGER)),
        (UserId("@ANNA:example.org"), Risk.READ, Refuse(Reason.STRANGER)),
        (SOL, Risk.READ, Refuse(Reason.BOT)),
    ],
)
async def test_rights_are_bound_to_the_exact_matrix_id(bot: Bot, who: UserId, risk: Risk, expected: Ruling) -> None:
    assert await ruling(bot, who, risk) == expected


@pytest.mark.parametrize(
    ("age", "expected"), [(299, Allow()), (301, Refuse(Reason.STALE)), (-301, Refuse(Reason.STALE))]
)
async def test_what_was_said_too_long_ago_is_not_run(bot: Bot, age: float, expected: Ruling) -> None:
    assert await ruling(bot, ANNA, age=age) == expected


async def test_too_many_commands_in_a_minute_are_refused_to_that_person_alone(make: MakeBot, clock: Clock) -> None:
    bot = await make(limits={"per_person": 3}).open()

    rulings = [await ruling(bot, ANNA) for _ in range(4)]
    assert rulings == [Allow(), Allow(), Allow(), Refuse(Reason.TOO_FAST)]
    assert await ruling(bot, BEN) == Allow()
    clock.step(61)

    assert await ruling(bot, ANNA) == Allow()


async def test_refusals_are_counted(bot: Bot) -> None:
    await ruling(bot, MALLORY)

    assert b'opsbot_gate_refusals_total{reason="stranger"} 1.0' in bot.app.metrics.render()


async def test_a_reaction_is_remembered_as_heard(bot: Bot) -> None:
    """Else it would be taken up again with every restart."""
    await bot.asks(ANNA, "poke")
    (prompt,) = await bot.sent()
    tap = bot.arrival(ANNA, "👍", target=prompt["event"], sort=Sort.REACTION)
    await bot.hears(tap)

    await bot.app.gate.hear(Said(Answer(agrees=True, tapped=True), tap))

    rows = await bot.app.database.read("SELECT state, body FROM inbox")
    assert [tuple(row) for row in rows] == [("done", "")]
