"""The words of `!alerts --rules`: those that fire, those that cannot be believed, and how many are quiet."""

from zoneinfo import ZoneInfo

from bot.core.alerts import Severity
from bot.core.rules import FIRING, INACTIVE, GrafanaRule
from commands.rules import RuleList
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, line
from formatters.words import age, count, moment

_SHOWN = 15
_WHY = {"error": "its query fails", "nodata": "its query finds no data"}


def rule_list(result: RuleList) -> Document:
    """Say how many fire, and name whatever is not simply quiet."""
    told = [rule for rule in result.rules if rule.state != INACTIVE or not rule.is_sound]
    blocks: list[Block] = [Bullets(tuple(_item(rule, result) for rule in told[:_SHOWN]))] if told else []
    rest = [f"…and {len(told) - _SHOWN} more"] if len(told) > _SHOWN else []
    quiet = len(result.rules) - len(told)
    rest += [f"{quiet} more quiet" if told else ", ".join(rule.name for rule in result.rules[:_SHOWN])] if quiet else []
    blocks += [Paragraph((words,)) for words in rest]
    return Document(result.verdict, _title(result), tuple(blocks))


def _title(result: RuleList) -> Line:
    wanted: Line = (" for ", Code(result.wanted)) if result.wanted else ()
    firing = [rule for rule in result.rules if rule.state == FIRING]
    unsure = sum(not (rule.is_sound or rule.paused) for rule in result.rules)
    number = count(len(result.rules), "Grafana rule")
    if firing:
        fires = "fires" if len(firing) == 1 else "fire"
        return line(Mark(_glyph(firing[0])), f" {len(firing)} of {number} {fires}", *wanted)
    if unsure:
        return line(Mark(Glyph.UNKNOWN), f" {unsure} of {number} cannot be believed", *wanted)
    if not result.rules:
        return line(Mark(Glyph.INFO), " Grafana keeps no alert rules", *wanted)
    return line(Mark(Glyph.OK), f" None of {number} fires", *wanted)


def _item(rule: GrafanaRule, result: RuleList) -> Item:
    place = "/".join(part for part in (rule.folder, rule.group) if part)
    return Item(line(Mark(_glyph(rule)), " ", Code(rule.name), f" — {place} · {_standing(rule, result)}"))


def _standing(rule: GrafanaRule, result: RuleList) -> str:
    if rule.paused:
        return "paused"
    if rule.state == FIRING and rule.since:
        since = f"since {moment(rule.since, result.as_of, ZoneInfo(result.zone))} ({age(result.as_of - rule.since)})"
        return f"{count(rule.firing, 'alert')} {since}"
    return rule.state if rule.is_sound else f"not known: {_WHY.get(rule.health, rule.health)}"


def _glyph(rule: GrafanaRule) -> Glyph:
    if rule.paused:
        return Glyph.INFO
    if rule.state == FIRING:
        return Glyph.CRITICAL if rule.severity is Severity.CRITICAL else Glyph.WARN
    return Glyph.RUNNING if rule.is_sound else Glyph.UNKNOWN
