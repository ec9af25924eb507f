"""The tree that formatters build and the two writers read: lines, blocks and a title, without any markup."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from bot.core.facts import Verdict
from bot.core.message import File, Image
from bot.core.names import UserId


class Glyph(StrEnum):
    """The room's status signs (design §5); the word stands beside it, always."""

    OK = "✅"
    # The two with a text form get the selector that asks for the coloured one.
    WARN = "⚠\ufe0f"
    CRITICAL = "🔥"
    FAILED = "❌"
    UNKNOWN = "❔"
    INFO = "ℹ\ufe0f"
    SILENCED = "🔕"
    ACKED = "👀"
    RUNNING = "⏳"
    REFUSED = "🔒"
    EXPIRED = "⏰"


_GLYPHS = {
    Verdict.OK: Glyph.OK,
    Verdict.WARN: Glyph.WARN,
    Verdict.BAD: Glyph.FAILED,
    Verdict.UNKNOWN: Glyph.UNKNOWN,
    Verdict.NONE: Glyph.INFO,
}


def glyph_of(verdict: Verdict) -> Glyph:
    """Return the sign that stands for a verdict."""
    return _GLYPHS[verdict]


@dataclass(frozen=True, slots=True)
class Code:
    """A name, a number or a command, to be read letter by letter or copied."""

    text: str


@dataclass(frozen=True, slots=True)
class Bold:
    """Text that carries weight."""

    text: str


@dataclass(frozen=True, slots=True)
class Italic:
    """Text that stands aside."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A word that leads to an https address; any other address is shown as text that leads nowhere."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Entrusted:
    """What is secret and meant for its one reader, like the address of their page: the redactor leaves it."""

    node: Link | Code


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the room by exact Matrix ID, drawn as a pill; whether it rings is the message's business."""

    user: UserId


@dataclass(frozen=True, slots=True)
class Mark:
    """A status glyph: the only node that may show one bare."""

    glyph: Glyph


Inline: TypeAlias = str | Code | Bold | Italic | Link | Entrusted | Person | Mark
"""A piece of a line; `str`, and every text inside the other pieces, is treated as written by a stranger."""

Line: TypeAlias = tuple[Inline, ...]
"""What stands on one line; nothing inside it can break it."""


def line(*inlines: Inline) -> Line:
    """Return a line of these pieces; spaces between them are the caller's."""
    return inlines


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One line of prose."""

    line: Line


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a list, with lines below that belong to it."""

    line: Line
    below: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list whose order means nothing."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A list to pick from by number; it begins with 1, for phones count from there whatever a list says."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Pre:
    """Lines in fixed width, shown as they are: keep them at 32 columns or fewer."""

    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """Somebody else's words, line by line."""

    lines: tuple[Line, ...]


Block: TypeAlias = Paragraph | Bullets | Numbered | Pre | Quote


@dataclass(frozen=True, slots=True)
class Document:
    """What the room is told: the title says it all (it is the push text), the blocks are evidence and next step."""

    verdict: Verdict
    title: Line
    blocks: tuple[Block, ...] = ()
    file: File | None = None
    image: Image | None = None
    """A picture below; the title says what it shows."""
