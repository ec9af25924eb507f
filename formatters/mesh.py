"""The words for how Linkerd is: what is not well by name, of what is well only how many."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from bot.core.facts import Unknown, Verdict
from bot.core.findings import MeshFinding, ReadyFinding, verdict_of
from formatters.document import Code, Glyph, Inline, Line, Mark, glyph_of, line
from formatters.words import age, ago, count

_NAMED = 3


def ready_words(found: ReadyFinding) -> Line:
    """Return how many of its pods a workload has ready."""
    return line(f"{found.ready}/{found.wanted} ready" if found.wanted else "scaled to 0")


def mesh_words(found: MeshFinding) -> Iterator[Line]:
    """Yield how the control plane, the certificates and the proxies are."""
    well = sum(verdict_of(each) is Verdict.OK for each in found.control.values())
    yield line(f"control plane {well}/{len(found.control)}")
    for name, part in found.control.items():
        if verdict_of(part) is not Verdict.OK:
            told = line(part.reason) if isinstance(part, Unknown) else ready_words(part)
            yield line(Code(name), " ", Mark(glyph_of(verdict_of(part))), " ", *told)
    yield from _ends(found)
    if isinstance(found.meshed, Unknown):
        yield line(Mark(Glyph.UNKNOWN), f" proxies: {found.meshed.reason}")
    elif found.bare:
        yield line(f"{count(len(found.bare), 'pod')} without proxy: ", *some(found.bare))
    else:
        yield line(f"{count(found.meshed, 'proxy', 'proxies')}")


def _ends(found: MeshFinding) -> Iterator[Line]:
    """Yield the certificate that ends first, and each that nobody could tell of."""
    known = {name: end for name, end in found.ends.items() if not isinstance(end, Unknown)}
    if known:
        first = min(known, key=lambda name: known[name])
        left = known[first] - found.as_of
        yield line(Code(first), f" ended {ago(-left)}" if left <= timedelta(0) else f" ends in {age(left)}")
    for name, end in found.ends.items():
        if isinstance(end, Unknown):
            yield line(Code(name), " ", Mark(Glyph.UNKNOWN), f" {end.reason}")


def some(names: Sequence[str]) -> Iterator[Inline]:
    """Yield the first few names, and how many more there are."""
    for number, name in enumerate(names[:_NAMED]):
        if number:
            yield ", "
        yield Code(name)
    if len(names) > _NAMED:
        yield f" and {len(names) - _NAMED} more"
