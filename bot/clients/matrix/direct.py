"""The direct chat with one person: the one that is known as such, or a new one."""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.clients.matrix.events import Json, items, obj, strings
from bot.clients.matrix.paths import API, part, room_path, said
from bot.core.errors import Missing, NeighbourError
from bot.core.names import RoomId, UserId

# The preset would let guests join.
_NO_GUESTS = {"type": "m.room.guest_access", "state_key": "", "content": {"guest_access": "forbidden"}}
Call = Callable[..., Awaitable[Json]]

_ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


async def direct_room(call: Call, me: UserId, person: UserId, *, encrypted: bool) -> RoomId:
    """Return the chat with a person that both are in, or that they are invited to; else make one and invite them."""
    path = f"{API}/user/{part(me)}/account_data/m.direct"
    try:
        known: Json = await call("GET", path)
    except Missing:
        known = {}
    for room in map(RoomId, strings(items(known, person))):
        if await _is_with(call, room, me, person):
            return room
    room = await _make(call, person, encrypted=encrypted)
    rooms = [*strings(items(known, person)), room]
    await call("PUT", path, {**known, person: rooms})
    return room


async def _is_with(call: Call, room: RoomId, me: UserId, person: UserId) -> bool:
    """Tell whether a chat still holds exactly the two of us."""
    try:
        joined = set(obj(await call("GET", f"{room_path(room)}/joined_members"), "joined"))
        membership = await call("GET", f"{room_path(room)}/state/m.room.member/{part(person)}")
    except NeighbourError:
        return False
    return joined <= {me, person} and me in joined and membership.get("membership") in {"join", "invite"}


async def _make(call: Call, person: UserId, *, encrypted: bool) -> RoomId:
    body: dict[str, Any] = {
        "preset": "trusted_private_chat",
        "is_direct": True,
        "invite": [person],
        "name": "Sunbeam Ops",
        "initial_state": [_NO_GUESTS, *([_ENCRYPTION] if encrypted else [])],
    }
    return RoomId(said(await call("POST", f"{API}/createRoom", body), "room_id"))
