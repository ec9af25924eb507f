"""The one place where text that others wrote is cleaned, disarmed and escaped (design §5; threats T1 and T2)."""

import html
import re
from ipaddress import AddressValueError, IPv4Address
from unicodedata import category, normalize
from urllib.parse import quote

from formatters.document import Glyph

LIMIT = 500
"""Characters of one foreign text on a line."""
PRE_LIMIT = 2000
"""Characters of one line of fixed-width text."""

# Raw text is cut here before it is looked at, so that a megabyte of invisible characters costs nothing.
_SLACK = 8
# More accents than this on one letter are there to climb into other lines.
_ACCENTS = 4
# Shown as nothing, though category and isprintable() call them marks, letters or symbols: variation selectors and the
# rest of Unicode's Default_Ignorable_Code_Point, and the blank Braille pattern.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
_BREAKS = "\n\r\v\f\x85\u2028\u2029"
_BREAK = re.compile(rf"\s*[{_BREAKS}]\s*")
_SPACE = re.compile(r"\s")
_SPACES = re.compile(r"\s+")

# What passes for one of our glyphs on a small screen.
_LOOKALIKES = "✓✔🗸☑❎🆗🟢🟩💚✗✘✖❗❓⛔🛑🚨🔴🟥🔇🔐⌛"
_SIGNS = "".join(glyph[0] for glyph in Glyph) + _LOOKALIKES
_SIGN = re.compile(rf"(?<![›{_SIGNS}])(?=[{_SIGNS}])")
_SIGN_FIRST = re.compile(rf"(?:[^\w›]|[\d_])*?[{_SIGNS}]")

_JOINER = "\u2060"
# Element X draws pills for @room and for identifiers in text (research §2.7). A name may hold any character, even a
# word joiner, but a server may not: that is where an identifier breaks for every reader.
# The ends of a text count as well, since the other half may stand in the next piece of the line.
_IDENTIFIER = re.compile(r"[@#!][^\s:]*:(?=[\w\[]|$)|^:(?=[\w\[])")
_IDENTIFIER_WORD = re.compile(r"(?<!\S)[@#!][^\s:]*:(?=[\w\[])")
_ROOM = re.compile(r"@(?=room|$)", re.IGNORECASE)
_SCHEME = re.compile(r"(h)tt(ps?:)", re.IGNORECASE)

