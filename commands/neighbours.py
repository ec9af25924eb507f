"""Whether the bot's neighbours answer, asked by `!status` and `!doctor`."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta

from bot.command import Context
from bot.core.errors import Unreachable
from bot.core.facts import Unknown, Verdict
from commands.asking import PART, ask_all


@dataclass(frozen=True, slots=True)
class NeighbourStatus:
    """Whether a neighbour of the bot's answers; for OpenBao, BAD means that a pod is sealed."""

    name: str
    state: Verdict | Unknown

    @property
    def verdict(self) -> Verdict:
        """How that is."""
        return Verdict.UNKNOWN if isinstance(self.state, Unknown) else self.state


async def neighbours(ctx: Context, limit: timedelta) -> tuple[NeighbourStatus, ...]:
    """Ask all of them at the same time, Kubernetes and the homeserver left aside."""
    questions: dict[str, Awaitable[Verdict]] = {
        "OpenBao": _openbao(ctx, limit),
        "Prometheus": _ready(ctx.neighbours.prometheus.ready()),
        "Alertmanager": _ready(ctx.neighbours.alertmanager.ready()),
        "Loki": _ready(ctx.neighbours.loki.ready()),
        "Grafana": _ready(ctx.neighbours.grafana.ready()),
    }
    answers = await ask_all(questions, limit)
    return tuple(NeighbourStatus(name, state) for name, state in answers.items())


async def _openbao(ctx: Context, limit: timedelta) -> Verdict:
    """Return BAD for a sealed pod; raise Unreachable when a pod does not say."""
    pods = (await ctx.neighbours.openbao.all(limit=limit * PART)).values()
    if any(not isinstance(pod, Unknown) and not pod.serves for pod in pods):
        return Verdict.BAD
    for pod in pods:
        if isinstance(pod, Unknown):
            raise Unreachable("openbao", pod.reason)
    return Verdict.OK


async def _ready(question: Awaitable[None]) -> Verdict:
    await question
    return Verdict.OK
