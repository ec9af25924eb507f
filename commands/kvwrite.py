"""`!vault kv patch|put|rollback`: new versions of a secret, whose values are never in a room."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from cyclopts import Parameter

from bot.command import ActionContext, Context, Plan, action
from bot.core.errors import UsageError
from bot.core.policy import Risk
from bot.core.values import LEAST, MOST, Change, Encoding, change, check_keys, meant_key
from commands.kv import Found, find, look_for, named
from commands.storing import LIFE, How, Target, ValueAwaited, Written, begun, done, write

_LIMIT = LIFE + timedelta(minutes=1)

RandomOption = Annotated[int, Parameter(name="--random")]
AskOption = Annotated[bool, Parameter(name="--ask", negative="")]
EncodingOption = Annotated[Encoding, Parameter(name="--encoding")]
ToOption = Annotated[int, Parameter(name=["--to", "--version"])]


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What a write would do to a secret's keys."""

    path: str
    """With the mount before it."""
    version: int
    """The newest; 0: there is no such secret yet."""
    gone: bool
    """Whether the newest version is deleted, so that nothing of it is left to stay or to vanish."""
    change: Change
    length: int
    """Characters of each generated value; 0: a person gives it."""
    encoding: Encoding
    whole: bool
    """Whether all the rest is replaced with it."""


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """What going back to an earlier version would do."""

    path: str
    version: int
    to: int
    change: Change
    """What it does to the keys of the newest version."""


def check_write(path: str, *keys: str, random: RandomOption = 0, ask: AskOption = False, **_: object) -> None:
    """Raise UsageError for a write without a value, or with one that was typed."""
    check_keys(keys)
    if not keys:
        raise UsageError("Which key?", hint=f"!vault kv patch {path[:60]} KEY --random 32")
    if bool(random) == ask:
        raise UsageError("--random 32 makes a value inside me, --ask takes yours on a page", hint="give one of them")
    if random and not LEAST <= random <= MOST:
        raise UsageError(f"--random counts bytes, from {LEAST} to {MOST}", hint="--random 32")
    if ask and len(keys) > 1:
        raise UsageError("a page takes one value", hint="one key with each --ask")


async def _patch_preview(ctx: Context, path: str, *keys: str, **how: Any) -> Plan:
    return plan(await to_patch(ctx, path, keys), How(False, **how))


@action(
    "vault kv patch",
    summary="Set keys of a secret; the others stay",
    risk=Risk.AFFECTING,
    examples=(
        "!vault kv patch secret/docs django-secret-key --random 32",
        "!vault kv patch secret/gitea admin-password --ask",
    ),
    repeatable=True,
    check=check_write,
    preview=_patch_preview,
    limit=_LIMIT,
)
async def kv_patch(
    ctx: ActionContext,
    path: str,
    *keys: str,
    random: RandomOption = 0,
    ask: AskOption = False,
    encoding: EncodingOption = Encoding.HEX,
) -> Written | ValueAwaited:
    """Write a version in which some keys have new values and all others the old ones.

    It is written only over the version that the prompt showed.
    """
    return await write(ctx, await to_patch(ctx, path, keys), How(False, ask, random, encoding))


async def _put_preview(ctx: Context, path: str, *keys: str, **how: Any) -> Plan:
    return plan(await _to_put(ctx, path, keys), How(True, **how))


@action(
    "vault kv put",
    summary="Replace a secret whole with new values",
    risk=Risk.AFFECTING,
    examples=("!vault kv put secret/new-app token --random 32", "!vault kv put secret/new-app token --ask"),
    repeatable=True,
    check=check_write,
    preview=_put_preview,
    limit=_LIMIT,
)
async def kv_put(
    ctx: ActionContext,
    path: str,
    *keys: str,
    random: RandomOption = 0,
    ask: AskOption = False,
    encoding: EncodingOption = Encoding.HEX,
) -> Written | ValueAwaited:
    """Write a version that has these keys and no others, over the version that the prompt showed."""
    return await write(ctx, await _to_put(ctx, path, keys), How(True, ask, random, encoding))


async def _rollback_preview(ctx: Context, path: str, *, to: ToOption = 0) -> Plan:
    target, version = await _to_roll_back(ctx, path, to)
    return Plan(RollbackPlan(target.name, target.cas, version, target.change), target=f"{target.identity} to {version}")


@action(
    "vault kv rollback",
    summary="Write an earlier version of a secret again",
    risk=Risk.AFFECTING,
    examples=("!vault kv rollback secret/docs", "!vault kv rollback secret/docs --to 3"),
    repeatable=True,
    preview=_rollback_preview,
)
async def kv_rollback(ctx: ActionContext, path: str, *, to: ToOption = 0) -> Written:
    """Write the values of an earlier version as a new one; they pass through memory and nothing else."""
    target, version = await _to_roll_back(ctx, path, to)
    begun(ctx, target, f"{target.identity} to {version}")
    written = await ctx.neighbours.kv.put_back(target.path, version, cas=target.cas)
    return done(ctx, target, written, back_to=version)


def plan(target: Target, how: How) -> Plan:
    """Return what a prompt shows of a write."""
    what = WritePlan(target.name, target.cas, target.gone, target.change, how.length, how.encoding, how.whole)
    return Plan(what, target=target.identity)


async def to_patch(ctx: Context, path: str, keys: tuple[str, ...]) -> Target:
    """Look at the secret that is to be patched; raise UsageError where there is nothing that could stay."""
    found = await find(ctx, named(ctx, path))
    target = await _target(ctx, found, keys, whole=False)
    if target.newest is None or target.gone:
        number = f"version {target.cas} of it is deleted" if target.newest else "it has no version yet"
        raise UsageError(f"Nothing to patch in {target.name}: {number}", hint="!vault kv put writes it anew")
    return target


async def _to_put(ctx: Context, path: str, keys: tuple[str, ...]) -> Target:
    asked = named(ctx, path)
    if found := await look_for(ctx, asked):
        return await _target(ctx, found, keys, whole=True)
    return Target(asked, ctx.neighbours.kv.name(asked), None, gone=False, change=change(keys, (), whole=True))


async def _to_roll_back(ctx: Context, path: str, to: int) -> tuple[Target, int]:
    found = await find(ctx, named(ctx, path))
    target = await _target(ctx, found, (), whole=True)
    kept = [
        each.number for each in found.history.versions if not each.is_gone(ctx.clock()) and each.number != target.cas
    ]
    if not kept or (to and to not in kept):
        asked = f"version {to}" if to else "earlier version"
        hint = f"kept: {', '.join(map(str, kept))}" if kept else "!vault kv get tells its versions"
        raise UsageError(f"{target.name} has no {asked} to go back to", hint=hint)
    version = to or kept[0]
    before = () if target.gone else await ctx.neighbours.kv.fields(target.path)
    then = change(await ctx.neighbours.kv.fields(target.path, version), before, whole=True)
    return Target(target.path, target.name, target.newest, target.gone, then), version


async def _target(ctx: Context, found: Found, keys: tuple[str, ...], *, whole: bool) -> Target:
    kv, newest = ctx.neighbours.kv, found.history.newest
    gone = newest is not None and newest.is_gone(ctx.clock())
    fields = await kv.fields(found.path) if newest and not gone else ()
    meant = tuple(meant_key(key, fields, found.meant) for key in keys)
    return Target(found.path, kv.name(found.path), newest, gone, change(meant, fields, whole=whole))
