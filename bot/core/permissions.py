"""What a command needs the API server to allow, and which of it is refused; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from bot.core.kinds import Kind


class Scope(Enum):
    """Where a need holds."""

    EVERYWHERE = auto()
    """In every namespace of the configuration."""
    CLUSTER = auto()
    """Of a kind that has no namespace."""
    EACH = auto()
    """Of every object that there is: rules about changes name their objects."""
    PROBED = auto()
    """In the namespaces where the configuration runs commands."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that the API server must allow, in the words of RBAC."""

    verb: str
    kind: Kind
    part: str = ""
    """The subresource: `log`, `scale`."""
    scope: Scope = Scope.EVERYWHERE
    beside: Kind | None = None
    """In the namespaces that have an object of this kind: what is created has no name to ask about yet."""

    @property
    def resource(self) -> str:
        """The word of RBAC: `pods/log`."""
        return f"{self.kind.plural}/{self.part}" if self.part else self.kind.plural


@dataclass(frozen=True, slots=True)
class Question:
    """A need as the API server is asked about it."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    """Empty: in all namespaces, or of what has none."""
    name: str = ""
    """Empty: whatever its name."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the questions depend on."""

    namespaces: tuple[str, ...]
    probed: tuple[str, ...]
    objects: Mapping[Kind, tuple[tuple[str, str], ...]]
    """Namespace and name of all that there is."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What is not allowed of a need, in one namespace."""

    commands: tuple[str, ...]
    """The verbs that need it."""
    verb: str
    group: str
    resource: str
    namespace: str
    """Empty: in every namespace, or of what has none."""
    names: tuple[str, ...]
    """Empty: whatever its name."""
    partly: bool
    """Whether the commands may do it to some objects: rules that name their objects leave others out on purpose."""


RUNS = tuple(Need(verb, Kind.PODS, "exec", Scope.PROBED) for verb in ("get", "create"))
"""What it takes to run a command in a container: a websocket exec is a GET, from 1.35 on a create too (KEP-4006)."""


def looks(*kinds: Kind) -> tuple[Need, ...]:
    """Return what it takes to list these kinds wherever the configuration says."""
    return tuple(Need("list", kind, scope=Scope.EVERYWHERE if kind.namespaced else Scope.CLUSTER) for kind in kinds)


def questions(need: Need, place: Place) -> tuple[Question, ...]:
    """Return what to ask about a need; it holds where all of it is allowed."""
    if need.scope is Scope.CLUSTER:
        return (_question(need),)
    if need.scope is Scope.EACH:
        found = place.objects.get(need.kind, ())
        return tuple(_question(need, namespace, name) for namespace, name in found)
    if need.beside:
        spaces = dict.fromkeys(namespace for namespace, _ in place.objects.get(need.beside, ()))
    else:
        spaces = dict.fromkeys(place.probed if need.scope is Scope.PROBED else place.namespaces)
    return tuple(_question(need, namespace) for namespace in spaces)


def refused(needs: Mapping[str, Iterable[Need]], place: Place, answers: Mapping[Question, bool]) -> tuple[Refused, ...]:
    """Return what is refused, by need and namespace; `needs` by verb, `answers` to all `questions`."""
    by_need: dict[Need, list[str]] = {}
    able: set[tuple[str, str, str]] = set()
    """Commands that may do a thing to some object."""
    for command, wanted in needs.items():
        for need in wanted:
            by_need.setdefault(need, []).append(command)
            if need.scope is Scope.EACH and any(answers[question] for question in questions(need, place)):
                able.add((command, need.verb, need.part))
    found: list[Refused] = []
    for need, commands in by_need.items():
        asked = questions(need, place)
        lacking = [question for question in asked if not answers[question]]
        partly = need.scope is Scope.EACH and all((command, need.verb, need.part) in able for command in commands)
        if need.scope is Scope.EVERYWHERE and not need.beside and lacking and len(lacking) == len(asked):
            lacking = [_question(need)]
        for namespace in dict.fromkeys(question.namespace for question in lacking):
            names = tuple(question.name for question in lacking if question.namespace == namespace and question.name)
            found.append(Refused(tuple(commands), need.verb, need.kind.group, need.resource, namespace, names, partly))
    return tuple(found)


def _question(need: Need, namespace: str = "", name: str = "") -> Question:
    return Question(need.verb, need.kind.group, need.resource, namespace, name)
