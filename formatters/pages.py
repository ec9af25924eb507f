"""What fits into one message: the beginning and the end stay, the middle is counted, the whole goes into a file."""

import json
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import assert_never

from bot.core.message import File
from formatters.document import Block, Bullets, Document, Item, Line, Numbered, Paragraph, Pre, Quote, line
from formatters.html import formatted_body
from formatters.text import body

# An edit carries its content twice and encryption adds a third: 16 KiB stays below the 64 KiB a homeserver takes.
MAX_BYTES = 16 * 1024
MAX_VISIBLE = 4000
# The rest of the content: kinds, keys, mentions, relations.
_ENVELOPE = 1024


@dataclass(frozen=True, slots=True)
class _Piece:
    """The least that is kept or left out: one line, or one item with what belongs to it."""

    origin: int
    """Which block of the document it was part of."""
    block: Block


def fit(
    document: Document, *, name: str = "full", max_bytes: int = MAX_BYTES, max_visible: int = MAX_VISIBLE
) -> Document:
    """Return the document, or its title, first and last lines with the whole of it attached as `<name>.txt`."""

    def small(candidate: Document) -> bool:
        return fits(body(candidate), formatted_body(candidate), max_bytes, max_visible)

    if small(document):
        return document
    whole = replace(document, file=_whole(document, name))
    pieces = tuple(_pieces(document.blocks))
    kept = _most(min(len(pieces), max_visible), lambda n: small(_without_middle(whole, pieces, n)))
    if kept is not None:
        return _without_middle(whole, pieces, kept)
    bare = _without_middle(whole, pieces, 0)
    # Down to one piece of the title, which is never longer than a few hundred characters.
    words = _most(len(bare.title), lambda n: small(replace(bare, title=_start(bare.title, n)))) or 1
    return replace(bare, title=_start(bare.title, words))


def fits(plain: str, rich: str, max_bytes: int = MAX_BYTES, max_visible: int = MAX_VISIBLE) -> bool:
    """Tell whether both forms of a document are short enough for one message."""
    if len(plain) > max_visible:
        return False
    forms = {"body": plain, "formatted_body": rich}
    return len(json.dumps(forms, ensure_ascii=False).encode()) + _ENVELOPE <= max_bytes


def _most(total: int, fits: Callable[[int], bool]) -> int | None:
    """Return the largest number below `total` that fits, or None if not even 0 does."""
    too_many = bisect_left(range(total), x=True, key=lambda n: not fits(n))
    return too_many - 1 if too_many else None


def _without_middle(document: Document, pieces: tuple[_Piece, ...], kept: int) -> Document:
    left_out = len(pieces) - kept
    if not left_out:
        return document
    tail = kept // 2
    head = kept - tail
    marker = Paragraph(line(f"… {left_out} more in the file"))
    blocks = (*_joined(pieces[:head]), marker, *_joined(pieces[len(pieces) - tail :]))
    return replace(document, blocks=blocks)


def _start(title: Line, count: int) -> Line:
    return (*title[:count], "…")


def _whole(document: Document, name: str) -> File:
    plain = body(document)
    if document.file is None:
        return File(f"{name}.txt", plain)
    return replace(document.file, text=f"{plain}\n\n{document.file.text}")


def _pieces(blocks: tuple[Block, ...]) -> Iterator[_Piece]:
    for origin, block in enumerate(blocks):
        yield from (_Piece(origin, part) for part in _parts(block))


def _parts(block: Block) -> Iterator[Block]:
    match block:
        case Paragraph():
            yield block
        case Bullets(items):
            yield from (Bullets((item,)) for item in items)
        case Numbered(items):
            # With its number as text: a list that is cut in two would begin anew.
            numbered = (Item((f"{number}. ", *item.line), item.below) for number, item in enumerate(items, 1))
            yield from (Bullets((item,)) for item in numbered)
        case Pre(text):
            yield from map(Pre, text.splitlines() or ("",))
        case Quote(lines):
            yield from (Quote((each,)) for each in lines)
        case _:
            assert_never(block)


def _joined(pieces: tuple[_Piece, ...]) -> Iterator[Block]:
    for _, group in groupby(pieces, attrgetter("origin")):
        yield _whole_again([piece.block for piece in group])


def _whole_again(parts: list[Block]) -> Block:
    """Put parts of one block together again."""
    first = parts[0]
    match first:
        case Paragraph() | Numbered():
            # The one has no parts, the other is cut as bullets.
            return first
        case Bullets():
            return Bullets(tuple(item for part in parts if isinstance(part, Bullets) for item in part.items))
        case Pre():
            return Pre("\n".join(part.text for part in parts if isinstance(part, Pre)))
        case Quote():
            return Quote(tuple(each for part in parts if isinstance(part, Quote) for each in part.lines))
        case _:
            assert_never(first)
