"""What Element X makes of formatted_body, as lines of text: on Android and on iOS, each in its own way.

After matrix-rich-text-editor's HtmlToSpansParser (a safelist, then one walk; a block breaks the line before itself
where something stands before it) and element-x-ios' AttributedStringBuilderV2 (no safelist; a paragraph or an item
breaks the line after itself, a list before itself, and fixed-width text or a quote nowhere). Neither looks at where a
list starts counting. Research §2.7 has what follows from that.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

SAFE = frozenset(
    {"a", "b", "strong", "i", "em", "u", "del", "code", "ul", "ol", "li", "pre", "blockquote", "p", "br", "img"}
)
"""Android's safelist: of any other tag the content stays, in place."""
_BLOCKS = frozenset({"p", "ul", "ol", "li", "blockquote", "pre"})
_VOID = frozenset({"br", "hr", "img"})


@dataclass
class Element:
    """A tag with what is in it."""

    tag: str
    alt: str = ""
    children: list["Element | str"] = field(default_factory=list)


def android(html: str) -> list[str]:
    """Return the lines that Element X on Android shows, without those that are blank."""
    return _lines("".join(_android(_safe(_read(html)), fixed=False)))


def ios(html: str) -> list[str]:
    """Return the lines that Element X on iOS shows, without those that are blank."""
    return _lines("".join(_ios(_read(html), fixed=False, within="")))


class _Reader(HTMLParser):
    """Builds the tree of HTML whose tags are all closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("body")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, alt=dict(attrs).get("alt") or "")
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def _read(html: str) -> Element:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    (body,) = reader.open
    return body


def _safe(element: Element) -> Element:
    """Return an element with the content of every tag that is not safe in that tag's place."""
    children: list[Element | str] = []
    for child in element.children:
        kept = child if isinstance(child, str) else _safe(child)
        children += [kept] if isinstance(kept, str) or kept.tag in SAFE else kept.children
    return Element(element.tag, element.alt, children)


def _android(element: Element, *, fixed: bool) -> Iterator[str]:
    before: Element | str | None = None
    for child in element.children:
        follows_block = isinstance(before, Element) and before.tag in _BLOCKS
        if isinstance(child, str):
            # What stands between the items of a list is not looked at.
            if element.tag not in {"ul", "ol"}:
                yield "\n" if follows_block else ""
                yield child if fixed else _collapsed(child)
        elif child.tag == "br":
            yield "\n\n" if follows_block else "\n"
        elif child.tag == "img":
            yield child.alt
        else:
            follows = before is not None and not (isinstance(before, Element) and before.tag == "br")
            yield "\n\n" if child.tag in _BLOCKS and follows else ""
            yield from _android(child, fixed=fixed or child.tag == "pre")
        before = child


def _ios(element: Element, *, fixed: bool, within: str) -> Iterator[str]:
    """`within`: the list that the element is part of."""
    number = 0
    for child in element.children:
        if isinstance(child, str):
            yield child if fixed else _collapsed(child)
            continue
        number += child.tag == "li"
        inner = child.tag if child.tag in {"ul", "ol"} else within
        content = "".join(_ios(child, fixed=fixed or child.tag == "pre", within=inner))
        match child.tag:
            case "p" | "div":
                yield f"{content}\n"
            case "br" | "hr":
                yield "\n"
            case "ul" | "ol":
                yield content if within else f"\n{content}"
            case "li":
                yield f"{number}. {content}\n" if within == "ol" else f"• {content}\n"
            case "img":
                yield f"[img: {child.alt}]"
            case "span":
                # Only one sort of span is shown at all, and it is not for us.
                pass
            case _:
                yield content


def _collapsed(text: str) -> str:
    spaced = " ".join(text.split())
    left, right = (" " if spaced and text[at].isspace() else "" for at in (0, -1))
    return f"{left}{spaced}{right}" if spaced else " " if text else ""


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]
