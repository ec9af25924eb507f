"""A long answer becomes its first and last lines and a file; nothing is cut inside."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.facts import Verdict
from bot.core.message import File, Message, content
from bot.core.names import Key, RoomId
from formatters.document import Block, Bullets, Code, Document, Item, Numbered, Paragraph, Pre, Quote, line
from formatters.html import formatted_body
from formatters.pages import MAX_BYTES, MAX_VISIBLE, fit
from formatters.render import write
from formatters.text import body

HUNDRED = Document(
    Verdict.OK,
    line("logs of ", Code("data/postgres")),
    (Pre("\n".join(f"line {number}" for number in range(100))), Paragraph(line("next: !logs -f"))),
)


def bullets(amount: int) -> Bullets:
    return Bullets(tuple(Item(line(f"item {number}"), (line(f"below {number}"),)) for number in range(amount)))


def test_what_fits_is_left_alone() -> None:
    assert fit(HUNDRED) is HUNDRED


def test_the_middle_is_counted_and_the_whole_is_attached() -> None:
    fitted = fit(HUNDRED, name="log-lines", max_visible=120)

    assert body(fitted).split("\n") == [
        "logs of data/postgres",
        *(f"line {number}" for number in range(5)),
        "… 92 more in the file",
        *(f"line {number}" for number in range(97, 100)),
        "next: !logs -f",
    ]
    assert fitted.file == File("log-lines.txt", body(HUNDRED))
    assert fitted.verdict is HUNDRED.verdict


def test_as_much_as_possible_is_kept() -> None:
    fitted = fit(HUNDRED, max_visible=800)

    assert 780 <= len(body(fitted)) <= 800


def test_an_item_keeps_what_stands_below_it() -> None:
    fitted = fit(Document(Verdict.OK, line("t"), (bullets(50),)), max_visible=200)

    rows = body(fitted).split("\n")
    firsts = [row.removeprefix("• item ") for row in rows if row.startswith("• ")]
    assert firsts == [row.removeprefix("  below ") for row in rows if row.startswith("  ")]
    assert firsts[0] == "0"
    assert firsts[-1] == "49"


def test_numbers_stay_the_numbers_of_the_whole_list(phone: Callable[[str], Any]) -> None:
    items = tuple(Item(line(f"choice {number}")) for number in range(1, 31))

    fitted = fit(Document(Verdict.OK, line("t"), (Numbered(items),)), max_visible=150)

    assert body(fitted).endswith("• 30. choice 30")
    assert phone(formatted_body(fitted)).screen == body(fitted)


def test_a_cut_never_leaves_a_tag_open(phone: Callable[[str], Any]) -> None:
    fitted = fit(HUNDRED, max_visible=120)

    assert phone(formatted_body(fitted)).faults == []
    assert formatted_body(fitted).count("<pre><code>") == formatted_body(fitted).count("</code></pre>") == 2


def test_two_lists_in_a_row_stay_two() -> None:
    document = Document(Verdict.OK, line("t"), (bullets(2), bullets(2), Pre("\n".join("x" * 50))))

    fitted = fit(document, max_visible=100)

    assert formatted_body(fitted).startswith("<p><b>t</b></p><ul>")
    assert formatted_body(fitted).count("<ul>") == 2


def test_a_file_that_is_there_already_is_kept_with_the_whole_before_it() -> None:
    document = replace(HUNDRED, file=File("postgres.log", "raw"))

    fitted = fit(document, max_visible=120)

    assert fitted.file == File("postgres.log", f"{body(HUNDRED)}\n\nraw")


def test_an_endless_title_is_cut_too() -> None:
    document = Document(Verdict.BAD, tuple(f"{number} {'x' * 400}" for number in range(50)), (Paragraph(line("next")),))

    fitted = fit(document)

    assert len(body(fitted)) <= MAX_VISIBLE
    assert body(fitted).endswith("…\n… 1 more in the file")
    assert fitted.file is not None
    assert fitted.file.text.endswith("next")


def test_html_that_grows_by_escaping_counts_too() -> None:
    document = Document(Verdict.OK, line("t"), (Pre("\n".join(["'" * 30] * 100)),))

    fitted = fit(document)

    assert len(body(document)) < MAX_VISIBLE
    assert fitted.file is not None
    assert _content_bytes(fitted) <= MAX_BYTES


TEXTS = st.text(max_size=300)
LINES = TEXTS.map(line)
ITEMS = st.lists(st.builds(Item, LINES, st.lists(LINES, max_size=2).map(tuple)), min_size=1, max_size=40).map(tuple)
BLOCKS: st.SearchStrategy[Block] = st.one_of(
    st.builds(Paragraph, LINES),
    st.builds(Bullets, ITEMS),
    st.builds(Numbered, ITEMS),
    st.lists(TEXTS, max_size=100).map("\n".join).map(Pre),
    st.builds(Quote, st.lists(LINES, min_size=1, max_size=40).map(tuple)),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[*HealthCheck])
@given(st.lists(BLOCKS, max_size=8), st.integers(min_value=1, max_value=8))
def test_every_document_fits_and_says_the_same_in_both_forms(
    phone: Callable[[str], Any], blocks: list[Block], times: int
) -> None:
    document = Document(Verdict.OK, line("title"), tuple(blocks) * times)

    fitted = fit(document)

    assert len(body(fitted)) <= MAX_VISIBLE
    assert _content_bytes(fitted) <= MAX_BYTES
    assert phone(formatted_body(fitted)).screen == body(fitted)
    assert fitted is document or (fitted.file is not None and fitted.file.text == body(document))


def test_five_thousand_log_lines_are_cut_in_a_moment() -> None:
    document = Document(Verdict.OK, line("t"), (Pre("\n".join(["2026-01-01 ünïcode log line " * 4] * 5_000)),))

    started = time.thread_time()
    fit(document)

    # Half a second where nothing else runs; trying one line less at a time takes minutes.
    assert time.thread_time() - started < 10


def _content_bytes(document: Document) -> int:
    message = Message(RoomId("!a:example.org"), Key("k" * 64), write("x" * 40, document))
    return len(json.dumps(content(message, 1), ensure_ascii=False).encode())


@pytest.mark.parametrize("amount", [0, 1, 2, 3, 12])
def test_tight_limits_still_say_the_title_and_how_much_is_missing(amount: int) -> None:
    document = Document(Verdict.OK, line("title"), (bullets(amount), Pre("x" * 400)))

    fitted = fit(document, max_visible=40)

    assert body(fitted).startswith("title\n")
    assert "more in the file" in body(fitted)
