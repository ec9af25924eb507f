"""`!audit`: who did what, and whether the trail still holds."""

from dataclasses import dataclass
from datetime import datetime

from bot.command import Context, command
from bot.core.audit import Link, broken_at
from bot.core.errors import UsageError

_MOST = 100


@dataclass(frozen=True, slots=True)
class Trail:
    """The newest rows of the audit trail, oldest of them first."""

    links: tuple[Link, ...]
    rows: int
    """How many there are in all."""
    broken_at: int | None
    """The first row that does not follow from the one before; None while the chain holds."""
    as_of: datetime


@command(
    "audit",
    summary="Show who did what, and check the trail",
    examples=("!audit", "!audit 30", "!audit 10 @anna"),
)
async def audit(ctx: Context, count: int = 10, who: str = "") -> Trail:
    """Return the last `count` rows, of one person if asked, and the verdict on the whole chain."""
    if not 1 <= count <= _MOST:
        raise UsageError(f"{count} rows do not fit", hint=f"!audit takes 1 to {_MOST}")
    links = await ctx.audit.whole()
    shown = [link for link in links if who in {"", link.entry.actor, link.entry.actor.split(":", 1)[0]}]
    return Trail(tuple(shown[-count:]), len(links), broken_at(links), ctx.clock())
