"""`!help`: what there is, and what the one who asks may do of it."""

from dataclasses import dataclass

from bot.command import Command, Context, command
from bot.core.policy import Risk, Role, may
from bot.core.reading import find


@dataclass(frozen=True, slots=True)
class Entry:
    """One command, as help tells it."""

    verb: str
    usage: str
    summary: str
    risk: Risk
    asks: bool
    """Whether it asks for a confirmation."""
    examples: tuple[str, ...]
    clusters: tuple[str, ...]
    """The other clusters that it can ask."""


@dataclass(frozen=True, slots=True)
class HelpPage:
    """What the sender may do; `closed` is what takes another role."""

    role: Role
    open: tuple[Entry, ...]
    closed: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class HelpEntry:
    """All about one command."""

    entry: Entry
    allowed: bool


@command("help", summary="List what I can do, or tell all about one command", examples=("!help", "!help check"))
async def help_(ctx: Context, *command: str) -> HelpPage | HelpEntry:
    """Return the page of all commands, or one entry; raise UsageError for a verb that does not exist."""
    if command:
        found, _ = find(ctx.commands, command)
        return HelpEntry(_entry(ctx, found), may(ctx.role, found.risk, found.least))
    entries = [(_entry(ctx, each), may(ctx.role, each.risk, each.least)) for each in ctx.commands]
    return HelpPage(
        ctx.role,
        tuple(entry for entry, allowed in entries if allowed),
        tuple(entry for entry, allowed in entries if not allowed),
    )


def _entry(ctx: Context, command: Command) -> Entry:
    clusters = tuple(ctx.settings.clusters) if command.needs else ()
    return Entry(command.verb, command.usage, command.summary, command.risk, command.asks, command.examples, clusters)
