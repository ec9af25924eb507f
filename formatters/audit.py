"""The audit trail, newest last."""

from datetime import UTC, datetime

from bot.core.audit import Entry, Link, Phase
from bot.core.facts import Verdict
from bot.core.names import UserId
from commands.audit import Trail
from formatters.document import Bullets, Code, Document, Item, Line, Mark, Person, glyph_of, line
from formatters.words import ago, count


def trail(result: Trail) -> Document:
    """Say whether the chain holds, then who did what."""
    holds = result.broken_at is None
    verdict = Verdict.OK if holds else Verdict.BAD
    words = (
        f" {count(result.rows, 'entry')}, the chain holds"
        if holds
        else f" The chain breaks at row {result.broken_at}: rows were changed or removed"
    )
    return Document(
        verdict,
        line(Mark(glyph_of(verdict)), words),
        (Bullets(tuple(_item(link, result.as_of) for link in result.links)),) if result.links else (),
    )


def _item(link: Link, now: datetime) -> Item:
    entry = link.entry
    when = ago(now - datetime.fromisoformat(entry.at).astimezone(UTC))
    what = (" ", Code(f"!{entry.command}")) if entry.command else ()
    # Persons whole, never by their local part alone: another server may have one of the same name.
    actor = Person(UserId(entry.actor))
    return Item(line(f"{link.seq} · {when} · ", actor, *what, f" {entry.phase.value}", *_result(entry)))


def _result(entry: Entry) -> Line:
    if not entry.result:
        return ()
    by = entry.phase in {Phase.CONFIRMED, Phase.CANCELLED, Phase.EXPIRED} and entry.result.startswith("@")
    return (" by ", Person(UserId(entry.result))) if by else (f" → {entry.result}",)
