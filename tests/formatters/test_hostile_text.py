"""What strangers write in labels and logs stays text: no markup, no mention, no verdict, no second line."""

import os
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.facts import Verdict
from bot.core.names import UserId
from formatters import foreign
from formatters.document import (
    Bold,
    Bullets,
    Code,
    Document,
    Glyph,
    Italic,
    Item,
    Link,
    Mark,
    Numbered,
    Paragraph,
    Person,
    Pre,
    Quote,
    line,
)
from formatters.html import formatted_body
from formatters.text import body
from tests.tools.hostile import AFTER_LIST_MARKERS, HOSTILE, IDENTIFIER, USER_ANYWHERE

# OPSBOT_EXAMPLES=10000 for the thorough run.
EXAMPLES = settings(
    max_examples=int(os.environ.get("OPSBOT_EXAMPLES", "1000")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

Draw = Callable[[str], Any]


def everywhere(text: str, between: str = "") -> Document:
    """A document with the same foreign text in every place a text can stand."""
    items = (
        Item(line(text), (line(Code(text)), line(Bold(text)))),
        Item(line("  ", Code(text), " ", Italic(text), between, Code(text))),
    )
    return Document(
        Verdict.WARN,
        line(text),
        (
            Paragraph(line(text, between, text)),
            Paragraph(line(Link(text, text))),
            Bullets(items),
            Paragraph(line(Link(text, "https://good.example/x?y=1&z='2'"))),
            Numbered(items),
            Pre(text),
            Quote((line(text), line(Person(UserId(text)), text))),
        ),
    )


@EXAMPLES
@given(HOSTILE)
def test_html_has_allowed_tags_only_and_both_forms_say_the_same(phone: Draw, text: str) -> None:
    document = everywhere(text)

    drawn = phone(formatted_body(document))

    assert drawn.unknown == set()
    assert drawn.faults == []
    assert drawn.screen == body(document)


@EXAMPLES
@given(HOSTILE)
def test_foreign_text_cannot_add_or_glue_lines(text: str) -> None:
    rows = body(everywhere(text)).split("\n")

    # The title, three paragraphs, two lists of four lines, two quoted lines, and as many as the fixed-width text has.
    assert len(rows) == 1 + 3 + 4 + 4 + 2 + len(foreign.pre(text))


@EXAMPLES
@given(HOSTILE)
def test_no_line_begins_with_a_status_glyph_of_a_stranger(phone: Draw, text: str) -> None:
    document = everywhere(text)

    rows = body(document).split("\n") + phone(formatted_body(document)).rows

    assert [row for row in rows if AFTER_LIST_MARKERS.match(row)] == []


@EXAMPLES
@given(HOSTILE)
def test_foreign_text_mentions_nobody_and_links_nowhere(phone: Draw, text: str) -> None:
    # A person is a mention on purpose, and is told from foreign text by its type.
    document = Document(Verdict.OK, line(text), everywhere(text, " ").blocks[:-1])

    drawn = phone(formatted_body(document))

    for form in (body(document), drawn.screen):
        assert "@room" not in form.lower()
        assert [word for word in form.split() if IDENTIFIER.fullmatch(word)] == []
    assert USER_ANYWHERE.search(drawn.loose) is None
    assert re.search(r"https?:", drawn.loose, re.IGNORECASE) is None
    assert {url for url, _ in drawn.links} <= {foreign.address(text), "https://good.example/x?y=1&z='2'"}


@pytest.mark.parametrize(
    "pieces", [("@", "room"), ("by @", "anna:evil.org"), ("#all", ":evil.org"), ("#all:", "evil.org"), ("@a", ":b.org")]
)
def test_a_mention_cannot_be_put_together_from_two_texts(pieces: tuple[str, str]) -> None:
    plain = body(Document(Verdict.OK, line(*pieces)))

    assert "\u2060" in plain
    assert USER_ANYWHERE.search(plain) is None


@EXAMPLES
@given(HOSTILE)
def test_text_comes_through_html_as_it_was_cleaned(phone: Draw, text: str) -> None:
    drawn = phone(formatted_body(Document(Verdict.OK, line(text))))

    assert drawn.screen == foreign.prose(text)
    assert without_guards(foreign.code(text)) == without_guards(foreign.clean(text))


def without_guards(text: str) -> str:
    return text.replace("›", "").replace("\u2060", "")


@EXAMPLES
@given(HOSTILE, st.integers(min_value=1, max_value=40))
def test_clean_text_is_one_visible_line_of_the_asked_length(text: str, limit: int) -> None:
    cleaned = foreign.clean(text, limit)

    assert cleaned.isprintable()
    assert len(cleaned) <= limit
    assert unicodedata.is_normalized("NFC", cleaned)
    assert foreign.clean(cleaned, limit) == cleaned
    assert not cleaned or not unicodedata.category(cleaned[0]).startswith("M")


@EXAMPLES
@given(HOSTILE)
def test_fixed_width_lines_are_visible_and_keep_their_spaces(text: str) -> None:
    rows = foreign.pre(f"  {text}")

    assert all(without_guards(row).isprintable() for row in rows)
    assert rows[0].lstrip("›").startswith("  ")


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Primary has\nnot answered\n", "Primary has⏎not answered"),
        ("a\r\nb", "a⏎b"),
        ("a\t\tb", "a b"),
        ("pay\u202eload\u2069", "payload"),
        ("in\u200bvi\u00adsi\u3164ble\ufeff", "invisible"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil.org\x07click\x1b]8;;\x07", "click"),
        ("\ud83d lone", " lone"),
        ("\ue000\U000f0000\u0378private", "private"),
        ("cafe\u0301", "café"),
        ("\u0338overlay", "overlay"),
        ("Z" + "\u0334" * 30, "Z" + "\u0334" * 4),
        ("\u2800\u2800", ""),
        ("⚠\ufe0f", "⚠"),
        ("👩\u200d💻", "👩💻"),
        ("x" * 501, "x" * 499 + "…"),
        ("\u200b" * 1_000_000 + "x", "…"),
    ],
)
def test_cleaning_by_example(raw: str, cleaned: str) -> None:
    assert foreign.clean(raw) == cleaned


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("✅ RESOLVED all fine", "›✅ RESOLVED all fine"),
        ("  ✅ RESOLVED", " ›✅ RESOLVED"),
        ("- ⚠ careful", "- ›⚠ careful"),
        ("ℹ note", "›ℹ note"),
        ("🟢 up", "›🟢 up"),
        ("postgres ✅✅ 1/1", "postgres ›✅✅ 1/1"),
        ("›✅", "›✅"),
        ("@room", "@\u2060room"),
        ("ask @anna:example.org", "ask @\u2060anna:\u2060example.org"),
        ("join #all:evil.org", "join #all:\u2060evil.org"),
        ("see https://evil.org/x", "see hxxps://evil.org/x"),
        ("see #k7: it, !check data", "see #k7: it, !check data"),
    ],
)
def test_disarming_by_example(raw: str, shown: str) -> None:
    assert foreign.prose(raw) == shown


