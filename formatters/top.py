"""The words of `!top`: the nodes, what is nearly full, and who uses most."""

from collections.abc import Iterator

from bot.core.facts import Unknown, Verdict
from bot.core.usage import Usage
from commands.top import By, TopReport
from formatters.document import Bullets, Code, Document, Glyph, Inline, Item, Line, Mark, Paragraph, glyph_of, line
from formatters.words import count, size

_SHOWN = 8
"""Pods that are named: more do not fit a screen, and those below use little."""


def top_report(report: TopReport) -> Document:
    """Say what is used."""
    items = [*_nodes(report), *_pods(report)]
    more = 0 if isinstance(report.pods, Unknown) else len(report.pods) - _SHOWN
    below = (Paragraph(line(f"{count(more, 'pod')} more use less")),) if more > 0 else ()
    return Document(report.verdict, _title(report), (*((Bullets(tuple(items)),) if items else ()), *below))


def _title(report: TopReport) -> Line:
    where: tuple[Inline, ...] = (" — ", Code(str(report.target))) if report.target else ()
    return (Mark(glyph_of(report.verdict)), f" {_headline(report)}", *where)


def _headline(report: TopReport) -> str:
    if isinstance(report.pods, Unknown) and isinstance(report.nodes, Unknown):
        return f"What is used is not known: {report.pods.reason}"
    if report.full:
        return f"{count(len(report.full), 'thing')} nearly out of memory"
    if isinstance(report.nodes, Unknown) or report.target:
        return _total(() if isinstance(report.pods, Unknown) else report.pods)
    fullest = max(report.nodes, key=lambda node: node.filled or 0, default=None)
    if fullest is None or fullest.filled is None or not fullest.cpu_of:
        return _total(() if isinstance(report.pods, Unknown) else report.pods)
    return f"{fullest.name}: memory {fullest.filled:.0%} · CPU {fullest.cpu / fullest.cpu_of:.0%}"


def _total(pods: tuple[Usage, ...]) -> str:
    memory, cpu = size(sum(each.memory for each in pods)), sum(each.cpu for each in pods)
    return f"{count(len(pods), 'pod')}: memory {memory} · CPU {cpu:.2f}"


def _nodes(report: TopReport) -> Iterator[Item]:
    if report.target:
        return
    if isinstance(report.nodes, Unknown):
        if not isinstance(report.pods, Unknown):
            yield Item(("Nodes ", Mark(Glyph.UNKNOWN), f" {report.nodes.reason}"))
        return
    yield from (_item(each, By.MEMORY) for each in report.nodes)


def _pods(report: TopReport) -> Iterator[Item]:
    if isinstance(report.pods, Unknown):
        if not isinstance(report.nodes, Unknown):
            yield Item(("Pods ", Mark(Glyph.UNKNOWN), f" {report.pods.reason}"))
        return
    yield from (_item(each, report.by) for each in report.pods[:_SHOWN])


def _item(usage: Usage, by: By) -> Item:
    sign: tuple[Inline, ...] = (Mark(Glyph.WARN), " ") if usage.verdict is Verdict.WARN else ()
    parts = [_memory(usage), f"CPU {_cores(usage)}"]
    words = " · ".join(parts if by is By.MEMORY else reversed(parts))
    return Item((Code(f"{usage.namespace}/{usage.name}" if usage.namespace else usage.name), " ", *sign, words))


def _memory(usage: Usage) -> str:
    if usage.memory_of is None or usage.filled is None:
        return size(usage.memory)
    return f"{size(usage.memory)} of {size(usage.memory_of)} ({usage.filled:.0%})"


def _cores(usage: Usage) -> str:
    used = f"{usage.cpu:.2f}".rstrip("0").rstrip(".") or "0"
    return f"{used} of {usage.cpu_of:g}" if usage.cpu_of else used
