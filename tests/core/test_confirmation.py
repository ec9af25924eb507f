"""A confirmation is bound to person, action, target and time: no answer but the one demanded sets anything off."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.core.confirmation import (
    ALONE,
    LIFE,
    TRIES,
    Answer,
    Moment,
    Outcome,
    Proposal,
    code_hash,
    expired,
    heard_as_answer,
    judge,
    tapped_as_answer,
)
from bot.core.names import EventId, RequestId, RoomId, UserId
from bot.core.policy import Risk

ANNA, BEN, CLEO, MALLORY = (UserId(f"@{name}:example.org") for name in ("anna", "ben", "cleo", "mallory"))
MAY_ACT = {ANNA: True, BEN: True, CLEO: False, MALLORY: False}
"""Anna asks; Ben is an operator too, Cleo a viewer, Mallory nobody."""
ASKED = Moment(1000.0, "boot-1")
CODE, WRONG = "4821", "0000"


def proposal(risk: Risk) -> Proposal:
    return Proposal(
        id=RequestId("k7"),
        event=EventId("$asked"),
        room=RoomId("!ops:example.org"),
        requester=ANNA,
        verb="restart",
        tokens=("data/postgres",),
        risk=risk,
        target="restart data/postgres",
        code_hash=code_hash("k7", CODE),
        tries=0,
        boot=ASKED.boot,
        not_before=ASKED.monotonic + ALONE.total_seconds(),
        deadline=ASKED.monotonic + LIFE.total_seconds(),
        sent_at=datetime(2026, 10, 1, 12, tzinfo=UTC),
        created_at=datetime(2026, 10, 1, 12, tzinfo=UTC),
    )


def after(seconds: float) -> Moment:
    """Return the moment so long after the asking."""
    return Moment(ASKED.monotonic + seconds, ASKED.boot)


TAP, YES, RIGHT, OTHER, NO, CROSS = (
    Answer(agrees=True, tapped=True),
    Answer(agrees=True),
    Answer(agrees=True, code=CODE),
    Answer(agrees=True, code=WRONG),
    Answer(agrees=False),
    Answer(agrees=False, tapped=True),
)
C, X, I = Outcome.CONFIRMED, Outcome.CANCELLED, Outcome.IGNORED  # noqa: E741 - the letters of the table
CODE_, WRONG_, OTHER_, EARLY = Outcome.NEEDS_CODE, Outcome.WRONG_CODE, Outcome.NEEDS_OTHER, Outcome.TOO_EARLY
ANSWERS = (TAP, YES, RIGHT, OTHER, NO, CROSS)
TABLE = {
    # Class, solo:               who: what each of tap, yes, yes+code, yes+wrong code, no, cross comes to after 90 s.
    (Risk.REVERSIBLE, False): {ANNA: (C, C, C, C, X, X), BEN: (I, I, I, I, X, X)},
    (Risk.REVERSIBLE, True): {ANNA: (C, C, C, C, X, X), BEN: (I, I, I, I, X, X)},
    (Risk.AFFECTING, False): {ANNA: (CODE_, CODE_, C, WRONG_, X, X), BEN: (I, I, I, I, X, X)},
    (Risk.AFFECTING, True): {ANNA: (CODE_, CODE_, C, WRONG_, X, X), BEN: (I, I, I, I, X, X)},
    (Risk.DANGEROUS, False): {ANNA: (OTHER_,) * 4 + (X, X), BEN: (CODE_, CODE_, C, WRONG_, X, X)},
    (Risk.DANGEROUS, True): {ANNA: (CODE_, CODE_, C, WRONG_, X, X), BEN: (I, I, I, I, X, X)},
}
CASES = [
    (risk, solo, who, answer, outcome)
    for (risk, solo), people in TABLE.items()
    for who, outcomes in (people | {CLEO: (I,) * 6, MALLORY: (I,) * 6}).items()
    for answer, outcome in zip(ANSWERS, outcomes, strict=True)
]


def outcome_of(risk: Risk, answer: Answer, who: UserId, now: Moment, *, solo: bool = False) -> Outcome:
    return judge(proposal(risk), answer, who, now, may_act=MAY_ACT[who], solo=solo)


@pytest.mark.parametrize(("risk", "solo", "who", "answer", "outcome"), CASES)
def test_each_answer_comes_to_what_the_table_says(
    risk: Risk, solo: bool, who: UserId, answer: Answer, outcome: Outcome
) -> None:
    assert outcome_of(risk, answer, who, after(90), solo=solo) is outcome


@pytest.mark.parametrize(("risk", "solo", "who", "answer", "outcome"), CASES)
def test_nothing_counts_after_the_time_is_over(
    risk: Risk, solo: bool, who: UserId, answer: Answer, outcome: Outcome
) -> None:
    late = outcome_of(risk, answer, who, after(120), solo=solo)

    assert late is (Outcome.EXPIRED if MAY_ACT[who] else Outcome.IGNORED)


@pytest.mark.parametrize(("seconds", "over"), [(0, False), (119.9, False), (120, True), (4000, True)])
def test_a_prompt_is_over_after_its_time(seconds: float, over: bool) -> None:
    assert expired(proposal(Risk.AFFECTING), after(seconds)) is over


@pytest.mark.parametrize("monotonic", [0.0, 5.0, ASKED.monotonic, ASKED.monotonic + 60])
def test_a_reboot_ends_every_prompt(monotonic: float) -> None:
    assert expired(proposal(Risk.AFFECTING), Moment(monotonic, "boot-2"))


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [(0, EARLY), (59.9, EARLY), (60, Outcome.CONFIRMED), (119, Outcome.CONFIRMED), (120, Outcome.EXPIRED)],
)
def test_alone_one_waits_a_minute(seconds: float, outcome: Outcome) -> None:
    assert outcome_of(Risk.DANGEROUS, RIGHT, ANNA, after(seconds), solo=True) is outcome


@pytest.mark.parametrize("answer", [TAP, YES, RIGHT])
def test_who_lost_the_right_to_act_confirms_nothing_any_more(answer: Answer) -> None:
    outcome = judge(proposal(Risk.REVERSIBLE), answer, ANNA, after(10), may_act=False, solo=False)

    assert outcome is Outcome.IGNORED


def test_who_lost_the_right_to_act_may_still_leave_it() -> None:
    assert judge(proposal(Risk.REVERSIBLE), NO, ANNA, after(10), may_act=False, solo=False) is Outcome.CANCELLED


def test_a_code_is_worth_nothing_for_another_proposal() -> None:
    other = replace(proposal(Risk.AFFECTING), id=RequestId("k8"))

    assert judge(other, RIGHT, ANNA, after(1), may_act=True, solo=False) is Outcome.WRONG_CODE
    assert code_hash("k7", CODE) != code_hash("k8", CODE)
    assert CODE not in code_hash("k7", CODE)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("yes", YES),
        ("Yes", YES),
        (" yes ", YES),
        ("!yes", YES),
        ("yes 4821", RIGHT),
        ("YES  4821", RIGHT),
        ("!yes 4821", RIGHT),
        ("no", NO),
        ("!cancel", NO),
        ("yes please", None),
        ("yes 48211", None),
        ("yes 482", None),
        ("4821", None),
        ("oh no", None),
        ("yes\n4821\nthanks", None),
        ("", None),
    ],
)
def test_only_a_plain_yes_or_no_is_an_answer(body: str, answer: Answer | None) -> None:
    assert heard_as_answer(body) == answer


@pytest.mark.parametrize("emoji", ["👍", "👍🏽", "👍\ufe0f", "✅", "✅\ufe0f"])
def test_a_thumb_of_any_skin_agrees(emoji: str) -> None:
    assert tapped_as_answer(emoji) == TAP


@pytest.mark.parametrize("emoji", ["👎", "👎🏿", "❌"])
def test_a_cross_leaves_it(emoji: str) -> None:
    assert tapped_as_answer(emoji) == CROSS


@pytest.mark.parametrize("emoji", ["👀", "🎉", "👍👍", "yes", "", "✔️", "\ufe0f"])
def test_other_reactions_mean_nothing(emoji: str) -> None:
    assert tapped_as_answer(emoji) is None


def test_only_the_demanded_answer_of_the_right_person_in_time_confirms() -> None:
    times = (0.0, 59.9, 60.0, 119.9, 120.0)
    for (risk, solo), who, answer, seconds in product(TABLE, MAY_ACT, ANSWERS, times):
        if outcome_of(risk, answer, who, after(seconds), solo=solo) is not Outcome.CONFIRMED:
            continue

        assert seconds < LIFE.total_seconds()
        assert answer.agrees
        assert answer in {TAP, YES, RIGHT, OTHER} if risk is Risk.REVERSIBLE else answer == RIGHT
        if risk is Risk.DANGEROUS:
            assert (who == ANNA and seconds >= 60) if solo else who == BEN
        else:
            assert who == ANNA


class Conversations(RuleBasedStateMachine):
    """Anybody answers anything at any time; a proposal leaves its waiting once, as the store has it."""

    def __init__(self) -> None:
        super().__init__()
        self.pending: dict[RequestId, Proposal] = {}
        self.confirmed: list[tuple[Proposal, UserId, Answer, float]] = []
        self.left: set[RequestId] = set()
        self.elapsed, self.reboots = 0.0, 0
        self.asked_at: dict[RequestId, float] = {}
        self.solo = False

    @property
    def now(self) -> Moment:
        return Moment(ASKED.monotonic + self.elapsed, f"boot-{self.reboots}")

    @rule(solo=st.booleans())
    def configure(self, solo: bool) -> None:
        if not self.pending:
            self.solo = solo

    @rule(risk=st.sampled_from([Risk.REVERSIBLE, Risk.AFFECTING, Risk.DANGEROUS]))
    def ask(self, risk: Risk) -> None:
        name, now = RequestId(f"k{len(self.asked_at)}"), self.now
        self.asked_at[name] = self.elapsed
        self.pending[name] = replace(
            proposal(risk),
            id=name,
            code_hash=code_hash(name, CODE),
            boot=now.boot,
            not_before=now.monotonic + ALONE.total_seconds(),
            deadline=now.monotonic + LIFE.total_seconds(),
        )

    @rule(seconds=st.sampled_from([0.1, 1.0, 30.0, 59.0, 60.0, 119.0, 120.0]))
    def wait(self, seconds: float) -> None:
        self.elapsed += seconds

    @rule()
    def reboot(self) -> None:
        self.reboots += 1

    @rule(who=st.sampled_from(list(MAY_ACT)), answer=st.sampled_from(ANSWERS), newest=st.booleans())
    @precondition(lambda self: self.asked_at)
    def answer(self, who: UserId, answer: Answer, newest: bool) -> None:
        names = list(self.asked_at)
        meant = self.pending.get(names[-1] if newest else names[0])
        if meant is None:
            return
        outcome = judge(meant, answer, who, self.now, may_act=MAY_ACT[who], solo=self.solo)
        if outcome is Outcome.WRONG_CODE:
            self.pending[meant.id] = replace(meant, tries=meant.tries + 1)
        if outcome in {Outcome.CONFIRMED, Outcome.CANCELLED, Outcome.EXPIRED} or (
            outcome is Outcome.WRONG_CODE and meant.tries + 1 >= TRIES
        ):
            del self.pending[meant.id]
            self.left.add(meant.id)
        if outcome is Outcome.CONFIRMED:
            self.confirmed.append((meant, who, answer, self.elapsed - self.asked_at[meant.id]))

    @invariant()
    def at_most_one_confirmation_each(self) -> None:
        names = [meant.id for meant, *_ in self.confirmed]
        assert len(names) == len(set(names))
        assert set(names) <= self.left

    @invariant()
    def only_by_the_right_person_in_time(self) -> None:
        for meant, who, answer, waited in self.confirmed:
            assert MAY_ACT[who]
            assert waited < LIFE.total_seconds() + 0.001
            if meant.risk is not Risk.REVERSIBLE:
                assert answer == RIGHT
            if meant.risk is not Risk.DANGEROUS:
                assert who == ANNA
            elif who == ANNA:
                assert waited >= ALONE.total_seconds() - 0.001


TestConversations = Conversations.TestCase
TestConversations.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
