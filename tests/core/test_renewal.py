"""What is done about a silence that lasts until resolved, case by case."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.matchers import Matcher
from bot.core.renewal import CAP, EARLY, SPAN, Next, UntilResolved, caps, due, first_end, next_end
from bot.core.silences import Silence, State

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ORDER = UntilResolved("s", NOW + 5 * MINUTE, NOW + CAP)


def silence(ends_in: timedelta = 5 * MINUTE, state: State = State.ACTIVE, identity: str = "s") -> Silence:
    return Silence(
        id=identity, state=state, matchers=(Matcher("alertname", "A"),), starts_at=NOW, ends_at=NOW + ends_in
    )


@pytest.mark.parametrize(
    ("known", "burns", "over", "wanted"),
    [
        (silence(), True, False, Next.RENEW),
        (silence(EARLY - MINUTE), True, False, Next.FORGET),
        (silence(3 * MINUTE), True, False, Next.RENEW),
        (silence(), False, False, Next.NOTHING),
        (silence(), False, True, Next.END),
        (silence(state=State.EXPIRED), True, False, Next.FORGET),
        (silence(state=State.EXPIRED), False, True, Next.FORGET),
        (silence(timedelta(hours=2)), True, False, Next.FORGET),
        (silence(timedelta(hours=2)), False, True, Next.FORGET),
        (None, True, False, Next.NOTHING),
        (None, False, False, Next.NOTHING),
    ],
    ids=[
        "burns and ends soon",
        "somebody gave it another end",
        "its renewal was written down and then cut off",
        "pauses",
        "is over",
        "somebody ended it",
        "somebody ended it and it is over",
        "somebody extended it",
        "somebody extended it and it is over",
        "unknown to this Alertmanager, burns elsewhere",
        "unknown to this Alertmanager",
    ],
)
def test_it_is_renewed_while_it_burns_and_left_to_whoever_touched_it(
    known: Silence | None, burns: bool, over: bool, wanted: Next
) -> None:
    assert due(ORDER, known, NOW, burns=burns, over=over) is wanted


def test_it_is_renewed_in_good_time_and_not_before() -> None:
    order = UntilResolved("s", NOW + SPAN, NOW + CAP)
    begun = silence(SPAN)

    assert due(order, begun, NOW + SPAN - EARLY, burns=True, over=False) is Next.NOTHING
    assert due(order, begun, NOW + SPAN - EARLY + MINUTE, burns=True, over=False) is Next.RENEW


def test_nothing_is_renewed_past_a_day() -> None:
    late = NOW + CAP - 8 * MINUTE
    order = UntilResolved("s", late + 5 * MINUTE, NOW + CAP)

    last = next_end(order, late)

    assert (first_end(NOW), last) == (NOW + SPAN, NOW + CAP)
    assert due(UntilResolved("s", last, NOW + CAP), silence(CAP), late, burns=True, over=False) is Next.NOTHING


def test_one_that_no_alertmanager_knows_is_forgotten_at_its_end() -> None:
    assert due(ORDER, None, ORDER.until, burns=False, over=False) is Next.FORGET


def test_what_somebody_extended_no_longer_lasts_until_resolved() -> None:
    orders = (ORDER, UntilResolved("t", NOW + 5 * MINUTE, NOW + CAP))
    theirs = silence(timedelta(hours=2), identity="t")

    assert caps(orders, (silence(), theirs, silence(identity="other"))) == {"s": NOW + CAP}
