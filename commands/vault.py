"""`!vault status`: how sealed every pod of OpenBao is, whether its keys are kept, and how the bot is logged in."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.command import Context, command
from bot.core.errors import Missing
from bot.core.facts import Unknown, Verdict, worst
from bot.core.identity import Identity
from bot.core.keys import Keys, KeysReport, read_report
from bot.core.keys import verdict_of as verdict_of_keys
from bot.core.kinds import Kind, Object
from bot.core.names import Target, target
from bot.core.seal import Pod
from commands.asking import PART, ask


@dataclass(frozen=True, slots=True)
class VaultStatus:
    """OpenBao at one moment."""

    as_of: datetime
    zone: str
    pods: Mapping[str, Pod | Unknown]
    keys: Keys | None
    """None: the configuration says that nobody checks them."""
    me: Identity | Unknown

    @property
    def serving(self) -> tuple[str, ...]:
        """The pods that are open."""
        return tuple(name for name, pod in self.pods.items() if isinstance(pod, Pod) and pod.seal.serves)

    @property
    def keys_lost(self) -> bool:
        """Whether no keys are kept for the next restart."""
        return isinstance(self.keys, KeysReport) and self.keys.verdict is Verdict.BAD

    @property
    def verdict(self) -> Verdict:
        """The worst of everything told."""
        pods = [pod.verdict if isinstance(pod, Pod) else Verdict.UNKNOWN for pod in self.pods.values()]
        keys = [] if self.keys is None else [verdict_of_keys(self.keys)]
        me = Verdict.UNKNOWN if isinstance(self.me, Unknown) else self.me.verdict
        return worst([*pods, *keys, me])


@command("vault status", summary="How OpenBao is: seal, keys, my login", aliases=("openbao status",))
async def vault_status(ctx: Context) -> VaultStatus:
    """Ask every pod at its own address, read what keys-check wrote, and look our own token up."""
    limit = ctx.settings.limits.probe
    pods, keys, me = await asyncio.gather(
        ctx.neighbours.openbao.states(limit=limit * PART),
        keys_state(ctx),
        ask(ctx.neighbours.kv.account.identity(), limit),
    )
    return VaultStatus(ctx.clock(), ctx.settings.timezone, pods, keys, me)


async def keys_state(ctx: Context) -> Keys | None:
    """Return what `opsbot keys-check` said last of the Secret with the unseal keys; None when nobody checks it."""
    where = ctx.settings.openbao.keys_report
    if where is None:
        return None
    found = await ask(_written(ctx, target(where)), ctx.settings.limits.probe * PART)
    return Unknown(f"Kubernetes: {found.reason}") if isinstance(found, Unknown) else read_report(found, ctx.clock())


async def _written(ctx: Context, place: Target) -> Object:
    try:
        return await ctx.neighbours.kubernetes.get(Kind.CONFIGMAPS, place.namespace, place.name or "")
    except Missing:
        return {}
