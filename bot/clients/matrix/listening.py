"""From a room's events to what was heard, decrypting on the way; one bad event costs itself and is counted."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import structlog

from bot.clients.matrix.events import Json, Timeline, Unreadable, confided, heard, obj, type_of
from bot.core.heard import Confided, Heard, Sort
from bot.core.names import RoomId, UserId

if TYPE_CHECKING:
    from bot.clients.matrix.device import Device

_log = structlog.get_logger(__name__)
_LATE_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Listened:
    """What was heard of some events, in their order, and how many of them could not be read."""

    heard: tuple[Heard, ...] = ()
    unreadable: int = 0
    confided: tuple[Confided, ...] = ()

    def __add__(self, other: "Listened") -> "Listened":
        return Listened(self.heard + other.heard, self.unreadable + other.unreadable, self.confided + other.confided)


class Listener:
    """Reads events; keeps those whose keys are not here yet, for they often come one /sync later."""

    def __init__(self, me: UserId, *, confides: bool = False) -> None:
        """`confides`: whether shares in encrypted lines are handed on."""
        self._me = me
        self._confides = confides
        self._late: dict[str, tuple[RoomId, Json]] = {}

    def listen(self, device: "Device", found: Iterable[Timeline]) -> Listened:
        """Return what the timelines say."""
        listened = Listened()
        for timeline in found:
            listened += self.read(device, timeline.room, timeline.events)
        return listened

    def read(self, device: "Device", room: RoomId, events: Iterable[Any]) -> Listened:
        """Return what some events of one room say."""
        found: list[Heard] = []
        shares: list[Confided] = []
        unreadable = 0
        for event in events:
            try:
                clear = self._opened(device, room, event)
                said = heard(room, clear, self._me, encrypted=clear is not event) if clear else None
            except Unreadable as error:
                unreadable += 1
                _log.info("event could not be read", room=room, event_id=_id(event), reason=str(error))
            else:
                found += [said] if said else []
                if said and clear and self._confides and (said.sort, said.encrypted) == (Sort.LEAK, True):
                    share = confided(clear)
                    shares += [Confided(said.event_id, share)] if share else []
        return Listened(tuple(found), unreadable, tuple(shares))

    def read_late(self, device: "Device") -> Listened:
        """Return what can be read by now of what could not before; the count falls by as many."""
        waiting, self._late = self._late, {}
        listened = Listened()
        for room, event in waiting.values():
            listened += self.read(device, room, [event])
        return replace(listened, unreadable=-(len(waiting) - len(self._late)))

    def _opened(self, device: "Device", room: RoomId, event: Any) -> Any:
        """Return an event in clear, the same one where it is; None for one that says nothing to us."""
        sealed = type_of(event) == "m.room.encrypted" and "state_key" not in event
        if not sealed:
            return event
        if event.get("sender") == self._me or "redacted_because" in obj(event, "unsigned"):
            return None
        clear = device.decrypt(room, event)
        if clear is None:
            self._keep(room, event)
            raise Unreadable("encrypted, and we have no key")
        return clear

    def _keep(self, room: RoomId, event: Json) -> None:
        identifier = event.get("event_id")
        if isinstance(identifier, str):
            self._late[identifier] = (room, event)
        while len(self._late) > _LATE_AT_MOST:
            del self._late[next(iter(self._late))]


def _id(event: Any) -> str:
    return str(event.get("event_id"))[:80] if isinstance(event, dict) else ""
