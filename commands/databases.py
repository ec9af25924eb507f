"""From what a person typed to the Postgres clusters that are meant."""

from bot.command import Context
from bot.core.errors import Missing, UsageError
from bot.core.kinds import Kind, Object
from bot.core.subjects import without_ending
from commands.finding import Found
from commands.parameters import near, place


async def find_databases(ctx: Context, where: str | None, namespace: str | None = None) -> tuple[Found, ...]:
    """Return the clusters that `ns/name`, a name, its beginning or a namespace means; nothing named: all of them.

    An instance's name stands for its cluster, as on an alert's card. Raises UsageError, with what there is, when none
    is meant.
    """
    target = place(where, namespace)
    spaces = (target.namespace,) if target and target.name else ctx.settings.namespaces
    known = tuple(Found(Kind.CLUSTERS, obj) for obj in await _listed(ctx, spaces))
    if not known:
        where_not = f" in {spaces[0]}" if len(spaces) == 1 else ""
        raise UsageError(f"No Postgres cluster of CloudNativePG{where_not}", hint="!k8s get clusters -A lists them")
    if target is None:
        return known
    name = target.name or target.namespace
    in_it = () if target.name else tuple(each for each in known if each.namespace == name)
    exact = tuple(each for each in known if each.name == name)
    begun = tuple(each for each in known if each.name.startswith(name))
    of_instance = tuple(each for each in known if each.name == without_ending(name))
    for found in (exact, in_it, begun if len(begun) == 1 else (), of_instance):
        if found:
            return found
    close = near(name, tuple(each.name for each in known))
    places = tuple(each.place for each in known if each.name in close) or tuple(each.place for each in known)
    raise UsageError(f"No Postgres cluster “{target}”", hint="write ns/name, like data/postgres", near=places[:3])


async def find_database(ctx: Context, where: str | None, namespace: str | None = None) -> Found:
    """Do the same for what is done to one; raise UsageError where several are meant."""
    return only(await find_databases(ctx, where, namespace))


def only(found: tuple[Found, ...]) -> Found:
    """Return the one that was found; raise UsageError where there are several."""
    if len(found) > 1:
        places = tuple(each.place for each in found)
        raise UsageError("Which Postgres cluster?", hint="write ns/name, like data/postgres", near=places[:3])
    return found[0]


async def _listed(ctx: Context, namespaces: tuple[str, ...]) -> tuple[Object, ...]:
    try:
        return await ctx.neighbours.kubernetes.list(Kind.CLUSTERS, namespaces=namespaces)
    except Missing:
        # Clusters come with an operator: without it there are none.
        return ()
