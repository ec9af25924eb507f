"""Read the body of an Alertmanager or Grafana webhook into values; say what is wrong without repeating it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError

from bot.core.errors import UsageError
from bot.core.scrub import scrub, without_tokens

MOST_ALERTS = 10_000
"""More in one webhook are refused with `TooMany`."""
_PAIRS = 128
_NAME_CHARACTERS = 256
_VALUE_CHARACTERS = 4096
_URL_CHARACTERS = 8192
_KEY_CHARACTERS = 1024
_FINGERPRINT_CHARACTERS = 128
# A hundred objects and lists for each alert: three bytes of `[],` become sixty of memory, so 16 MiB could become 350.
_CONTAINERS = 1_000_000
# Longer whole numbers become floats: int() refuses 4,301 digits and takes quadratic time below.
_DIGITS = 18
# What a label set of more than `_PAIRS` keeps whatever else it loses: name, urgency and place decide who is told.
_KEPT_FIRST = ("alertname", "severity", "namespace")
# Times outside cannot be shown in every time zone without leaving what a datetime can hold.
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
# NUL ends a string for SQLite's functions; a lone surrogate ("\ud800") cannot be written as UTF-8 at all.
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_HINT = "send Alertmanager's webhook JSON, version 4"


class Status(StrEnum):
    """Whether an alert still burns."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of a webhook; every string can be written as UTF-8 and holds no NUL."""

    status: Status
    labels: Mapping[str, str]
    """Sorted by name; long values are clipped and end in an ellipsis. What is a token by its shape is masked."""
    annotations: Mapping[str, str]
    """Without secrets: they are stored, and Alertmanager keeps the whole."""
    starts_at: datetime
    """Aware, UTC, milliseconds: Alertmanager's API tells no more, and the same alert must be known by both."""
    ends_at: datetime | None
    """None while it fires."""
    generator_url: str
    """Where the rule can be seen; empty when there is none or it is too long to be kept whole."""
    fingerprint: str
    """Alertmanager's identity of the label set; computed here when the sender left it out."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One notification about a group of alerts."""

    receiver: str
    status: Status
    """Of the group: firing while any of its alerts is. Look at each alert's own."""
    alerts: tuple[Alert, ...]
    group_key: str
    group_labels: Mapping[str, str]
    common_labels: Mapping[str, str]
    common_annotations: Mapping[str, str]
    external_url: str
    version: str
    truncated: int
    """How many alerts of the group the sender left out (`max_alerts`)."""
    reason: str
    """Why it was sent, since Alertmanager 0.32; empty before."""


class TooMany(UsageError):
    """More than `MOST_ALERTS` alerts in one webhook: ask Alertmanager for them instead."""


def parse(body: bytes) -> Webhook:
    """Read a webhook's body; raise UsageError with words of our own (TooMany for too many alerts), and nothing else.

    Values that are merely too long are clipped instead of refused: Alertmanager does not repeat what was answered with
    4xx, and a tenant's label must not hide the other alerts of its group.
    """
    return read(_object(body))


def read(top: Mapping[str, Any]) -> Webhook:
    """Read what a webhook's body says, as `parse` does."""
    listed = top.get("alerts")
    if not isinstance(listed, list):
        raise UsageError("alerts must be a list", hint=_HINT)
    if len(listed) > MOST_ALERTS:
        raise TooMany(f"alerts must be at most {MOST_ALERTS:,}", hint="set max_alerts in Alertmanager's receiver")
    group = _checked(_Group, top, "")
    # One by one, so that a thread doing this lets the event loop in between two alerts.
    alerts = tuple(_checked(_Single, each, f"alerts[{number}]").value() for number, each in enumerate(listed))
    return group.value(alerts)


