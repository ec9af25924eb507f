"""Reading a conversation: what may be left open in it, and what is no conversation."""

import pytest

from bot.demo.transcript import matches, read


@pytest.mark.parametrize(
    ("expected", "body", "fits"),
    [
        (["✅ Pong — *"], "✅ Pong — heard", True),
        (["✅ Pong — *"], "✅ Pong — heard\nmore", False),
        (["✅ Pong — *", "…"], "✅ Pong — heard\nmore\nand more", True),
        (["✅ Pong — *", "…"], "✅ Pong — heard", True),
        (["a", "…", "z"], "a\nb\nz", True),
        (["a", "…", "z"], "a\nb", False),
        (["1+1"], "1+1", True),
        (["1+1"], "11", False),
    ],
)
def test_what_is_expected_is_exact_but_for_stars_and_dots(expected: list[str], body: str, fits: bool) -> None:
    assert matches(expected, body) is fits


@pytest.mark.parametrize("script", ["nobody said this", "bot? what", "  indented"])
def test_a_line_that_nobody_says_is_an_error_of_the_script(script: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        read(script)
