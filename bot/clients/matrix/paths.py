"""Paths and filters of the client-server API, and the fields an answer must have."""

from collections.abc import Collection
from urllib.parse import quote

from bot.clients.matrix.answers import HOMESERVER
from bot.clients.matrix.events import Json
from bot.core.errors import Unreachable
from bot.core.names import RoomId, UserId

API = "/_matrix/client/v3"


def room_path(room: RoomId) -> str:
    """Return where everything about a room is."""
    return f"{API}/rooms/{part(room)}"


def part(text: str) -> str:
    """Return a name as one part of a path, whatever it holds."""
    return quote(text, safe="")


def sync_filter(me: UserId, rooms: Collection[RoomId], limit: int, *, keys: bool) -> Json:
    """Return what /sync should leave out; with `keys`, the members' state stays in, for they must get keys."""
    nothing: Json = {"types": []}
    timeline: Json = {"limit": limit}
    room: Json = {"account_data": nothing, "ephemeral": nothing, "timeline": timeline}
    if rooms:
        room["rooms"] = sorted(rooms)
    if not keys:
        room["state"] = nothing
        # Our own: each would end the waiting, and a storm of them push a command out of the window.
        timeline |= {"lazy_load_members": True, "not_senders": [me]}
    return {"presence": nothing, "account_data": nothing, "room": room}


def said(answer: Json, name: str) -> str:
    """Return a string that must be there; without it nobody knows what was done."""
    found = answer.get(name)
    if not isinstance(found, str) or not found:
        raise Unreachable(HOMESERVER, "unreadable answer")
    return found


def further(answer: Json, start: str | None, stop: str | None) -> str | None:
    """Return where the next page begins, None where there is none: no progress, or `stop` reached."""
    end = answer.get("end")
    return end if isinstance(end, str) and end not in {"", start, stop} else None
