"""How each kind of probe asks its question."""

import asyncio
from typing import Any, assert_never

from bot.command import Context
from bot.core.catalogue import CnpgProbe, ExecProbe, HttpProbe, MeshProbe, ReadyProbe, SealProbe, TargetsProbe
from bot.core.errors import Missing, Unreachable
from bot.core.facts import Unknown, Verdict
from bot.core.findings import (
    ExecFinding,
    Finding,
    HttpFinding,
    NoPodFinding,
    ReadyFinding,
    SealFinding,
    SpeakerFinding,
    TargetsFinding,
)
from bot.core.kinds import Kind, Object
from bot.core.moments import moment
from bot.core.rollouts import RESTARTED_AT
from bot.core.workloads import read_wish
from commands.asking import PART
from commands.cnpg import cnpg
from commands.mesh import mesh
from commands.pods import active_pods
from commands.surveys import Survey
from commands.vault import keys_state

Asked = HttpProbe | CnpgProbe | ExecProbe | SealProbe | TargetsProbe | MeshProbe
"""The probes that ask a question of their own."""
READY_KINDS = (Kind.DEPLOYMENTS, Kind.STATEFULSETS, Kind.DAEMONSETS)
"""Where a ready probe looks for its workload."""


async def probe(ctx: Context, namespace: str, question: Asked) -> Finding:
    """Ask one probe's question; raise a NeighbourError when there is no answer."""
    match question:
        case HttpProbe():
            return await _http(ctx, namespace, question)
        case CnpgProbe():
            return await cnpg(ctx, namespace, question.cnpg)
        case ExecProbe():
            return await _exec(ctx, namespace, question)
        case SealProbe():
            pods, keys = await asyncio.gather(
                ctx.neighbours.openbao.all(limit=ctx.settings.limits.probe * PART), keys_state(ctx)
            )
            return SealFinding(pods, keys)
        case TargetsProbe():
            return await _targets(ctx)
        case MeshProbe():
            return await mesh(ctx, question)
        case _:
            assert_never(question)


def ready(ctx: Context, namespace: str, question: ReadyProbe, workloads: Survey) -> Finding:
    """Look a workload up among those of READY_KINDS: one listing answers all of these probes."""
    for kind in READY_KINDS:
        for obj in workloads.found.get(kind, ()):
            if obj["metadata"]["name"] == question.ready and obj["metadata"].get("namespace") == namespace:
                wish = read_wish(kind, obj)
                found = ReadyFinding(wish.ready, wish.wanted)
                return _speaker(ctx, found, obj) if question.speaks else found
    return workloads.gap(READY_KINDS, namespace) or Unknown(f"no workload named {question.ready}")


def _speaker(ctx: Context, found: ReadyFinding, obj: Object) -> SpeakerFinding:
    notes = obj["spec"]["template"]["metadata"].get("annotations") or {}
    user = ctx.settings.sol.user
    return SpeakerFinding(
        found, moment(notes.get(RESTARTED_AT)), ctx.last_word(user) if user else None, as_of=ctx.clock()
    )


async def _targets(ctx: Context) -> TargetsFinding:
    told = await ctx.neighbours.prometheus.query("up")
    down = {
        "/".join(part for name in ("namespace", "job") if (part := each.labels.get(name)))
        for each in told
        if each.value != 1
    }
    return TargetsFinding(sum(each.value == 1 for each in told), tuple(sorted(down)))


async def _http(ctx: Context, namespace: str, question: HttpProbe) -> Finding:
    began = ctx.clock()
    answer = await ctx.neighbours.http.get(question.http, neighbour=namespace, limit=ctx.settings.limits.probe)
    took = ctx.clock() - began
    if answer.status != question.status:
        return HttpFinding(Verdict.BAD, answer.status, question.status, None, None, "", took)
    told = answer.json() if question.shows or question.number else None
    shown, number = _text(told, question.shows), _amount(told, question.number)
    return HttpFinding(
        _liking(question, shown, number), answer.status, question.status, shown, number, question.unit, took
    )


def _text(told: Any, path: str | None) -> str | None:
    if path is None:
        return None
    found = next(iter(_fields(told, path)), None)
    if not isinstance(found, str | int | float):
        raise Unreachable("", f"the answer has no {path}")
    return str(found)


def _amount(told: Any, path: str | None) -> float | None:
    """Return the number at a path, of several the smallest: the disk that is fullest is the one that stops."""
    if path is None:
        return None
    found = _fields(told, path)
    if not found or any(isinstance(each, bool) or not isinstance(each, int | float) for each in found):
        raise Unreachable("", f"the answer has no number {path}")
    return float(min(found))


def _fields(told: Any, path: str) -> list[Any]:
    """Return what stands at a dotted path of nested JSON; `*` is every element of a list."""
    found = [told]
    for part in path.split("."):
        found = [below for each in found for below in _below(each, part)]
    return found


def _below(told: Any, part: str) -> list[Any]:
    if isinstance(told, list):
        return told if part == "*" else told[int(part) :][:1] if part.isdigit() else []
    return [told[part]] if isinstance(told, dict) and part in told else []


def _liking(question: HttpProbe, shown: str | None, number: float | None) -> Verdict:
    if shown in question.warn:
        return Verdict.WARN
    if question.good and shown not in question.good:
        return Verdict.BAD
    low = question.at_least is not None and number is not None and number < question.at_least
    return Verdict.WARN if low else Verdict.OK


async def _exec(ctx: Context, namespace: str, question: ExecProbe) -> Finding:
    pods = await active_pods(ctx, namespace, question.selector)
    if not pods:
        raise Missing("kubernetes", f"no pod with {question.selector}")
    ready = next((pod for pod in pods if pod.ready), None)
    if ready is None:
        return NoPodFinding(len(pods))
    began = ctx.clock()
    done = await ctx.neighbours.kubernetes.exec(
        namespace, ready.name, question.container, question.exec, limit=ctx.settings.limits.probe
    )
    if done.exit_code is None:
        raise Unreachable("kubernetes", "the command did not say how it ended")
    return ExecFinding(done.stdout.strip(), question.expect, done.exit_code, ctx.clock() - began)
