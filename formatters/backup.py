"""The words of `!backup` and `!backup now`."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.core.backups import WAL_FAILS, YEAR, Backup, Schedule, Watch, span
from bot.core.facts import Unknown, Verdict
from commands.backup import BackupReport, DatabaseBackups
from commands.backupnow import BackupPlan, BackupRun
from formatters.document import (
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
from formatters.findings import archive_words, backup_words, joined
from formatters.words import age, ago, count, moment

_METHODS = {
    "plugin": "Through the Barman Cloud plugin",
    "barmanObjectStore": "To the cluster's own object store",
    "volumeSnapshot": "As a snapshot of its volumes",
}

_MOST = 5


def backup_report(report: BackupReport) -> Document:
    """Say how old the last good one is, then how far back it reaches, what comes next and how long they are kept."""
    databases = report.databases
    if len(databases) == 1:
        items = tuple(Item(words) for words in _parts(databases[0], report))
        return Document(report.verdict, _title(databases[0]), (Bullets(items),))
    well = sum(each.verdict is Verdict.OK for each in databases)
    title = line(Mark(glyph_of(report.verdict)), f" Backups of {well} of {count(len(databases), 'database')} fine")
    items = tuple(Item(_title(each), tuple(_parts(each, report))) for each in databases)
    return Document(report.verdict, title, (Bullets(items),))


def _title(each: DatabaseBackups) -> Line:
    kept = each.recovery
    words = joined((backup_words(kept.last, kept.failed, each.as_of), archive_words(each.archiving), *_doubts(each)))
    by = (" by ", Code(each.by)) if each.by else ()
    return (Mark(glyph_of(each.verdict)), " ", Code(each.place), *by, ": ", *words)


def _doubts(each: DatabaseBackups) -> Iterator[Line]:
    """Yield what else makes the verdict."""
    if isinstance(each.recovery.first, Unknown) and not isinstance(each.recovery.last, Unknown):
        yield line("how far back is not known")
    if each.schedule is None or (isinstance(each.schedule, Schedule) and each.schedule.suspended):
        yield line("none to come")
    elif isinstance(each.schedule, Unknown) or each.schedule.verdict(each.as_of) is Verdict.UNKNOWN:
        yield line("the next is not known")
    elif each.schedule.verdict(each.as_of) is not Verdict.OK:
        yield line("the next is overdue")
    if isinstance(each.newest, Backup) and each.newest.verdict is Verdict.BAD and not each.recovery.failed:
        yield line("the last try failed")
    if each.failing:
        yield line(f"barman fails {count(len(each.failing), 'check')}")


def _parts(each: DatabaseBackups, report: BackupReport) -> Iterator[Line]:
    zone, now, kept = ZoneInfo(report.zone), report.as_of, each.recovery
    if isinstance(kept.last, Unknown):
        yield line("last good ", Mark(Glyph.UNKNOWN), f" {kept.last.reason}")
    else:
        yield line(f"last good {moment(kept.last, now, zone)}")
    if isinstance(kept.first, Unknown):
        yield line("goes back to ", Mark(Glyph.UNKNOWN), f" {kept.first.reason}")
    else:
        yield line(f"goes back to {moment(kept.first, now, zone)}, {age(now - kept.first)}")
    yield _next(each, report)
    if words := _newest(each.newest, each):
        yield words
    if each.failing:
        more = f" …and {len(each.failing) - _MOST} more" if len(each.failing) > _MOST else ""
        yield line("checks that fail: ", f"{', '.join(each.failing[:_MOST])}{more}")
    yield _kept(kept.kept, report.needed_years)


def _next(each: DatabaseBackups, report: BackupReport) -> Line:
    if isinstance(each.schedule, Unknown):
        return line("next ", Mark(Glyph.UNKNOWN), f" {each.schedule.reason}")
    if each.schedule is None:
        return line("next ", Mark(Glyph.WARN), " none: nothing is scheduled")
    if isinstance(each.schedule, Watch):
        overdue = (Mark(Glyph.WARN), " overdue: ") if each.schedule.late else ()
        return line("next ", *overdue, f"barman warns after {each.schedule.limit} without one")
    name = Code(each.schedule.name)
    if each.schedule.suspended:
        return line("next ", Mark(Glyph.WARN), " none: ", name, " is suspended")
    if each.schedule.next is None:
        return line("next ", Mark(Glyph.UNKNOWN), " ", name, " does not say")
    late = each.schedule.verdict(each.as_of) is not Verdict.OK
    when = moment(each.schedule.next, report.as_of, ZoneInfo(report.zone))
    return line("next ", *((Mark(Glyph.WARN), " overdue since ") if late else ()), f"{when} · ", name)


def _newest(newest: Backup | Unknown | None, each: DatabaseBackups) -> Line | None:
    """Return what the last attempt was, where it is not the last good one."""
    if isinstance(newest, Unknown):
        return line("last try ", Mark(Glyph.UNKNOWN), f" {newest.reason}")
    if newest is None or newest.verdict is Verdict.OK:
        return None
    if newest.verdict is Verdict.BAD:
        return line("last try ", Mark(Glyph.FAILED), " ", Code(newest.name), f" {_why(newest)}")
    since = f", {age(each.as_of - newest.started)}" if newest.started else ""
    return line("now ", Mark(Glyph.RUNNING), " ", Code(newest.name), f" {newest.phase or 'not begun'}{since}")


def _kept(kept: str | Unknown, needed_years: int | None) -> Line:
    if isinstance(kept, Unknown):
        return line("kept ", Mark(Glyph.UNKNOWN), f" {kept.reason}")
    keeps = span(kept)
    needed = needed_years * YEAR if needed_years else timedelta(0)
    if keeps is None or keeps >= needed:
        return line("kept ", Code(kept))
    years = count(needed_years or 0, "year")
    return line("kept ", Mark(Glyph.WARN), f" {age(keeps)}, but {years} are needed: what is older is gone")


def backup_plan(plan: BackupPlan) -> Document:
    """Ask, with how it is taken and how old the last one is."""
    method = _METHODS.get(plan.method, plan.method)
    last = "none is known" if isinstance(plan.last, Unknown) else ago(plan.as_of - plan.last)
    lines = [line(f"{method} · last good {last}")]
    if plan.running:
        lines.append(line("One runs already: ", Code(plan.running)))
    return Document(Verdict.NONE, line("Back ", Code(plan.place), " up now?"), tuple(map(Paragraph, lines)))


def backup_run(run: BackupRun) -> Document:
    """Tell how far it is, or how it ended and who asked."""
    name, by = Code(run.place), (" — by ", Person(run.by))
    below: tuple[Paragraph, ...] = (Paragraph(line("As ", Code(run.backup.name))),)
    if not run.over:
        doubt = f" · could not ask: {run.unknown.reason}" if run.unknown else ""
        phase = run.backup.phase or "asked for"
        title = line(Mark(Glyph.RUNNING), " Backing up ", name, f": {phase} · {age(run.took)}{doubt}")
        return Document(Verdict.NONE, title, below)
    match run.verdict:
        case Verdict.OK:
            words = line(Mark(Glyph.OK), " ", name, f" backed up in {age(_took(run))}", *by)
        case Verdict.BAD:
            words = line(Mark(Glyph.FAILED), " ", name, f" not backed up: {_why(run.backup)}", *by)
        case _:
            why = run.unknown.reason if run.unknown else f"{run.backup.phase or 'not begun'} after {age(run.took)}"
            words = line(Mark(Glyph.UNKNOWN), " ", name, f" backup not over: {why}", *by)
            below = (*below, Paragraph(line(Code(f"!backup {run.place}"), " tells when it is")))
    return Document(run.verdict, words, below)


def _took(run: BackupRun) -> timedelta:
    """Return how long it took by CloudNativePG's own clock; by ours where that does not say."""
    started, stopped = run.backup.started, run.backup.stopped
    return stopped - started if started and stopped else run.took


def _why(backup: Backup) -> str:
    if backup.phase == WAL_FAILS:
        return "the write-ahead log cannot be archived, it waits for that"
    return backup.error or f"{backup.phase}, and does not say why"
