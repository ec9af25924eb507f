"""How quick and how well the bot is."""

from datetime import timedelta

from bot.core.facts import Verdict
from bot.core.health import SelfReport
from commands.ping import Pong
from formatters.document import Bullets, Document, Item, Mark, Person, glyph_of, line
from formatters.words import age, count

_LATE = timedelta(seconds=120)
"""As `/readyz` has it: a sync or a message older than this is a fault."""


def pong(result: Pong) -> Document:
    """Say the way of a word, then the bot's own health."""
    verdict = verdict_of(result.report)
    heard = max(result.heard_after, timedelta(0))
    answered = max(result.answered_after, timedelta(0))
    items = [
        Item(line(health_line(result.report))),
        Item(line(f"Up {age(result.as_of - result.report.started)}, version {result.report.version}")),
    ]
    if result.report.database:
        items.insert(0, Item(line(f"My database cannot write: {result.report.database.reason}")))
    items += [Item(line(Person(user), " is here and in neither people nor bots")) for user in result.report.strangers]
    title = line(Mark(glyph_of(verdict)), f" Pong — heard after {age(heard)}, answered in {age(answered)}")
    return Document(verdict, title, (Bullets(tuple(items)),))


def verdict_of(report: SelfReport) -> Verdict:
    """Return how the bot is."""
    if report.database:
        return Verdict.BAD
    late = report.outbox.oldest > _LATE or report.sync_age is None or report.sync_age > _LATE
    return Verdict.WARN if late else Verdict.OK


def health_line(report: SelfReport) -> str:
    """Say what waits and how long ago the homeserver was heard."""
    waiting = f"outbox {report.outbox.waiting}" + (
        f", oldest {age(report.outbox.oldest)}" if report.outbox.waiting else ""
    )
    sync = "no sync yet" if report.sync_age is None else f"sync {age(report.sync_age)}"
    extra = f" · {count(len(report.strangers), 'stranger')} here" if report.strangers else ""
    return f"{waiting} · {sync}{extra}"
