"""Text that chance wrote, told from what people and programs write: keys and tokens from names, paths and ids."""

import re
from itertools import pairwise

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ULID = r"0[0-7][0-9A-HJKMNP-TV-Z]{24}"
_LONG_HEX = r"(?<![A-Za-z0-9])[0-9a-fA-F]{32,}(?![A-Za-z0-9])"
# Written by chance, yet no secret; hexadecimal says by what stands before it whether it is one.
_KNOWN = re.compile(f"{_UUID}|{_ULID}|{_LONG_HEX}")
_DIGEST = re.compile(r"sha(?:1|256|384|512)[-_/=:]", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-fA-F]+")
_PIECE = re.compile(r"[A-Za-z0-9]++")

# Three kinds of characters (small, capital, digit) alternate at 6 of 10 places in base64, at 3 in CamelCase and at 2 in
# the name of a pod. A piece of one case is judged only when it is longer than anything that Kubernetes appends.
_LONG, _LONG_OF_ONE_CASE = 16, 20
_OFTEN, _OFTEN_IN_ALL, _OFTEN_IN_ONE_CASE, _OFTEN_FOR_A_SECRET = 0.38, 0.45, 0.2, 0.25
_LETTERS_PER_SEPARATOR = 8


def is_random(text: str) -> bool:
    """Say whether a text without spaces, 24 characters or more, holds a random part."""
    if _DIGEST.match(text):
        return False
    pieces = _PIECE.findall(_KNOWN.sub("", text))
    return any(map(_is_random_piece, pieces)) or _is_random_in_all(pieces)


def is_mixed(text: str) -> bool:
    """Say whether a shorter text, one that was called a secret, looks like one rather than like the next word."""
    letters = "".join(_PIECE.findall(re.sub(_UUID, "", text)))
    return any(map(str.isdigit, letters)) and _turns(letters) >= _OFTEN_FOR_A_SECRET * len(letters)


def _is_random_piece(piece: str) -> bool:
    if _has_both_cases(piece):
        return len(piece) >= _LONG and _turns(piece) >= _OFTEN * len(piece)
    often = _turns(piece) >= _OFTEN_IN_ONE_CASE * len(piece)
    return len(piece) >= _LONG_OF_ONE_CASE and often and not _HEX.fullmatch(piece)


def _is_random_in_all(pieces: list[str]) -> bool:
    """Join what + / - and _ cut, which base64 has but seldom."""
    whole = "".join(pieces)
    few_cuts = len(pieces) <= 1 + len(whole) // _LETTERS_PER_SEPARATOR
    return few_cuts and _has_both_cases(whole) and _turns(whole) >= _OFTEN_IN_ALL * len(whole)


def _has_both_cases(text: str) -> bool:
    return text != text.lower() and text != text.upper()


def _turns(text: str) -> int:
    """Count the places where one kind of character follows another."""
    kinds = ["9" if char.isdigit() else "A" if char.isupper() else "a" for char in text]
    return sum(one != other for one, other in pairwise(kinds))
