"""Decides on a request as the API server does with ValidatingAdmissionPolicies, by CEL's own evaluator."""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be written, by whom."""

    operation: str
    group: str
    resource: str
    """With its subresource: `pods/exec`."""
    new: Json | None
    old: Json | None = None
    user: str = "system:serviceaccount:monitoring:opsbot"
    dry: bool = False
    """Whether it is only tried."""


def refusals(objects: Iterable[Json], request: Request) -> list[str]:
    """Return why the policies among the objects refuse a request; what cannot be evaluated is refused too."""
    bound = {obj["spec"]["policyName"] for obj in objects if obj["kind"] == "ValidatingAdmissionPolicyBinding"}
    policies = [obj for obj in objects if obj["kind"] == "ValidatingAdmissionPolicy"]
    return [
        why
        for policy in policies
        if policy["metadata"]["name"] in bound and _is_about(policy["spec"], request)
        for why in _validate(policy["spec"], request)
    ]


def _is_about(spec: Json, request: Request) -> bool:
    rules = spec["matchConstraints"]["resourceRules"]
    return any(
        request.group in rule["apiGroups"]
        and request.operation in rule["operations"]
        and request.resource in rule["resources"]
        for rule in rules
    )


def _validate(spec: Json, request: Request) -> Iterator[str]:
    asked = {"userInfo": {"username": request.user}, "operation": request.operation, "dryRun": request.dry}
    known: Json = {"object": request.new, "oldObject": request.old, "request": asked, "variables": {}}
    if not all(_is_true(each["expression"], known) for each in spec["matchConditions"]):
        return
    for variable in spec.get("variables", ()):
        known["variables"][variable["name"]] = _evaluate(variable["expression"], known)
    for validation in spec["validations"]:
        if not _is_true(validation["expression"], known):
            yield validation["message"]


def _is_true(expression: str, known: Json) -> bool:
    return _evaluate(expression, known) is True


def _evaluate(expression: str, known: Json) -> Any:
    """Return the value; an error of CEL's is a value too, and never true."""
    return _compiled(expression).eval(data=known).plain_value()


@functools.cache
def _compiled(expression: str) -> Any:
    names = ("object", "oldObject", "request", "variables")
    return cel.NewEnv(variables=dict.fromkeys(names, cel.Type.DYN)).compile(expression)
