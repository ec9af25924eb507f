"""`!oncall` and `!handover`: who is paged, and what the next one takes over."""

from dataclasses import dataclass

from bot.command import ActionContext, Context, action, command
from bot.core.errors import NeighbourError, UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.message import Message, Priority
from bot.core.names import Key, UserId
from bot.core.oncall import named, next_on_call, on_call
from bot.core.policy import Risk
from bot.core.standing import Standing, standing

_MOST = 10


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is paged."""

    people: tuple[UserId, ...]
    following: tuple[UserId, ...]
    """Who would come next; nobody where the whole rota is paged."""


@dataclass(frozen=True, slots=True)
class OnCallSet:
    """That others are paged from now on."""

    people: tuple[UserId, ...]
    before: tuple[UserId, ...]
    by: UserId
    verdict: Verdict = Verdict.OK


@dataclass(frozen=True, slots=True)
class Handover:
    """What those who are paged from now on take over."""

    standing: Standing
    people: tuple[UserId, ...]
    by: UserId


@dataclass(frozen=True, slots=True)
class HandedOver:
    """That it was handed over."""

    people: tuple[UserId, ...]
    verdict: Verdict = Verdict.OK


@command("oncall", summary="Tell who is paged", examples=("!oncall",))
async def oncall(ctx: Context) -> OnCall:
    """Return who is paged, and who would be next."""
    current = await _current(ctx)
    return OnCall(current, next_on_call(ctx.settings.people, current))


@action("oncall set", summary="Have others paged", risk=Risk.REVERSIBLE, asks=False, repeatable=True,
        examples=("!oncall @ben", "!oncall @anna @ben"))  # fmt: skip
async def assign(ctx: ActionContext, *people: str) -> OnCallSet:
    """Change who is paged by new critical alerts, until it is changed again."""
    before, now = await _current(ctx), _people(ctx, people)
    if not now:
        raise UsageError("Who is to be paged?", hint="!oncall @anna @ben")
    ctx.assign(now)
    return OnCallSet(now, before, ctx.request.sender)


@action("handover", summary="Hand what burns over to the next on call", risk=Risk.REVERSIBLE, asks=False,
        repeatable=True, examples=("!handover", "!handover @ben"))  # fmt: skip
async def handover(ctx: ActionContext, *people: str) -> HandedOver:
    """Change who is paged to the next of the rota, or to those named, and ring them once with what they take over."""
    current = await _current(ctx)
    now = _people(ctx, people) or next_on_call(ctx.settings.people, current)
    if not now:
        raise UsageError("There is nobody else on the rota", hint="!handover @ben")
    ctx.assign(now)
    said = Handover(await _standing(ctx), now, ctx.request.sender)
    key = Key(f"handover:{ctx.action}")
    ctx.post(
        Message(ctx.request.room, key, ctx.render(said), Priority.ANSWER, rings=True, mentions=now, request=ctx.action)
    )
    return HandedOver(now)


async def _standing(ctx: Context) -> Standing:
    try:
        silences = tuple(await ctx.neighbours.alertmanager.silences())
    except NeighbourError as error:
        return standing(await ctx.cards.burning(), Unknown(error.reason), ctx.clock(), ctx.settings.timezone)
    return standing(await ctx.cards.burning(), silences, ctx.clock(), ctx.settings.timezone)


async def _current(ctx: Context) -> tuple[UserId, ...]:
    return on_call(ctx.settings.people, await ctx.roster.get())


def _people(ctx: Context, words: tuple[str, ...]) -> tuple[UserId, ...]:
    if len(words) > _MOST:
        raise UsageError("that is too many people", hint="name those who are to be woken")
    return named(words, ctx.settings.people)
