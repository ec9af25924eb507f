"""`!ping`: how long a word takes to me and back, and how I am."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.command import Context, command
from bot.core.health import SelfReport


@dataclass(frozen=True, slots=True)
class Pong:
    """The way of one message, and the bot's own health."""

    heard_after: timedelta
    """From the sender's server's clock to ours; negative where the two disagree."""
    answered_after: timedelta
    """From our hearing it to this answer."""
    report: SelfReport
    as_of: datetime


@command("ping", summary="Say how quick and how well I am")
async def ping(ctx: Context) -> Pong:
    """Return the bot's own health and how long the asking took."""
    report = await ctx.report()
    now = ctx.clock()
    return Pong(ctx.request.at - ctx.request.sent_at, now - ctx.request.at, report, now)
