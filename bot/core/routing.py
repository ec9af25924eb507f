"""Which room an alert goes to: by its labels and the receiver that told it; pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from bot.core.matchers import Matcher
from bot.core.names import RoomId
from bot.core.paging import meets
from bot.core.webhook import Alert, Webhook


@dataclass(frozen=True, slots=True)
class Route:
    """A room, and the alerts that go there: those that meet all there is to meet."""

    room: str
    """Its short name."""
    matchers: tuple[Matcher, ...] = ()
    receiver: str | None = None
    """Alertmanager's name of who was told; None: whoever was."""


def destination(routes: Iterable[Route], labels: Mapping[str, str], receiver: str) -> str | None:
    """Return the room of the first route that an alert meets; None where it meets none."""
    return next((route.room for route in routes if _leads(route, labels, receiver)), None)


def split(webhook: Webhook, room_of: Callable[[Alert], RoomId]) -> dict[RoomId, Webhook]:
    """Return each room's part of a webhook, in the order of its alerts."""
    parts: dict[RoomId, list[Alert]] = {}
    for alert in webhook.alerts:
        parts.setdefault(room_of(alert), []).append(alert)
    # Nobody knows where the alerts that the sender left out belong: they are counted once, where most of them are.
    largest = max(parts, key=lambda room: len(parts[room]), default=None)
    return {
        room: replace(webhook, alerts=tuple(alerts), truncated=webhook.truncated if room == largest else 0)
        for room, alerts in parts.items()
    }


def _leads(route: Route, labels: Mapping[str, str], receiver: str) -> bool:
    return route.receiver in {None, receiver} and meets(labels, route.matchers)
