"""`!rotate`: a new value for one key of a secret, brought to everything that uses it."""

from typing import Annotated

from cyclopts import Parameter

from bot.command import ActionContext, Context, Plan, action
from bot.core.errors import UsageError
from bot.core.policy import Risk
from bot.core.rotations import told
from bot.core.values import Encoding
from commands.finding import Found
from commands.kvwrite import check_write, to_patch
from commands.parameters import near
from commands.pickup import LIMIT, NEEDS, Pickup, all_secrets, mark, pick_up, sync_of
from commands.rotating import RotationPlan, RotationReport, reading
from commands.storing import How, Target, Written, write

_BYTES = 32
RandomOption = Annotated[int, Parameter(name="--random")]
EncodingOption = Annotated[Encoding, Parameter(name="--encoding")]


def check(path: str, key: str = "", *, random: RandomOption = _BYTES, **_: object) -> None:
    """Raise UsageError for a value that was typed, or for one that could be guessed."""
    check_write(path, key or "value", random=random)


async def preview(ctx: Context, path: str, key: str = "", **_: object) -> Plan:
    """Find the secret, its key and who reads it; raise UsageError for a key that no random value fits."""
    target = await _target(ctx, path, key)
    found = await _readers(ctx, target)
    for each in found:
        await mark(ctx, each, ctx.request.id, dry_run=True)
    (name,) = target.change.sets
    felt = told(ctx.settings.rotation.felt, target.path, name)
    return Plan(RotationPlan(target.name, name, tuple(map(sync_of, found)), felt), target=target.identity)


@action(
    "rotate",
    summary="Give a secret a new value, and restart what uses it",
    risk=Risk.AFFECTING,
    examples=(
        "!rotate secret/messages/django-secret DJANGO_SECRET_KEY",
        "!rotate secret/messages django-secret-key --random 48",
    ),
    repeatable=True,
    check=check,
    preview=preview,
    limit=LIMIT,
    needs=NEEDS,
)
async def rotate(
    ctx: ActionContext,
    path: str,
    key: str = "",
    *,
    random: RandomOption = _BYTES,
    encoding: EncodingOption = Encoding.HEX,
) -> RotationReport:
    """Write a version of a secret in which one key has a value made here, and follow it to the last pod.

    It is written over the version that the prompt showed and no other. Taken up again after a crash, it writes
    nothing once more, and follows what was written.
    """
    target = await _target(ctx, path, key)
    found = await _readers(ctx, target)
    (name,), began = target.change.sets, ctx.clock()
    version, undo = 0, None

    def report(pickup: Pickup, *, over: bool = False) -> RotationReport:
        took = ctx.clock() - began
        return RotationReport(target.name, name, version, version > 0, pickup, ctx.request.sender, took, over, undo)

    await ctx.show(report(Pickup(())))
    if ctx.again and target.identity != ctx.target:
        version = target.cas
    elif isinstance(written := await write(ctx, target, How(whole=False, random=random, encoding=encoding)), Written):
        version, undo = written.version, written.undo
    pickup = await pick_up(ctx, found, lambda pickup: ctx.show(report(pickup)), sure=not ctx.again)
    return report(pickup, over=True)


async def _target(ctx: Context, path: str, key: str) -> Target:
    """Return the one key that is meant; raise UsageError where there is none, or where no random value fits it."""
    target = await to_patch(ctx, path, (key or "value",))
    (name,) = target.change.sets
    if target.change.new:
        close = near(name, target.change.stays)
        hint = f"its keys: {', '.join(target.change.stays)}"
        raise UsageError(f"{target.name} has no key “{name[:60]}”", hint=hint, near=close)
    if why := told(ctx.settings.rotation.never, target.path, name):
        hint = f"!vault kv patch {target.name} {name} --ask takes a value from elsewhere"
        raise UsageError(f"No random value fits {target.name} {name}: {why}", hint=hint)
    return target


async def _readers(ctx: Context, target: Target) -> tuple[Found, ...]:
    return reading(await all_secrets(ctx, ctx.settings.namespaces), target.name)
