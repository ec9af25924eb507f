"""The words that many commands take, read the same way by all of them."""

from difflib import get_close_matches
from typing import Annotated

from cyclopts import Parameter

from bot.core.errors import UsageError
from bot.core.names import Target, target

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


def near(word: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the few known words that were likely meant: those that begin so, hold it, or are spelled almost so."""
    begin = [each for each in known if each.startswith(word)]
    inside = [each for each in known if word in each]
    return tuple(dict.fromkeys([*begin, *inside, *get_close_matches(word, known, n=3)]))[:3]