def fingerprint(labels: Mapping[str, str]) -> str:
    """Return the 16 hex digits that Alertmanager gives a label set.

    FNV-1a over the names and values sorted by name, each followed by 0xFF (prometheus/common, model/signature.go).
    """
    total = 0xCBF29CE484222325
    for name, value in sorted(labels.items()):
        for byte in b"%b\xff%b\xff" % (name.encode(), value.encode()):
            total = ((total ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{total:016x}"


def _object(body: bytes) -> dict[str, Any]:
    if body.count(b"{") + body.count(b"[") > _CONTAINERS:
        raise UsageError("the body holds too many objects and lists", hint=_HINT)
    top = _decoded(body)
    if not isinstance(top, dict):
        raise UsageError("the body must be a JSON object", hint=_HINT)
    return top


def _decoded(body: bytes) -> object:
    """Return what the JSON says, None where it says nothing.

    The decoder's error holds the whole text, so it must not become the context of ours.
    """
    try:
        return json.loads(body.decode("utf-8", "replace").removeprefix("\ufeff"), parse_int=_number)
    except (ValueError, RecursionError):
        return None


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else float(digits)


def _unfit() -> ValueError:
    """Return what pydantic turns into its own error; a TypeError would escape it."""
    return ValueError("not of the right kind")


def _fit(text: str, most: int = _VALUE_CHARACTERS) -> str:
    text = text if len(text) <= most else text[: most - 1] + "…"
    return text if text.isascii() and "\x00" not in text else _UNFIT.sub("\ufffd", text)


def _text(value: object) -> str:
    if isinstance(value, str):
        return _fit(value)
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise _unfit()


def _pairs(value: object) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _unfit()
    kept = sorted(value, key=lambda name: (name not in _KEPT_FIRST, name))[:_PAIRS]
    return {_fit(name, _NAME_CHARACTERS): _text(value[name]) for name in sorted(kept)}


def _labels(value: object) -> Mapping[str, str]:
    """Return pairs less tokens: what only looks like a secret stays, for silences and groups go by labels."""
    return {name: without_tokens(text) for name, text in _pairs(value).items()}


def _annotations(value: object) -> Mapping[str, str]:
    return {name: scrub(text) for name, text in _pairs(value).items()}


def _link(value: object) -> str:
    """Return a URL whole or not at all: a clipped one leads astray."""
    if not isinstance(value, str):
        return _text(value)
    return _fit(without_tokens(value), _URL_CHARACTERS) if len(value) <= _URL_CHARACTERS else ""


def _key(value: object) -> str:
    """Return a group key; a very long one keeps its beginning, and a digest so that two stay two."""
    value = without_tokens(value) if isinstance(value, str) else value
    if not isinstance(value, str) or len(value) <= _KEY_CHARACTERS:
        return _text(value)
    whole = hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
    return f"{_fit(value, _KEY_CHARACTERS - 64)}{whole[:32]}"


def _time(value: object) -> datetime | None:
    """Read an RFC 3339 time, nanoseconds cut; None for Go's zero time, which stands for "not yet"."""
    if not isinstance(value, str):
        raise _unfit()
    moment = datetime.fromisoformat(value)
    # Before the conversion: the first and the last year cannot be moved to another zone.
    if moment.year == 1:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return max(_EARLIEST, min(moment, _LATEST)).astimezone(UTC)


def _start(value: object) -> datetime:
    moment = _time(value) or _EARLIEST
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _end(value: object) -> datetime | None:
    return None if value is None else _time(value)


def _count(value: object) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise _unfit()
    return max(0, value)


_Text = Annotated[str, BeforeValidator(_text)]
_Labels = Annotated[Mapping[str, str], PlainValidator(_labels)]
_Annotations = Annotated[Mapping[str, str], PlainValidator(_annotations)]
_Link = Annotated[str, BeforeValidator(_link)]
_Key = Annotated[str, BeforeValidator(_key)]
_Start = Annotated[datetime, PlainValidator(_start)]
_End = Annotated[datetime | None, PlainValidator(_end)]
_Count = Annotated[int, PlainValidator(_count)]


class _Single(BaseModel):
    """One alert on the wire; of Grafana's further fields, the address of its graph counts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Status
    labels: _Labels
    annotations: _Annotations = Field(default_factory=dict)
    starts_at: _Start = Field(alias="startsAt")
    ends_at: _End = Field(default=None, alias="endsAt")
    generator_url: _Link = Field(default="", alias="generatorURL")
    dashboard_url: _Link = Field(default="", alias="dashboardURL")
    panel_url: _Link = Field(default="", alias="panelURL")
    fingerprint: _Text = ""

    def value(self) -> Alert:
        known = 0 < len(self.fingerprint) <= _FINGERPRINT_CHARACTERS
        graph = self.panel_url or self.dashboard_url
        return Alert(
            status=self.status,
            labels=self.labels,
            # Where Prometheus's rules have it; one that the rule itself names counts more.
            annotations={"dashboard_url": graph, **self.annotations} if graph else self.annotations,
            starts_at=self.starts_at,
            ends_at=self.ends_at if self.status is Status.RESOLVED else None,
            generator_url=self.generator_url,
            fingerprint=self.fingerprint if known else fingerprint(self.labels),
        )


class _Group(BaseModel):
    """Everything of a webhook but its alerts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    receiver: _Text = ""
    status: Status | None = None
    group_key: _Key = Field(default="", alias="groupKey")
    group_labels: _Labels = Field(default_factory=dict, alias="groupLabels")
    common_labels: _Labels = Field(default_factory=dict, alias="commonLabels")
    common_annotations: _Annotations = Field(default_factory=dict, alias="commonAnnotations")
    external_url: _Link = Field(default="", alias="externalURL")
    version: _Text = ""
    truncated: _Count = Field(default=0, alias="truncatedAlerts")
    reason: _Text = Field(default="", alias="notification_reason")

    def value(self, alerts: tuple[Alert, ...]) -> Webhook:
        burns = any(alert.status is Status.FIRING for alert in alerts)
        return Webhook(
            receiver=self.receiver,
            status=self.status or (Status.FIRING if burns else Status.RESOLVED),
            alerts=alerts,
            group_key=self.group_key or f"{self.receiver}/{fingerprint(self.group_labels)}",
            group_labels=self.group_labels,
            common_labels=self.common_labels,
            common_annotations=self.common_annotations,
            external_url=self.external_url,
            version=self.version,
            truncated=self.truncated,
            reason=self.reason,
        )


_OBJECT = "must be an object of texts"
_RIGHT = {
    "status": "must be firing or resolved",
    "labels": _OBJECT,
    "annotations": _OBJECT,
    "groupLabels": _OBJECT,
    "commonLabels": _OBJECT,
    "commonAnnotations": _OBJECT,
    "startsAt": "must be an RFC 3339 time",
    "endsAt": "must be an RFC 3339 time",
    "truncatedAlerts": "must be a whole number",
}
_Model = TypeVar("_Model", bound=BaseModel)


def _checked(model: type[_Model], value: object, place: str) -> _Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        # Only the place and our own words leave: pydantic's message and errors() hold the input.
        where = error.errors(include_input=False, include_url=False, include_context=False)[0]["loc"]
    field = str(where[0]) if where else ""
    if not field:
        raise UsageError(f"{place} must be an object", hint=_HINT)
    raise UsageError(f"{place}{'.' if place else ''}{field} {_RIGHT.get(field, 'must be text')}", hint=_HINT)