_URL = re.compile(
    r"https://(?P<host>[a-z0-9.-]{1,253})(?::(?P<port>[0-9]{1,5}))?"
    # No @ anywhere: some readers look for user names behind ? and # too.
    r"(?P<path>(?:/(?:[a-z0-9._~:/!$&'()*+,;=-]|%[0-9a-f]{2})*)?)"
    r"(?P<rest>(?:[?#](?:[a-z0-9._~:/?#!$&'()*+,;=-]|%[0-9a-f]{2})*)?)",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ENCODED_CONTROL = re.compile(r"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)
_URL_LIMIT = 2000
_LAST_PORT = 65535

_USER = re.compile(r"@[\x21-\x39\x3b-\x7e]+:(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?")
_USER_LIMIT = 255


def escape(text: str) -> str:
    """Escape the five characters that mean something in HTML."""
    return html.escape(text, quote=True)


def prose(text: str) -> str:
    """Return foreign text fit for a line: clean, without a bare status glyph, a mention or a live link."""
    return unlink(unmention(unmark(clean(text))))


def code(text: str) -> str:
    """Return foreign text fit for a line, to be copied: addresses and digests stay as they are."""
    return _unmention_words(unmark(clean(text)))


def pre(text: str) -> tuple[str, ...]:
    """Return the lines of foreign text, spaces kept; none begins with a status glyph."""
    return tuple(_pre_line(row) for row in text.splitlines() or ("",))


def clean(text: str, limit: int = LIMIT) -> str:
    """Return text on one line (a line break becomes ⏎) of visible characters only, in NFC, at most `limit` long."""
    kept = text[: limit * _SLACK]
    if not (kept.isascii() and kept.isprintable()):
        kept = _visible(_TERMINAL.sub("", kept))
        kept = _BREAK.sub("⏎", kept.strip(_BREAKS))
    kept = _shapely(_SPACES.sub(" ", kept))
    return _clipped(kept, limit, more=len(text) > limit * _SLACK)


def unmark(text: str) -> str:
    """Put a › before status glyphs and their look-alikes, so that no foreign sentence passes for a verdict of ours."""
    return _SIGN.sub("›", text)


def unmention(text: str) -> str:
    """Break what clients would draw as a pill or old servers would ring for, by a word joiner."""
    # After every @, not only before "room", for the same reason.
    return _IDENTIFIER.sub(rf"\g<0>{_JOINER}", text.replace("@", f"@{_JOINER}"))


def unlink(text: str) -> str:
    """Write web addresses so that no client makes them tappable: hxxps."""
    return _SCHEME.sub(r"\1xx\2", text)


def address(url: str) -> str | None:
    """Return an https address that means the same to every reader, or None.

    None for user names, foreign scripts and their xn-- form, odd numbers for hosts, backslashes, control characters
    even encoded, and for matrix.to, which would be drawn as a person or a room. Whether the host is welcome is the
    caller's to decide.
    """
    match = _URL.fullmatch(url) if len(url) <= _URL_LIMIT else None
    if not match or _ENCODED_CONTROL.search(url) or "%5c" in match["path"].lower():
        return None
    host = match["host"].lower()
    if not _is_host(host) or int(match["port"] or 443) not in range(1, _LAST_PORT + 1):
        return None
    return f"https://{host}{url[match.end('host') :]}"


def refused(text: str, url: str) -> str:
    """Return a link that must not be one, as text."""
    return prose(url) if text in {"", url} else f"{prose(text)} ({prose(url)})"


def is_user(text: str) -> bool:
    """Say whether this is a Matrix ID a pill can point at."""
    return len(text) <= _USER_LIMIT and _USER.fullmatch(text) is not None


def pill(user: str) -> str:
    """Return the address that clients draw as a person."""
    return "https://matrix.to/#/" + quote(user, safe="@:")


def _pre_line(row: str) -> str:
    kept = row.replace("\t", " ")[: PRE_LIMIT * _SLACK]
    if not (kept.isascii() and kept.isprintable()):
        kept = _SPACE.sub(" ", _visible(_TERMINAL.sub("", kept)))
    kept = _unmention_words(_clipped(_shapely(kept), PRE_LIMIT, more=len(row) > PRE_LIMIT * _SLACK))
    return f"›{kept}" if _SIGN_FIRST.match(kept) else kept


def _unmention_words(text: str) -> str:
    return _IDENTIFIER_WORD.sub(rf"\g<0>{_JOINER}", _ROOM.sub(f"@{_JOINER}", text))


def _visible(text: str) -> str:
    """Drop what has no shape: controls, format and bidi characters, surrogates, private use, unassigned."""
    # By distinct characters, of which even a long log has few.
    gone = {char for char in set(text) if char in _INVISIBLE or not (char.isprintable() or char.isspace())}
    return text.translate({ord(char): None for char in gone}) if gone else text


def _shapely(text: str) -> str:
    """Compose, and drop accents that would sit on our own text before it or pile up."""
    if text.isascii():
        return text
    composed = normalize("NFC", text)
    if not any(map(_is_accent, set(composed))):
        return composed
    kept, accents = [], _ACCENTS
    for char in composed:
        accents = accents + 1 if _is_accent(char) else 0
        if accents <= _ACCENTS:
            kept.append(char)
    return "".join(kept)


def _is_accent(char: str) -> bool:
    return category(char).startswith("M")


def _clipped(text: str, limit: int, *, more: bool) -> str:
    if len(text) <= limit and not more:
        return text
    return text[: limit - 1] + "…"


def _is_host(host: str) -> bool:
    if host == "matrix.to" or any(label.startswith("xn--") for label in host.split(".")):
        return False
    return _HOST.fullmatch(host) is not None or _is_ipv4(host)


def _is_ipv4(host: str) -> bool:
    try:
        return str(IPv4Address(host)) == host
    except AddressValueError:
        return False
