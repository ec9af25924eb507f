"""A link leads where it says it leads, or it is no link."""

import pytest

from bot.core.facts import Verdict
from formatters import foreign
from formatters.document import Document, Link, line
from formatters.html import formatted_body
from formatters.text import body

HOSTILE = [
    "http://example.org",
    "http://example.org/https://example.org",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript://example.org/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD4=",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "ftp://example.org/x",
    "blob:https://example.org/1",
    "view-source:https://example.org",
    "intent://example.org#Intent;scheme=https;end",
    "mailto:anna@example.org",
    "tel:+3512345",
    "matrix:u/anna:example.org",
    "element://example.org",
    "https://matrix.to/#/%40anna:example.org",
    "https://matrix.to/#/#all:evil.org",
    "https://MATRIX.TO/#/!abc:evil.org",
    "https://example.org@evil.org",
    "https://example.org:443@evil.org/",
    "https://user:password@example.org/",
    "https://@evil.org/",
    "https://example.org/@evil.org",
    "https://example.org?@evil.org",
    "https://example.org#@evil.org/",
    "https://example.org\\@evil.org",
    "https://example.org\\.evil.org",
    "https:\\\\evil.org",
    "https:/\\evil.org",
    "https:/example.org",
    "https:example.org",
    "https:///example.org",
    "https://",
    "https:///",
    "//example.org",
    "/relative",
    "example.org",
    "",
    "https://еxample.org/",
    "https://exаmple.org/",
    "https://xn--xample-2of.org/",
    "https://www.XN--80ak6aa92e.com/",
    "https://example。org/",
    "https://example.org\u2044evil.org/",
    "https://example.org\u2215x",
    "https://ｅxample.org/",
    "https://exam\u200bple.org/",
    "https://example.org/\u202egnp.exe",
    "https://exam\xadple.org",
    "https://example.org/ö",
    "https://example.org/a b",
    "https://example.org /",
    " https://example.org/",
    "https://example.org/\n",
    "https://example.org/\nSet-Cookie: a",
    "https://example.org/%0aSet-Cookie:a",
    "https://example.org/%0D%0Ax",
    "https://example.org/?x=%00",
    "https://example.org/%7f",
    "https://example.org/%5c..%5cx",
    "https://example.org/%zz",
    "https://example.org/%",
    "https://exa%6dple.org/",
    "https://example.org%2f@evil.org",
    'https://example.org/"onclick="x',
    "https://example.org/<b>",
    "https://example.org/`x`",
    "https://example.org/{x}",
    "https://example.org/|x",
    "https://example.org/^x",
    "https://example.org/[x]",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.0.01/",
    "https://999.1.1.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://example.org:0/",
    "https://example.org:99999/",
    "https://example.org:/",
    "https://example.org:80a/",
    "https://example.org:443:443/",
    "https://example.org./",
    "https://.example.org/",
    "https://example..org/",
    "https://-example.org/",
    "https://example-.org/",
    "https://exa_mple.org/",
    f"https://{'a' * 64}.org/",
    f"https://{'a.' * 130}org/",
    f"https://example.org/{'a' * 2000}",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_no_link_in_either_form(url: str) -> None:
    document = Document(Verdict.NONE, line(Link("Runbook", url)))

    plain, rich = body(document), formatted_body(document)

    assert foreign.address(url) is None
    assert "<a" not in rich
    assert plain.startswith("Runbook (")
    assert "https:" not in (plain + rich).lower()
    assert "http:" not in (plain + rich).lower()


def test_the_table_of_hostile_addresses_is_long_and_without_doubles() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 60


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.org", "https://example.org"),
        ("HTTPS://Example.ORG/Path?q=1", "https://example.org/Path?q=1"),
        ("https://example.org:8443/a/b.html#top", "https://example.org:8443/a/b.html#top"),
        ("https://localhost:8443/once/x_Y-z", "https://localhost:8443/once/x_Y-z"),
        ("https://10.0.0.1/", "https://10.0.0.1/"),
        ("https://prom.example.org/graph?g0.expr=up%7Ba%3D~%22x%5C%5C.y%22%7D", None),
        ("https://am.example.org/#/silences/new?filter=%7Balertname%3D%22X%22%7D", None),
        ("https://example.org/d/a'b&c", None),
    ],
)
def test_an_honest_address_is_a_link(url: str, address: str | None) -> None:
    assert foreign.address(url) == (address or url)


def test_a_link_is_a_word_in_html_and_complete_as_text() -> None:
    document = Document(Verdict.NONE, line(Link("Runbook", "https://example.org/a?b='c'&d"), " · next"))

    assert body(document) == "Runbook <https://example.org/a?b='c'&d> · next"
    assert formatted_body(document) == '<a href="https://example.org/a?b=&#x27;c&#x27;&amp;d">Runbook</a> · next'


def test_a_link_without_words_of_its_own_shows_its_address_once() -> None:
    url = "https://example.org/x"
    document = Document(Verdict.NONE, line(Link(url, url), Link("", url)))

    assert body(document) == url * 2
    assert formatted_body(document) == f'<a href="{url}">{url}</a>' * 2


def test_the_words_of_a_link_cannot_pose_as_another_address() -> None:
    document = Document(Verdict.NONE, line(Link("https://good.org", "https://evil.org/")))

    assert formatted_body(document) == '<a href="https://evil.org/">hxxps://good.org</a>'


def test_a_refused_address_is_shown_so_that_nobody_taps_it() -> None:
    document = Document(Verdict.NONE, line(Link("Runbook", "http://wiki.example.org/x")))

    assert body(document) == formatted_body(document) == "Runbook (hxxp://wiki.example.org/x)"
