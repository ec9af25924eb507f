"""`!k8s get` and `describe`: objects of the cluster, in kubectl's words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from cyclopts import Parameter

from bot.command import Context, command
from bot.core.errors import UsageError
from bot.core.events import Event, fold
from bot.core.facts import Unknown, Verdict, worst
from bot.core.kinds import Kind, Listing, Object
from bot.core.names import Namespace, Target, target
from bot.core.permissions import looks
from bot.core.portraits import Portrait, read_portrait
from bot.core.rows import Row, read_row
from commands.asking import ask
from commands.events import LATELY, OF_NODES, EventReport, noted
from commands.existing import NEEDED, must_exist
from commands.kinds import SHOWN, kind_named
from commands.parameters import NamespaceOption, near
from commands.surveys import Unasked, everywhere

AllNamespaces = Annotated[bool, Parameter(name=["--all-namespaces", "-A"], negative="")]
Selector = Annotated[str, Parameter(name=["--selector", "-l"])]

_FIRST = {Verdict.BAD: 0, Verdict.UNKNOWN: 1, Verdict.WARN: 2}


@dataclass(frozen=True, slots=True)
class ObjectTable:
    """Objects of one kind, the troubled ones first."""

    as_of: datetime
    kind: Kind
    namespace: str
    """Empty: all of them."""
    selector: str
    rows: tuple[Row, ...]
    gaps: tuple[Unasked, ...]

    @property
    def troubled(self) -> int:
        """How many are not well."""
        return sum(row.verdict in _FIRST for row in self.rows)

    @property
    def verdict(self) -> Verdict:
        """The worst of those that say how they are."""
        told = [row.verdict for row in self.rows if row.verdict is not Verdict.NONE]
        return worst([*told, *[Verdict.UNKNOWN] * bool(self.gaps)]) if told or self.gaps else Verdict.NONE


@dataclass(frozen=True, slots=True)
class ObjectReport:
    """One object, with what was noted about it lately."""

    as_of: datetime
    portrait: Portrait
    events: tuple[Event, ...] | Unknown


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for."""

    kind: Kind
    namespace: str
    """Empty: in any."""
    name: str
    """Empty: all of them."""


@command(
    "k8s get",
    summary="List objects of the cluster; never Secrets",
    examples=("!k8s get pods -n data -l app=barman", "!k8s get certificates -A", "!k8s get deploy ory/hydra"),
    aliases=("kubectl get",),
    needs=(*looks(*SHOWN), NEEDED),
)
async def get(
    ctx: Context,
    kind: str,
    name: str = "",
    *,
    namespace: NamespaceOption = None,
    all_namespaces: AllNamespaces = False,
    selector: Selector = "",
) -> ObjectTable | EventReport:
    """Tell the objects of a kind, everywhere unless a namespace is named; the beginning of a name is enough."""
    wanted = read_wanted(kind, name, None if all_namespaces else namespace)
    if wanted.kind is Kind.EVENTS:
        where = Target(Namespace(wanted.namespace), wanted.name or None) if wanted.namespace else None
        return await noted(ctx, where, LATELY)
    listing = await _list(ctx, wanted, selector)
    if not listing.items and wanted.namespace:
        await must_exist(ctx, wanted.namespace)
    now = ctx.clock()
    rows = [read_row(wanted.kind, obj, now) for obj in _named(wanted, listing)]
    rows.sort(key=lambda row: (_FIRST.get(row.verdict, 3), row.place))
    gaps = tuple(Unasked(wanted.kind.plural, where, error.reason) for where, error in listing.unasked.items())
    return ObjectTable(now, wanted.kind, wanted.namespace, selector, tuple(rows), gaps)


@command(
    "k8s describe",
    summary="Tell what matters about one object; never a Secret",
    examples=("!k8s describe certificate -n ingress pingora-tls", "!k8s describe pod data/openbao-0"),
    aliases=("kubectl describe",),
    needs=(*looks(*SHOWN), NEEDED),
)
async def describe(ctx: Context, kind: str, name: str = "", *, namespace: NamespaceOption = None) -> ObjectReport:
    """Tell the facts, the conditions and the last events of one object, found by the beginning of its name."""
    wanted = read_wanted(kind, name, namespace)
    if not wanted.name:
        raise UsageError(f"Which {wanted.kind.singular}?", hint=f"!k8s describe {wanted.kind.singular} ns/name")
    if wanted.kind is Kind.EVENTS:
        raise UsageError("An event says all in its line", hint="!events shows them")
    obj = _only(wanted, await _list(ctx, wanted, ""))
    now = ctx.clock()
    return ObjectReport(now, read_portrait(wanted.kind, obj, now), await _about(ctx, wanted.kind, obj, now))


def read_wanted(kind: str, name: str, namespace: str | None) -> Wanted:
    """Read `pods`, `pods name`, `pod/name`, `pods ns/name` and `-n ns`; raise UsageError."""
    word, _, beside = kind.partition("/")
    found = kind_named(word)
    where, _, bare = (beside or name).rpartition("/")
    if where and namespace and where != namespace:
        raise UsageError(f"“{where[:60]}” and -n {namespace[:60]} are two namespaces", hint="keep one of them")
    space = where or namespace or ""
    # Only what the API could know gets there.
    target(f"{space or 'any'}/{bare}" if bare else space or "any")
    return Wanted(found, space if found.namespaced else "", bare)


async def _list(ctx: Context, wanted: Wanted, selector: str) -> Listing:
    kubernetes, spaces = ctx.neighbours.kubernetes, ctx.settings.namespaces
    return await everywhere(kubernetes, wanted.kind, spaces, space=wanted.namespace, labels=selector)


def _named(wanted: Wanted, listing: Listing) -> list[Object]:
    """Return the objects of exactly this name, or else all whose names begin so; raise UsageError for none."""
    names = [obj["metadata"]["name"] for obj in listing.items]
    found = [obj for obj in listing.items if wanted.name in ("", obj["metadata"]["name"])]
    found = found or [obj for obj in listing.items if obj["metadata"]["name"].startswith(wanted.name)]
    if wanted.name and not found and not listing.unasked:
        raise UsageError(
            f"No {wanted.kind.singular} “{_place(wanted.namespace, wanted.name)}”",
            hint=f"!k8s get {wanted.kind.plural} lists them",
            near=near(wanted.name, tuple(dict.fromkeys(names))),
        )
    return found


def _only(wanted: Wanted, listing: Listing) -> Object:
    """Return the one object that is meant; raise UsageError for none or several, and what kept it from being seen."""
    found = _named(wanted, listing)
    if len(found) == 1:
        return found[0]
    for error in listing.unasked.values():
        raise error
    places = tuple(_place(obj["metadata"].get("namespace", ""), obj["metadata"]["name"]) for obj in found)
    raise UsageError(f"Which {wanted.kind.singular}? “{wanted.name}” is several", near=places[:3])


def _place(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


async def _about(ctx: Context, kind: Kind, obj: Object, now: datetime) -> tuple[Event, ...] | Unknown:
    """Return what was noted lately about an object."""
    metadata = obj["metadata"]
    space = metadata.get("namespace") or OF_NODES
    kubernetes = ctx.neighbours.kubernetes
    question = kubernetes.list(Kind.EVENTS, namespaces=(space,), fields=f"involvedObject.name={metadata['name']}")
    found = await ask(question, ctx.settings.limits.probe)
    if isinstance(found, Unknown):
        return found
    return tuple(event for event in fold(found, now, LATELY) if event.kind.lower() == kind.singular)
