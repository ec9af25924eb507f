"""Whatever is asked, answered, waited for and restarted in any order: nothing happens twice or by the wrong word."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.core.names import UserId
from tests.flow.conftest import ANNA, BEN, CLEO, CODE, MALLORY, SOL, Bot, Clock, Ledger

ASKERS = st.sampled_from([ANNA, BEN])
# Those who may act come up more often: a sequence of refused strangers leads nowhere.
ANYBODY = st.sampled_from([ANNA, BEN, ANNA, BEN, ANNA, BEN, CLEO, MALLORY, SOL, UserId("@anna:evil.test")])
VERBS = st.sampled_from(["poke", "shove", "smash"])
WORDS = st.sampled_from([f"yes {CODE}", "yes", f"yes {CODE}", "yes 0000", f"yes {CODE}", "no"])


class Sequences(RuleBasedStateMachine):
    """A real gate, executor and database; the homeserver alone is missing."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.clock, self.ledger = Clock(), Ledger()
        # Request id → verb, who asked, when.
        self.asked: dict[str, tuple[str, UserId, float]] = {}
        # Action id → who said what, when, that set it off.
        self.cause: dict[str, tuple[UserId, str, float]] = {}
        self.elapsed = 0.0
        self.prompt = ""

    @initialize()
    def start(self) -> None:
        self.bot = Bot(Path(self.directory.name), self.clock, self.ledger)
        self.runner.run(self.bot.open())

    @rule(who=ASKERS, verb=VERBS)
    def ask(self, who: UserId, verb: str) -> None:
        request = self.runner.run(self.bot.asks(who, verb))
        self.asked[request.id] = (verb, who, self.elapsed)
        self.prompt = next(
            (content["event"] for content in self.runner.run(self.bot.sent()) if "?" in content["body"]), self.prompt
        )

    @rule(who=ANYBODY, words=WORDS)
    @precondition(lambda self: self.asked)
    def say(self, who: UserId, words: str) -> None:
        self._note(who, words, self.runner.run(self.bot.says(who, words)))

    @rule(who=ANYBODY, emoji=st.sampled_from(["👍", "❌"]))
    @precondition(lambda self: self.prompt)
    def tap(self, who: UserId, emoji: str) -> None:
        self._note(who, emoji, self.runner.run(self.bot.taps(who, emoji, self.prompt)))  # type: ignore[arg-type]

    @rule(who=ASKERS, verb=VERBS, other=ANYBODY, words=WORDS)
    def ask_and_say(self, who: UserId, verb: str, other: UserId, words: str) -> None:
        self.ask(who, verb)
        self.say(other, words)

    @rule(who=ASKERS, verb=VERBS, other=ANYBODY)
    def ask_and_tap(self, who: UserId, verb: str, other: UserId) -> None:
        self.ask(who, verb)
        self.tap(other, "👍")

    @rule(seconds=st.sampled_from([1.0, 1.0, 59.0, 61.0, 119.0, 121.0]))
    def wait(self, seconds: float) -> None:
        self.clock.step(seconds)
        self.elapsed += seconds

    @rule()
    def expire(self) -> None:
        self.runner.run(self.bot.app.gate.expire())

    @rule()
    def restart(self) -> None:
        self.runner.run(self.bot.close())
        self.start()

    def _note(self, who: UserId, words: str, confirmed: object) -> None:
        if confirmed is not None:
            self.cause[confirmed.id] = (who, words, self.elapsed)  # type: ignore[attr-defined]

    @invariant()
    def nothing_is_done_twice(self) -> None:
        ids = [action for *_, action in self.ledger.done]
        assert len(ids) == len(set(ids))

    @invariant()
    def nothing_is_done_but_by_the_right_word_in_time(self) -> None:
        for done, on_behalf, action in self.ledger.done:
            verb, asker, asked_at = self.asked[action]
            who, words, said_at = self.cause[action]
            assert done == f"{verb} it"
            assert on_behalf == asker
            assert said_at - asked_at < 120
            assert words in {"yes", f"yes {CODE}", "yes 0000", "👍"} if verb == "poke" else words == f"yes {CODE}"
            assert (who == asker) if verb != "smash" else (who in {ANNA, BEN} and who != asker)

    def teardown(self) -> None:
        self.runner.run(self.bot.close())
        self.runner.close()
        self.directory.cleanup()


TestSequences = Sequences.TestCase
TestSequences.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
