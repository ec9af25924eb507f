"""The audit trail, newest last."""

from datetime import UTC, datetime

from bot.core.audit import Link
from bot.core.facts import Verdict
from commands.audit import Trail
from formatters.document import Bullets, Code, Document, Item, Mark, glyph_of, line
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
    name = entry.actor.split(":", 1)[0]
    when = ago(now - datetime.fromisoformat(entry.at).astimezone(UTC))
    result = f" → {entry.result}" if entry.result else ""
    what = (" ", Code(f"!{entry.command}")) if entry.command else ()
    return Item(line(f"{link.seq} · {when} · ", Code(name), *what, f" {entry.phase.value}{result}"))
