"""The words of `!stop`."""

from bot.core.facts import Verdict
from commands.stop import Stopped
from formatters.document import Document, Glyph, Mark, line
from formatters.words import count


def stopped(result: Stopped) -> Document:
    """Say it; the answer that was followed says the rest."""
    what = "" if result.number == 1 else f" {count(result.number, 'answer')}"
    return Document(Verdict.NONE, line(Mark(Glyph.INFO), f" Stopped{what}"))
