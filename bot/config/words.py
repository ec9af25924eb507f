"""From what the settings' types refuse to what an operator can act on: where, what is wrong, what would be right."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from bot.config.settings import Settings
from bot.config.tree import Location, Problem, Tree, dotted
from bot.core.catalogue import Probe

_PROBES = {member.__name__: next(iter(member.model_fields)) for member in get_args(Probe)}
"""Each kind of probe and the key that tells it from the others."""

_RIGHT = {
    "string_pattern_mismatch": "is not a web address; write it like http://name.namespace.svc:8080/health",
    "bool": "should be true or false",
    "tuple": "should be a list, like [one, two]",
    "list": "should be a list, like [one, two]",
    "string": "should be text; put it in quotes",
    "path": "should be a path",
    "int": "should be a whole number",
    "float": "should be a number",
    "time_delta": "should be a number of seconds",
    "dict": "should hold keys of its own; see `opsbot config-example`",
    "model": "should hold keys of its own; see `opsbot config-example`",
    "too_short": "is empty; write at least one",
    "greater_than_equal": "should be {ge:g} or more",
    "less_than_equal": "should be {le:g} or less",
    "missing": "is missing; see `opsbot config-example`",
}
"""What would be right, by the beginning of pydantic's name for the error; the first that fits."""


def problems(error: ValidationError, tree: Tree) -> Iterator[Problem]:
    """Give one problem for each mistake, in the order of the settings."""
    for item in _one_each(error, tree):
        location = _shown(item)
        # A key that is not in the file has the line of the part it belongs to.
        known = location
        while known not in tree.lines:
            known = known[:-1]
        yield Problem(tree.lines[known], dotted(location), _words(item))


def _one_each(error: ValidationError, tree: Tree) -> Iterator[Mapping[str, Any]]:
    """Give the errors; of a probe, which is tried as every kind there is, only those of the kind that was meant."""
    told, items = set(), error.errors(include_url=False, include_input=False)
    misspelt = {(*place[:-1], _near(place)) for place in (item["loc"] for item in items if _is_extra(item))}
    for item in items:
        place = item["loc"]
        if item["type"] == "missing" and place in misspelt:
            continue
        if place[0:1] != ("services",) or len(place) <= 3 or place[3] not in _PROBES:  # noqa: PLR2004 - namespace and name
            yield item
        elif meant := _kind(tree, place[1:3]):
            if place[3] == meant:
                yield item
        elif place[:3] not in told:
            told.add(place[:3])
            yield {"loc": place[:3], "type": "probe"}


def _kind(tree: Tree, place: Location) -> str | None:
    """Return which kind of probe was meant, None where the keys do not tell."""
    value = tree.values["services"][place[0]][place[1]]
    named = [kind for kind, key in _PROBES.items() if isinstance(value, dict) and key in value]
    return named[0] if len(named) == 1 else None


def _shown(item: Mapping[str, Any]) -> Location:
    """Return the place as it is, or would be, in the file."""
    if at := (item.get("ctx") or {}).get("at"):
        return tuple(at)
    return tuple(step for step in item["loc"] if step not in _PROBES and step != "[key]")


def _words(item: Mapping[str, Any]) -> str:
    match item["type"]:
        case "extra_forbidden":
            return f"is not a key here{_did_you_mean(item['loc'])}"
        case "probe":
            return f"is not a probe; give it exactly one of: {', '.join(_PROBES.values())}"
        case "value_error":
            return str(item["ctx"]["error"])
        case kind:
            found = next((words for name, words in _RIGHT.items() if str(kind).startswith(name)), str(item["msg"]))
            return found.format(**item.get("ctx") or {}).replace("Input should", "should")


def _did_you_mean(location: Location) -> str:
    if near := _near(location):
        return f"; did you mean {near}?"
    return f"; keys here are {', '.join(_keys(location[:-1]))}"


def _near(location: Location) -> str | None:
    return next(iter(get_close_matches(str(location[-1]), _keys(location[:-1]), n=1)), None)


def _is_extra(item: Mapping[str, Any]) -> bool:
    return bool(item["type"] == "extra_forbidden")


def _keys(location: Location) -> list[str]:
    """Return the keys that may stand at a place."""
    sort: Any = Settings
    for step in location:
        if isinstance(sort, type) and issubclass(sort, BaseModel):
            sort = sort.model_fields[str(step)].annotation
        elif step in _PROBES:
            sort = next(member for member in get_args(sort) if member.__name__ == step)
        else:
            # Of dict[name, value], the value; of tuple[value, ...], too.
            *_, sort = (each for each in get_args(sort) if each is not Ellipsis)
    return list(getattr(sort, "model_fields", {}))
