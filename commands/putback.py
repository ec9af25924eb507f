"""`!k8s delete certificate`: delete a Certificate, put the same back at once, and follow it until it is ready."""

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.command import ActionContext, Context, Plan, action
from bot.core.certificates import PUT_BACK_BY, Certificate, read_certificate, saved
from bot.core.errors import Conflict, Missing, NeighbourError, NotBegun, RateLimited, Unreachable, UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.kinds import Kind, Object
from bot.core.names import UserId
from bot.core.permissions import Need, Scope
from bot.core.policy import Risk
from commands.following import EVERY
from commands.issuing import NEEDS, find_certificate
from commands.objects import read_wanted
from commands.parameters import NamespaceOption

LIMIT = timedelta(minutes=15)
_PATIENCE = 150
"""Looks at what was put back, so five minutes."""
_PAUSES = (0.0, 1.0, 3.0, 6.0, 10.0, 20.0)
"""Seconds before each try to put it back: the API server may be away for a moment, and nothing else has the object."""


class Step(StrEnum):
    """How far it is."""

    DELETED = "deleted"
    BACK = "back"
    """It is there again, and not ready yet."""
    READY = "ready"
    LOST = "lost"
    """It is deleted and could not be put back."""


@dataclass(frozen=True, slots=True)
class DeletePlan:
    """What would be deleted and put back."""

    certificate: Certificate
    as_of: datetime


@dataclass(frozen=True, slots=True)
class DeleteReport:
    """How far it is, or how it ended."""

    certificate: Certificate
    """As last seen."""
    step: Step
    by: UserId
    took: timedelta
    over: bool
    why: Unknown | None = None
    """Why it could not be put back, or asked about."""
    manifest: Object | None = None
    """What to put back by hand; None where it is back."""

    @property
    def verdict(self) -> Verdict:
        """What is lost is bad, and what is not ready in time is not well."""
        if self.step is Step.LOST:
            return Verdict.BAD
        if self.step is Step.READY:
            return Verdict.OK
        return Verdict.WARN if self.over else Verdict.NONE


async def preview(ctx: Context, kind: str, name: str = "", *, namespace: NamespaceOption = None) -> Plan:
    """Find the Certificate, and ask the API server whether it may be deleted and put back."""
    found = await _find(ctx, kind, name, namespace)
    place = found["metadata"]
    kubernetes = ctx.neighbours.kubernetes
    copy = saved(found, ctx.request.id)
    # It may be made where only that it is there already stands against it.
    with suppress(Conflict):
        await kubernetes.create(Kind.CERTIFICATES, place["namespace"], copy, dry_run=True)
    await kubernetes.delete(Kind.CERTIFICATES, place["namespace"], place["name"], uid=place["uid"], dry_run=True)
    target = f"{place['uid']}@{place.get('generation', 0)}"
    return Plan(DeletePlan(read_certificate(found), ctx.clock()), target=target)


@action(
    "k8s delete",
    summary="Delete a TLS certificate and put it back",
    risk=Risk.DANGEROUS,
    examples=("!k8s delete certificate -n ingress pingora-tls",),
    aliases=("kubectl delete",),
    repeatable=True,
    preview=preview,
    limit=LIMIT,
    needs=(*NEEDS, *(Need(verb, Kind.CERTIFICATES, scope=Scope.EACH) for verb in ("delete", "create"))),
)
async def delete(ctx: ActionContext, kind: str, name: str = "", *, namespace: NamespaceOption = None) -> DeleteReport:
    """Keep a Certificate, delete it, make the same again, and follow that to Ready.

    Its Secret stays, so nothing is served without a certificate meanwhile; and cert-manager takes over what that holds:
    `!cert renew` is what issues a new one. What was kept outlives a crash.
    """
    began = ctx.clock()
    copy = await _begun(ctx, kind, name, namespace)
    report = DeleteReport(read_certificate(copy), Step.DELETED, ctx.request.sender, timedelta(0), over=False)
    await ctx.show(report)
    error = await _put_back(ctx, copy)
    if error:
        took = ctx.clock() - began
        return replace(report, step=Step.LOST, took=took, over=True, why=Unknown(error.reason), manifest=copy)
    await ctx.kept.drop(ctx.action)
    return await _followed(ctx, replace(report, step=Step.BACK), began)


