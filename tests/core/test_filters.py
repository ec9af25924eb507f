"""Which lines are wanted, and which filters would take too long."""

import time

import pytest

from bot.core.errors import UsageError
from bot.core.filters import wanted


@pytest.mark.parametrize(
    ("text", "line", "is_wanted"),
    [
        ("", "anything", True),
        ("error", "An ERROR occurred", True),
        ("Error", "an error occurred", False),
        ("connection refused", "dial: connection refused (111)", True),
        ("error|warn", "level=WARN", True),
        ("error.*timeout", "error: read timeout", True),
        ("error.*timeout", "timeout error", False),
        (".*timeout.*", "read timeout", True),
        (r"status=5\d\d", "status=503", True),
        (r"\S+@demo", "anna@demo", True),
        ("foo(", "calls foo(bar)", True),
        ("[::1]:80", "listens on [::1]:80", False),
        ("a+b", "aab", True),
        (r"100\.\*", "100.*", True),
        ("ü", "Über", True),
    ],
)
def test_plain_words_and_patterns_find_their_lines(text: str, line: str, is_wanted: bool) -> None:
    assert wanted(text)(line) is is_wanted


@pytest.mark.parametrize("text", ["(a+)+b", ".*a.*b.*c.*d", "(?=x)", r"(a)\1", "x" * 201])
def test_a_filter_that_may_take_for_ever_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        wanted(text)


@pytest.mark.parametrize("text", ["a.*b", r"\w+ \w+x", "(a|b|c)+x", "a*b"])
def test_the_worst_line_holds_nobody_up(text: str) -> None:
    try:
        is_wanted = wanted(text)
    except UsageError:
        return

    began = time.process_time()
    is_wanted("a" * 100_000)

    assert time.process_time() - began < 0.3
