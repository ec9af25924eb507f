"""An announcement, and that it was made."""

from bot.core.facts import Verdict
from commands.announce import Announced, Announcement
from formatters.document import Document, Glyph, Mark, Paragraph, Person, line


def announcement(result: Announcement) -> Document:
    """Say what was asked to be said, and who asked."""
    return Document(Verdict.NONE, line(Mark(Glyph.INFO), " ", result.text), (Paragraph(line("— ", Person(result.by))),))


def announced(result: Announced) -> Document:
    """Say that it is done."""
    return Document(result.verdict, line(Mark(Glyph.OK), " Announced — by ", Person(result.by)))
