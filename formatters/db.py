"""The words of `!db` and `!db connections`."""

from collections.abc import Iterator, Mapping

from bot.core.connections import Application, Leak
from bot.core.facts import Unknown, Verdict
from bot.core.findings import CnpgFinding
from commands.db import ConnectionReport, Database, DatabaseReport
from formatters.document import Block, Bullets, Code, Document, Glyph, Item, Line, Mark, Paragraph, glyph_of, line
from formatters.findings import archive_words, backup_words, connection_words, finding_words, joined
from formatters.words import age, count

_SHOWN = 8
_NEXT = Paragraph(line("next: ", Code("!db connections"), ", ", Code("!backup")))


def database_report(report: DatabaseReport) -> Document:
    """Say each part with its number, what is wrong marked."""
    databases = report.databases
    if len(databases) == 1:
        items = tuple(map(Item, _parts(databases[0])))
        blocks: tuple[Block, ...] = (Bullets(items), _NEXT) if items else (_NEXT,)
        return Document(report.verdict, _title(databases[0]), blocks)
    well = sum(each.verdict is Verdict.OK for each in databases)
    title = line(Mark(glyph_of(report.verdict)), f" {well} of {count(len(databases), 'database')} fine")
    rows = tuple(Item(_title(each), tuple(_parts(each))) for each in databases)
    return Document(report.verdict, title, (Bullets(rows), _NEXT))


def _title(each: Database) -> Line:
    """Return what is not well about it; where all is, the numbers that matter most."""
    found = each.finding
    mark = (Mark(glyph_of(each.verdict)), " ", Code(each.place), ": ")
    if isinstance(found, Unknown):
        return (*mark, *finding_words(found))
    wrong = [words for name, words in _words(each, found).items() if found.verdicts[name] is not Verdict.OK]
    wrong += [("the primary changes",)] if each.becomes else []
    usual = ((f"{found.ready}/{found.instances} ready",), connection_words(*_connections(found)))
    return (*mark, *joined(wrong or usual))


def _parts(each: Database) -> Iterator[Line]:
    found = each.finding
    if isinstance(found, Unknown):
        return
    for name, words in _words(each, found).items():
        # What is not known says so itself.
        known = found.verdicts[name] is not Verdict.UNKNOWN
        yield (*((Mark(glyph_of(found.verdicts[name])), " ") if known else ()), *words)


def _words(each: Database, found: CnpgFinding) -> Mapping[str, Line]:
    return {
        "phase": (Code(found.phase or "no phase is told"),),
        "instances": (f"{found.ready}/{found.instances}", *_primary(each)),
        "archiving": archive_words(found.archiving),
        "backup": backup_words(found.last_backup, found.last_failure, found.as_of),
        "connections": connection_words(*_connections(found)),
    }


def _primary(each: Database) -> Iterator[str | Code | Mark]:
    if each.becomes:
        yield from (" · ", Mark(Glyph.WARN), " primary ", Code(each.primary or "none"), " becomes ", Code(each.becomes))
    elif each.primary:
        yield from (" · primary ", Code(each.primary))


def _connections(found: CnpgFinding) -> tuple[int | Unknown, int | Unknown]:
    return found.connections, found.max_connections


def connection_report(report: ConnectionReport) -> Document:
    """Say how many of how many, then who has them, and who does not give them back."""
    who = () if isinstance(report.applications, Unknown) else report.applications
    leaking = [each for each in who if each.leaks]
    suspects: Line = (" · ", Code(leaking[0].name), f" {leaking[0].leaks[0].value}") if leaking else ()
    words = connection_words(report.used, report.most)
    title = line(Mark(glyph_of(report.verdict)), " ", Code(report.place), ": ", *words, *suspects)
    shown = [*leaking, *(each for each in who if not each.leaks)][:_SHOWN]
    blocks: list[Block] = [Bullets(tuple(Item(_application(each)) for each in shown))] if shown else []
    if rest := len(who) - len(shown):
        others = sum(each.used for each in who) - sum(each.used for each in shown)
        blocks.append(Paragraph(line(f"{rest} more with {count(others, 'connection')}")))
    # Where nobody could be asked at all, the title says it.
    gaps = report.gaps if who else ()
    blocks += [Paragraph(line(Mark(Glyph.UNKNOWN), f" {gap.what}: {gap.reason}")) for gap in gaps]
    if leaking:
        blocks.append(Paragraph(line("A restart of who leaks gives them back: ", Code("!restart ns/name"))))
    return Document(report.verdict, title, tuple(blocks))


def _application(each: Application) -> Line:
    mark = (Mark(Glyph.WARN), " ") if each.leaks else ()
    states = ", ".join(f"{number} {state}" for state, number in each.states.items())
    waits = f" · transaction open for {age(each.longest)}" if each.longest is not None else ""
    grew = f" · +{each.grew} in an hour" if Leak.GROWS in each.leaks else ""
    return line(*mark, Code(each.name), f" {each.used}: {states}{waits}{grew}")
