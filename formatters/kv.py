"""Secrets as the room may see them: names, versions, ages."""

from datetime import datetime

from bot.core.facts import Unknown, Verdict
from bot.core.kv import Version
from commands.kv import KvEntry, KvList, KvSecret
from formatters.document import Block, Bullets, Code, Document, Glyph, Inline, Item, Line, Mark, Paragraph, line
from formatters.words import age, ago, count

_EARLIER = 5


def kv_list(result: KvList) -> Document:
    """List the names, each with its newest version and that one's age."""
    folders = sum(entry.history is None for entry in result.entries)
    secrets = len(result.entries) - folders
    kinds = [count(secrets, "secret")] * bool(secrets) + [count(folders, "folder")] * bool(folders)
    title = line(Mark(Glyph.INFO), " ", Code(result.path), f" — {', '.join(kinds) or 'nothing in it'}")
    items = tuple(Item(_entry(entry, result.as_of)) for entry in result.entries)
    return Document(Verdict.NONE, title, (Bullets(items),) if items else ())


def kv_secret(result: KvSecret) -> Document:
    """Say which keys it has, and since when; of one that is gone, since when that is."""
    newest = result.history.newest
    blocks: list[Block] = []
    if result.fields:
        blocks.append(Bullets(tuple(Item(_field(name, result)) for name in result.fields)))
    if earlier := result.history.versions[1:]:
        blocks.append(Paragraph(_earlier(earlier, result.as_of)))
    if newest is None or newest.is_gone(result.as_of):
        title = line(Mark(Glyph.WARN), " ", Code(result.path), f" — {_gone(newest, result.as_of)}")
        return Document(Verdict.WARN, title, tuple(blocks))
    words = (
        f" — {count(len(result.fields), 'key')}, version {newest.number}, {age(result.as_of - newest.created_at)} old"
    )
    return Document(Verdict.NONE, line(Mark(Glyph.INFO), " ", Code(result.path), words), tuple(blocks))


def _entry(entry: KvEntry, now: datetime) -> Line:
    if entry.history is None:
        return line(Code(entry.name))
    if isinstance(entry.history, Unknown):
        return line(Code(entry.name), " ", Mark(Glyph.UNKNOWN), f" {entry.history.reason}")
    newest = entry.history.newest
    if newest is None or newest.is_gone(now):
        return line(Code(entry.name), f" · {_gone(newest, now)}")
    return line(Code(entry.name), f" · version {newest.number} · {age(now - newest.created_at)}")


def _gone(newest: Version | None, now: datetime) -> str:
    if newest is None:
        return "no version yet"
    if newest.destroyed or newest.deleted_at is None:
        return f"version {newest.number} destroyed"
    return f"version {newest.number} deleted {ago(now - newest.deleted_at)}"


def _field(name: str, result: KvSecret) -> Line:
    return line(Code(name), " — the one you mean") if name == result.meant else line(Code(name))


def _earlier(versions: tuple[Version, ...], now: datetime) -> Line:
    told: list[Inline] = []
    for version in versions[:_EARLIER]:
        gone = ", gone" if version.is_gone(now) else ""
        told.append(f"{' · ' if told else ''}{version.number} ({age(now - version.created_at)}{gone})")
    more = f" · {len(versions) - _EARLIER} more" if len(versions) > _EARLIER else ""
    return line("before: ", *told, more)
