"""`!stop`: end what one follows."""

from dataclasses import dataclass

from bot.command import Context, command
from bot.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Stopped:
    """So many answers are not followed any more; each says so itself."""

    number: int


@command("stop", summary="End what you follow", examples=("!stop",))
async def stop(ctx: Context) -> Stopped:
    """End what the sender follows in this room, or the answer replied to; raise UsageError when there is nothing."""
    number = ctx.stop()
    if not number:
        raise UsageError("Nothing of yours is being followed here", hint="!logs ns/name -f follows")
    return Stopped(number)
