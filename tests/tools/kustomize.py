"""Builds a kustomization as far as ours needs it: resources, ConfigMaps from files (without a hash), image tags."""

import copy
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
_KNOWN = {"apiVersion", "kind", "resources", "configMapGenerator", "images"}


def build(directory: Path) -> list[Json]:
    """Return every object; raise ValueError for what this builder does not know."""
    plan = yaml.safe_load((directory / "kustomization.yaml").read_text(encoding="utf-8"))
    if unknown := plan.keys() - _KNOWN:
        raise ValueError(f"kustomization.yaml has {', '.join(sorted(unknown))}, which nothing here builds")
    objects = [obj for name in plan["resources"] for obj in _resource(directory / name)]
    objects += [_config_map(directory, each) for each in plan.get("configMapGenerator", ())]
    for image in plan.get("images", ()):
        _tag(objects, image["name"], f"{image.get('newName', image['name'])}:{image['newTag']}")
    return objects


def _resource(file: Path) -> list[Json]:
    # Anchors would make one object of two.
    return [copy.deepcopy(obj) for obj in yaml.safe_load_all(file.read_text(encoding="utf-8")) if obj]


def _config_map(directory: Path, plan: Json) -> Json:
    texts = {name: (directory / name).read_text(encoding="utf-8") for name in plan["files"]}
    metadata = {"name": plan["name"], "namespace": plan["namespace"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": texts}


def _tag(value: Any, name: str, image: str) -> None:
    if isinstance(value, dict):
        if value.get("image") == name:
            value["image"] = image
        for inner in value.values():
            _tag(inner, name, image)
    elif isinstance(value, list):
        for inner in value:
            _tag(inner, name, image)
