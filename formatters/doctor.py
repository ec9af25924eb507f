"""What the bot may do and whom it reaches: what has to be changed first, then what did not answer."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from bot.core.facts import Unknown, Verdict
from bot.core.message import File
from bot.core.permissions import Refused
from bot.core.powers import Lack, Power
from commands.doctor import AlertPath, DoctorReport, LoginCheck, Pointing, RoomCheck, SecondChannelCheck, Unfit
from formatters.document import Block, Bullets, Code, Document, Item, Line, Mark, Paragraph, glyph_of, line
from formatters.words import count, sparkle

_NAMES_SHOWN = 3
_FIRST = (Verdict.BAD, Verdict.WARN, Verdict.UNKNOWN)
_POWERS = {
    Power.POST: "post",
    Power.REACT: "react",
    Power.REDACT: "take back what others wrote",
    Power.PIN: "pin the board",
}

_POLICY = ": write deploy/openbao-policy.hcl again"

Row = tuple[str, Verdict, Line]
"""What it is about, how it is, and the words that follow."""


def doctor_report(report: DoctorReport) -> Document:
    """Put it into words."""
    rows = list(_rows(report))
    wrong = [row for verdict in _FIRST for row in rows if row[1] is verdict]
    blocks: list[Block] = [Bullets(tuple(_item(row) for row in wrong))] if wrong else []
    blocks += map(Paragraph, _notes(report))
    if fine := [name for name, verdict, _ in rows if verdict is Verdict.OK]:
        blocks.append(Paragraph(line(f"Fine: {' · '.join(fine)}")))
    file = File("opsbot-rules.yaml", rules(_refused(report))) if _refused(report) else None
    return Document(report.verdict, _title(report, rows), tuple(blocks), file)


def rules(refused: Iterable[Refused]) -> str:
    """Return the RBAC rules that are missing, as YAML, each under the role it belongs to."""
    ordered = sorted(refused, key=_place)
    lines: list[str] = []
    for namespace, parts in groupby(ordered, key=lambda each: each.namespace):
        role = f"Role opsbot in {namespace}" if namespace else "ClusterRole opsbot-look"
        lines.append(f"# {role}")
        for (_, group, resource, names), same in groupby(parts, key=_place):
            verbs = dict.fromkeys(each.verb for each in same)
            lines.append(f'- apiGroups: ["{group}"]')
            lines.append(f"  resources: [{resource}]")
            lines += [f"  resourceNames: [{', '.join(names)}]"] if names else []
            lines.append(f"  verbs: [{', '.join(verbs)}]")
    return "\n".join((*lines, ""))


def _place(each: Refused) -> tuple[str, str, str, tuple[str, ...]]:
    return each.namespace, each.group, each.resource, each.names


def _title(report: DoctorReport, rows: list[Row]) -> Line:
    change = sum(verdict in {Verdict.BAD, Verdict.WARN} for _, verdict, _ in rows)
    silent = sum(verdict is Verdict.UNKNOWN for _, verdict, _ in rows)
    words = [f"{count(change, 'thing')} to change"] if change else []
    words += [f"{silent} not answered"] if silent else []
    well = f"Nothing to change, {count(report.commands, 'command')} may ask Kubernetes{sparkle(plain=report.plain)}"
    return line(Mark(glyph_of(report.verdict)), f" {', '.join(words) or well}")


def _item(row: Row) -> Item:
    name, verdict, words = row
    return Item((name, " ", Mark(glyph_of(verdict)), " ", *words))


def _rows(report: DoctorReport) -> Iterator[Row]:
    yield from _cluster(report)
    if isinstance(report.rooms, tuple):
        yield from (row for room in report.rooms for row in _room(room))
    else:
        yield _missing("Homeserver", report.rooms)
    for each in report.neighbours:
        if isinstance(each.state, Unknown):
            yield _missing(each.name, each.state)
        else:
            yield each.name, each.state, line("sealed") if each.state is Verdict.BAD else ()
    yield from _login(report.login)
    yield _alerts(report.alerts)
    yield from _second(report.second)


def _cluster(report: DoctorReport) -> Iterator[Row]:
    if not isinstance(report.refused, tuple):
        yield _missing("Kubernetes", report.refused)
        return
    version = f"Kubernetes {report.cluster}" if isinstance(report.cluster, str) else "Kubernetes"
    if not report.hindered:
        yield version, Verdict.OK, ()
    for (commands, verb, resource), parts in groupby(report.hindered, key=_what):
        called = " ".join(f"!{command}" for command in commands)
        yield called, Verdict.WARN, line(f"may not {verb} ", Code(resource), f" in {_where(tuple(parts))}")


def _what(each: Refused) -> tuple[tuple[str, ...], str, str]:
    return each.commands, each.verb, each.resource


def _where(parts: tuple[Refused, ...]) -> str:
    """Return the places, few of them by name: `ory/hydra, ory/kratos`, `data`, `all namespaces`."""
    places = [f"{each.namespace}/{name}" for each in parts for name in each.names]
    places += [each.namespace or "all namespaces" for each in parts if not each.names]
    more = len(places) - _NAMES_SHOWN
    return ", ".join(places[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _room(room: RoomCheck) -> Iterator[Row]:
    name = f"Room {room.name}"
    if not room.joined:
        yield name, Verdict.BAD, line("I am not in it: invite me, as one of ", Code("people"))
        return
    if room.verdict is Verdict.OK:
        yield name, Verdict.OK, ()
    for lack in room.lacks:
        verdict = Verdict.BAD if lack.power is Power.POST else Verdict.WARN
        yield name, verdict, line(_lack(lack))
    if room.is_open:
        yield name, Verdict.WARN, line("anybody may come in: classes 2 and 3 are refused there")


def _lack(lack: Lack) -> str:
    return f"I may not {_POWERS[lack.power]}: power {lack.has}, needs {lack.needs}"


def _login(found: LoginCheck | Unknown | Unfit) -> Iterator[Row]:
    name = "OpenBao login"
    if not isinstance(found, LoginCheck):
        yield _missing(name, found)
        return
    if found.verdict is Verdict.OK:
        yield name, Verdict.OK, ()
    for lack in found.lacks:
        yield name, Verdict.WARN, line(f"may not {', '.join(lack.capabilities)} ", Code(lack.path), _POLICY)
    if found.me.almighty:
        yield name, Verdict.WARN, line("its token is root's: configure a role instead")
    elif found.me.lasting:
        yield (
            name,
            Verdict.WARN,
            line("its token is good for more than an hour: shorten the role's ", Code("token_ttl")),
        )


def _alerts(path: AlertPath) -> Row:
    if path.verdict is Verdict.OK:
        return "Alerts", Verdict.OK, ()
    if path.pointing is Pointing.ELSEWHERE:
        return "Alerts", Verdict.WARN, line("no receiver of Alertmanager's leads to ", Code("/alerts/"), " of mine")
    hides = path.pointing.reason if isinstance(path.pointing, Unknown) else "Alertmanager hides where it posts"
    came = f"Prometheus: {path.arrived.reason}" if isinstance(path.arrived, Unknown) else "no webhook came yet"
    return "Alerts", Verdict.UNKNOWN, line(f"{hides}; {came}")


def _second(found: SecondChannelCheck | Unknown | Unfit) -> Iterator[Row]:
    if not isinstance(found, SecondChannelCheck):
        yield _missing("Second channel", found)
    elif found.usable < found.all:
        yield "Second channel", Verdict.WARN, line(f"{found.all - found.usable} of {found.all} addresses make no sense")
    elif found.all:
        yield "Second channel", Verdict.OK, ()


def _missing(name: str, why: Unknown | Unfit) -> Row:
    return name, Verdict.BAD if isinstance(why, Unfit) else Verdict.UNKNOWN, line(why.reason)


def _notes(report: DoctorReport) -> Iterator[Line]:
    if report.left_out:
        commands = dict.fromkeys(f"!{command}" for each in report.left_out for command in each.commands)
        yield line(f"Not by name: {' '.join(commands)} for {_where(report.left_out)}")
    if isinstance(report.second, SecondChannelCheck) and not report.second.all:
        yield line("No second channel: set ", Code("alerts.second_channel_file"))
    if not report.pages:
        yield line("No one-time pages: set ", Code("web.public_url"))
    if _refused(report):
        yield line("The rules to add are in the file")


def _refused(report: DoctorReport) -> tuple[Refused, ...]:
    return (*report.hindered, *report.left_out)
