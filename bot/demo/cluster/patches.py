"""The three ways to patch an object: JSON merge patch, strategic merge patch and JSON patch."""

import copy
import json
from collections.abc import Callable
from typing import Any

from bot.demo.cluster.kinds import Kind
from bot.demo.cluster.refusals import Refusal, bad_request

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"

# Which lists a strategic patch merges, and by which key (None: a set of plain values); any other list is replaced.
# Source: x-kubernetes-patch-merge-key in the API's OpenAPI document, for the kinds of this cluster.
MERGE_KEYS: dict[str, str | None] = {
    "addresses": "type",
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "finalizers": None,
    "hostAliases": "ip",
    "hostIPs": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "podCIDRs": None,
    "podIPs": "ip",
    "resourceClaims": "name",
    "schedulingGates": "name",
    "secrets": "name",
    "topologySpreadConstraints": "topologyKey",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
_PORT_KEYS = ("containerPort", "port")
"""`ports` of a container merge by the first, those of a Service by the second."""


def patcher(content_type: str, kind: Kind) -> Callable[[Any, Any], Any]:
    """Return the function `(object, patch) -> patched object` for a Content-Type; raise Refusal 415."""
    known: dict[str, Callable[[Any, Any], Any]] = {JSON_PATCH: json_patch, MERGE_PATCH: merge_patch}
    if kind.built_in:
        known[STRATEGIC_PATCH] = strategic_patch
    if content_type not in known:
        accepted = ", ".join(sorted(known))
        raise Refusal(
            415,
            "UnsupportedMediaType",
            f"the body of the request was in an unknown format - accepted media types include: {accepted}",
        )
    return known[content_type]


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply an RFC 7396 merge patch: null removes, lists are replaced whole."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def strategic_patch(target: Any, patch: Any) -> Any:
    """Apply a strategic merge patch: as a merge patch, but the lists of `MERGE_KEYS` are merged item by item."""
    if not isinstance(patch, dict) or patch.get("$patch") == "replace":
        return _without_directives(patch)
    if patch.get("$patch") == "delete":
        return {}
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        _merge_field(merged, key, value)
    if "$retainKeys" in patch:
        merged = {key: value for key, value in merged.items() if key in patch["$retainKeys"]}
    return merged


def _merge_field(merged: dict[str, Any], key: str, value: Any) -> None:
    if key.startswith("$deleteFromPrimitiveList/"):
        name = key.partition("/")[2]
        merged[name] = [item for item in merged.get(name, []) if item not in value]
    elif key.startswith("$"):
        return  # $setElementOrder only sorts; $retainKeys and $patch are read by the caller
    elif value is None:
        merged.pop(key, None)
    elif isinstance(value, list):
        merged[key] = _merge_list(key, merged.get(key) or [], value)
    else:
        merged[key] = strategic_patch(merged.get(key), value)


def _merge_list(name: str, old: list[Any], new: list[Any]) -> list[Any]:
    if {"$patch": "replace"} in new:
        return [item for item in new if item != {"$patch": "replace"}]
    if name in MERGE_KEYS and MERGE_KEYS[name] is None:
        return old + [item for item in new if item not in old]
    key = _merge_key(name, old + new)
    return new if key is None else _merge_items(key, old, new)


def _merge_key(name: str, items: list[Any]) -> str | None:
    if name != "ports":
        return MERGE_KEYS.get(name)
    return next((key for key in _PORT_KEYS if all(isinstance(item, dict) and key in item for item in items)), None)


def _merge_items(key: str, old: list[Any], new: list[Any]) -> list[Any]:
    merged = {item.get(key): item for item in old}
    for item in new:
        if not isinstance(item, dict) or key not in item:
            raise bad_request(f"map: {json.dumps(item)} does not contain declared merge key: {key}")
        if item.get("$patch") == "delete":
            merged.pop(item[key], None)
        else:
            merged[item[key]] = strategic_patch(merged.get(item[key]), item)
    return list(merged.values())


def _without_directives(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_directives(item) for key, item in value.items() if not key.startswith("$")}
    return value


def json_patch(target: Any, patch: Any) -> Any:
    """Apply an RFC 6902 patch; raise Refusal 400 for one that is not a list of operations, 422 for one that fails."""
    if not isinstance(patch, list):
        raise bad_request(f"json: cannot unmarshal {type(patch).__name__} into Go value of type jsonpatch.Patch")
    document = {"": copy.deepcopy(target)}
    for operation in patch:
        try:
            _operate(document, operation)
        except (LookupError, TypeError, ValueError) as error:
            message = "the server rejected our request due to an error in our request"
            raise Refusal(422, "Invalid", message, {}) from error
    return document[""]


def _operate(document: dict[str, Any], operation: dict[str, Any]) -> None:
    verb, path = operation["op"], operation["path"]
    if verb == "test":
        if _at(document, path) != operation["value"]:
            raise ValueError(path)
    elif verb in ("add", "copy", "move"):
        value = operation["value"] if verb == "add" else copy.deepcopy(_at(document, operation["from"]))
        if verb == "move":
            _remove(document, operation["from"])
        _add(document, path, value)
    elif verb in ("remove", "replace"):
        _at(document, path)
        if verb == "remove":
            _remove(document, path)
        else:
            _set(document, path, operation["value"])
    else:
        raise ValueError(verb)


def _steps(pointer: str) -> list[str]:
    # The document is wrapped in {"": …}, so that the pointer "" has a parent too.
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]


def _at(document: Any, pointer: str) -> Any:
    for step in _steps(pointer):
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def _parent(document: Any, pointer: str) -> tuple[Any, str]:
    *way, last = _steps(pointer)
    for step in way:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document, last


def _add(document: Any, pointer: str, value: Any) -> None:
    parent, last = _parent(document, pointer)
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else int(last), value)
    else:
        parent[last] = value


def _set(document: Any, pointer: str, value: Any) -> None:
    parent, last = _parent(document, pointer)
    parent[int(last) if isinstance(parent, list) else last] = value


def _remove(document: Any, pointer: str) -> None:
    parent, last = _parent(document, pointer)
    del parent[int(last) if isinstance(parent, list) else last]