@pytest.mark.parametrize(
    "text",
    [
        "registry/app@sha256:4ab1c0",
        "https://wiki.example.org/a",
        "!logs data/postgres",
        "anna@example.org",
        "@opsbot status",
    ],
)
def test_what_is_to_be_copied_stays_as_it_is(text: str) -> None:
    assert foreign.code(text) == text


@pytest.mark.parametrize(("raw", "shown"), [("@room", "@\u2060room"), ("tell @a:b.org", "tell @a:\u2060b.org")])
def test_code_mentions_nobody_either(raw: str, shown: str) -> None:
    assert foreign.code(raw) == shown
    assert foreign.pre(raw) == (shown,)


def test_only_a_mark_shows_a_status_glyph_bare() -> None:
    document = Document(Verdict.OK, line(Mark(Glyph.OK), " data ", "✅"))

    assert body(document) == "✅ data ›✅"
    assert formatted_body(document) == "✅ data ›✅"


def test_a_stranger_cannot_pose_as_a_person() -> None:
    document = Document(Verdict.OK, line(Person(UserId('@a:b.org"><b>')), Person(UserId("anna"))))

    assert formatted_body(document) == "@\u2060a:\u2060b.org&quot;&gt;&lt;b&gt;anna"


def test_a_person_is_a_pill_and_its_plain_id() -> None:
    document = Document(Verdict.OK, line(Person(UserId("@anna:example.org")), " on it"))

    assert body(document) == "@anna:example.org on it"
    assert formatted_body(document) == '<a href="https://matrix.to/#/@anna:example.org">@anna:example.org</a> on it'


def test_the_phone_of_these_tests_glues_what_it_does_not_know(phone: Draw) -> None:
    drawn = phone("<h3>Firing</h3>Postgres<table><tr><td>a</td><td>b</td></tr></table><p>c</p>")

    assert drawn.screen == "FiringPostgresab\nc"
    assert drawn.unknown == {"h3", "table", "tr", "td"}
