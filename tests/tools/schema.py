"""Holds objects to the real API server's schema: required fields, no unknown ones, right types."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

# The schema stands beside the repository, not in it.
REFERENCE = Path(__file__).parents[2].parent / "shared" / "kubernetes"
with_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"no {REFERENCE.name} schema beside the repository")

Json = dict[str, Any]
_PRIMITIVES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}


def problems(obj: Json) -> list[str]:
    """Return what is wrong with an object, each with its path."""
    name = f"{obj['kind']} {obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
    return [f"{name}{problem}" for problem in _check(obj, _schema_of(obj["apiVersion"], obj["kind"]), "")]


def _schema_of(api_version: str, kind: str) -> Json:
    # The OpenAPI document knows the custom kinds too, but without what it cannot say (int-or-string, free fields).
    custom = _custom()
    return custom[api_version, kind] if (api_version, kind) in custom else _built_in()[api_version, kind]


@functools.cache
def definitions() -> dict[str, Json]:
    found: dict[str, Json] = json.loads((REFERENCE / "openapi-v2.json").read_bytes())["definitions"]
    return found


@functools.cache
def _built_in() -> dict[tuple[str, str], Json]:
    return {
        (f"{at['group']}/{at['version']}".lstrip("/"), at["kind"]): schema
        for schema in definitions().values()
        for at in schema.get("x-kubernetes-group-version-kind", [])
    }


@functools.cache
def _custom() -> dict[tuple[str, str], Json]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = {}
    for path in (REFERENCE / "crds").glob("*.yaml"):
        spec = yaml.load(path.read_bytes(), loader)["spec"]
        for version in spec["versions"]:
            place = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            found[place] = version["schema"]["openAPIV3Schema"]
    return found


def _check(value: Any, schema: Json, path: str) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _check(value, definitions()[name], path)
    elif not _has_type(value, schema):
        yield f"{path}: {value!r} is no {schema.get('type')}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    elif isinstance(value, dict):
        yield from _check_object(value, schema, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _check(item, schema.get("items", {}), f"{path}[{index}]")


def _check_object(value: Json, schema: Json, path: str) -> Iterator[str]:
    known = schema.get("properties", {})
    if path == ".metadata":
        known = definitions()["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]["properties"]
    yield from (f"{path}: {name} is missing" for name in schema.get("required", []) if name not in value)
    more = schema.get("additionalProperties")
    free = not known or schema.get("x-kubernetes-preserve-unknown-fields")
    for name, item in value.items():
        if name in known:
            yield from _check(item, known[name], f"{path}.{name}")
        elif isinstance(more, dict):
            yield from _check(item, more, f"{path}.{name}")
        elif not free:
            yield f"{path}.{name}: unknown field"


def _has_type(value: Any, schema: Json) -> bool:
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
        return isinstance(value, int | str)
    wanted = schema.get("type")
    if wanted is None:
        return True
    # True is an int to Python, not to JSON.
    return isinstance(value, _PRIMITIVES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))
