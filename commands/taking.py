"""What one does with an alert's card: take it, mute what it is about, and take either back."""

from dataclasses import dataclass, replace

from bot.command import ActionContext, Context, Plan, action
from bot.core.alerts import Card, Taken
from bot.core.durations import Duration, leading, read
from bot.core.errors import UsageError
from bot.core.matchers import covering
from bot.core.names import UserId
from bot.core.paging import given_back, muted
from bot.core.policy import Risk
from bot.core.silences import ACKED, SHORT_ID, USUAL
from bot.core.truth import identity
from commands.cards import the_card
from commands.muting import CommentOption, DurationOption, MutePlan, Muting, make, weigh

_WHY = 200
"""Characters of a reason."""


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
class CardMuted:
    """What a card is about is silenced in Alertmanager."""

    card: Card
    muting: Muting
    by: UserId
    zone: str
    tapped: bool


@dataclass(frozen=True, slots=True)
class CardUnmuted:
    """The silence over a card is over; the card itself tells it."""

    card: Card
    by: UserId
    told_by_card: bool = True


async def _would_mute(ctx: Context, *words: str, duration: str | None = None, comment: str = "") -> Plan:
    card, asked, _ = await _asked(ctx, words, duration, comment)
    return await _plan(ctx, card, asked)


async def _would_ack(ctx: Context, *words: str) -> Plan:
    card, rest = await the_card(ctx, words)
    duration, _ = _reading(rest)
    return await _plan(ctx, card, duration) if duration else Plan(None, asks=False)


@action("ack", summary="Say that you are on an alert", risk=Risk.REVERSIBLE, asks=False, repeatable=True,
        examples=("!ack #k7", "!ack #k7 looking at the disk", "!ack 2h #k7"), aliases=("take",),
        preview=_would_ack)  # fmt: skip
async def ack(ctx: ActionContext, *words: str) -> TakenOn | CardMuted:
    """Note on the card who is on it; it stops ringing. Given a time, silence it in Alertmanager for as long, too."""
    card, rest = await the_card(ctx, words)
    duration, why = _reading(rest)
    taken = Taken(ctx.request.sender, ctx.request.at, why)
    told = await _mute(ctx, card, duration, f"{ACKED} {why}") if duration else TakenOn(card, ctx.request.sender)
    ctx.amend(card.key, lambda now: replace(now, taken=taken))
    ctx.undo_by("unack", f"#{card.handle}")
    return told


@action("unack", summary="Say that you are not on it any more", risk=Risk.REVERSIBLE, asks=False, repeatable=True,
        examples=("!unack #k7",), aliases=("nack",))  # fmt: skip
async def unack(ctx: ActionContext, *words: str) -> GivenBack:
    """Take the note off the card, and end the silence that came with it; it may ring again."""
    card, _ = await the_card(ctx, words)
    if card.muted and card.muted.why.startswith(ACKED):
        await _unmute(ctx, card)
    ctx.amend(card.key, given_back)
    return GivenBack(card, ctx.request.sender)


@action("mute", summary="Silence what a card is about", risk=Risk.REVERSIBLE, asks=False, repeatable=True,
        examples=("!mute 2h #k7", "!mute #k7 until 16:00", "!mute until resolved #k7"), trailing="comment",
        preview=_would_mute)  # fmt: skip
async def mute(
    ctx: ActionContext, *words: str, duration: DurationOption = None, comment: CommentOption = ""
) -> CardMuted:
    """Make a silence in Alertmanager that fits the card's alerts and those of the pods that come after them."""
    card, asked, why = await _asked(ctx, words, duration, comment)
    ctx.undo_by("unmute", f"#{card.handle}")
    return await _mute(ctx, card, asked, why)


@action("unmute", summary="End the silence over a card", risk=Risk.REVERSIBLE, asks=False, repeatable=True,
        examples=("!unmute #k7",))  # fmt: skip
async def unmute(ctx: ActionContext, *words: str) -> CardUnmuted:
    """End in Alertmanager the silence that the card tells of."""
    card, _ = await the_card(ctx, words)
    await _unmute(ctx, card)
    return CardUnmuted(card, ctx.request.sender)


async def _mute(ctx: ActionContext, card: Card, duration: Duration, comment: str) -> CardMuted:
    muting = await _muting(ctx, card, duration)
    await make(ctx, muting, comment)
    return CardMuted(card, muting, ctx.request.sender, ctx.settings.timezone, tapped=_is_tapped(ctx))


async def _unmute(ctx: ActionContext, card: Card) -> None:
    if card.muted:
        await ctx.neighbours.alertmanager.expire(card.muted.silence)
    ctx.amend(card.key, lambda then: replace(then, muted=None))


async def _plan(ctx: Context, card: Card, duration: Duration) -> Plan:
    """Ask only where more would be muted than the card tells of; a tap acts at once, and says what it muted."""
    muting = await _muting(ctx, card, duration)
    marks = {member.fingerprint for member in card.members}
    others = tuple(alert for alert in muting.mutes if identity(alert) not in marks)
    what = MutePlan(muting, ctx.settings.timezone, card=card, others=others)
    return Plan(what, asks=bool(others) and not _is_tapped(ctx))


async def _muting(ctx: Context, card: Card, duration: Duration) -> Muting:
    if card.muted and muted(card, ctx.clock()):
        raise UsageError(f"#{card.handle} is muted already", hint=f"!silence extend {card.muted.silence[:SHORT_ID]} 2h")
    matchers = covering([member.labels for member in card.counted])
    if not matchers:
        raise UsageError("its alerts have too little in common", hint="name what to mute: !silence 2h alertname")
    return await weigh(ctx, matchers, duration)


async def _asked(
    ctx: Context, words: tuple[str, ...], duration: str | None, comment: str
) -> tuple[Card, Duration, str]:
    """Return what is to be muted, for how long, and why."""
    card, rest = await the_card(ctx, words)
    asked, used = (read(duration), 0) if duration else leading(rest) or (USUAL, 0)
    return card, asked, " ".join((*rest[used:], comment)).strip()[:_WHY]


def _reading(words: tuple[str, ...]) -> tuple[Duration | None, str]:
    """Return how long, where an ack begins with it, and why: `2h new disk`, but `until the disk is there` is a why."""
    try:
        found = leading(words)
    except UsageError:
        if len(words) == 1:
            raise
        found = None
    duration, used = found or (None, 0)
    return duration, " ".join(words[used:])[:_WHY]


def _is_tapped(ctx: Context) -> bool:
    return ctx.request.beneath is not None
