"""What a command in a container said and how it ended, read from the frames of the `exec` WebSocket."""

import json
from dataclasses import dataclass
from typing import Any

from bot.clients.kubernetes_connection import NEIGHBOUR
from bot.core.errors import Rejected

_STDOUT, _STDERR, _STATUS = 1, 2, 3
_LONGEST_OUTPUT = 1024 * 1024
_NOT_STARTED = ("not found", "no such file", "unable to start", "permission denied")
"""What container runtimes say of a command that never ran."""


@dataclass(frozen=True, slots=True)
class Execution:
    """How a command ended and what it printed."""

    exit_code: int | None
    """None: the connection ended without a word about it, so nobody knows."""
    stdout: str
    stderr: str


async def read(socket: Any, wish: str) -> Execution:
    """Read a command's frames to the end; raise Rejected when it could not be started.

    The first byte of a frame is its channel. A character may be split between frames, so decoding comes last (K6).
    Of what it prints, the first mebibyte is kept: how it ends matters more.
    """
    channels = {_STDOUT: bytearray(), _STDERR: bytearray(), _STATUS: bytearray()}
    async for frame in socket:
        raw = frame.data.encode() if isinstance(frame.data, str) else bytes(frame.data)
        if raw[:1] and raw[0] in channels:
            channels[raw[0]] += raw[1 : 1 + max(0, _LONGEST_OUTPUT - len(channels[raw[0]]))]
        if raw[:1] == bytes([_STATUS]) and len(raw) > 1:
            break
    return Execution(
        _exit_code(bytes(channels[_STATUS]), wish),
        channels[_STDOUT].decode(errors="replace"),
        channels[_STDERR].decode(errors="replace"),
    )


def _exit_code(status: bytes, wish: str) -> int | None:
    """Read the `Status` object; only an explicit success is one, and what cannot be told may have been done (K8)."""
    if not status:
        return None
    try:
        found = json.loads(status)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    if found.get("status") == "Success":
        return 0
    for cause in (found.get("details") or {}).get("causes") or ():
        if cause.get("reason") == "ExitCode" and str(cause.get("message", "")).isdigit():
            return int(cause["message"])
    if any(words in str(found.get("message", "")).lower() for words in _NOT_STARTED):
        raise Rejected(NEIGHBOUR, f"cannot {wish}: it could not be started")
    return None
