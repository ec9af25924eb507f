"""The words of `!alerts`: how many and how bad in the first line, the most urgent below, what is muted last."""

from collections import Counter
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from bot.core.alerts import Severity
from commands.alerts import AlertList, Burning, Show
from formatters.cards import which
from formatters.document import Block, Bullets, Code, Document, Glyph, Inline, Item, Line, Mark, Paragraph, Person, line
from formatters.words import age, count, moment

_SHOWN = 15
"""Groups that are named; the rest are counted, so that the list stays one message."""
_HELD = 5
"""Cards held back that are named; likewise."""
_GLYPHS = {
    Severity.CRITICAL: Glyph.CRITICAL,
    Severity.WARNING: Glyph.WARN,
    Severity.INFO: Glyph.INFO,
    Severity.NONE: Glyph.WARN,
}
_STATES = {Show.SILENCED: (Glyph.SILENCED, "silenced"), Show.ACKED: (Glyph.ACKED, "acked")}
_WORDS = {**{severity: severity.value for severity in Severity}, Severity.NONE: "without severity"}


def alert_list(result: AlertList) -> Document:
    """Say what fires; where nothing does, only Alertmanager's own word is a green light."""
    blocks: list[Block] = []
    if shown := result.groups[:_SHOWN]:
        blocks.append(Bullets(tuple(_item(group, result) for group in shown)))
    if more := result.groups[_SHOWN:]:
        alerts = count(sum(group.number for group in more), "alert")
        blocks.append(Paragraph(line(f"…and {alerts} more in {count(len(more), 'group')}")))
    blocks += map(Paragraph, _below(result))
    return Document(result.verdict, _title(result), tuple(blocks))


def _title(result: AlertList) -> Line:
    where: Line = (" for ", Code(result.wanted)) if result.wanted else ()
    number = sum(group.number for group in result.groups)
    if result.prometheus:
        return line(Mark(Glyph.UNKNOWN), " What fires is not known: neither Alertmanager nor Prometheus answered")
    if not number:
        return _nothing(result, where)
    if result.show in _STATES:
        glyph, word = _STATES[result.show]
        return line(Mark(glyph), f" {count(number, 'alert')} {word}", *where)
    if loud := [group for group in result.groups if not (group.silenced or group.inhibited)]:
        worst = _GLYPHS[loud[0].severity]
        return line(Mark(worst), f" {count(_sum(loud), 'alert')} firing", *where, f" — {_severities(loud)}")
    return line(Mark(Glyph.SILENCED), f" {count(number, 'alert')}", *where, ", all of them muted")


def _nothing(result: AlertList, where: Line) -> Line:
    if result.show in _STATES:
        word = _STATES[result.show][1]
        if result.alertmanager:
            return line(Mark(Glyph.UNKNOWN), f" What is {word} is not known: Alertmanager did not answer")
        return line(Mark(Glyph.INFO), f" Nothing is {word}", *where)
    if result.alertmanager:
        return line(Mark(Glyph.UNKNOWN), " Prometheus says nothing fires", *where, ", Alertmanager did not answer")
    return line(Mark(Glyph.OK), " Nothing fires", *where)


def _severities(groups: list[Burning]) -> str:
    numbers: Counter[Severity] = Counter()
    for group in groups:
        numbers[group.severity] += group.number
    return ", ".join(f"{numbers[severity]} {_WORDS[severity]}" for severity in Severity if numbers[severity])


def _item(group: Burning, result: AlertList) -> Item:
    zone = ZoneInfo(result.zone)
    number = f" ({group.number})" if group.number > 1 else ""
    place = f" — {group.place}" if group.place else ""
    what = f"{number}{place}{f' #{group.card}' if group.card else ''}"
    since = f" · since {moment(group.since, result.as_of, zone)} ({age(result.as_of - group.since)})"
    word = "alert" if group.severity is Severity.NONE else group.severity.value
    parts: list[Inline] = [
        Mark(_GLYPHS[group.severity]),
        f" {word} ",
        Code(group.name),
        f"{what}{since}",
    ]
    return Item(tuple(parts), tuple(_standing(group, result)))


def _standing(group: Burning, result: AlertList) -> Iterator[Line]:
    if group.taken_by:
        yield line(Mark(Glyph.ACKED), " ", Person(group.taken_by), " on it")
    if group.silenced:
        until = f" until {moment(group.until, result.as_of, ZoneInfo(result.zone))}" if group.until else ""
        yield line(Mark(Glyph.SILENCED), f" silenced{until}")
    if group.inhibited:
        yield line("inhibited by a worse one")


def _below(result: AlertList) -> Iterator[Line]:
    left_out = [f"{result.silenced} silenced"] if result.silenced else []
    left_out += [f"{result.inhibited} inhibited by worse ones"] if result.inhibited else []
    if left_out:
        yield line(Mark(Glyph.SILENCED), f" {' · '.join(left_out)} · ", Code("!alerts all"))
    if result.held:
        yield _held(result)
    if result.alertmanager:
        told = "" if result.prometheus else " · told by Prometheus, which knows no silences"
        yield line("Alertmanager ", Mark(Glyph.UNKNOWN), f" {result.alertmanager.reason}{told}")
    if result.prometheus:
        yield line("Prometheus ", Mark(Glyph.UNKNOWN), f" {result.prometheus.reason}")
    if not result.groups and result.watchdog and not result.alertmanager:
        yield line("The Watchdog fires, as it should")


def _held(result: AlertList) -> Line:
    """Name the cards that the room does not see yet, so that they can be acted on."""
    until = f" until {moment(result.quiet_until, result.as_of, ZoneInfo(result.zone))}" if result.quiet_until else ""
    named = ", ".join(which(card) for card in result.held[:_HELD])
    more = f" and {len(result.held) - _HELD} more" if len(result.held) > _HELD else ""
    return line(Mark(Glyph.INFO), f" {count(len(result.held), 'card')} held back{until}: {named}{more}")


def _sum(groups: list[Burning]) -> int:
    return sum(group.number for group in groups)
