"""The words of `!secrets` and `!secrets resync`: what is wrong first."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from bot.core.facts import Verdict
from bot.core.syncs import Outcome, Sync
from commands.secrets import ResyncPlan, ResyncReport, SecretsReport
from formatters.document import (
    Block,
    Bullets,
    Code,
    Document,
    Glyph,
    Item,
    Line,
    Mark,
    Paragraph,
    Person,
    glyph_of,
    line,
)
from formatters.pickup import restarted, rollout_items, sync_words
from formatters.words import age, ago, count

_WRONG_SHOWN = 10


def secrets_report(report: SecretsReport) -> Document:
    """Name what is behind and why; the others one by one where a namespace was asked for, else in numbers."""
    syncs, wrong = report.found.syncs, report.found.behind
    well = [sync for sync in syncs if sync.synced]
    items = [Item(_wrong(sync, report.as_of), _from(sync)) for sync in wrong[:_WRONG_SHOWN]]
    items += [Item(line(f"… and {len(wrong) - _WRONG_SHOWN} more"))] * (len(wrong) > _WRONG_SHOWN)
    if report.target:
        items += [Item(_well(sync, report.as_of)) for sync in well]
    items += [
        Item(line(part.namespace or part.kind, " ", Mark(Glyph.UNKNOWN), f" {part.reason}"))
        for part in report.found.gaps
    ]
    blocks: list[Block] = [Bullets(tuple(items))] if items else []
    if not report.target:
        blocks += [Paragraph(words) for words in _numbers(well, report.as_of)]
    return Document(report.found.verdict, _title(report), tuple(blocks))


def _title(report: SecretsReport) -> Line:
    total, wrong = len(report.found.syncs), len(report.found.behind)
    where = (Code(str(report.target)), ": ") if report.target else ()
    if not total:
        words = "secrets could not be asked" if report.found.gaps else "no secrets to sync"
    elif wrong:
        words = f"{wrong} of {count(total, 'secret')} not synced"
    else:
        words = f"{total} of {count(total, 'secret')} synced"
    return (Mark(glyph_of(report.found.verdict)), " ", *where, words)


def _wrong(sync: Sync, now: datetime) -> Line:
    long = f" for {age(now - sync.since)}" if sync.since else ""
    return line(Code(sync.place), " ", Mark(Glyph.WARN), f"{long}: {sync.why or 'the operator does not say why'}")


def _from(sync: Sync) -> tuple[Line, ...]:
    return (line("from ", Code(sync.path)),)


def _well(sync: Sync, now: datetime) -> Line:
    return line(Code(sync.name), " ", Mark(Glyph.OK), f" {' · '.join((_source(sync), *_times((sync,), now)))}")


def _source(sync: Sync) -> str:
    """Return where it comes from; of a database role, its name."""
    return sync.path.replace("database/static-creds/", "role ")


def _numbers(well: list[Sync], now: datetime) -> Iterator[Line]:
    """Yield how many are well in each namespace, and when the dynamic ones were and will be renewed."""
    spaces = sorted(well, key=lambda sync: sync.namespace)
    parts = [f"{space} {len(tuple(each))}" for space, each in groupby(spaces, key=lambda sync: sync.namespace)]
    if parts:
        yield line("Synced: " + " · ".join(parts))
    if times := list(_times(well, now)):
        yield line(f"Dynamic: {' · '.join(times)}")


def _times(syncs: Iterable[Sync], now: datetime) -> Iterator[str]:
    """Yield when the longest unrenewed was renewed, and when the first is made anew."""
    syncs = tuple(syncs)
    if renewed := [sync.renewed for sync in syncs if sync.renewed]:
        yield f"renewed {ago(now - min(renewed))}"
    if ends := [sync.ends for sync in syncs if sync.ends]:
        first = min(ends)
        yield f"new in {age(first - now)}" if first > now else f"due {ago(now - first)}"


def resync_plan(plan: ResyncPlan) -> Document:
    """Ask, with what is restarted if the value is new."""
    sync = plan.sync
    state = () if sync.synced else (Paragraph(line(Mark(Glyph.WARN), f" not synced: {sync.why or 'no reason told'}")),)
    names = ", ".join(name for _, name in sync.targets)
    restarts = (Paragraph(line("A new value restarts ", Code(names))),) if names else ()
    title = line("Bring ", Code(sync.place), " anew from ", Code(sync.path), "?")
    return Document(Verdict.NONE, title, (*state, *restarts))


def resync_report(report: ResyncReport) -> Document:
    """Tell how far it is, or what came of it and who asked."""
    items = tuple(rollout_items(report.pickup))
    return Document(report.verdict, _resync_title(report), (Bullets(items),) if items else ())


def _resync_title(report: ResyncReport) -> Line:
    sync, number = report.pickup.syncs[0], restarted(report.pickup)
    name, rolling = Code(sync.place), f", restarts {number}" if number else ""
    if not report.over:
        return line(Mark(Glyph.RUNNING), " ", name, f" {sync_words(sync)}{rolling} · {age(report.took)}")
    nothing = sync.outcome is Outcome.WAITING and not sync.unknown
    long = f" in {age(report.took)}: the value is the same, or the operator does not look" if nothing else rolling
    glyph = Glyph.INFO if nothing and not number else glyph_of(report.verdict)
    return line(Mark(glyph), " ", name, f" {sync_words(sync)}{long} — by ", Person(report.by))
