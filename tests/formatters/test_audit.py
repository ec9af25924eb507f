"""The trail as the room reads it: persons whole, and no doubt left about whether it holds."""

from datetime import UTC, datetime

import pytest

from bot.core.audit import GENESIS, Entry, Link, Phase
from bot.core.facts import Verdict
from commands.audit import Trail
from formatters import FORMATTERS
from formatters.render import render

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


def link(phase: Phase, *, actor: str = "@anna:example.org", command: str = "poke it", result: str = "") -> Link:
    entry = Entry("2026-10-01T11:58:00.000+00:00", "k7", phase, actor, "!ops:example.org", command, 1, result)
    return Link(7, entry, GENESIS, "")


def body(*links: Link, broken_at: int | None = None) -> str:
    return render(Trail(links, 1234, broken_at, NOW), formatters=FORMATTERS).body


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (link(Phase.INTENT), "• 7 · 2 min ago · @anna:example.org !poke it intent"),
        (link(Phase.OUTCOME, result="ok"), "• 7 · 2 min ago · @anna:example.org !poke it outcome → ok"),
        (
            link(Phase.CONFIRMED, result="@ben:example.org"),
            "• 7 · 2 min ago · @anna:example.org !poke it confirmed by @ben:example.org",
        ),
        (link(Phase.EXPIRED), "• 7 · 2 min ago · @anna:example.org !poke it expired"),
        (
            link(Phase.REFUSED, actor="@anna:evil.test", command="", result="stranger"),
            "• 7 · 2 min ago · @anna:evil.test refused → stranger",
        ),
    ],
)
def test_a_row_says_who_did_what_and_what_became_of_it(row: Link, line: str) -> None:
    assert body(row) == f"✅ 1,234 entries, the chain holds\n{line}"


def test_a_broken_trail_is_bad_news() -> None:
    rendered = render(Trail((), 3, 2, NOW), formatters=FORMATTERS)

    assert rendered.verdict is Verdict.BAD
    assert rendered.body == "❌ The chain breaks at row 2: rows were changed or removed"
