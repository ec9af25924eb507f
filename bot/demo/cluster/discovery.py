"""What the cluster says about itself: its version, its groups, the kinds of each."""

from bot.demo.cluster import kinds
from bot.demo.cluster.refusals import no_such_page
from bot.demo.cluster.store import Object

VERSION = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.2+k3s1",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-07-15T00:00:00Z",
    "goVersion": "go1.26.4",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


def core_versions() -> Object:
    """Return the answer of /api."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def groups() -> Object:
    """Return the answer of /apis."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*pair) for pair in kinds.groups() if pair[0]]}


def _group(group: str, version: str) -> Object:
    served = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [served], "preferredVersion": served}


def resources(group: str, version: str) -> Object:
    """Return the kinds of a group as /api/v1 and /apis/{group}/{version} list them; raise Refusal 404."""
    served = [kind for kind in kinds.SERVED if (kind.group, kind.version) == (group, version)]
    if not served:
        raise no_such_page()
    rows = [_row(kind.plural, kind) for kind in served]
    rows += [_row(f"{kind.plural}/{sub}", kind) for kind in served for sub in kind.subresources]
    return {"kind": "APIResourceList", "groupVersion": served[0].api_version, "resources": rows}


def _row(name: str, kind: kinds.Kind) -> Object:
    row = {"name": name, "singularName": kind.kind.lower(), "namespaced": kind.namespaced, "kind": kind.kind}
    return row | {"verbs": _VERBS if "/" not in name else ["get", "patch", "update"]}
