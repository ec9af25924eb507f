"""The configuration's routes: the room that an alert is led to."""

from collections.abc import Mapping
from typing import Protocol

from bot.core.alerts import Labelled
from bot.core.matchers import read
from bot.core.names import RoomId
from bot.core.routing import Route, destination
from bot.flow.desk import Desk
from bot.flow.rooms import Rooms


class Marked(Labelled, Protocol):
    """Anything that has labels and a fingerprint of them."""

    @property
    def fingerprint(self) -> str:
        """Alertmanager's identity of it."""
        ...


_NOWHERE: Mapping[str, RoomId] = {}


class Routes:
    """What `alerts.routes` says, in rooms as they are known now."""

    def __init__(self, desk: Desk, rooms: Rooms) -> None:
        self._rooms = rooms
        self._routes = tuple(
            Route(route.room, read(route.matchers) if route.matchers else (), route.receiver)
            for route in desk.settings.alerts.routes
        )

    def name(self, alert: Labelled, receiver: str) -> str | None:
        """Return the short name of the room that an alert is led to; None: it goes where it was posted."""
        return destination(self._routes, alert.labels, receiver)

    def room(self, alert: Marked, receiver: str, homes: Mapping[str, RoomId] = _NOWHERE) -> RoomId | None:
        """Return the room that an alert is led to; None: it goes where it was posted.

        `homes`: the rooms of the cards that alerts burn on, by fingerprint. There they stay when the routes change.
        """
        home = homes.get(alert.fingerprint)
        if home in self._rooms.all:
            return home
        name = self.name(alert, receiver)
        return self._rooms.find(name) if name else None