async def _begun(ctx: ActionContext, kind: str, name: str, namespace: str | None) -> Object:
    """Have the Certificate kept and deleted; return what was kept. Raises NotBegun for a cut that came before."""
    kept = await ctx.kept.get(ctx.action)
    if kept is None and ctx.again:
        raise NotBegun
    if kept is not None:
        copy: Object = json.loads(kept)
        if await _is_as_it_was(ctx, copy):
            await ctx.kept.drop(ctx.action)
            raise NotBegun
        return copy
    found = await _find(ctx, kind, name, namespace)
    place = found["metadata"]
    copy = saved(found, ctx.action)
    await ctx.kept.put(ctx.action, json.dumps(copy))
    try:
        await ctx.neighbours.kubernetes.delete(Kind.CERTIFICATES, place["namespace"], place["name"], uid=place["uid"])
    except Missing:
        # Somebody was quicker; it is put back all the same.
        pass
    except Unreachable:
        # Whether it is gone shows when it is put back.
        if await _is_as_it_was(ctx, copy):
            raise
    return copy


async def _is_as_it_was(ctx: ActionContext, copy: Object) -> bool:
    """Tell whether the Certificate is there, and not by us."""
    place = copy["metadata"]
    try:
        found = await ctx.neighbours.kubernetes.get(Kind.CERTIFICATES, place["namespace"], place["name"])
    except Missing:
        return False
    return not _is_ours(ctx, found)


async def _put_back(ctx: ActionContext, copy: Object) -> NeighbourError | None:
    """Make it again; return why it could not be, after several tries."""
    failed: NeighbourError | None = None
    for pause in _PAUSES:
        await ctx.sleep(pause)
        try:
            await ctx.neighbours.kubernetes.create(Kind.CERTIFICATES, copy["metadata"]["namespace"], copy)
        except Conflict:
            # Made by an earlier try whose answer was cut, or by somebody else: it is there.
            return None
        except (Unreachable, RateLimited) as error:
            failed = error
        except NeighbourError as error:
            return error
        else:
            return None
    return failed


async def _followed(ctx: ActionContext, report: DeleteReport, began: datetime) -> DeleteReport:
    """Look until it is ready; what cannot be asked is asked again."""
    place = report.certificate
    for _ in range(_PATIENCE):
        try:
            found = await ctx.neighbours.kubernetes.get(Kind.CERTIFICATES, place.namespace, place.name)
            report = replace(report, certificate=read_certificate(found), why=None)
        except NeighbourError as error:
            report = replace(report, why=Unknown(error.reason))
        report = replace(report, took=ctx.clock() - began)
        if report.why is None and report.certificate.ready:
            return replace(report, step=Step.READY, over=True)
        await ctx.show(report)
        await ctx.sleep(EVERY.total_seconds())
    return replace(report, over=True)


async def _find(ctx: Context, kind: str, name: str, namespace: str | None) -> Object:
    wanted = read_wanted(kind, name, namespace)
    if wanted.kind is not Kind.CERTIFICATES:
        raise UsageError(f"I delete no {wanted.kind.plural}", hint="!restart replaces pods one by one")
    if not wanted.name:
        raise UsageError("Which certificate?", hint="!certs lists them")
    found = await find_certificate(ctx, wanted.name, wanted.namespace or None)
    if found is None:
        raise UsageError("There is no certificate to delete", hint="TLS comes from elsewhere, as on a laptop")
    return found


def _is_ours(ctx: ActionContext, obj: dict[str, Any]) -> bool:
    return (obj["metadata"].get("annotations") or {}).get(PUT_BACK_BY) == ctx.action
