"""Label and field selectors, as the API server reads them."""

import re
from collections.abc import Callable
from typing import Any

from bot.demo.cluster.kinds import Kind
from bot.demo.cluster.refusals import bad_request

Test = Callable[[dict[str, Any]], bool]

_SET_TERM = re.compile(r"(?P<key>\S+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)")
_PAIR_TERM = re.compile(r"(?P<key>[^\s=!]+)\s*(?P<op>==|!=|=)\s*(?P<value>[^\s=!]*)")
_KEY_TERM = re.compile(r"(?P<absent>!?)\s*(?P<key>[^\s=!()]+)")
# A comma inside the parentheses of a set separates values, not terms.
_BETWEEN_TERMS = re.compile(r",(?![^()]*\))")


def labels(text: str) -> Test:
    """Return the test of a label selector: `a=b,c!=d,e in (f,g),h,!i`; raise Refusal 400."""
    terms = [_label_term(term.strip()) for term in _terms(text)]
    return lambda obj: all(term(obj.get("metadata", {}).get("labels") or {}) for term in terms)


def fields(text: str, kind: Kind) -> Test:
    """Return the test of a field selector: `status.phase!=Running`; raise Refusal 400 for a field the kind lacks."""
    terms = [_field_term(term.strip(), kind) for term in _terms(text)]
    return lambda obj: all(term(obj) for term in terms)


def _terms(text: str) -> list[str]:
    return [term for term in _BETWEEN_TERMS.split(text) if term.strip()]


def _label_term(term: str) -> Test:
    if found := _SET_TERM.fullmatch(term):
        values = {value.strip() for value in found["values"].split(",")}
        return _among(found["key"], values, wanted=found["op"] == "in")
    if found := _PAIR_TERM.fullmatch(term):
        return _among(found["key"], {found["value"]}, wanted=found["op"] != "!=")
    if found := _KEY_TERM.fullmatch(term):
        key, present = found["key"], not found["absent"]
        return lambda labelled: (key in labelled) is present
    raise bad_request(f"unable to parse requirement: {term!r}")


def _among(key: str, values: set[str], *, wanted: bool) -> Test:
    # `!=` and `notin` also hold for objects without the label.
    return lambda labelled: (labelled.get(key) in values) is wanted


def _field_term(term: str, kind: Kind) -> Test:
    found = _PAIR_TERM.fullmatch(term)
    if found is None:
        raise bad_request(f"invalid selector: {term!r}; can't understand {term!r}")
    key, value, wanted = found["key"], found["value"], found["op"] != "!="
    if key not in ("metadata.name", "metadata.namespace", *kind.fields):
        raise bad_request(f"field label not supported: {key}")
    return lambda obj: (_text(obj, key) == value) is wanted


def _text(obj: dict[str, Any], path: str) -> str:
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
