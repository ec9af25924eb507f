"""Whether a namespace that shows nothing is there at all."""

from bot.command import Context
from bot.core.errors import Denied, Missing, Unreachable, UsageError
from bot.core.kinds import Kind
from bot.core.permissions import Need, Scope
from commands.parameters import near

NEEDED = Need("get", Kind.NAMESPACES, scope=Scope.CLUSTER)
"""What it takes to know."""


async def must_exist(ctx: Context, namespace: str) -> None:
    """Raise UsageError, with near names, for a namespace that the cluster does not have."""
    if namespace in ctx.settings.namespaces:
        return
    try:
        await ctx.neighbours.kubernetes.get(Kind.NAMESPACES, "", namespace)
    except Missing as error:
        known = ctx.settings.namespaces
        services = (f"{space}/{service}" for space, probes in ctx.settings.services.items() for service in probes)
        close = near(namespace, (*known, *services))
        raise UsageError(f"No namespace “{namespace}”", hint=f"known: {', '.join(known)}", near=close) from error
    except (Denied, Unreachable):
        # Whether it is there cannot be told: the answer then says that nothing was seen in it.
        return
