"""What one asks an alert's card: why it burns, and what was before."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.command import Context, command
from bot.core.alerts import Card, Member
from bot.core.errors import UsageError
from bot.core.facts import Unknown
from bot.core.graphs import expression_in, rule_of
from commands.asking import ask

_HOW = "reply to its card, or add its name, like #k7"
_BACK = timedelta(days=30)
_RULES = 3
"""Names of alerts whose rules are asked for."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What an alert's rule looks at."""

    name: str
    expr: str
    holds: timedelta
    """How long it must be true before it fires; zero also where only the alert names its expression."""


@dataclass(frozen=True, slots=True)
class CardReasons:
    """What a card's alerts say of themselves, and what their rules look at."""

    card: Card
    rules: tuple[Looked | Unknown, ...]
    """One for each name of an alert, as far as it is known."""


@dataclass(frozen=True, slots=True)
class CardHistory:
    """Earlier cards about the same, newest first."""

    card: Card
    earlier: tuple[Card, ...]
    zone: str
    as_of: datetime


@command("why", summary="Tell all that an alert says of itself", examples=("!why #k7",))
async def why(ctx: Context, *words: str) -> CardReasons:
    """Return the card with everything its alerts carry, and what Prometheus says of their rules."""
    card, _ = await the_card(ctx, words)
    firsts = [next(member for member in card.counted if member.name == name) for name in _names(card)]
    rules = await asyncio.gather(*(_looked(ctx, member) for member in firsts))
    return CardReasons(card, tuple(rule for rule in rules if rule))


@command("history", summary="Tell when an alert burned before", examples=("!history #k7",))
async def history(ctx: Context, *words: str) -> CardHistory:
    """Return earlier cards about the same, of the last thirty days."""
    card, _ = await the_card(ctx, words)
    now = ctx.clock()
    earlier = await ctx.cards.earlier(card, now - _BACK)
    return CardHistory(card, tuple(earlier), ctx.settings.timezone, now)


def _names(card: Card) -> list[str]:
    return list(dict.fromkeys(member.name for member in card.counted))[:_RULES]


async def _looked(ctx: Context, member: Member) -> Looked | Unknown | None:
    """Return what an alert's rule looks at; None where neither Prometheus nor the alert knows."""
    found = await ask(ctx.neighbours.prometheus.rules(member.name), ctx.settings.limits.probe)
    rule = None if isinstance(found, Unknown) else rule_of(found, member.labels)
    if rule:
        return Looked(member.name, rule.expr, rule.holds)
    # An address out of an alert: read, never asked.
    if named := expression_in(member.generator_url):
        return Looked(member.name, named, timedelta(0))
    return found if isinstance(found, Unknown) else None


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
