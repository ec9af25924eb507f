"""The words that many commands take, read the same way by all of them."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated

from cyclopts import Parameter

from bot.config import Settings
from bot.core.durations import For, read
from bot.core.errors import UsageError
from bot.core.names import Namespace, Target, target

NamespaceOption = Annotated[str | None, Parameter(name=["--namespace", "-n"])]
"""kubectl's `-n`: what stands beside it is then a name in that namespace."""

_KINDS = frozenset(
    f"{word}{plural}"
    for word in ("deploy", "deployment", "sts", "statefulset", "ds", "daemonset", "pod", "cluster")
    for plural in ("", "s")
)


def place(where: str | None, namespace: str | None) -> Target | None:
    """Read `ns`, `ns/name`, or `-n ns [[kind/]name]`; None when nothing was given; raise UsageError."""
    if namespace is None:
        return target(where) if where else None
    if "/" in namespace:
        raise UsageError(f"“{namespace[:60]}” is not a namespace", hint="write -n ns name, like -n data postgres")
    kind, slash, name = (where or "").rpartition("/")
    if slash and kind not in _KINDS and kind != namespace:
        raise UsageError(
            f"“{kind[:60]}” and -n {namespace[:60]} are two namespaces", hint="write ns/name, or -n ns name"
        )
    return target(f"{namespace}/{name}" if name else namespace)


def meant(place: Target | None, services: Mapping[str, Iterable[str]]) -> Target | None:
    """Return the one place that a name or the beginning of one can mean; the place as given when several could be."""
    if place is None or place.namespace in services:
        return place
    spaces = [space for space in services if space.startswith(place.namespace)]
    if len(spaces) == 1:
        return Target(Namespace(spaces[0]), place.name)
    if place.name is None:
        named = [(space, name) for space, names in services.items() for name in names if name == place.namespace]
        if len(named) == 1:
            return Target(Namespace(named[0][0]), named[0][1])
    return place


def known_places(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return what a name may mean for `meant`: every namespace with the services that are probed in it."""
    services = {space: tuple(probes) for space, probes in settings.services.items()}
    return {**dict.fromkeys(settings.namespaces, ()), **services}


def back(text: str) -> timedelta:
    """Read how far back `--since` reaches; raise UsageError."""
    return _span(text, "--since 10m, or 2h")


def ahead(text: str) -> timedelta:
    """Read how far ahead `--within` reaches; raise UsageError."""
    return _span(text, "--within 30d, or 12h")


def _span(text: str, example: str) -> timedelta:
    found = read(text)
    if not isinstance(found, For):
        raise UsageError(f"“{text[:40]}” is no span of time", hint=f"write {example}")
    return found.span


def near(word: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the few known words that were likely meant: those that begin so, hold it, are or begin almost so."""
    begin = [each for each in known if each.startswith(word)]
    inside = [each for each in known if word in each]
    close = get_close_matches(word, known, n=3)
    # A pod is called after its workload, and then goes on.
    starts = {each[: len(word) + 1]: each for each in reversed(known)}
    nearly = [starts[start] for start in get_close_matches(word, starts, n=3)]
    return tuple(dict.fromkeys([*begin, *inside, *close, *nearly]))[:3]
