"""Writes the example configuration from the settings and the words under them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.config.settings import Settings
from bot.core.sbbb import SBBB

_HEAD = """\
# The configuration of Sunbeam Ops, written by `opsbot config-example`.
# ${VAR} comes from the environment; every secret also has a _file form; a key that is not known is an error.
# Everything but matrix, rooms, web and people has the default shown here. Check with: opsbot check-config FILE
"""


def example() -> str:
    """Return a configuration that is valid as it stands, every key with its reason."""
    return _HEAD + "\n" + "\n".join(_section(Settings, 0)) + "\n"


def _section(model: type[BaseModel], depth: int) -> Iterator[str]:
    for name, info in model.model_fields.items():
        pad = "  " * depth
        words = info.description or getattr(info.annotation, "__doc__", None) or ""
        yield from (f"{pad}# {line.strip()}" for line in words.splitlines())
        yield from _field(name, info, pad, depth)


def _field(name: str, info: FieldInfo, pad: str, depth: int) -> Iterator[str]:
    if name in {"services", "namespaces"}:
        yield f"{pad}# {name}: the SBBB's; `opsbot config-example --catalogue` prints it whole"
    elif isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
        yield f"{pad}{name}:"
        yield from _section(info.annotation, depth + 1)
    elif info.examples:
        yield from _entry(name, info.examples[0], pad)
    else:
        yield f"{pad}{name}: {_scalar(info.get_default(call_default_factory=True))}"


def _entry(name: str, value: Any, pad: str) -> Iterator[str]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        yield f"{pad}{name}:"
        yield from (f"{pad}  - {_scalar(each)}" for each in value)
        return
    if not isinstance(value, dict):
        yield f"{pad}{name}: {_scalar(value)}"
        return
    yield f"{pad}{name}:"
    yield from (f"{pad}  {_scalar(key)}: {_scalar(inner)}" for key, inner in value.items())


def _scalar(value: Any) -> str:
    """Return a value as YAML on one line; JSON is YAML, and plain words need no quotes."""
    if isinstance(value, str | Path):
        text = str(value)
        return json.dumps(text) if not text or text[0] in "@!#*&{}[]%`'\"" or ": " in text else text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_scalar(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_scalar(item) for item in value) + "]"
    if hasattr(value, "total_seconds"):
        return f"{value.total_seconds():g}"
    return json.dumps(value)


def catalogue() -> str:
    """Return the default services as YAML, to be copied under `services:` and changed."""
    import yaml  # noqa: PLC0415 - not needed for the rest

    plain = {
        namespace: {name: probe.model_dump(mode="json", exclude_defaults=True) for name, probe in services.items()}
        for namespace, services in SBBB.items()
    }
    return yaml.safe_dump({"services": plain}, sort_keys=False, allow_unicode=True, width=120)
