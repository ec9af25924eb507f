"""Asks the API server which commands it would refuse."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.command import Context
from bot.core.catalogue import ExecProbe
from bot.core.permissions import Need, Place, Question, Refused, Scope, questions, refused
from commands.surveys import survey

_AT_ONCE = 16


async def permissions(ctx: Context) -> tuple[Refused, ...]:
    """Return what is refused of all that the commands need; raise a NeighbourError when it cannot be asked."""
    needs = {command.verb: command.needs for command in ctx.commands if command.needs}
    place = await _place(ctx, {need for wanted in needs.values() for need in wanted})
    asked = {question for wanted in needs.values() for need in wanted for question in questions(need, place)}
    # What is allowed in all namespaces is allowed in each, and most of it is.
    everywhere = await _answers(ctx, {replace(question, namespace="") for question in asked if not question.name})
    told = {question: everywhere.get(replace(question, namespace=""), False) for question in asked}
    told |= await _answers(ctx, {question for question, allowed in told.items() if not allowed and question.namespace})
    return refused(needs, place, told)


async def _answers(ctx: Context, asked: Iterable[Question]) -> Mapping[Question, bool]:
    limit = asyncio.Semaphore(_AT_ONCE)

    async def one(each: Question) -> bool:
        async with limit:
            return await ctx.neighbours.kubernetes.may(
                each.verb, each.resource, each.namespace, group=each.group, name=each.name
            )

    ordered = tuple(asked)
    return dict(zip(ordered, await asyncio.gather(*map(one, ordered)), strict=True))


async def _place(ctx: Context, needs: set[Need]) -> Place:
    named = {need.kind for need in needs if need.scope is Scope.EACH}
    kinds = tuple(sorted(named | {need.beside for need in needs if need.beside}, key=lambda kind: kind.name))
    found = await survey(ctx.neighbours.kubernetes, kinds, ctx.settings.namespaces, ctx.settings.limits.probe)
    objects = {
        kind: tuple((obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in found.found.get(kind, ()))
        for kind in kinds
    }
    probed = [
        space
        for space, probes in ctx.settings.services.items()
        if any(isinstance(probe, ExecProbe) for probe in probes.values())
    ]
    listed = [each.namespace for each in ctx.settings.kubernetes.exec]
    asked = [each.namespace for each in ctx.settings.backups.barman]
    return Place(ctx.settings.namespaces, tuple(dict.fromkeys([*probed, *listed, *asked])), objects)
