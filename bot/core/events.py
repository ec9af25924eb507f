"""What Kubernetes noted lately, folded: the same reason about the same object is one thing that happened often."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.kinds import Object
from bot.core.moments import moment
from bot.core.scrub import scrub


@dataclass(frozen=True, slots=True)
class Event:
    """A reason about an object, once or more often; names and words are foreign text."""

    namespace: str
    kind: str
    """As Kubernetes writes it: `Pod`."""
    name: str
    warning: bool
    reason: str
    message: str
    """Of the last time, without secrets."""
    times: int
    last: datetime

    @property
    def place(self) -> str:
        """What to call its object in the room: `lasuite/docs-7d9f-x2x9k`."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def read_event(obj: Object) -> Event | None:
    """Read an Event as old and new reporters write it; None when it tells no time."""
    series = obj.get("series") or {}
    told = (series.get("lastObservedTime"), obj.get("lastTimestamp"), obj.get("eventTime"), obj.get("firstTimestamp"))
    last = next((at for each in (*told, obj["metadata"].get("creationTimestamp")) if (at := moment(each))), None)
    if last is None:
        return None
    about = obj.get("involvedObject") or {}
    return Event(
        namespace=str(about.get("namespace") or ""),
        kind=str(about.get("kind") or ""),
        name=str(about.get("name") or ""),
        warning=obj.get("type") == "Warning",
        reason=str(obj.get("reason") or ""),
        message=scrub(str(obj.get("message") or "")),
        times=int(series.get("count") or obj.get("count") or 1),
        last=last,
    )


def fold(objects: Iterable[Object], now: datetime, within: timedelta) -> tuple[Event, ...]:
    """Return what happened lately, folded by reason and object: warnings first, then the newest first."""
    folded: dict[tuple[str, str, str, str, bool], Event] = {}
    for event in filter(None, map(read_event, objects)):
        if now - event.last > within:
            continue
        key = (event.namespace, event.kind, event.name, event.reason, event.warning)
        folded[key] = _together(folded[key], event) if key in folded else event
    return tuple(sorted(folded.values(), key=lambda event: (not event.warning, now - event.last)))


def _together(one: Event, other: Event) -> Event:
    newer = max(one, other, key=lambda event: event.last)
    return Event(
        newer.namespace, newer.kind, newer.name, newer.warning, newer.reason, newer.message,
        one.times + other.times, newer.last,
    )  # fmt: skip
