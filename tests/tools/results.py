"""Makes values of any type that the bot can put into words, from the type alone, with whatever texts are given.

A new result needs nothing here unless its values have rules that their types do not tell: those stand in `_RULED` and
`_HOLDS`.
"""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache, partial
from types import UnionType
from typing import Annotated, Any, NewType, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel
from pydantic.dataclasses import is_pydantic_dataclass

from bot.core import errors
from bot.core.audit import Entry
from bot.core.facts import Verdict
from bot.core.graphs import Curve
from bot.core.replies import Prompt
from bot.core.revisions import Revision
from commands.restart import RestartReport
from commands.restore import RestorePlan
from formatters.plans import PLANS

Texts = st.SearchStrategy[str]
Made = st.SearchStrategy[Any]

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
_SPANS = st.sampled_from((timedelta(0), timedelta(seconds=40), timedelta(minutes=6), timedelta(hours=26)))
_PLAIN: Mapping[Any, Made] = {
    bool: st.booleans(),
    int: st.integers(0, 2000),
    float: st.sampled_from((0.0, 0.97, 3e9)),
    bytes: st.just(b"\x89PNG"),
    datetime: st.builds(lambda span: NOW - span, _SPANS),
    AwareDatetime: st.just(NOW),
    timedelta: _SPANS,
    type(None): st.none(),
    Any: st.just("as it was"),
}
_ZONES = st.sampled_from(("UTC", "Europe/Lisbon"))


@cache
def results(sort: Any, texts: Texts) -> Made:  # noqa: PLR0911 - one for each form of a type
    """Return values of a type whose strings are all of these texts; raise TypeError when it is not known how."""
    arguments = get_args(sort)
    match get_origin(sort) or sort:
        case plain if plain in _PLAIN:
            return _PLAIN[plain]
        case text if text is str:
            return texts
        case NewType():
            return results(sort.__supertype__, texts)
        case noted if noted is Annotated:
            return results(arguments[0], texts)
        case union if union in {Union, UnionType}:
            return st.one_of(*(results(each, texts) for each in arguments))
        case several if several is tuple and arguments[-1] is Ellipsis:
            return st.lists(results(arguments[0], texts), min_size=1, max_size=3).map(tuple)
        case fixed if fixed is tuple:
            return st.tuples(*(results(each, texts) for each in arguments))
        case pairs if isinstance(pairs, type) and issubclass(pairs, Mapping):
            return st.dictionaries(*(results(each, texts) for each in arguments), min_size=1, max_size=3)
        case one if isinstance(one, type):
            return _of_class(one, texts)
    raise TypeError(f"tests/tools/results.py does not know how to make a {sort}")


def _of_class(sort: type, texts: Texts) -> Made:
    if issubclass(sort, Enum):
        return st.sampled_from(sort)
    if issubclass(sort, errors.NeighbourError):
        kinds = (errors.Unreachable, errors.Denied, errors.Missing, errors.Rejected)
        return st.builds(lambda kind, reason: kind("prometheus", reason), st.sampled_from(kinds), texts)
    if not (dataclasses.is_dataclass(sort) or issubclass(sort, BaseModel)):
        raise TypeError(f"tests/tools/results.py does not know how to make a {sort.__name__}")
    hints = get_type_hints(sort, include_extras=True)
    names = sort.model_fields if issubclass(sort, BaseModel) else [field.name for field in dataclasses.fields(sort)]
    fields = st.fixed_dictionaries({name: _of_field(sort, name, hints[name], texts) for name in names})
    made = fields.map(partial(_put_together, sort))
    return made.filter(_HOLDS[sort]) if sort in _HOLDS else made


def _put_together(sort: type, fields: Mapping[str, Any]) -> Any:
    """Make a value of its fields; what is validated when it comes in, past that: there it goes by other names."""
    if issubclass(sort, BaseModel):
        return sort.model_construct(**fields)
    if not is_pydantic_dataclass(sort):
        return sort(**fields)
    made = object.__new__(sort)
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    return made


def _of_field(owner: type, name: str, hint: Any, texts: Texts) -> Made:
    if name == "zone":
        return _ZONES
    ruled = _RULED.get((owner, name))
    return ruled(texts) if ruled else results(hint, texts)


_RULED: Mapping[tuple[type, str], Callable[[Texts], Made]] = {
    (Curve, "values"): lambda _: st.sampled_from(((0.97,), (None, 3e9, 0.0), (1.0, None))),
    (Entry, "at"): lambda _: st.just(NOW.isoformat()),
    (Prompt, "plan"): lambda texts: st.one_of(st.none(), *(results(plan, texts) for plan in PLANS)),
    (Revision, "template"): lambda _: st.none(),
    (RestorePlan, "manifest"): lambda texts: st.builds(lambda text: {"spec": {"imageName": text}}, texts),
}
"""Fields whose values are not just any of their type."""
_HOLDS: Mapping[type, Callable[[Any], bool]] = {
    RestartReport: lambda report: not report.over or report.verdict is not Verdict.NONE
}
"""What is true of every value of a type, whatever its fields are one by one."""
