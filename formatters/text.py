"""The plain form of a document: complete on its own, for lock screens, watches and clients without HTML."""

from collections.abc import Iterator
from typing import assert_never

from formatters import foreign
from formatters.document import (
    Block,
    Bold,
    Bullets,
    Code,
    Document,
    Entrusted,
    Inline,
    Italic,
    Item,
    Line,
    Link,
    Mark,
    Numbered,
    Paragraph,
    Person,
    Pre,
    Quote,
)


def body(document: Document) -> str:
    """Return the document as plain text, the title as its first line."""
    return "\n".join((_line(document.title), *(row for block in document.blocks for row in _rows(block))))


def _rows(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(line):
            yield _line(line)
        case Bullets(items):
            for item in items:
                yield from _item("• ", item)
        case Numbered(items):
            for number, item in enumerate(items, 1):
                yield from _item(f"{number}. ", item)
        case Pre(text):
            yield from foreign.pre(text)
        case Quote(lines):
            yield from (f"> {_line(line)}" for line in lines)
        case _:
            assert_never(block)


def _item(lead: str, item: Item) -> Iterator[str]:
    yield lead + _line(item.line)
    yield from (f"  {_line(line)}" for line in item.below)


def _line(line: Line) -> str:
    return "".join(map(_inline, line))


def _inline(node: Inline) -> str:  # noqa: PLR0911 - one per node
    match node:
        case str():
            return foreign.prose(node)
        case Code(text):
            return foreign.code(text)
        case Bold(text) | Italic(text):
            return foreign.prose(text)
        case Link():
            return _link(node)
        case Entrusted(entrusted):
            return _inline(entrusted)
        case Person(user):
            return user if foreign.is_user(user) else foreign.prose(user)
        case Mark(glyph):
            return glyph.value
        case _:
            assert_never(node)


def _link(link: Link) -> str:
    url = foreign.address(link.url)
    if url is None:
        return foreign.refused(link.text, link.url)
    if link.text in {"", link.url}:
        return url
    return f"{foreign.prose(link.text)} <{url}>"
