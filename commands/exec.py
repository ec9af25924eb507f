"""`!k8s exec`: run a command of the configuration's list in a pod; its exit code decides."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter

from bot.command import ActionContext, Context, Plan, action
from bot.core import containers
from bot.core.errors import Missing, NeighbourError, UsageError
from bot.core.facts import Verdict
from bot.core.kinds import Kind, Object
from bot.core.names import UserId
from bot.core.permissions import RUNS, Need
from bot.core.policy import Risk
from bot.core.templates import ExecTemplate, choose
from commands.parameters import NamespaceOption, place

ContainerOption = Annotated[str, Parameter(name=["--container", "-c"])]
LIMIT = timedelta(hours=1, minutes=1)
"""More than any template may take."""
_BARMAN = ("barman", "backup")


@dataclass(frozen=True, slots=True)
class ExecPlan:
    """What would be run, and where."""

    place: str
    container: str
    words: str
    limit: timedelta


@dataclass(frozen=True, slots=True)
class ExecReport:
    """A command runs, or ended."""

    place: str
    words: str
    by: UserId
    took: timedelta
    over: bool
    exit_code: int | None
    """None: it has not said how it ended."""
    stdout: str
    stderr: str

    @property
    def verdict(self) -> Verdict:
        """Only an exit code of 0 is good; without one nobody knows."""
        if not self.over:
            return Verdict.NONE
        if self.exit_code is None:
            return Verdict.UNKNOWN
        return Verdict.BAD if self.exit_code else Verdict.OK


@dataclass(frozen=True, slots=True)
class _Meant:
    template: ExecTemplate
    argv: tuple[str, ...]
    place: str
    pod: Object
    container: str


async def preview(
    ctx: Context, where: str, *, namespace: NamespaceOption = None, container: ContainerOption = "", command: str = ""
) -> Plan:
    """Find the command on the list and the pod in the cluster; raise UsageError for what is in neither."""
    meant = await _meant(ctx, where, namespace, container, command)
    what = ExecPlan(meant.place, meant.container, " ".join(meant.argv), meant.template.limit)
    return Plan(what, meant.template.risk, target=str(meant.pod["metadata"].get("uid", "")))


@action(
    "k8s exec",
    summary="Run a command of the configuration's list in a pod",
    risk=Risk.AFFECTING,
    examples=("!k8s exec -n data barman-0 -- barman backup postgres",),
    aliases=("kubectl exec",),
    trailing="command",
    preview=preview,
    limit=LIMIT,
    needs=(Need("get", Kind.PODS), Need("list", Kind.CLUSTERS), *RUNS),
)
async def exec_(
    ctx: ActionContext,
    where: str,
    *,
    namespace: NamespaceOption = None,
    container: ContainerOption = "",
    command: str = "",
) -> ExecReport:
    """Run what stands under `kubernetes.exec`, without a shell and without input; nothing else ever runs."""
    meant = await _meant(ctx, where, namespace, container, command)
    began = ctx.clock()
    name, words = meant.pod["metadata"]["name"], " ".join(meant.argv)
    await ctx.show(ExecReport(meant.place, words, ctx.request.sender, timedelta(0), False, None, "", ""))
    done = await ctx.neighbours.kubernetes.exec(
        meant.template.namespace, name, meant.container, meant.argv, limit=meant.template.limit
    )
    took = ctx.clock() - began
    return ExecReport(meant.place, words, ctx.request.sender, took, True, done.exit_code, done.stdout, done.stderr)


async def _meant(ctx: Context, where: str, namespace: str | None, container: str, command: str) -> _Meant:
    target = place(where, namespace)
    if target is None or target.name is None:
        raise UsageError("Which pod?", hint="!k8s exec ns/pod -- command")
    template, argv = choose(ctx.settings.kubernetes.exec, target.namespace, target.name, container, command)
    try:
        pod = await ctx.neighbours.kubernetes.get(Kind.PODS, target.namespace, target.name)
    except Missing as error:
        raise await _no_pod(ctx, target.namespace, target.name, argv) from error
    if (pod.get("status") or {}).get("phase") != "Running":
        raise UsageError(f"{target} does not run", hint=f"!status {target.namespace} tells why")
    return _Meant(template, argv, str(target), pod, containers.chosen(pod, template.container or container))


async def _no_pod(ctx: Context, namespace: str, name: str, argv: tuple[str, ...]) -> UsageError:
    """Return what to say of a pod that is not there; a house without barman has its backups from CloudNativePG."""
    try:
        clusters = await ctx.neighbours.kubernetes.list(Kind.CLUSTERS, namespaces=(namespace,))
    except NeighbourError:
        clusters = ()
    known = [each["metadata"]["name"] for each in clusters if argv[:2] == _BARMAN]
    meant = next((each for each in known if each in argv), known[0] if len(known) == 1 else None)
    if meant is None:
        return UsageError(f"No pod {namespace}/{name}", hint=f"!k8s get pods -n {namespace} lists them")
    return UsageError(
        f"No pod {namespace}/{name}: CloudNativePG backs {namespace}/{meant} up",
        hint=f"that is !backup now {namespace}/{meant}",
    )
