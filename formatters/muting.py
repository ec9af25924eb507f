"""What a silence would mute, as the prompt says it; and how all that mutes names alerts."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bot.core.alerts import where
from bot.core.facts import Verdict
from bot.core.firing import FiringAlert
from bot.core.matchers import write
from bot.core.renewal import CAP
from commands.muting import MutePlan
from formatters.cards import which
from formatters.document import Block, Bullets, Code, Document, Item, Paragraph, line
from formatters.words import age, count, moment

_NAMED = 5


def mute_plan(plan: MutePlan) -> Document:
    """Ask, with the number of alerts, and those that whoever asks may not have thought of."""
    muting, number = plan.muting, len(plan.muting.mutes)
    until = f"until resolved ({age(CAP)} at most)" if muting.cap else _until(plan)
    mutes = f"Mutes {count(number, 'alert')}" if number else "Mutes nothing that fires now"
    beyond = f", {len(plan.others)} of them not on {which(plan.card)}" if plan.card else ""
    blocks: list[Block] = [Paragraph(line(Code(write(muting.matchers))))]
    blocks += named(plan.others or muting.mutes)
    if plan.near:
        blocks.append(close(plan.near))
    return Document(Verdict.NONE, line(f"Silence {until}? {mutes}{beyond}"), tuple(blocks))


def named(alerts: Sequence[FiringAlert]) -> list[Block]:
    """Return the first few alerts, and how many more there are."""
    items = tuple(_named(alert) for alert in alerts[:_NAMED])
    blocks: list[Block] = [Bullets(items)] if items else []
    if (more := len(alerts) - _NAMED) > 0:
        blocks.append(Paragraph(line(f"…and {more} more")))
    return blocks


def close(names: Sequence[str]) -> Paragraph:
    """Return the names that were likely meant."""
    return Paragraph(line("Nothing of that name fires. Near: ", Code(", ".join(names))))


def _until(plan: MutePlan) -> str:
    muting = plan.muting
    until = moment(muting.until, muting.since, ZoneInfo(plan.zone))
    return f"until {until} ({age(muting.until - muting.since)})"


def _named(alert: FiringAlert) -> Item:
    place = where((alert,))
    return Item(line(Code(alert.name), f" — {place}" if place else ""))
