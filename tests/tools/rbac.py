"""What the Roles among some objects let one account do, as the API server reads them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, and the namespace it holds in: None for the whole cluster."""

    namespace: str | None
    rule: Json


class Grants:
    """The rules bound to a ServiceAccount."""

    def __init__(self, objects: Iterable[Json], account: tuple[str, str]) -> None:
        """`account`: namespace and name."""
        self.rules = tuple(_rules(list(objects), account))

    def allow(self, verb: str, group: str, resource: str, namespace: str = "", name: str = "") -> bool:
        """Say whether some rule grants it; `resource` with its subresource: `pods/log`; no name: whatever its name."""
        return any(
            each.namespace in (None, namespace)
            and verb in each.rule["verbs"]
            and group in each.rule["apiGroups"]
            and resource in each.rule["resources"]
            and ("resourceNames" not in each.rule or name in each.rule["resourceNames"])
            for each in self.rules
        )


def _rules(objects: list[Json], account: tuple[str, str]) -> Iterator[Rule]:
    roles = {
        (obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"]): obj["rules"]
        for obj in objects
        if obj["kind"] in ("Role", "ClusterRole")
    }
    for binding in objects:
        if binding["kind"] not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        where, ref = binding["metadata"].get("namespace"), binding["roleRef"]
        if any((each["namespace"], each["name"]) == account for each in binding["subjects"]):
            home = where if ref["kind"] == "Role" else None
            yield from (Rule(where, rule) for rule in roles[ref["kind"], home, ref["name"]])
