"""Before which silences word is given, case by case."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.ending import ending
from bot.core.firing import FiringAlert, Muting
from bot.core.matchers import Matcher
from bot.core.silences import Silence, State

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def silence(ends_in: float, identity: str = "s", *, since: float = 120, state: State = State.ACTIVE) -> Silence:
    return Silence(
        id=identity,
        state=state,
        matchers=(Matcher("alertname", "A"),),
        starts_at=NOW - since * MINUTE,
        ends_at=NOW + ends_in * MINUTE,
    )


def muted(*by: str) -> FiringAlert:
    return FiringAlert(labels={"alertname": "A"}, starts_at=NOW, muting=Muting(silenced_by=by))


@pytest.mark.parametrize(
    ("silences", "alerts", "caps", "wanted"),
    [
        ([silence(15)], [muted("s")], {}, [("s", 1)]),
        ([silence(16)], [muted("s")], {}, []),
        ([silence(1)], [muted("s"), muted("s")], {}, [("s", 2)]),
        ([silence(15)], [], {}, []),
        ([silence(15)], [muted("other")], {}, []),
        ([silence(14, since=10)], [muted("s")], {}, []),
        ([silence(14, state=State.PENDING, since=-1)], [muted("s")], {}, []),
        ([silence(-1, state=State.EXPIRED)], [muted("s")], {}, []),
        ([silence(10), silence(60, "long")], [muted("s", "long")], {}, []),
        ([silence(10), silence(12, "last")], [muted("s", "last")], {}, [("last", 1)]),
        ([silence(10), silence(60, "long")], [muted("s", "long"), muted("s")], {}, [("s", 1)]),
        ([silence(14)], [muted("s")], {"s": NOW + 60 * MINUTE}, []),
        ([silence(7)], [muted("s")], {"s": NOW + 14 * MINUTE}, [("s", 1)]),
        ([silence(10), silence(9, "kept")], [muted("s", "kept")], {"kept": NOW + 60 * MINUTE}, []),
    ],
    ids=[
        "in a quarter of an hour",
        "later",
        "the bot was away",
        "mutes nothing",
        "mutes nothing that fires",
        "was short",
        "has not begun",
        "is over",
        "something else mutes the same for longer",
        "something else mutes the same for a little longer",
        "something else mutes part of it for longer",
        "is renewed",
        "is renewed no more",
        "what else mutes it is renewed",
    ],
)
def test_word_is_given_where_something_is_about_to_be_told_again(
    silences: list[Silence], alerts: list[FiringAlert], caps: dict[str, datetime], wanted: list[tuple[str, int]]
) -> None:
    found = ending(silences, alerts, caps, NOW, "UTC")

    assert [(each.silence.id, len(each.alerts)) for each in found] == wanted


def test_each_end_that_a_silence_is_given_has_a_word_of_its_own() -> None:
    keys = {each.key for end in (15, 15, 10) for each in ending([silence(end)], [muted("s")], {}, NOW, "UTC")}

    assert len(keys) == 2
