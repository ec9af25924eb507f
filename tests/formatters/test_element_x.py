"""What people read: every message the bot has words for, as Element X shows it on Android and on iOS."""

import re

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.core.facts import Verdict
from formatters import FORMATTERS
from formatters.document import Block, Bullets, Document, Glyph, Item, Mark, Numbered, Paragraph, Pre, Quote, line
from formatters.render import kind, render, write
from tests.tools.element_x import SAFE, android, ios
from tests.tools.phone import ALLOWED, draw
from tests.tools.results import results

# Plain words and names, and what would be glued, dropped or drawn as something else if it came through as markup.
TEXTS = st.sampled_from(
    (
        *("postgres-1", "Primary has not answered for 2 min.", "/var is 97 % full", "@anna:example.org", "✅ fine"),
        *("<h3>Firing</h3>now", "a<br>b", "<td>1</td>", "&amp; &lt;", "first\nsecond", "  spaced  out  ", "x" * 300),
        *("https://runbooks.example.org/PostgresDown", "@room", "", "日本"),
    )
)
EACH_SORT = pytest.mark.parametrize("sort", FORMATTERS, ids=kind)
_LINK = re.compile(r" <https://[^>]*>")
_LEAD = re.compile(r"^(?:•|\d+\.|>)(?: |$)")


def told(body: str) -> list[str]:
    """Return the lines of the plain form as they stand on a phone: no marks of lists, links as words."""
    return shown(_LINK.sub("", body).split("\n"))


def shown(lines: list[str]) -> list[str]:
    """Return the lines of a phone in the same form."""
    words = (" ".join(_LEAD.sub("", line.strip()).split()) for line in lines)
    return [each for each in words if each]


@EACH_SORT
# A failure is readable as it was made; making it smaller takes minutes for the largest.
@settings(max_examples=12, phases=[Phase.generate], suppress_health_check=[*HealthCheck])
@given(st.data())
def test_nothing_is_glued_and_nothing_is_lost_on_a_phone(sort: type, data: st.DataObject) -> None:
    rendered = render(data.draw(results(sort, TEXTS)), formatters=FORMATTERS)

    drawn = draw(rendered.html)
    assert (drawn.unknown, drawn.faults) == (set(), [])
    assert shown(android(rendered.html)) == told(rendered.body)
    assert shown(ios(rendered.html)) == told(rendered.body)


_WORDS = line("first line")
BLOCKS = (
    Paragraph(_WORDS),
    Bullets((Item(_WORDS, (line("below it"),)), Item(line("second item")))),
    Numbered((Item(_WORDS, (line("below it"),)), Item(line("second item")))),
    Pre("first  row\n  second row"),
    Quote((_WORDS, line("second line"))),
)


@pytest.mark.parametrize("second", BLOCKS, ids=lambda block: type(block).__name__)
@pytest.mark.parametrize("first", BLOCKS, ids=lambda block: type(block).__name__)
def test_any_two_blocks_stay_apart(first: Block, second: Block) -> None:
    written = write("pair", Document(Verdict.OK, line(Mark(Glyph.OK), " title"), (first, second)))

    assert shown(android(written.html)) == told(written.body)
    assert shown(ios(written.html)) == told(written.body)


def test_the_tags_we_may_use_are_among_those_that_android_draws() -> None:
    """And without the picture, for which iOS writes `[img: …]`."""
    assert SAFE - {"img"} >= ALLOWED


@pytest.mark.parametrize(
    ("html", "on_android", "on_ios"),
    [
        ("<h3>Firing</h3>Postgres", ["FiringPostgres"], ["FiringPostgres"]),
        ("<div>a</div><div>b</div>", ["ab"], ["a", "b"]),
        ("<table><tr><td>pod0/1</td><td>x</td></tr><tr><td>y</td></tr></table>", ["pod0/1xy"], ["pod0/1xy"]),
        ("<details><summary>more</summary>text</details>", ["moretext"], ["moretext"]),
        ("a<hr>b", ["ab"], ["a", "b"]),
        ('<img alt="a graph">', ["a graph"], ["[img: a graph]"]),
        ("x<span>hidden</span>", ["xhidden"], ["x"]),
        ("<p>a</p><pre><code>b</code></pre><p>c</p>", ["a", "b", "c"], ["a", "bc"]),
        ("<blockquote>a</blockquote><p>b</p>", ["a", "b"], ["ab"]),
        ('<ol start="7"><li>a</li></ol>', ["a"], ["1. a"]),
        ("<ul><li>a<br>b</li><li>c</li></ul>d", ["a", "b", "c", "d"], ["• a", "b", "• c", "d"]),
        ("<p>a\n  b</p><pre>c\n  d</pre>", ["a b", "c", "d"], ["a b", "c", "d"]),
    ],
)
def test_the_phones_of_these_tests_do_what_is_known_of_the_real_ones(
    html: str, on_android: list[str], on_ios: list[str]
) -> None:
    assert (android(html), ios(html)) == (on_android, on_ios)
