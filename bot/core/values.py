"""A secret's new value out of random bytes, and which keys of a secret a write sets, leaves and takes away; pure."""

import base64
import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, log2

from bot.core.errors import UsageError
from bot.core.kv import field_of

LEAST, MOST = 16, 256
"""Random bytes of a value: fewer can be guessed, more nobody needs."""
_ALNUM = string.digits + string.ascii_letters
_KEY = re.compile(r"[A-Za-z0-9._-]{1,200}")


class Encoding(StrEnum):
    """How random bytes are written."""

    HEX = "hex"
    BASE64 = "base64"
    ALNUM = "alnum"
    """Letters and digits, as many as the bytes need."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a write does to the keys of a secret; none of their values."""

    sets: tuple[str, ...]
    new: tuple[str, ...]
    """Those of them that it does not have yet."""
    stays: tuple[str, ...]
    vanishes: tuple[str, ...]


def encoded(raw: bytes, encoding: Encoding) -> str:
    """Return random bytes as text; different bytes never give the same."""
    match encoding:
        case Encoding.HEX:
            return raw.hex()
        case Encoding.BASE64:
            return base64.b64encode(raw).decode()
    number, digits = int.from_bytes(raw), []
    for _ in range(ceil(len(raw) * 8 / log2(len(_ALNUM)))):
        number, digit = divmod(number, len(_ALNUM))
        digits.append(_ALNUM[digit])
    return "".join(digits)


def check_keys(names: Iterable[str]) -> None:
    """Raise UsageError for what no key is called; what stands behind a = is not repeated."""
    for name in names:
        if "=" in name:
            raise UsageError("a value is never typed into a room", hint="--random 32 makes one, --ask takes yours")
        if not _KEY.fullmatch(name):
            raise UsageError("a key is letters, digits, dots, - and _", hint="like DJANGO_SECRET_KEY")


def meant_key(name: str, fields: Iterable[str], meant: str | None) -> str:
    """Return the key that a typed name stands for: one of a secret's fields, else a new one of that name.

    `meant`: the field that the path named already, as in `secret/messages/django-secret`; raise UsageError where the
    name is another one.
    """
    found = field_of(name, fields)
    if meant and found not in {None, meant}:
        raise UsageError(f"the path means {meant}, and “{name[:60]}” is {found}", hint="name one of them")
    return meant or found or name


def change(sets: Iterable[str], before: Iterable[str], *, whole: bool) -> Change:
    """Return what setting some keys does; `whole`: the rest of the secret is replaced with them."""
    sets, before = tuple(dict.fromkeys(sets)), tuple(before)
    others = tuple(name for name in before if name not in sets)
    new = tuple(name for name in sets if name not in before)
    return Change(sets, new, () if whole else others, others if whole else ())
