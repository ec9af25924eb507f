"""The words for what a probe found: its number, and in words what could not be had."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import assert_never

from bot.core.facts import Unknown, Verdict
from bot.core.findings import (
    BACKUP_AGE,
    HEALTHY_CLUSTER,
    CnpgFinding,
    ExecFinding,
    Finding,
    HttpFinding,
    MeshFinding,
    NoPodFinding,
    PathFinding,
    ReadyFinding,
    SealFinding,
    SpeakerFinding,
    TargetsFinding,
)
from bot.core.keys import Keys, KeysReport, KeysState
from bot.core.seal import SealStatus
from formatters.document import Code, Glyph, Inline, Line, Mark, line
from formatters.mesh import mesh_words, ready_words, some
from formatters.words import age, ago, count

_OUTPUT_SHOWN = 40


def finding_words(finding: Finding) -> Line:
    """Return what a probe found, numbers first; the glyph for the whole stands before it."""
    match finding:
        case Unknown(reason):
            words = line(reason)
        case HttpFinding():
            words = line(_http(finding))
        case ReadyFinding():
            words = ready_words(finding)
        case ExecFinding():
            words = _exec(finding)
        case NoPodFinding(pods):
            words = line(f"0/{pods} ready")
        case PathFinding():
            words = line(_path(finding))
        case TargetsFinding():
            words = line(*_targets(finding))
        case CnpgFinding() | SealFinding() | MeshFinding() | SpeakerFinding():
            words = joined(_parts(finding))
        case _:
            assert_never(finding)
    return words


def _parts(finding: CnpgFinding | SealFinding | MeshFinding | SpeakerFinding) -> Iterator[Line]:
    match finding:
        case CnpgFinding():
            return _cnpg(finding)
        case SealFinding():
            return _seal(finding)
        case MeshFinding():
            return mesh_words(finding)
        case _:
            return _speaker(finding)


def _http(found: HttpFinding) -> str:
    if found.status != found.wanted:
        return f"HTTP {found.status} instead of {found.wanted}"
    parts = [] if found.shown is None else [found.shown]
    if found.number is not None:
        parts.append(_amount(found.number, found.unit))
    return " · ".join(parts) or age(found.took)


def _amount(number: float, unit: str) -> str:
    if unit[:1].isalpha():
        return count(round(number), unit)
    return f"{number:.0f}{unit}"


def _exec(found: ExecFinding) -> Line:
    if found.verdict is Verdict.OK:
        return line(f"{found.output} {age(found.took)}")
    if found.exit_code:
        return line(f"exit {found.exit_code}")
    return line("said ", Code(found.output[:_OUTPUT_SHOWN] or "nothing"), ", not ", Code(found.expected))


def _cnpg(found: CnpgFinding) -> Iterator[Line]:
    if found.phase != HEALTHY_CLUSTER:
        yield line(Code(found.phase or "no phase"))
    yield line(f"{found.ready}/{found.instances}")
    yield backup_words(found.last_backup, found.last_failure, found.as_of)
    yield archive_words(found.archiving)
    yield connection_words(found.connections, found.max_connections)


def connection_words(used: int | Unknown, most: int | Unknown) -> Line:
    """Return how many connections of how many are used."""
    for unknown in (used, most):
        if isinstance(unknown, Unknown):
            return line(Mark(Glyph.UNKNOWN), f" connections: {unknown.reason}")
    return line(f"{used}/{most} conn")


def backup_words(last: datetime | Unknown, failed: datetime | None, now: datetime) -> Line:
    """Return how old the last good backup is, and whether one has failed since."""
    if isinstance(last, Unknown):
        return line(Mark(Glyph.UNKNOWN), f" backup: {last.reason}")
    if failed and failed > last:
        return line(f"backup failed {ago(now - failed)}, last good {age(now - last)}")
    old = now - last
    return line(f"backup {age(old)}{' old' if old > BACKUP_AGE else ''}")


def archive_words(archiving: bool | Unknown) -> Line:
    """Return whether the write-ahead log reaches its store."""
    if isinstance(archiving, Unknown):
        return line(Mark(Glyph.UNKNOWN), f" WAL: {archiving.reason}")
    return line("WAL ok" if archiving else "WAL not archived")


def joined(parts: Iterable[Line]) -> Line:
    """Return several things on one line."""
    out: list[Inline] = []
    for part in parts:
        out += [" · "] * bool(out) + list(part)
    return tuple(out)


def keys_words(keys: Keys) -> Line:
    """Return whether OpenBao's keys are kept; where they are not, loud."""
    match keys:
        case Unknown(reason):
            return line("keys Secret ", Mark(Glyph.UNKNOWN), f" {reason}")
        case KeysReport(state=KeysState.PRESENT):
            return line("keys Secret ok")
    return line(f"keys Secret {keys.state.value.upper()}")


def _speaker(found: SpeakerFinding) -> Iterator[Line]:
    yield ready_words(found.ready)
    if found.restarted:
        yield line(f"restarted {ago(found.as_of - found.restarted)}")
    yield line(f"last word {ago(found.as_of - found.word)}" if found.word else "no word since I started")


def _path(found: PathFinding) -> str:
    if found.took is not None:
        return f"our own alert came back after {age(found.took)}"
    if found.over:
        return f"our own alert did not come back in {age(found.waited)}: !doctor tells where Alertmanager leads"
    return "our own alert is on its way"


def _targets(found: TargetsFinding) -> Iterator[Inline]:
    yield f"{count(found.up, 'target')} up"
    if found.down:
        yield f", {len(found.down)} down: "
        yield from some(found.down)


def _seal(found: SealFinding) -> Iterator[Line]:
    opened = sum(isinstance(pod, SealStatus) and pod.serves for pod in found.pods.values())
    if opened:
        yield line("unsealed" if len(found.pods) == 1 else f"{opened}/{len(found.pods)} unsealed")
    for name, pod in found.pods.items():
        if isinstance(pod, Unknown):
            yield line(f"{name} ", Mark(Glyph.UNKNOWN), f" {pod.reason}")
        elif not pod.initialized:
            yield line(f"{name} not initialised")
        elif pod.sealed:
            yield line(f"{name} SEALED {pod.progress}/{pod.threshold}")
    if found.keys is not None:
        yield keys_words(found.keys)
