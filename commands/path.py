"""Whether alerts reach us: one of our own goes to Alertmanager, and is waited for at our own door."""

from collections.abc import AsyncIterator
from datetime import timedelta

from bot.command import Context
from bot.core.errors import NeighbourError
from bot.core.facts import Unknown
from bot.core.findings import PathFinding
from bot.core.trips import alert

WAIT = timedelta(seconds=75)
"""More than the half minute that Alertmanager lets a new group wait, as it comes."""
_LOOK = 0.5


async def path(ctx: Context) -> AsyncIterator[PathFinding | Unknown]:
    """Send an alert and yield that it is on its way, then how it ended."""
    trip = str(ctx.request.id)
    began = ctx.clock()
    ctx.trips.begin(trip, began)
    try:
        await ctx.neighbours.alertmanager.send(alert(trip, began))
    except NeighbourError as error:
        yield Unknown(error.reason)
        return
    sent = ctx.clock()
    yield PathFinding(None, timedelta(0), over=False)
    while (back := ctx.trips.back(trip)) is None and ctx.clock() - sent < WAIT:
        await ctx.sleep(_LOOK)
    yield PathFinding(max(back - sent, timedelta(0)) if back else None, ctx.clock() - sent, over=True)
