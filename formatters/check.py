"""The words of `!check`: the verdict, then trouble and silence in full, then what is well, folded to fit a phone."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from bot.core.facts import Unknown, Verdict
from commands.check import CheckReport, ServiceCheck
from formatters.document import (
    Block,
    Bullets,
    Code,
    Document,
    Glyph,
    Inline,
    Item,
    Line,
    Mark,
    Paragraph,
    glyph_of,
    line,
)
from formatters.findings import finding_words
from formatters.words import count

_FIRST = (Verdict.BAD, Verdict.UNKNOWN, Verdict.WARN)
_WORDS = {Verdict.BAD: "down", Verdict.UNKNOWN: "not answered", Verdict.WARN: "to look at"}
_FOLDED = 3
"""So many services that are silent for the same reason share an item."""


def check_report(report: CheckReport) -> Document:
    """Put a check into words: one line a service, healthy namespaces folded when the whole house was asked."""
    wrong = [service for verdict in _FIRST for service in report.services if service.verdict is verdict]
    items = [*_wrong(wrong, whole=report.target is None), *_fine(report)]
    blocks: list[Block] = [Bullets(tuple(items))] if items else []
    if report.unprobed and report.services:
        blocks.append(Paragraph(line(f"No probes, so nothing known: {' · '.join(report.unprobed)}")))
    if wrong:
        spaces = dict.fromkeys(service.namespace for service in wrong)
        blocks.append(Paragraph(("next: ", *_commands(tuple(spaces)))))
    return Document(report.verdict, _title(report), tuple(blocks))


def _title(report: CheckReport) -> Line:
    mark = (Mark(glyph_of(report.verdict)), " ")
    if not report.services:
        return (*mark, Code(str(report.target)), ": no probes, so nothing is known")
    tally = Counter(service.verdict for service in report.services)
    where = (Code(str(report.target)), ": ") if report.target else ()
    fine = f"{tally[Verdict.OK]} of {count(len(report.services), 'service')} fine"
    if report.target:
        fine = f"{tally[Verdict.OK]} of {len(report.services)} fine"
    rest = (f"{tally[verdict]} {_WORDS[verdict]}" for verdict in _FIRST if tally[verdict])
    return (*mark, *where, ", ".join([fine, *rest]))


def _wrong(services: Sequence[ServiceCheck], *, whole: bool) -> Iterator[Item]:
    """Yield trouble in full; services that are silent for one and the same reason share an item when they are many."""
    groups: dict[str, list[ServiceCheck]] = defaultdict(list)
    for service in services:
        finding = service.finding
        reason = finding.reason if isinstance(finding, Unknown) else f"{service.namespace}/{service.service}"
        groups[reason].append(service)
    for reason, group in groups.items():
        if len(group) < _FOLDED:
            yield from (_item(service, whole=whole) for service in group)
        else:
            head = (f"{count(len(group), 'service')} ", Mark(Glyph.UNKNOWN), f" {reason}")
            yield Item(head, tuple(_names(group, whole=whole)))


def _names(services: Sequence[ServiceCheck], *, whole: bool) -> Iterator[Line]:
    spaces: dict[str, list[str]] = defaultdict(list)
    for service in services:
        spaces[service.namespace].append(service.service)
    for space, names in spaces.items():
        yield line(*((f"{space}: ",) if whole else ()), ", ".join(names))


def _fine(report: CheckReport) -> Iterator[Item]:
    fine = [service for service in report.services if service.verdict is Verdict.OK]
    if report.target:
        yield from (_item(service, whole=False) for service in fine)
        return
    spaces: dict[str, list[str]] = defaultdict(list)
    for service in fine:
        spaces[service.namespace].append(service.service)
    for space, names in spaces.items():
        yield Item((Code(space), " ", Mark(Glyph.OK), f" {' · '.join(names)}"))


def _item(service: ServiceCheck, *, whole: bool) -> Item:
    name = f"{service.namespace}/{service.service}" if whole else service.service
    return Item((Code(name), " ", Mark(glyph_of(service.verdict)), " ", *finding_words(service.finding)))


def _commands(spaces: tuple[str, ...]) -> Line:
    parts: list[Inline] = []
    for space in spaces[:3]:
        parts += [", "] * bool(parts) + [Code(f"!status {space}")]
    return tuple(parts)
