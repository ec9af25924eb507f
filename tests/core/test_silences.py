"""The words of `!silence` in any order, and ids as they are typed on a phone."""

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.durations import At, Clocked, For
from bot.core.errors import UsageError
from bot.core.matchers import Matcher, write
from bot.core.names import RequestId
from bot.core.silences import Silence, State, mark, marked, pick, wish

NOW = datetime(2026, 5, 1, 14, 0, tzinfo=UTC)
TWO_HOURS = For(timedelta(hours=2))
DOWN = 'alertname="PostgresDown"'


def silence(identity: str, state: State = State.ACTIVE, comment: str = "", name: str = "") -> Silence:
    matchers = (Matcher("alertname", name),) if name else ()
    return Silence(id=identity, state=state, matchers=matchers, starts_at=NOW, ends_at=NOW, comment=comment)


@pytest.mark.parametrize(
    ("words", "given_span", "wanted", "duration"),
    [
        (["2h", "PostgresDown"], None, DOWN, TWO_HOURS),
        (["PostgresDown", "2h"], None, DOWN, TWO_HOURS),
        (["PostgresDown", "2", "hours", "namespace=data"], None, f'{DOWN}, namespace="data"', TWO_HOURS),
        (["PostgresDown"], None, DOWN, For(timedelta(hours=1))),
        (["PostgresDown"], "2h", DOWN, TWO_HOURS),
        (["{namespace=data,", "pod=~x.*}", "until", "16:00"], None, 'namespace="data", pod=~"x.*"', At(time(16))),
        (["5xx", "namespace=data"], "2h", 'alertname="5xx", namespace="data"', TWO_HOURS),
    ],
)
def test_the_words_of_a_silence_may_stand_in_any_order(
    words: list[str], given_span: str | None, wanted: str, duration: Clocked
) -> None:
    asked = wish(words, given_span)

    assert (write(asked.matchers), asked.duration) == (wanted, duration)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "silence what?"),
        (["2h"], "silence what?"),
        (["90", "PostgresDown"], "“90” of what?"),
        (["8d", "PostgresDown"], "7 days at most"),
        (["2h", "PostgresDown", "3h"], "nothing is both"),
    ],
)
def test_a_silence_that_cannot_be_read_is_refused_with_a_way_out(words: list[str], problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        wish(words, None)

    assert problem in refused.value.problem
    assert refused.value.hint


@given(st.lists(st.text(max_size=20), max_size=5), st.none() | st.text(max_size=10))
def test_any_words_are_a_silence_or_refused_and_nothing_else(words: list[str], duration: str | None) -> None:
    with suppress(UsageError):
        wish(words, duration)


def test_an_id_may_be_shortened_where_it_stays_unique() -> None:
    silences = (silence("1a2b3c4d-0000"), silence("1a2bffff-0000"), silence("9f9f9f9f-0000"))

    assert pick(silences, "1A2B3C4D").id == "1a2b3c4d-0000"
    assert pick(silences, "#9f9f").id == "9f9f9f9f-0000"
    with pytest.raises(UsageError, match="may be 2 silences") as refused:
        pick(silences, "1a2b")
    assert refused.value.near == ("1a2b3c4d-0000", "1a2bffff-0000")


@pytest.mark.parametrize("typed", ["", "1", "1a2", "beef", "%", "PostgresDow"])
def test_what_is_no_id_and_no_name_picks_nothing(typed: str) -> None:
    with pytest.raises(UsageError, match="no silence"):
        pick((silence("1a2b3c4d-0000", name="PostgresDown"),), typed)


def test_the_name_of_the_alert_is_enough_where_one_silence_has_it() -> None:
    one, two = silence("1a2b3c4d-0000", name="PostgresDown"), silence("9f9f9f9f-0000", name="DiskFull")

    assert pick((one, two), "PostgresDown") == one
    with pytest.raises(UsageError, match="may be 2 silences"):
        pick((one, two, silence("3e3e3e3e-0000", name="DiskFull")), "DiskFull")


def test_a_silence_that_lives_goes_before_one_that_is_over() -> None:
    silences = (silence("1a2b3c4d-0000", State.EXPIRED), silence("1a2b3c4d-1111"))

    assert pick(silences, "1a2b3c4d").id == "1a2b3c4d-1111"
    assert pick(silences, "1a2b3c4d-0000").state is State.EXPIRED


def test_a_comment_carries_the_action_and_shows_only_the_words() -> None:
    comment = marked("new disk ", RequestId("x7k2p"))

    assert mark(RequestId("x7k2p")) in comment
    assert mark(RequestId("x7k2")) not in comment
    assert silence("1", comment=comment).why == "new disk"
    assert silence("1", comment=marked("", RequestId("x7k2p"))).why == ""
