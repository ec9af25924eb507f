"""The words of `!status`: what is wrong first, what is well in one line, the bot itself last."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from bot.core.facts import Unknown, Verdict
from bot.core.names import UserId
from bot.core.pods import Ending, Pod, Trouble
from bot.core.workloads import Workload
from commands.neighbours import NeighbourStatus
from commands.status import StatusReport
from commands.surveys import Unasked
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
    Person,
    glyph_of,
    line,
)
from formatters.words import age, ago, count

_WELL_SHOWN = 8
_BEHIND_SHOWN = 3
_STRANGERS_SHOWN = 5
_FIRST = (Verdict.BAD, Verdict.UNKNOWN, Verdict.WARN, Verdict.OK)


def status_report(report: StatusReport) -> Document:
    """Put a status into words."""
    items = tuple(_items(report))
    well = _well(report)
    blocks: list[Block] = [Bullets(items)] if items else []
    if well:
        blocks.append(Paragraph(line(well)))
    blocks += map(Paragraph, _secrets(report))
    blocks.append(Paragraph(_me(report)))
    if not isinstance(report.me, Unknown) and report.me.strangers:
        blocks.append(Paragraph(_strangers(report.me.strangers)))
    return Document(report.verdict, _title(report), tuple(blocks))


def _title(report: StatusReport) -> Line:
    where = (Code(str(report.target)), ": ") if report.target else ()
    return (Mark(glyph_of(report.verdict)), " ", *where, ", ".join(_headline(report)))


def _headline(report: StatusReport) -> Iterator[str]:
    found = [workload for namespace in report.namespaces for workload in namespace.workloads]
    wrong = sum(workload.verdict is not Verdict.OK for workload in found)
    if report.target and report.target.name and len(found) == 1:
        yield f"{found[0].ready}/{found[0].wanted} ready"
    elif wrong:
        yield f"{wrong} of {count(len(found), 'service')} {'needs' if wrong == 1 else 'need'} a look"
    elif found:
        yield f"{count(len(found), 'service')} fine"
    else:
        yield f"Kubernetes: {report.gaps[0].reason}" if report.gaps else "nothing runs there"
    if report.gaps and found:
        yield "not all could be asked"
    if report.secrets.behind:
        yield f"{count(len(report.secrets.behind), 'secret')} behind"
    if any(each.verdict is Verdict.BAD for each in report.neighbours):
        yield "OpenBao sealed"
    silent = [each.name for each in report.neighbours if each.verdict is Verdict.UNKNOWN]
    if silent and not wrong:
        yield f"{silent[0] if len(silent) == 1 else count(len(silent), 'neighbour')} not answered"


def _items(report: StatusReport) -> Iterator[Item]:
    rows: list[tuple[Verdict, Item]] = [(Verdict.UNKNOWN, item) for item in _gaps(report.gaps)]
    for namespace in report.namespaces:
        if not namespace.workloads and not namespace.gap:
            rows.append((Verdict.UNKNOWN, _item(Verdict.UNKNOWN, namespace.name, ("nothing runs there",))))
        rows += ((each.verdict, _trouble(each, report.as_of)) for each in namespace.workloads if each.verdict != "ok")
    yield from (item for verdict in _FIRST for told, item in rows if told is verdict)
    if report.target and report.target.name:
        chosen = (workload for namespace in report.namespaces for workload in namespace.workloads)
        yield from (_pod(pod, report.as_of) for workload in chosen for pod in workload.pods)


def _item(verdict: Verdict, name: str, words: Line, below: Iterable[Line] = ()) -> Item:
    return Item((Code(name), " ", Mark(glyph_of(verdict)), " ", *words), tuple(below))


def _gaps(gaps: tuple[Unasked, ...]) -> Iterator[Item]:
    """Tell each reason once: when Kubernetes does not answer, it does not answer about anything."""
    for (where, reason), parts in groupby(sorted(gaps, key=_gap), key=_gap):
        kinds = [part.kind for part in parts]
        if where:
            yield _item(Verdict.UNKNOWN, where, (f"could not ask: {reason}",))
        else:
            below = [] if len(kinds) > 1 else [line(f"asked for {kinds[0]}")]
            yield Item(("Kubernetes ", Mark(Glyph.UNKNOWN), f" {reason}"), tuple(below))


def _gap(part: Unasked) -> tuple[str, str]:
    return part.namespace, part.reason


def _trouble(workload: Workload, now: datetime) -> Item:
    if not workload.troubles:
        return _item(
            workload.verdict, workload.place, (f"{workload.ready}/{workload.wanted} ready, no pod for the rest",)
        )
    pod, trouble = workload.troubles[0]
    return _item(workload.verdict, workload.place, line(_what(workload, trouble, now)), _restarts(pod, trouble, now))


def _what(workload: Workload, trouble: Trouble, now: datetime) -> str:
    ready = f"{workload.ready}/{workload.wanted} ready"
    long = f" for {age(now - trouble.since)}" if trouble.since else ""
    if trouble.settles:
        return f"{ready}{long}" if trouble.reason == "NotReady" else f"{ready} · {trouble.reason}{long}"
    if trouble.reason == "Restarted":
        return f"restarted {ago(now - trouble.since)}" if trouble.since else "restarted"
    return f"{trouble.reason}{long} · {ready}" if workload.ready or workload.wanted > 1 else f"{trouble.reason}{long}"


def _restarts(pod: Pod, trouble: Trouble, now: datetime) -> Iterator[Line]:
    if trouble.last is None and not pod.restarts:
        return
    words = [count(pod.restarts, "restart")] if pod.restarts else []
    if trouble.last:
        words.append(_ending(trouble.last, now, again=bool(pod.restarts)))
    yield line(", ".join(words))


def _ending(last: Ending, now: datetime, *, again: bool) -> str:
    when = f"last {ago(now - last.at)}: " if again and last.at else ""
    how = "" if last.exit_code is None else f"exit {last.exit_code}"
    why = last.reason if last.reason not in ("", "Error", "Completed") else ""
    return when + (", ".join(part for part in (why, how) if part) or "ended")


def _pod(pod: Pod, now: datetime) -> Item:
    since = f" · {age(now - pod.created)} old" if pod.created else ""
    words = f"{'ready' if pod.ready else 'not ready'}{since} · {count(pod.restarts, 'restart')}"
    verdict = pod.trouble.verdict if pod.trouble else Verdict.OK
    return _item(verdict, pod.name, line(words))


def _well(report: StatusReport) -> str:
    """Return one line of what is well: namespaces, or the workloads of the one asked for."""
    if report.target and report.target.name:
        return ""
    if report.target:
        found = (each for namespace in report.namespaces for each in namespace.workloads)
        parts = [f"{each.owner.name} {each.ready}/{each.wanted}" for each in found if each.verdict is Verdict.OK]
    else:
        parts = [f"{each.name} {each.ready}/{each.wanted}" for each in report.namespaces if each.verdict is Verdict.OK]
    more = len(parts) - _WELL_SHOWN
    return " · ".join([*parts[:_WELL_SHOWN], f"{more} more fine"] if more > 1 else parts)


def _secrets(report: StatusReport) -> Iterator[Line]:
    """Yield the lines about secrets; none for a part of the house that has none, or for a silence told already."""
    secrets, now, quiet = report.secrets, report.as_of, report.target is not None
    reasons = sorted({part.reason for part in secrets.gaps} - {part.reason for part in report.gaps})
    if secrets.syncs:
        behind = secrets.behind
        total = len(secrets.syncs)
        words = f"Secrets: {total - len(behind)}/{total} synced"
        lagging = ", ".join(_behind(each.namespace, each.name, each.since, now) for each in behind[:_BEHIND_SHOWN])
        more = len(behind) - _BEHIND_SHOWN
        yield line(words + (f" — {lagging}" if lagging else "") + (f", {more} more" if more > 0 else ""))
    elif not quiet and not secrets.gaps:
        yield line("Secrets: none to sync")
    if reasons:
        yield line("Secrets ", Mark(Glyph.UNKNOWN), f" {'; '.join(reasons)}")


def _behind(namespace: str, name: str, since: datetime | None, now: datetime) -> str:
    return f"{namespace}/{name} {age(now - since)} old" if since else f"{namespace}/{name}"


def _me(report: StatusReport) -> Line:
    if isinstance(report.me, Unknown):
        return (*line("Me: ", Mark(Glyph.UNKNOWN), f" {report.me.reason} · "), *_neighbours(report.neighbours))
    outbox, sync = report.me.outbox, report.me.sync_age
    waiting = f"outbox {outbox.waiting}" + (f", oldest {age(outbox.oldest)}" if outbox.waiting else "")
    heard = f"sync {age(sync)}" if sync is not None else "no sync yet"
    return (f"Me: {waiting} · {heard} · ", *_database(report.me.database), *_neighbours(report.neighbours))


def _database(problem: Unknown | None) -> Line:
    return ("database ", Mark(Glyph.FAILED), f" {problem.reason} · ") if problem else ()


def _strangers(users: tuple[UserId, ...]) -> Line:
    parts: list[Inline] = ["In the room, but not in ", Code("people"), ":"]
    for user in users[:_STRANGERS_SHOWN]:
        parts += [" ", Person(user)]
    more = len(users) - _STRANGERS_SHOWN
    return (*parts, f" and {more} more") if more > 0 else tuple(parts)


def _neighbours(neighbours: tuple[NeighbourStatus, ...]) -> Line:
    parts: list[Inline] = []
    for each in neighbours:
        parts += [f"{' ' if parts else ''}{each.name} ", Mark(glyph_of(each.verdict))]
        if isinstance(each.state, Unknown):
            parts.append(f" {each.state.reason}")
        elif each.state is Verdict.BAD:
            parts.append(" sealed")
    return tuple(parts)
