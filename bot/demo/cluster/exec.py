"""Commands run in containers: the answer table of the world, and the websocket protocol of the `exec` subresource."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import WSCloseCode, web

from bot.demo.cluster.refusals import bad_request

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDOUT, STDERR, STATUS = b"\x01", b"\x02", b"\x03"
_COMMAND_NOT_FOUND = 127


@dataclass(frozen=True, slots=True)
class ExecAnswer:
    """What a command prints and how it ends."""

    stdout: str | bytes = ""
    stderr: str | bytes = ""
    exit_code: int | None = 0
    """None: the connection ends without saying how the command did."""
    seconds: float = 0.0
    """How long it takes before it prints anything."""
    frame_bytes: int = 32_768
    """Most bytes of one stream in one frame: a small one splits characters, as a slow pipe does."""


Answering = ExecAnswer | Callable[[Sequence[str]], ExecAnswer]


class Execs:
    """What is answered to which command in which pod; the newest answer that fits counts."""

    def __init__(self) -> None:
        self._table: list[tuple[str, str, tuple[str, ...], Answering]] = []
        self.protocols: tuple[str, ...] = PROTOCOLS
        """What the server speaks."""
        self.spoken: list[str] = []
        """Which of them each command was run by."""

    def answer(self, namespace: str, pod: str, argv: Sequence[str], answer: Answering) -> None:
        """Set an answer; `pod` is a pattern like `valkey-*`, an argv ending in `…` also stands for longer ones."""
        self._table.insert(0, (namespace, pod, tuple(argv), answer))

    def run(self, namespace: str, pod: str, argv: Sequence[str]) -> ExecAnswer:
        """Return the answer to a command; one that is not in the table does not exist in the container."""
        for where, pattern, known, answer in self._table:
            if where == namespace and fnmatchcase(pod, pattern) and _fits(known, tuple(argv)):
                return answer if isinstance(answer, ExecAnswer) else answer(argv)
        name = argv[0] if argv else ""
        return ExecAnswer(stderr=f"sh: {name}: not found\n", exit_code=_COMMAND_NOT_FOUND)


async def answer(request: web.Request, found: ExecAnswer, execs: Execs) -> web.StreamResponse:
    """Answer a websocket upgrade with the streams asked for and how it ended; raise Refusal 400 without either."""
    streams = [
        (channel, output)
        for name, channel, output in (("stdout", STDOUT, found.stdout), ("stderr", STDERR, found.stderr))
        if request.query.get(name, "").lower() in ("true", "1")
    ]
    if not streams:
        raise bad_request("you must specify at least 1 of stdin, stdout, stderr")
    socket = web.WebSocketResponse(protocols=execs.protocols)
    if not socket.can_prepare(request):
        raise bad_request("Upgrade request required")
    await socket.prepare(request)
    execs.spoken.append(socket.ws_protocol or "")
    # Somebody must read for pings to be answered; what comes on stdin goes nowhere.
    listening = asyncio.create_task(_listen(socket))
    try:
        await _run(socket, streams, found)
    finally:
        listening.cancel()
    await socket.close(code=WSCloseCode.OK)
    return socket


async def _run(socket: web.WebSocketResponse, streams: list[tuple[bytes, str | bytes]], found: ExecAnswer) -> None:
    # The real server opens with an empty frame on the first stream, to say that the command is running.
    await socket.send_bytes(streams[0][0])
    await asyncio.sleep(found.seconds)
    for channel, output in streams:
        raw = output.encode() if isinstance(output, str) else output
        for start in range(0, len(raw), found.frame_bytes):
            await socket.send_bytes(channel + raw[start : start + found.frame_bytes])
    if found.exit_code is not None:
        await socket.send_bytes(STATUS + json.dumps(_ended(found.exit_code)).encode())


async def _listen(socket: web.WebSocketResponse) -> None:
    async for _ in socket:
        pass


def _ended(exit_code: int) -> dict[str, Any]:
    if exit_code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {exit_code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(exit_code)}]},
    }


def _fits(known: tuple[str, ...], argv: tuple[str, ...]) -> bool:
    if known and known[-1] == "…":
        return argv[: len(known) - 1] == known[:-1]
    return argv == known
