"""Where a path of the API leads: to a group, a collection, an object or a subresource."""

from dataclasses import dataclass

from bot.demo.cluster import kinds
from bot.demo.cluster.kinds import Kind
from bot.demo.cluster.refusals import no_such_page


@dataclass(frozen=True, slots=True)
class Way:
    """One path, taken apart; `kind` is None where the path names a whole group."""

    group: str
    version: str
    kind: Kind | None = None
    plural: str = ""
    namespace: str = ""
    name: str = ""
    sub: str = ""


def way(path: str) -> Way:
    """Read a path below /api or /apis; raise Refusal 404 where nothing lives."""
    root, *parts = [part for part in path.split("/") if part]
    if root == "api":
        parts.insert(0, "")
    if len(parts) < 2:  # noqa: PLR2004 - group and version
        raise no_such_page()
    group, version, *rest = parts
    namespace = ""
    # /namespaces/{name}/status is the namespace's own; anything else below a namespace lives in it.
    if rest[:1] == ["namespaces"] and len(rest) > 2 and rest[2] not in ("status", "finalize"):  # noqa: PLR2004 - as above
        namespace, rest = rest[1], rest[2:]
    if not rest:
        return Way(group, version)
    kind = _kind(group, version, rest[0])
    plural, name, sub, *more = [*rest, "", ""]
    if any(more) or (sub and kind is not None and sub not in kind.subresources):
        raise no_such_page()
    return Way(group, version, kind, plural, namespace, name, sub)


def _kind(group: str, version: str, plural: str) -> Kind | None:
    # Reviews are asked and answered, never kept: they have no kind here.
    return None if plural.endswith("reviews") else kinds.at(group, version, plural)
