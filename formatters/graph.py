"""What a graph shows, in words that need no picture."""

from bot.core.facts import Unknown, Verdict
from bot.core.graphs import Curve, compared, figure
from bot.core.message import Image
from commands.graph import CardGraph, Lacking, NoGraph
from formatters.cards import which
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, line
from formatters.words import age, count

_NAME = 60
"""Characters of a curve's name."""


def card_graph(result: CardGraph) -> Document:
    """Say where each curve is and was, and what the rule compares it with."""
    blocks: list[Block] = [_alone(result.curves[0])] if _is_alone(result) else [_curves(result)]
    if result.more:
        blocks.append(Paragraph((f"…and {result.more} more",)))
    blocks += [Paragraph(each) for each in (*_remarks(result), line(Code(result.expr)))]
    picture = result.picture
    if isinstance(picture, Unknown):
        blocks.append(Paragraph(line(Mark(Glyph.UNKNOWN), f" No picture: {picture.reason}")))
        return Document(Verdict.NONE, _title(result), tuple(blocks))
    image = Image(f"graph-{result.card.handle}.png", picture.png, picture.width, picture.height)
    return Document(Verdict.NONE, _title(result), tuple(blocks), image=image)


def no_graph(result: NoGraph) -> Document:
    """Say why there is nothing to draw, and what may help."""
    name, span = which(result.card), age(result.span)
    if result.lacking is Lacking.RULE:
        title = line(Mark(Glyph.UNKNOWN), f" No expression known — {name}")
        below = line("Prometheus has no rule of that name, and the alert names none")
        return Document(Verdict.UNKNOWN, title, (Paragraph(below),))
    title = line(Mark(Glyph.UNKNOWN), f" No values in the last {span} — {name}")
    longer = line("Further back: ", Code(f"!graph #{result.card.handle} 2d"))
    return Document(Verdict.UNKNOWN, title, (Paragraph(line(Code(result.expr))), Paragraph(longer)))


def _title(result: CardGraph) -> Line:
    """Return what a locked phone shows: how it stands, against what, and of which alert."""
    span = age(result.over.end - result.over.start)
    words = f" {_standing(result)} — {which(result.card)}, last {span}"
    return line(Mark(Glyph.INFO), words)


def _standing(result: CardGraph) -> str:
    curves, threshold = result.curves, result.threshold
    against = f", threshold {compared(threshold)}" if threshold else ""
    if _is_alone(result):
        first = curves[0]
        return f"{'Was' if first.ended else 'Now'} {figure(first.last)}{against}"
    number = count(len(curves) + result.more, "series", "series")
    if threshold:
        return f"{result.crossed} of {number} now {compared(threshold)}"
    low, high = min(curve.last for curve in curves), max(curve.last for curve in curves)
    return f"{number}, {figure(low)} to {figure(high)}"


def _is_alone(result: CardGraph) -> bool:
    return len(result.curves) == 1 and not result.more


def _alone(curve: Curve) -> Paragraph:
    return Paragraph(line(f"Lowest {figure(min(curve.found))} · highest {figure(max(curve.found))}"))


def _curves(result: CardGraph) -> Bullets:
    return Bullets(tuple(_item(curve) for curve in result.curves))


def _item(curve: Curve) -> Item:
    name = curve.name if len(curve.name) <= _NAME else f"{curve.name[: _NAME // 2]}…{curve.name[-_NAME // 2 :]}"
    was = "was " if curve.ended else ""
    range_ = f"{figure(min(curve.found))} to {figure(max(curve.found))}"
    return Item(line(Code(name or "no labels"), f" {was}{figure(curve.last)} ({range_})"))


def _remarks(result: CardGraph) -> tuple[Line, ...]:
    gaps = any(None in curve.values for curve in result.curves)
    return tuple(
        words
        for holds, words in (
            (not result.own, line("Of the whole rule: which are this alert's could not be told")),
            (gaps and result.whole, line("Where it is empty, nothing was measured")),
            (gaps and not result.whole, line("Where it is empty, the rule's other condition did not hold")),
        )
        if holds
    )
