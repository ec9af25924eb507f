"""The alert that always fires, where it does not."""

from zoneinfo import ZoneInfo

from bot.core.facts import Verdict
from bot.core.watchdog import WatchdogSilent
from formatters.document import Code, Document, Glyph, Mark, Paragraph, line
from formatters.words import age, moment


def watchdog_silent(result: WatchdogSilent) -> Document:
    """Say since when it has not come, what that means and where to look; or that it is back."""
    last = moment(result.sign.last, result.as_of, ZoneInfo(result.zone))
    if result.back:
        until = moment(result.back, result.as_of, ZoneInfo(result.zone))
        title = line(Mark(Glyph.OK), f" RESOLVED {result.name} is back")
        silence = f"Silent for {age(result.back - result.sign.last)} ({last}–{until})"
        return Document(Verdict.OK, title, (Paragraph(line(silence)),))
    since = age(result.as_of - result.sign.last)
    why = "ended in Alertmanager" if result.sign.ended else f"not heard for {since}"
    title = line(Mark(Glyph.CRITICAL), f" CRITICAL {result.name} {why}")
    blocks = (
        Paragraph(line("It always fires, to prove that alerts get through: others may not get through now")),
        Paragraph(line(f"Last heard {last}, due every {age(result.every)}")),
        Paragraph(line("next: ", Code("!alerts"), ", ", Code("!check monitoring"), ", Alertmanager's log")),
    )
    return Document(Verdict.BAD, title, blocks)
