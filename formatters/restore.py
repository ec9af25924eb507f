"""The words of `!restore plan`: what it would do, what stands against it, and the manifest as a file."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import yaml

from bot.core.facts import Unknown
from bot.core.message import File
from commands.restore import RestorePlan
from formatters.document import Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, glyph_of, line
from formatters.words import count, moment

_MADE = """\
# {place} as it was at {at:%Y-%m-%d %H:%M:%S} UTC, under a name of its own. Nothing of this is applied.
# It neither touches {place} nor its backups. To go back, bring this up, look into it, then lead the applications there.
"""


def restore_plan(plan: RestorePlan) -> Document:
    """Say what is planned, what it would take, and that nothing is done."""
    when = moment(plan.at, plan.as_of, ZoneInfo(plan.zone))
    title = line(Mark(glyph_of(plan.verdict)), " Plan: ", Code(plan.place), f" as of {when}, nothing is applied")
    items = tuple(map(Item, _lines(plan)))
    next_step = Paragraph(line("The manifest is in the file; applying it is for two people with kubectl"))
    return Document(plan.verdict, title, (Bullets(items), next_step), file=File(f"{plan.name}.yaml", _manifest(plan)))


def _lines(plan: RestorePlan) -> Iterator[Line]:
    size = f", {plan.storage}" if plan.storage else ""
    yield line("makes ", Code(plan.name), f": {count(plan.instances, 'instance')}{size}; the old one stays as it is")
    match plan.accepted:
        case Unknown(reason):
            yield line(Mark(Glyph.UNKNOWN), f" not tried: {reason}")
        case True:
            yield line(Mark(Glyph.OK), " the API server would take it")
        case False:
            yield line(Mark(Glyph.FAILED), " the API server refuses it: try the file with kubectl, it tells why")
    if isinstance(plan.first, Unknown):
        yield line(Mark(Glyph.UNKNOWN), f" first moment that can be brought back: {plan.first.reason}")
    else:
        zone = ZoneInfo(plan.zone)
        yield line(Mark(Glyph.OK), f" backups go back to {moment(plan.first, plan.as_of, zone)}")
    if plan.archived is not True:
        yield line(Mark(Glyph.WARN), " the log is not known to reach the store: what came last may be lost")
    elif plan.is_fresh:
        yield line(Mark(Glyph.WARN), " so young that its log may not be in the store yet: wait 5 min")
    if plan.left_behind:
        yield line("not taken over: ", Code(", ".join(plan.left_behind)))


def _manifest(plan: RestorePlan) -> str:
    return _MADE.format(place=plan.place, at=plan.at) + yaml.safe_dump(plan.manifest, sort_keys=False)
