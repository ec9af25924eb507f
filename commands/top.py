"""`!top`: what nodes and pods use, by the metrics API."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.command import Context, command
from bot.core.errors import Missing, Unreachable
from bot.core.facts import Unknown, Verdict, worst
from bot.core.kinds import Kind, Object
from bot.core.names import Target
from bot.core.permissions import looks
from bot.core.usage import Usage, read_nodes, read_pods
from commands.asking import ask_all
from commands.existing import NEEDED, must_exist
from commands.parameters import NamespaceOption, known_places, meant, place

_QUESTIONS = (Kind.NODE_METRICS, Kind.NODES, Kind.POD_METRICS, Kind.PODS)


class By(StrEnum):
    """What the list goes by."""

    MEMORY = "memory"
    CPU = "cpu"


@dataclass(frozen=True, slots=True)
class TopReport:
    """What is used at one moment."""

    as_of: datetime
    target: Target | None
    by: By
    nodes: tuple[Usage, ...] | Unknown
    pods: tuple[Usage, ...] | Unknown
    """Who uses most first."""

    @property
    def full(self) -> tuple[Usage, ...]:
        """The nodes and pods that have little memory left."""
        parts = [part for part in (self.nodes, self.pods) if not isinstance(part, Unknown)]
        return tuple(each for part in parts for each in part if each.verdict is Verdict.WARN)

    @property
    def verdict(self) -> Verdict:
        """The worst of what was measured; what was not is unknown."""
        gaps = [Verdict.UNKNOWN for part in (self.nodes, self.pods) if isinstance(part, Unknown)]
        return worst([*gaps, Verdict.WARN if self.full else Verdict.OK])


@command(
    "top",
    summary="Who uses most memory or CPU",
    examples=("!top", "!top lasuite", "!top --by cpu"),
    needs=(*looks(*_QUESTIONS), NEEDED),
)
async def top(
    ctx: Context, where: str | None = None, *, namespace: NamespaceOption = None, by: By = By.MEMORY
) -> TopReport:
    """Tell what the nodes use, and the pods that use most: of all, of a namespace, or of what begins with a name."""
    target = meant(place(where, namespace), known_places(ctx.settings))
    names = (target.namespace,) if target else None
    kubernetes = ctx.neighbours.kubernetes
    questions = {
        kind: _asked(kubernetes.list(kind, namespaces=names if kind.namespaced else None)) for kind in _QUESTIONS
    }
    answers = await ask_all(questions, ctx.settings.limits.probe)
    nodes = _read(read_nodes, answers[Kind.NODE_METRICS], answers[Kind.NODES])
    pods = _read(read_pods, answers[Kind.POD_METRICS], answers[Kind.PODS])
    if target and pods == ():
        await must_exist(ctx, target.namespace)
    if not isinstance(pods, Unknown):
        name = (target.name if target else None) or ""
        pods = tuple(sorted((each for each in pods if each.name.startswith(name)), key=_ORDER[by]))
    return TopReport(ctx.clock(), target, by, nodes, pods)


_ORDER: dict[By, Callable[[Usage], float]] = {By.MEMORY: lambda each: -each.memory, By.CPU: lambda each: -each.cpu}


async def _asked(question: Awaitable[tuple[Object, ...]]) -> tuple[Object, ...]:
    try:
        return await question
    except Missing as error:
        raise Unreachable(error.neighbour, "this cluster has no metrics API (metrics-server)") from error


def _read(
    read: Callable[[Iterable[Object], Iterable[Object]], tuple[Usage, ...]],
    measured: tuple[Object, ...] | Unknown,
    objects: tuple[Object, ...] | Unknown,
) -> tuple[Usage, ...] | Unknown:
    """Read what was measured; without the objects it is not known of how much."""
    if isinstance(measured, Unknown):
        return measured
    return read(measured, () if isinstance(objects, Unknown) else objects)
