"""The redactor in front of everything a room, a file or the second channel gets: a document without its secrets."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import assert_never

from bot.core.scrub import scrub
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

Change = Callable[[str], str]


def scrubbed(document: Document) -> Document:
    """Return the document without secrets; an address that held one leads nowhere any more."""
    found: list[str] = []

    def noted(text: str) -> str:
        found.append(text)
        return text

    _document(document, noted)
    clean = _scrubbed(found)
    return _document(document, lambda _: next(clean))


def _scrubbed(texts: list[str]) -> Iterator[str]:
    """Scrub all texts at once, one below the other, since beginning costs more than a few words do."""
    lines = iter(scrub("\n".join(texts)).split("\n"))
    for text in texts:
        yield "\n".join(next(lines) for _ in range(text.count("\n") + 1))


def _document(document: Document, change: Change) -> Document:
    """Return the document with every text changed, in the order they stand."""
    title = _line(document.title, change)
    blocks = tuple(_block(block, change) for block in document.blocks)
    file = document.file and replace(document.file, text=change(document.file.text))
    return replace(document, title=title, blocks=blocks, file=file)


def _block(block: Block, change: Change) -> Block:
    match block:
        case Paragraph(line):
            return Paragraph(_line(line, change))
        case Bullets(items):
            return Bullets(tuple(_item(item, change) for item in items))
        case Numbered(items):
            return Numbered(tuple(_item(item, change) for item in items))
        case Pre(text):
            return Pre(change(text))
        case Quote(lines):
            return Quote(tuple(_line(line, change) for line in lines))
        case _:
            assert_never(block)


def _item(item: Item, change: Change) -> Item:
    return Item(_line(item.line, change), tuple(_line(line, change) for line in item.below))


def _line(line: Line, change: Change) -> Line:
    return tuple(_inline(node, change) for node in line)


def _inline(node: Inline, change: Change) -> Inline:
    match node:
        case str():
            return change(node)
        case Code(text):
            return Code(change(text))
        case Bold(text):
            return Bold(change(text))
        case Italic(text):
            return Italic(change(text))
        case Link(text, url):
            # The mask is no part of any address: what is left is shown as text.
            return Link(change(text), change(url))
        case Entrusted() | Person() | Mark():
            return node
        case _:
            assert_never(node)
