"""`!vault kv list|get`: which secrets there are, their keys, versions and ages; values are never asked for."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from bot.command import Context, command
from bot.core.errors import Missing, UsageError
from bot.core.facts import Unknown
from bot.core.kv import History, field_of, parent, read_path
from commands.asking import ask_all
from commands.parameters import near

_FOLDER = "/"


@dataclass(frozen=True, slots=True)
class KvEntry:
    """One name in a list."""

    name: str
    history: History | Unknown | None
    """None: a folder."""


@dataclass(frozen=True, slots=True)
class KvList:
    """What stands below a path, in OpenBao's order."""

    as_of: datetime
    path: str
    """With the mount before it."""
    entries: tuple[KvEntry, ...]


@dataclass(frozen=True, slots=True)
class KvSecret:
    """One secret, without its values."""

    as_of: datetime
    path: str
    """With the mount before it."""
    history: History
    fields: tuple[str, ...]
    """The names of its keys; none where the newest version is gone."""
    meant: str | None
    """The one of them that the playbook's `app/key` stands for."""


@dataclass(frozen=True, slots=True)
class Found:
    """A secret, and the key in it that was meant."""

    path: str
    history: History
    meant: str | None = None


@command(
    "vault kv list",
    summary="List secrets by name, version and age",
    examples=("!vault kv list", "!vault kv list secret/sol-tokens"),
    aliases=("vault kv ls",),
)
async def kv_list(ctx: Context, path: str = "") -> KvList | KvSecret:
    """List what stands below a path; of a secret itself, tell its keys."""
    kv, below = ctx.neighbours.kv, read_path(path, ctx.settings.openbao.mount)
    try:
        names = await kv.list(below)
    except Missing:
        if not below:
            return KvList(ctx.clock(), kv.name(below), ())
        return await _secret(ctx, await find(ctx, below))
    secrets = [name for name in names if not name.endswith(_FOLDER)]
    histories = await ask_all(
        {name: kv.history(f"{below}/{name}".strip("/")) for name in secrets}, ctx.settings.limits.probe
    )
    return KvList(ctx.clock(), kv.name(below), tuple(KvEntry(name, histories.get(name)) for name in names))


@command(
    "vault kv get",
    summary="Tell the keys, versions and age of a secret, never a value",
    examples=("!vault kv get secret/messages", "!vault kv get secret/messages/django-secret"),
)
async def kv_get(ctx: Context, path: str) -> KvSecret:
    """Tell what is in a secret without telling it."""
    return await _secret(ctx, await find(ctx, named(ctx, path)))


def named(ctx: Context, path: str) -> str:
    """Return the path of one secret as the API wants it; raise UsageError."""
    mount = ctx.settings.openbao.mount
    read = read_path(path, mount)
    if not read:
        raise UsageError("Which secret?", hint=f"!vault kv get {mount}/messages")
    return read


async def _secret(ctx: Context, found: Found) -> KvSecret:
    now, kv = ctx.clock(), ctx.neighbours.kv
    newest = found.history.newest
    fields = await kv.fields(found.path) if newest and not newest.is_gone(now) else ()
    return KvSecret(now, kv.name(found.path), found.history, fields, found.meant)


async def find(ctx: Context, path: str) -> Found:
    """Return the secret that a path means; raise UsageError, with what was likely meant, where there is none."""
    if found := await look_for(ctx, path):
        return found
    raise await _nowhere(ctx, path)


async def look_for(ctx: Context, path: str) -> Found | None:
    """Look which exists: the path itself, or, as the house seeds it, the secret above with a key of that name."""
    kv = ctx.neighbours.kv
    with suppress(Missing):
        return Found(path, await kv.history(path))
    above, last = parent(path)
    if above:
        with suppress(Missing):
            history, fields = await kv.history(above), await kv.fields(above)
            if meant := field_of(last, fields):
                return Found(above, history, meant)
    return None


async def _nowhere(ctx: Context, path: str) -> UsageError:
    """Return the error for a path without a secret, with what was likely meant."""
    kv, (above, last) = ctx.neighbours.kv, parent(path)
    problem = f"No secret “{kv.name(path)}”"
    if above:
        with suppress(Missing):
            return UsageError(problem, hint=f"keys of {kv.name(above)}: {', '.join(await kv.fields(above))}")
    names: tuple[str, ...] = ()
    with suppress(Missing):
        names = await kv.list(above)
    if f"{last}{_FOLDER}" in names:
        return UsageError(f"“{kv.name(path)}” is a folder", hint=f"!vault kv list {kv.name(path)}")
    close = tuple(f"{kv.name(above)}/{name.rstrip(_FOLDER)}" for name in near(last, names))
    return UsageError(problem, hint="!vault kv list shows what there is", near=close)
