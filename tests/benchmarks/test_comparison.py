"""What counts as lost and as doubled, and how long a sender goes on."""

import itertools
import time
from collections.abc import Mapping

import pytest

from benchmarks.comparison import Row, fate, faultless, side_by_side
from benchmarks.contenders import Contender, Handed, Post, hand
from benchmarks.watcher import Seen

TAKEN = Handed(taken=True, refused=False, failures=1)
REFUSED = Handed(taken=False, refused=True, failures=0)
OPEN = Handed(taken=False, refused=False, failures=7)


def answering(*statuses: int) -> Post:
    waiting = iter(statuses)

    async def post(_mark: str, _alerts: int) -> int:
        return next(waiting)

    return post


def contender(*, each: bool) -> Contender:
    return Contender("peer" if each else "bot", answering(), each=each)


def seen(*bodies: str) -> tuple[Seen, ...]:
    return tuple(Seen(10.0 + number, body) for number, body in enumerate(bodies))


@pytest.mark.parametrize(
    ("each", "handed", "told", "missing", "lost", "doubled", "last"),
    [
        pytest.param(False, {"a": TAKEN}, {"a": seen("card")}, 0, 0, 0, 5.0, id="a card tells all"),
        pytest.param(False, {"a": TAKEN}, {}, 2, 2, 0, 0.0, id="accepted and never seen"),
        pytest.param(False, {"a": REFUSED}, {}, 2, 2, 0, 0.0, id="refused for good: nobody sends it again"),
        pytest.param(False, {"a": OPEN}, {}, 2, 0, 0, 0.0, id="still tried: late, not lost"),
        pytest.param(
            False, {"a": TAKEN}, {"a": seen("card", "other words")}, 0, 0, 1, 5.0, id="two cards of one group"
        ),
        pytest.param(True, {"a": TAKEN}, {"a": seen("one", "two")}, 0, 0, 0, 6.0, id="a message each"),
        pytest.param(True, {"a": TAKEN}, {"a": seen("one", "one")}, 1, 1, 1, 5.0, id="one twice, the other never"),
        pytest.param(True, {"a": OPEN}, {"a": seen("one")}, 1, 0, 0, 5.0, id="half of it, and still tried"),
    ],
)
def test_what_is_lost_and_what_is_doubled(
    *,
    each: bool,
    handed: Mapping[str, Handed],
    told: Mapping[str, tuple[Seen, ...]],
    missing: int,
    lost: int,
    doubled: int,
    last: float,
) -> None:
    found = fate(contender(each=each), handed, told, alerts=2, since=5.0)

    assert (found.missing, found.lost, found.doubled, found.last) == (missing, lost, doubled, last)
    assert found.alerts == 2


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((200,), Handed(taken=True, refused=False, failures=0)),
        ((503, 200), Handed(taken=True, refused=False, failures=1)),
        ((0, 200), Handed(taken=True, refused=False, failures=1)),
        ((429, 200), Handed(taken=False, refused=True, failures=0)),
    ],
)
async def test_a_webhook_is_offered_again_after_5xx_and_never_after_4xx(
    statuses: tuple[int, ...], expected: Handed
) -> None:
    assert await hand(answering(*statuses), "mark", 1, time.perf_counter() + 10) == expected


async def test_nobody_offers_a_webhook_for_ever() -> None:
    handed = await hand(answering(*itertools.repeat(503, 3)), "mark", 1, time.perf_counter())

    assert handed == Handed(taken=False, refused=False, failures=1)


def test_who_took_no_part_has_a_dash() -> None:
    fates = {"bot": fate(contender(each=False), {"a": TAKEN}, {}, 1, 0.0)}

    table = side_by_side([Row("messages", {"put": "1", "bot": "2"}), faultless(fates)], ("put", "bot"))

    assert table.splitlines()[2:] == ["| messages | 1 | 2 |", "| … lost / doubled | – | 1 / 0 |"]
