"""What an alert's rule looks at, drawn: over the last hour, or as far back as was asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.command import Context, command
from bot.core.alerts import Card, Member
from bot.core.durations import For, leading
from bot.core.errors import Missing, NeighbourError, Rejected, UsageError
from bot.core.facts import Unknown
from bot.core.graphs import (
    LONGEST,
    MOST_CURVES,
    SHORTEST,
    Chart,
    Curve,
    Picture,
    Rule,
    Window,
    belonging,
    crossed,
    curves,
    expression_in,
    of_series,
    rule_of,
    window,
)
from bot.core.promql import Drawable, Threshold, drawable, narrowed
from bot.core.webhook import Status
from commands.cards import the_card

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CardGraph:
    """What a card's rule looked at, in numbers and as a picture."""

    card: Card
    expr: str
    """What was asked, before it was narrowed to the card's alerts."""
    threshold: Threshold | None
    whole: bool
    """Whether it has values all the time, not only while another condition holds."""
    curves: tuple[Curve, ...]
    """The worst first; as many as are drawn."""
    more: int
    """How many are not drawn."""
    crossed: int
    """How many of all meet the comparison now."""
    own: bool
    """Whether they are the card's own; else all of its rule's, since none could be told."""
    over: Window
    picture: Picture | Unknown


class Lacking(StrEnum):
    """Why there is no graph."""

    RULE = "rule"
    """Neither Prometheus nor the alert says what is looked at."""
    VALUES = "values"


@dataclass(frozen=True, slots=True)
class NoGraph:
    """There is nothing to draw of a card."""

    card: Card
    lacking: Lacking
    span: timedelta
    expr: str = ""


@command("graph", summary="Draw what an alert's rule looks at", examples=("!graph #k7", "!graph #k7 6h"))
async def graph(ctx: Context, *words: str) -> CardGraph | NoGraph:
    """Ask Prometheus, and nobody else, for the expression of the card's rule, and draw it."""
    card, rest = await the_card(ctx, words)
    span = _span(rest)
    members = _members(card)
    rule = await _rule(ctx, members)
    expr = rule.expr if rule else next(filter(None, (expression_in(each.generator_url) for each in members)), None)
    if expr is None:
        return NoGraph(card, Lacking.RULE, span)
    drawn, over = drawable(expr), window(ctx.clock(), span)
    own, found = await _look(ctx, drawn, rule, members, over)
    if not found:
        return NoGraph(card, Lacking.VALUES, span, drawn.expr)
    shown = found[:MOST_CURVES]
    chart = Chart(f"{card.names[0]} #{card.handle}", shown, drawn.threshold, over, ctx.settings.timezone)
    picture = await _picture(ctx, chart)
    return CardGraph(
        card,
        drawn.expr,
        drawn.threshold,
        drawn.whole,
        shown,
        more=len(found) - len(shown),
        crossed=crossed(found, drawn.threshold),
        own=own,
        over=over,
        picture=picture,
    )


def _span(words: Sequence[str]) -> timedelta:
    found = leading(words)
    if found is None and words:
        raise UsageError(f"“{words[0][:20]}” is no duration", hint="write graph, graph 6h or graph 2d")
    asked = found[0] if found else For(_HOUR)
    if not isinstance(asked, For) or not SHORTEST <= asked.span <= LONGEST:
        raise UsageError("a graph shows 5 minutes to 31 days back", hint="write graph, graph 6h or graph 2d")
    return asked.span


def _members(card: Card) -> tuple[Member, ...]:
    """Return the alerts that are drawn: those of the card's first name, and of these the ones that burn, if any do."""
    named = [member for member in card.members if member.name == card.names[0]]
    return tuple(member for member in named if member.status is Status.FIRING) or tuple(named)


async def _rule(ctx: Context, members: Sequence[Member]) -> Rule | None:
    try:
        rules = await ctx.neighbours.prometheus.rules(members[0].name)
    except (Missing, Rejected):
        # What only speaks PromQL has no rules to tell of; the alert may name its expression.
        return None
    return rule_of(rules, members[0].labels)


async def _look(
    ctx: Context, drawn: Drawable, rule: Rule | None, members: Sequence[Member], over: Window
) -> tuple[bool, tuple[Curve, ...]]:
    """Return the curves of the card's alerts, or else all of the rule's, and which of the two they are."""
    common = of_series(rule, members) if rule else {}
    found = await ctx.neighbours.prometheus.query_range(narrowed(drawn, common), over)
    own = curves(belonging(found, members, rule), over, drawn.threshold)
    return bool(own), own or curves(found, over, drawn.threshold)


async def _picture(ctx: Context, chart: Chart) -> Picture | Unknown:
    """Return the drawing, or why there is none: the numbers are an answer without it."""
    try:
        return await ctx.neighbours.plotter.draw(chart)
    except NeighbourError as error:
        return Unknown(error.reason)
