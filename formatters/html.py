"""The rich form of a document, in the fifteen tags that phones draw; all at the top are blocks, so nothing is glued.

Element X on Android drops any other tag without a line break (research §2.7).
"""

from collections.abc import Iterator
from itertools import groupby
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


def formatted_body(document: Document) -> str:
    """Return the document as HTML; the title is bold where it heads something, and stands bare where it is all."""
    title = _line(document.title)
    if not document.blocks:
        return title
    return "".join(_blocks(f"<b>{title}</b>", document.blocks))


def _blocks(title: str, blocks: tuple[Block, ...]) -> Iterator[str]:
    """Yield blocks; title and lines of prose in a row share a paragraph, or phones would space them out."""
    waiting = [title]
    for is_prose, group in groupby(blocks, lambda block: isinstance(block, Paragraph)):
        if is_prose:
            waiting += map(_block, group)
            continue
        yield from _paragraph(waiting)
        yield from map(_block, group)
        waiting = []
    yield from _paragraph(waiting)


def _paragraph(lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"<p>{'<br>'.join(lines)}</p>"


def _block(block: Block) -> str:
    match block:
        case Paragraph(line):
            return _line(line)
        case Bullets(items):
            return f"<ul>{''.join(map(_item, items))}</ul>"
        case Numbered(items):
            return f"<ol>{''.join(map(_item, items))}</ol>"
        case Pre(text):
            # iOS breaks no line after it by itself, nor after a quote: what follows would be glued to the last one.
            rows = "".join(f"{row}\n" for row in foreign.pre(text))
            return f"<pre><code>{foreign.escape(rows)}</code></pre>"
        case Quote(lines):
            return f"<blockquote><p>{'<br>'.join(map(_line, lines))}</p></blockquote>"
        case _:
            assert_never(block)


def _item(item: Item) -> str:
    return f"<li>{'<br>'.join(map(_line, (item.line, *item.below)))}</li>"


def _line(line: Line) -> str:
    return "".join(map(_inline, line))


def _inline(node: Inline) -> str:  # noqa: PLR0911 - one per node
    match node:
        case str():
            return foreign.escape(foreign.prose(node))
        case Code(text):
            return f"<code>{foreign.escape(foreign.code(text))}</code>"
        case Bold(text):
            return f"<b>{foreign.escape(foreign.prose(text))}</b>"
        case Italic(text):
            return f"<i>{foreign.escape(foreign.prose(text))}</i>"
        case Link():
            return _link(node)
        case Entrusted(entrusted):
            return _inline(entrusted)
        case Person(user):
            return _anchor(user, foreign.pill(user)) if foreign.is_user(user) else foreign.escape(foreign.prose(user))
        case Mark(glyph):
            return glyph.value
        case _:
            assert_never(node)


def _link(link: Link) -> str:
    url = foreign.address(link.url)
    if url is None:
        return foreign.escape(foreign.refused(link.text, link.url))
    # iOS warns where the words of a link are another address than its target.
    words = url if link.text in {"", link.url} else foreign.prose(link.text)
    return _anchor(words, url)


def _anchor(words: str, url: str) -> str:
    return f'<a href="{foreign.escape(url)}">{foreign.escape(words)}</a>'
