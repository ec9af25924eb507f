"""What strangers may write into labels, annotations and logs, to be taken for something else than text."""

import re
from collections.abc import Iterator

from hypothesis import strategies as st

from formatters.document import Glyph

FRAGMENTS = (
    *(glyph.value for glyph in Glyph),
    *(glyph[0] for glyph in Glyph),
    *(
        "✅ RESOLVED all fine",
        "  🔥 CRITICAL",
        "- ✅ ok",
        "1. ✅",
        "• ✅",
        "`✅",
        "> ✅",
        "\ufeff✅",
        "\u200b✅",
        "🟢",
        "✔\ufe0f",
    ),
    *(
        "@room",
        "@ROOM",
        "@",
        "room",
        "@anna:example.org",
        "@a:[::1]",
        "anna@sha256:4ab1",
        ":example.org",
        "#all:evil.org",
    ),
    *("!AbCdEfGhIjKlMnOpQr:evil.org", "https://matrix.to/#/@anna:example.org", "https://evil.org/", "HTTP://evil.org"),
    *(
        "<b>",
        "</b>",
        "</li>",
        "<h3>Firing</h3>",
        "<table><tr><td>",
        "<!--",
        "]]>",
        "<script>",
        "<img src=x onerror=y>",
        "<a ",
    ),
    *("&lt;", "&amp;", "&", "<", ">", '"', "'", "&#x3c;", "&#10;", "<br>", "</code></pre>", "</blockquote>"),
    *("\n", "\r\n", "\r", "\t", "\x00", "\x1b[31m", "\x1b]0;title\x07", "\x85", "\u2028", "\u2029", "\x1c", "\x0b"),
    *("\u202e", "\u2066", "\u200d", "\u2060", "\ufe0f", "\u0301", "\u0338", "\u20e3", "\u3164", "\u2800", "\U000e0041"),
    *("\ud800", "\udc00", "\ue000", "\U0010ffff", "\u00a0", "\u3000", "e\u0301", "\u212b", "›", "…", "⏎", " ", "word"),
)
HOSTILE = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=10).map("".join)

STATUS = "".join(glyph[0] for glyph in Glyph)
AFTER_LIST_MARKERS = re.compile(rf"[\s•>\-*+#.)\d`]*[{STATUS}]")
# How Element X finds identifiers in text: anywhere (iOS, outside code), as a word of its own (Android).
USER_ANYWHERE = re.compile(r"[@#][\x21-\x39\x3b-\x7f]+:[a-z0-9.\[-]+", re.IGNORECASE)
IDENTIFIER = re.compile(r"[@#!][^\s:]+:[a-z0-9.\[-].*", re.IGNORECASE)

_PIECES = (*FRAGMENTS, *map(chr, range(0x20, 0x7F)), *"äßçñøłžΩжאع日本語한ไ😀👩🏽🇵🇹½²①Ⅷ\u00ad\u061c\ufdfa")
_LONGEST = 5
_ANY = 255
"""The piece that is any character, named by the two bytes after it."""


def cut(raw: bytes) -> Iterator[str]:
    """Give hostile texts without end, made of bytes: drawing ten thousand sets piece by piece would take a minute.

    A byte says how many pieces follow, and each of those bytes is one; where no bytes are left, the texts are empty.
    """
    left = iter(raw)
    while True:
        yield "".join(_piece(next(left, 0), left) for _ in range(next(left, 0) % _LONGEST))


def _piece(byte: int, left: Iterator[int]) -> str:
    if byte == _ANY:
        return chr(next(left, 0) * 256 + next(left, 0))
    return str(_PIECES[byte % len(_PIECES)])
