"""What the quiet hours held, letter by letter."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.alerts import Card, Member
from bot.core.names import Key, RoomId
from bot.core.standing import Digest, QuietOver, standing
from bot.core.webhook import Status
from formatters.render import write
from formatters.standing import digest, quiet_over

NOW = datetime(2026, 11, 30, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def went(number: int = 1, **labels: str) -> Card:
    """Return a card that began on Saturday at two and was over four minutes later."""
    began = datetime(2026, 11, 28, 2, tzinfo=UTC)
    named = {"alertname": "DiskFull", **labels}
    member = Member("f", Status.RESOLVED, named, {}, began, began + 4 * MINUTE, "", began + 4 * MINUTE)
    room = RoomId("!ops:example.org")
    return Card(Key("k"), room, "ops", "{}", 1, {}, (member,), "", 0, began, handle=f"a{number}")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (
            QuietOver((went(namespace="storage"),), 0, NOW, "UTC"),
            """ℹ️ Quiet hours are over — 1 came and went
• DiskFull #a1 — storage · Sat 28 Nov 02:00, lasted 4 min""",
        ),
        (
            QuietOver((went(1), went(2)), 1, NOW, "Europe/Madrid"),
            """ℹ️ Quiet hours are over — 2 came and went, 1 still burns
• DiskFull #a1 · Sat 28 Nov 03:00, lasted 4 min
• DiskFull #a2 · Sat 28 Nov 03:00, lasted 4 min""",
        ),
    ],
    ids=["one", "two, and one that burns"],
)
def test_what_came_and_went_is_named(result: QuietOver, words: str) -> None:
    assert write("k", quiet_over(result)).body == words


def test_the_rest_of_a_long_list_is_counted() -> None:
    body = write("k", quiet_over(QuietOver(tuple(map(went, range(25))), 3, NOW, "UTC"))).body

    assert body.splitlines()[0] == "ℹ️ Quiet hours are over — 25 came and went, 3 still burn"
    assert body.splitlines()[11:] == ["…and 15 more"]


def test_a_digest_names_it_though_no_card_is_open() -> None:
    body = write("k", digest(Digest(standing((), (), NOW, "UTC"), sparkle=False, went=(went(),)))).body

    assert body.splitlines() == [
        "✅ Good morning — no card is open",
        "Came and went in the quiet hours:",
        "• DiskFull #a1 · Sat 28 Nov 02:00, lasted 4 min",
    ]
