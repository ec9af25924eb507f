"""What is said about what one does with a card, where the card itself does not say it all."""

from zoneinfo import ZoneInfo

from bot.core.facts import Verdict
from bot.core.matchers import write
from bot.core.renewal import CAP
from commands.taking import CardMuted, CardUnmuted, GivenBack, TakenOn
from formatters.cards import which
from formatters.document import Code, Document, Glyph, Line, Mark, Paragraph, Person, line
from formatters.words import age, count, moment


def taken_on(result: TakenOn) -> Document:
    """Say who is on it."""
    return Document(Verdict.OK, line(Mark(Glyph.ACKED), " ", Person(result.by), f" on it — {which(result.card)}"))


def given_back(result: GivenBack) -> Document:
    """Say that nobody is on it."""
    return Document(Verdict.OK, line(Mark(Glyph.INFO), f" Nobody on it now — {which(result.card)}"))


def card_muted(result: CardMuted) -> Document:
    """Say what is muted, how much of it fires, and how to undo it."""
    muting = result.muting
    until = "resolved" if muting.cap else moment(muting.until, muting.since, ZoneInfo(result.zone))
    title = line(
        Mark(Glyph.SILENCED), f" Silenced until {until} — {count(len(muting.mutes), 'alert')} · {which(result.card)}"
    )
    most = f" · {age(CAP)} at most" if muting.cap else ""
    undo: Line = ("take the reaction back",) if result.tapped else (Code(f"!unmute #{result.card.handle}"),)
    below = line("by ", Person(result.by), f"{most} · undo: ", *undo)
    return Document(Verdict.OK, title, (Paragraph(line(Code(write(muting.matchers)))), Paragraph(below)))


def card_unmuted(result: CardUnmuted) -> Document:
    """Say that it is told again."""
    return Document(Verdict.OK, line(Mark(Glyph.INFO), f" No longer muted — {which(result.card)}"))
