"""The words that ring: a page, a reminder, the second channel, and the end of a card that has scrolled away."""

from bot.core.alerts import AlertCard, lasted
from bot.core.escalation import Cause
from bot.core.facts import Verdict
from bot.core.paging import Escalated, Outcome, Over, Page, Reminder, SecondPage
from formatters import alerts
from formatters.cards import which
from formatters.document import Code, Document, Glyph, Line, Mark, Paragraph, Person, line
from formatters.words import age, count

_HOW: Line = (Mark(Glyph.ACKED), " tap or reply ack: it stops ringing")
_WHY = {
    Cause.UNDELIVERED: "The room cannot be reached, so this comes another way",
    Cause.UNANSWERED: "It rang in the room, and nobody is on it",
}


def page(result: Page) -> Document:
    """Say what burns, how long nobody has been on it, and how to stop the ringing."""
    number = f" · page {result.number} of {result.most}" if result.number > 1 else ""
    burning = f"Burning for {_since(result.view)}, nobody on it{number}"
    return Document(Verdict.BAD, alerts.headline(result.view), (Paragraph((burning,)), Paragraph(_HOW)))


def reminder(result: Reminder) -> Document:
    """Ask whether they are still on it."""
    card = result.view.card
    who: Line = (Person(card.taken.by), ": ") if card.taken else ()
    title = line(Mark(Glyph.ACKED), " ", *who, f"still burning, still on it? {which(card)}")
    below = f"Burning for {_since(result.view)} · reply unack to give it back, silence 2h to mute it"
    return Document(Verdict.WARN, title, (Paragraph((below,)),))


def over(result: Over) -> Document:
    """Say that it is over."""
    return Document(Verdict.OK, line(Mark(Glyph.OK), f" over after {age(lasted(result.card))} — {which(result.card)}"))


def second_page(result: SecondPage) -> Document:
    """Say all that a person who cannot see the room needs."""
    told = alerts.alert_card(result.view)
    burning = line(f"Burning for {_since(result.view)}")
    return Document(Verdict.BAD, told.title, (Paragraph((_WHY[result.cause],)), Paragraph(burning), *told.blocks))


def escalated(result: Escalated) -> Document:
    """Say what became of the second channel."""
    glyph = Glyph.INFO if result.outcome is Outcome.TOLD else Glyph.WARN
    verdict = Verdict.NONE if result.outcome is Outcome.TOLD else Verdict.WARN
    words = {
        Outcome.TOLD: "the second channel was told",
        Outcome.FAILED: "the second channel did not work",
        Outcome.NONE: "there is no second channel",
    }[result.outcome]
    title = line(Mark(glyph), f" {_cause(result)}, {words} — {which(result.card)}")
    return Document(verdict, title, (Paragraph(_next(result.outcome)),) if result.outcome is not Outcome.TOLD else ())


def _cause(result: Escalated) -> str:
    if result.cause is Cause.UNDELIVERED:
        return "This room could not be reached"
    return f"Nobody answered {count(result.card.pages, 'page')}"


def _next(outcome: Outcome) -> Line:
    if outcome is Outcome.NONE:
        return line("It rings no more · set ", Code("alerts.second_channel_file"))
    return line("Look at its addresses in the configuration · the log says more")


def _since(view: AlertCard) -> str:
    return age(view.as_of - min(member.starts_at for member in view.card.members))
