"""Questions to Loki: read from what a phone and a shell leave of them, and asked without what could tell a secret."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import UsageError
from bot.core.logql import read, write
from bot.core.reading import tokens


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("""'{level="error"}'""", '{level="error"}'),
        ('{level="error"}', '{level="error"}'),
        ("{level=“error”}", '{level="error"}'),
        ("{level=error, app=~gitea.*}", '{level="error", app=~"gitea.*"}'),
        ("""'{app=~"a{2}|b"}'""", '{app=~"a{2}|b"}'),
        ("""'{app="gitea"} |= "time out" != "x"'""", '{app="gitea"} |= "time out" != "x"'),
        ('{app="gitea"} |= "time out" != x', '{app="gitea"} |= "time out" != "x"'),
        ('{app="gitea"}|="time out"', '{app="gitea"} |= "time out"'),
        ("{app=gitea} |~ `a|b`", '{app="gitea"} |~ "a|b"'),
        ("{app=gitea} !~ (a|b)", '{app="gitea"} !~ "(a|b)"'),
        (r"""'{app="gitea"} |= "say \"no\""'""", '{app="gitea"} |= "say "no""'),
        ("""'{app="}"} |= "}"'""", '{app="}"} |= "}"'),
    ],
)
def test_a_question_is_read_as_it_was_meant(line: str, wanted: str) -> None:
    assert str(read(tokens(line))) == wanted


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "Lines of what?"),
        ("error", "Lines of what?"),
        ("""'rate({app="gitea"}[5m])'""", "I show lines, and count none"),
        ("""'sum by (app) (rate({app="gitea"}[5m]))'""", "I show lines, and count none"),
        ("{app=gitea", "a brace is left open"),
        ("{}", "nothing to match"),
        ("{app}", "a label needs a value"),
        ("{app=a,app=b}", "nothing is both"),
        ("{app=gitea} | json", "I do not know “|”"),
        ("""'{app="gitea"} | line_format "{{.password}}"'""", "I do not know “| line_format"),
        ("{app=gitea} [5m]", "I do not know “[5m]”"),
        ("{app=gitea} |=", "|= what?"),
        ("""'{app="gitea"} |= "open'""", "is no text"),
        ("{app=gitea} " + "|= x " * 11, "too many filters"),
        ("{app=~(a+)+}", "may take for ever"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_way_out(line: str, problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(tokens(line))

    assert problem in refused.value.problem
    assert refused.value.hint


@pytest.mark.parametrize(
    ("filters", "line", "wanted"),
    [
        ("", "anything", True),
        ("|= Error", "an Error", True),
        ("|= Error", "an error", False),
        ("!= Error", "an error", True),
        ("|~ err.r", "an ERROR", True),
        ("!~ err.r", "an ERROR", False),
        ("|= a != b", "a", True),
        ("|= a != b", "a b", False),
    ],
)
def test_a_line_passes_every_filter_or_is_not_shown(filters: str, line: str, wanted: bool) -> None:
    assert read(tokens(f"{{app=x}} {filters}")).wanted()(line) is wanted


def test_a_pattern_that_may_take_for_ever_is_refused() -> None:
    with pytest.raises(UsageError):
        read(tokens("{app=x} |~ (a+)+b")).wanted()


def test_loki_is_asked_for_streams_of_the_namespaces_alone_and_never_for_a_filter() -> None:
    question = read(tokens(r"""'{app="a\"b", namespace=~".+"} |= "hunter" !~ "x"'"""))

    asked = write(question, ("data", "cert-manager", "a.b"))

    assert asked == r'{app="a\"b", namespace=~".+", namespace=~"data|cert\\-manager|a\\.b"}'


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_words_are_a_question_or_refused_and_nothing_else(words: list[str]) -> None:
    with suppress(UsageError):
        read(words).wanted()("a line")


@given(st.text('{}"`|=!~a \\', max_size=40))
def test_whatever_stands_in_braces_loki_gets_one_selector(text: str) -> None:
    with suppress(UsageError):
        asked = write(read(("{a=b} |= " + text,)), ("data",))
        assert asked == '{a="b", namespace=~"data"}'
