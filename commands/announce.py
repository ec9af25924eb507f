"""`!announce`: say something to a room in the bot's voice."""

from dataclasses import dataclass

from bot.command import ActionContext, action
from bot.core.errors import UsageError
from bot.core.facts import Verdict
from bot.core.message import Message, Priority
from bot.core.names import Key, UserId
from bot.core.policy import Risk

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is said, and on whose behalf."""

    text: str
    by: UserId


@dataclass(frozen=True, slots=True)
class Announced:
    """That it was said."""

    by: UserId
    verdict: Verdict = Verdict.OK


@action(
    "announce",
    summary="Say something to the room",
    risk=Risk.REVERSIBLE,
    examples=("!announce Deploy at 18:00",),
    repeatable=True,
)
async def announce(ctx: ActionContext, *text: str) -> Announced:
    """Post a message in the room where it was asked; the message's key is the action's, so it is there once."""
    words = " ".join(text)
    if not words or len(words) > _LONGEST:
        raise UsageError(
            "there is nothing to announce" if not words else "that is too long", hint="!announce your words"
        )
    said = Announcement(words, ctx.request.sender)
    key = Key(f"announce:{ctx.action}")
    # As urgent as the answer, which tells that it was said.
    ctx.post(Message(ctx.request.room, key, ctx.render(said), Priority.ANSWER, request=ctx.action))
    return Announced(ctx.request.sender)
