"""`!rotate db`: a new password for a database role, brought to everything that uses it."""

from bot.command import ActionContext, Context, Plan, action
from bot.core.errors import NotBegun, Unreachable, UsageError
from bot.core.policy import Risk
from commands.finding import Found
from commands.parameters import near
from commands.pickup import LIMIT, NEEDS, Pickup, all_secrets, asked_by, mark, pick_up, sync_of
from commands.rotating import RotationPlan, RotationReport, reading

_ROLES = "database/static-creds/"


async def preview(ctx: Context, role: str) -> Plan:
    """Find what uses the role; raise UsageError where nothing does."""
    found = await _users(ctx, role)
    for each in found:
        await mark(ctx, each, ctx.request.id, dry_run=True)
    target = ",".join(sorted(each.identity for each in found))
    return Plan(RotationPlan(role, "", tuple(map(sync_of, found)), ""), target=target)


@action(
    "rotate db",
    summary="Give a database role a new password",
    risk=Risk.AFFECTING,
    examples=("!rotate db messages",),
    repeatable=True,
    preview=preview,
    limit=LIMIT,
    needs=NEEDS,
)
async def rotate_db(ctx: ActionContext, role: str) -> RotationReport:
    """Have OpenBao change a static role's password, the operator bring it, and follow what is restarted for it.

    Taken up again after a crash, or where OpenBao's answer was cut, it does not rotate once more: if the operator
    then finds another password, the first time was enough.
    """
    found = await _users(ctx, role)
    began = ctx.clock()

    def report(pickup: Pickup, *, made: bool = True, over: bool = False) -> RotationReport:
        return RotationReport(role, "", 0, made, pickup, ctx.request.sender, ctx.clock() - began, over, None)

    await ctx.show(report(Pickup(()), made=False))
    cut = await _rotated(ctx, role)
    sure = not ctx.again and cut is None
    pickup = await pick_up(ctx, found, lambda pickup: ctx.show(report(pickup)), sure=sure)
    if not pickup.moved and not sure:
        if cut:
            raise cut
        if all(asked_by(each) != ctx.action for each in found):
            raise NotBegun
    return report(pickup, over=True)


async def _rotated(ctx: ActionContext, role: str) -> Unreachable | None:
    """Rotate once; return why it is not known whether that was done."""
    if ctx.again:
        return None
    try:
        await ctx.neighbours.roles.rotate(role)
    except Unreachable as error:
        return error
    return None


async def _users(ctx: Context, role: str) -> tuple[Found, ...]:
    """Return what of the operator uses a role; what else uses it would be locked out, so one at least must."""
    known = await all_secrets(ctx, ctx.settings.namespaces)
    found = reading(known, f"{_ROLES}{role}")
    if not found:
        paths = (sync_of(each).path for each in known)
        roles = tuple(sorted({path.removeprefix(_ROLES) for path in paths if path.startswith(_ROLES)}))
        hint = "what uses it otherwise would be locked out · !secrets lists them"
        raise UsageError(f"No secret uses the database role “{role[:60]}”", hint=hint, near=near(role, roles))
    return found
