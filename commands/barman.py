"""Barman of the house's own, asked in its pod for the backups that it keeps."""

import asyncio
from dataclasses import dataclass

from bot.command import Context
from bot.core.barman import QUESTIONS, BarmanServer, BarmanTold, read
from bot.core.facts import Unknown
from commands.asking import ask, ask_all
from commands.parameters import place
from commands.pods import active_pods


@dataclass(frozen=True, slots=True)
class Keeper:
    """A barman that is there, or may be."""

    server: BarmanServer
    pod: str | Unknown
    """The one to ask: ready, or none is."""

    @property
    def place(self) -> str:
        """The database, as the room calls it: `data/postgres`."""
        return f"{self.server.namespace}/{self.server.server}"

    @property
    def by(self) -> str:
        """What to call barman: its pod, where that is known."""
        return "barman" if isinstance(self.pod, Unknown) else f"{self.server.namespace}/{self.pod}"


async def find_keepers(ctx: Context, where: str | None, namespace: str | None = None) -> tuple[Keeper, ...]:
    """Return who keeps backups of what `ns/name`, a name or a namespace means; a barman without pods is not there."""
    meant = [each for each in ctx.settings.backups.barman if _is_meant(each, where, namespace)]
    pods = await asyncio.gather(*(_pod(ctx, each) for each in meant))
    return tuple(Keeper(server, pod) for server, pod in zip(meant, pods, strict=True) if pod is not None)


async def ask_keeper(ctx: Context, keeper: Keeper) -> BarmanTold:
    """Ask for all that barman tells of a database; what gets no answer is unknown."""
    pod, server = keeper.pod, keeper.server.server
    if isinstance(pod, Unknown):
        return read(server, dict.fromkeys(QUESTIONS, pod))
    questions = {question: _run(ctx, keeper.server, pod, question) for question in QUESTIONS}
    return read(server, await ask_all(questions, ctx.settings.limits.probe))


async def _run(ctx: Context, server: BarmanServer, pod: str, question: str) -> str:
    done = await ctx.neighbours.kubernetes.exec(
        server.namespace, pod, server.container, server.argv(question), limit=ctx.settings.limits.probe
    )
    return done.stdout


def _is_meant(server: BarmanServer, where: str | None, namespace: str | None) -> bool:
    target = place(where, namespace)
    if target is None:
        return True
    if target.name:
        return (target.namespace, target.name) == (server.namespace, server.server)
    return target.namespace in (server.namespace, server.server)


async def _pod(ctx: Context, server: BarmanServer) -> str | Unknown | None:
    """Return the first pod that is ready; None where there is none at all."""
    pods = await ask(active_pods(ctx, server.namespace, server.selector), ctx.settings.limits.probe)
    if isinstance(pods, Unknown):
        return pods
    ready = next((pod.name for pod in pods if pod.ready), None)
    return ready or (Unknown("barman's pod is not ready") if pods else None)
