"""`!undo`: take an action back, within some minutes and where there is a way."""

from bot.command import Context, command
from bot.core.confirmation import UNDO
from bot.core.errors import UsageError

_LEAST_ID = 3
_HOW = "!audit lists what was done"


@command(
    "undo",
    summary="Take back what was done in the last 15 min",
    examples=("!undo", "!undo 7f3"),
    stands_in=True,
)
async def undo(ctx: Context, id: str = "") -> tuple[str, ...]:  # noqa: A002 - its usage
    """Return the words of the action that takes another back: the one with this id, or the last of this room.

    Whoever says it needs the right, and gives the confirmation, that those words need. Raises UsageError when there is
    nothing to take back, or no way to.
    """
    done = await ctx.deeds.of_room(ctx.request.room, ctx.clock() - UNDO)
    typed = id.lower().removeprefix("#")
    if typed and len(typed) < _LEAST_ID:
        raise UsageError(f"“{typed}” is too short for an id", hint=_HOW)
    meant = [each for each in done if each.id.startswith(typed)] if typed else [each for each in done if each.inverse]
    if not meant:
        minutes = int(UNDO.total_seconds() // 60)
        which = f"“{typed[:20]}” is none of them" if typed else "nothing that can be taken back"
        raise UsageError(f"In the last {minutes} min of this room: {which}", hint=_HOW)
    if typed and len(meant) > 1:
        near = tuple(each.id for each in meant[:3])
        raise UsageError(f"“{typed[:20]}” may be several", hint="type more of the id", near=near)
    deed = meant[0]
    if not deed.inverse:
        words = " ".join((deed.verb, *deed.tokens))[:80]
        raise UsageError(f"Nothing takes !{words} back", hint="see what it did, and do the opposite by hand")
    return deed.inverse
