"""What one does with an alert's card: take it, give it back, ask why and what was before."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.command import ActionContext, Context, action, command
from bot.core.alerts import Card, Muted, Taken
from bot.core.durations import For, end, leading
from bot.core.errors import UsageError
from bot.core.matchers import Matcher, default_matchers, too_broad
from bot.core.names import UserId
from bot.core.paging import given_back
from bot.core.policy import Risk
from bot.core.silences import clocked
from bot.core.webhook import Status

_HOW = "reply to its card, or add its name, like #k7"
_BACK = timedelta(days=30)
HOUR = For(timedelta(hours=1))
"""How long something is muted unless told otherwise."""


@dataclass(frozen=True, slots=True)
class TakenOn:
    """Somebody is on it; the card itself tells it."""

    card: Card
    by: UserId
    told_by_card: bool = True


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Nobody is on it any more; the card itself tells it."""

    card: Card
    by: UserId
    told_by_card: bool = True


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


@action("ack", summary="Say that you are on an alert", risk=Risk.REVERSIBLE, asks=False, repeatable=True,
        examples=("!ack #k7", "!ack #k7 looking at the disk"), aliases=("take",))  # fmt: skip
async def ack(ctx: ActionContext, *words: str) -> TakenOn:
    """Note on the card who is on it; it stops ringing, and nothing is muted."""
    card, why = await the_card(ctx, words)
    taken = Taken(ctx.request.sender, ctx.request.at, " ".join(why)[:200])
    ctx.amend(card.key, lambda now: replace(now, taken=taken))
    return TakenOn(card, ctx.request.sender)


@action("unack", summary="Say that you are not on it any more", risk=Risk.REVERSIBLE, asks=False, repeatable=True,
        examples=("!unack #k7",), aliases=("nack",))  # fmt: skip
async def unack(ctx: ActionContext, *words: str) -> GivenBack:
    """Take the note off the card; it may ring again."""
    card, _ = await the_card(ctx, words)
    ctx.amend(card.key, given_back)
    return GivenBack(card, ctx.request.sender)


@dataclass(frozen=True, slots=True)
class CardMuted:
    """What a card is about is silenced in Alertmanager."""

    card: Card
    matchers: tuple[Matcher, ...]
    until: datetime
    mutes: int
    """How many alerts it mutes now."""
    by: UserId
    zone: str
    tapped: bool


@dataclass(frozen=True, slots=True)
class CardUnmuted:
    """The silence over a card is over; the card itself tells it."""

    card: Card
    by: UserId
    told_by_card: bool = True


@action("mute", summary="Silence what a card is about", risk=Risk.REVERSIBLE, asks=False, repeatable=True,
        examples=("!mute 2h #k7", "!mute #k7 until 16:00"))  # fmt: skip
async def mute(ctx: ActionContext, *words: str) -> CardMuted:
    """Make a silence in Alertmanager that fits the card's alerts and those of the pods that come after them."""
    card, rest = await the_card(ctx, words)
    found = leading(rest)
    asked, used = found or (HOUR, 0)
    if card.muted:
        raise UsageError(f"#{card.handle} is muted already", hint=f"!silence extend {card.muted.silence[:8]} 2h")
    matchers = default_matchers(_shared(card))
    if too_broad(matchers):
        raise UsageError("its alerts have too little in common", hint="name what to mute: !silence 2h alertname")
    now = ctx.clock().replace(microsecond=0)
    until = end(clocked(asked), now, ZoneInfo(ctx.settings.timezone))
    why = " ".join(rest[used:])[:200]
    alertmanager = ctx.neighbours.alertmanager
    firing = await alertmanager.alerts(matchers)
    made = await alertmanager.create_silence(
        matchers, now, until, created_by=ctx.request.sender, comment=why, action=ctx.action
    )
    muted = Muted(made.id, ctx.request.sender, until, why)
    ctx.amend(card.key, lambda then: replace(then, muted=muted))
    return CardMuted(
        card, matchers, until, len(firing), ctx.request.sender, ctx.settings.timezone, ctx.request.beneath is not None
    )


@action("unmute", summary="End the silence over a card", risk=Risk.REVERSIBLE, asks=False, repeatable=True,
        examples=("!unmute #k7",))  # fmt: skip
async def unmute(ctx: ActionContext, *words: str) -> CardUnmuted:
    """End in Alertmanager the silence that the card tells of."""
    card, _ = await the_card(ctx, words)
    if card.muted:
        await ctx.neighbours.alertmanager.expire(card.muted.silence)
    ctx.amend(card.key, lambda then: replace(then, muted=None))
    return CardUnmuted(card, ctx.request.sender)


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


def _shared(card: Card) -> dict[str, str]:
    """Return the labels that all of a card's burning alerts have in common."""
    burning = [member.labels for member in card.members if member.status is Status.FIRING]
    first, *others = burning or [member.labels for member in card.members]
    return {name: value for name, value in first.items() if all(each.get(name) == value for each in others)}


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
