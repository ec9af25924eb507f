"""What one asks an alert's card: why it burns, and what was before."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.command import Context, command
from bot.core.alerts import Card
from bot.core.errors import UsageError

_HOW = "reply to its card, or add its name, like #k7"
_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CardReasons:
    """What a card's alerts say of themselves: labels, annotations, where the rule can be seen."""

    card: Card


@dataclass(frozen=True, slots=True)
class CardHistory:
    """Earlier cards about the same, newest first."""

    card: Card
    earlier: tuple[Card, ...]
    zone: str
    as_of: datetime


@command("why", summary="Tell all that an alert says of itself", examples=("!why #k7",))
async def why(ctx: Context, *words: str) -> CardReasons:
    """Return the card with everything its alerts carry."""
    card, _ = await the_card(ctx, words)
    return CardReasons(card)


@command("history", summary="Tell when an alert burned before", examples=("!history #k7",))
async def history(ctx: Context, *words: str) -> CardHistory:
    """Return earlier cards about the same, of the last thirty days."""
    card, _ = await the_card(ctx, words)
    now = ctx.clock()
    earlier = await ctx.cards.earlier(card, now - _BACK)
    return CardHistory(card, tuple(earlier), ctx.settings.timezone, now)


async def the_card(ctx: Context, words: tuple[str, ...]) -> tuple[Card, tuple[str, ...]]:
    """Return the card that is meant and the other words; raise UsageError when none is."""
    if handle := next((word for word in words if word.startswith("#")), None):
        card = await ctx.cards.by_handle(handle)
        if card is None:
            raise UsageError(f"No card {handle[:10]}", hint="!alerts lists what burns")
        return card, tuple(word for word in words if word is not handle)
    card = await ctx.cards.get(ctx.request.about) if ctx.request.about else None
    if card is None:
        raise UsageError("Which alert?", hint=_HOW)
    return card, words
