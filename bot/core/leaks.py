"""What nobody should have typed into a room: told by its shape, precisely enough to take a person's words away for it.

`bot.core.scrub` masks in what others wrote whatever could be a secret; here a mistake costs somebody their message, so
that a password which is merely told, or a digest that says what it is, stays.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from bot.core.chance import is_mixed
from bot.core.scrub import TOKENS


class Leak(StrEnum):
    """What was found; the words are for the room and the audit trail."""

    SHARE = "unseal share"
    KEY = "private key"
    TOKEN = "token"  # noqa: S105 - the word, not one
    PASSWORD = "password"  # noqa: S105 - as above
    VALUE = "secret value"


# 32 bytes, which is what one share of one is, and 33, as in shares of several: in hexadecimal and both base64.
_HEX_SHARE = re.compile(r"(?<![A-Za-z0-9])(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{66})(?![A-Za-z0-9])")
# Not behind $ and !, where Matrix has the ids of events and rooms.
_BASE64_SHARE = re.compile(r"(?<![$!\w+/=%.-])(?:[\w+/-]{43}=?|[\w+/-]{44})(?![\w+/=-])")
# What says of 32 bytes that they are a digest, the id of a container, or a key that everybody may know.
_CALLED_DIGEST = re.compile(
    r"(?:sha-?256|sha3|digest|checksum|hash|fingerprint|commit|image|layer|containerd|docker|cri-o|ed25519|curve25519"
    r"|public key)[\"']?[ \t]{0,2}[:=/@]?(?://)?[ \t]{0,2}[\"'(<]?$",
    re.IGNORECASE,
)
_FAR = 24
# Behind the word that calls for one, whatever was cut off on the way.
_CALLS_FOR_SHARE = re.compile(r"\b(?:unseal|rekey|rotate-keys)\b(?P<rest>[^\n]{0,300})", re.IGNORECASE)
_LIKE_A_SHARE = re.compile(r"(?<![\w+/.-])[A-Za-z0-9+/][\w+/=-]{15,}")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")
_TOKENS = re.compile("|".join(TOKENS))
_URL = re.compile(r"://[^\s/@:\"'<>]{0,128}:(?P<value>[^\s\"'<>@/]{1,160})@")
# A line of the playbook, with or without what calls the bot: everything behind the path that gives a key a value.
_WRITES = re.compile(r"(?:\bkv[ \t]+(?:put|patch)|!rotate)\b(?P<rest>[^\n]{0,4000})", re.IGNORECASE)
_GIVES = re.compile(r"(?:^|[\s,])[\w.][\w.-]{0,200}=(?P<value>[^\s,]+)")
_GIVES_DATA = re.compile(r"\s(?:-d|--?data)[= \t]\s{0,8}(?![@-])\S")
# What stands for a value in a manual, or names where to take it from.
_STANDS_FOR = re.compile(
    r"[\"']?(?:[<\[{$@%]|-$|\.{2,}|…|[*x•]+[\"']?$|(?:password|passwd|pass|secret|value|redacted|changeme)[\"']?$)",
    re.IGNORECASE,
)


def leaks(texts: Iterable[str]) -> tuple[Leak, ...]:
    """Return what the texts of one message hold that must not be read by others, once each."""
    found: set[Leak] = set()
    for text in texts:
        found |= _leaks(text)
    return tuple(each for each in Leak if each in found)


def _leaks(text: str) -> set[Leak]:
    signs = {
        Leak.SHARE: _has_share(text),
        Leak.KEY: _PEM.search(text) is not None,
        Leak.TOKEN: _TOKENS.search(text) is not None,
        Leak.PASSWORD: any(not _STANDS_FOR.match(url["value"]) for url in _URL.finditer(text)),
        Leak.VALUE: any(_gives_value(line["rest"]) for line in _WRITES.finditer(text)),
    }
    return {leak for leak, there in signs.items() if there}


def _has_share(text: str) -> bool:
    if any(is_mixed(word) for line in _CALLS_FOR_SHARE.finditer(text) for word in _LIKE_A_SHARE.findall(line["rest"])):
        return True
    random = (match for match in _BASE64_SHARE.finditer(text) if _is_random(match[0]))
    shares = (*_HEX_SHARE.finditer(text), *random)
    return any(not _CALLED_DIGEST.search(text, max(0, share.start() - _FAR), share.start()) for share in shares)


def _is_random(text: str) -> bool:
    """Tell base64 from a path or a long name; of 2,500 shares one passes for a name, since it has no digit."""
    return is_mixed(text) and text not in {text.lower(), text.upper()}


def _gives_value(rest: str) -> bool:
    given = any(not _STANDS_FOR.match(each["value"]) for each in _GIVES.finditer(rest))
    return given or _GIVES_DATA.search(rest) is not None
