"""What every real server of the demo needs: a free port on loopback, a child process that answers, a JSON request."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
_TAIL_BYTES = 4000
_STOP_SECONDS = 15.0
_ANSWER_SECONDS = 30.0


class DidNotStart(RuntimeError):
    """A server died or stayed silent; the message ends with the tail of its log."""


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def claim(port: int) -> None:
    """Raise DidNotStart when somebody else listens on `port`: its answers would be taken for our server's."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise DidNotStart(f"port {port} is taken by another program") from error


def page(
    port: int, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Return status and text of one answer, as a browser gets it; raise OSError when nobody answers."""
    status, raw = _exchange(port, method, path, body, headers or {})
    return status, raw.decode(errors="replace")


def request(
    port: int, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Return status and JSON object of one answer ({} for anything else); raise OSError when nobody answers."""
    content = None if body is None else json.dumps(body).encode()
    status, raw = _exchange(port, method, path, content, {"Content-Type": "application/json", **(headers or {})})
    return status, _object(raw)


def _exchange(port: int, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    except http.client.HTTPException as error:
        raise ConnectionError(f"no answer on port {port}") from error
    finally:
        connection.close()


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class Process:
    """A server as a child process: started when it answers, stopped when it is gone."""

    def __init__(self, argv: Sequence[str], directory: Path, *, log: Path, ready: Callable[[], bool]) -> None:
        self._argv = list(argv)
        self._directory = directory
        self._log = log
        self._ready = ready
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, *, within: float = 60.0) -> None:
        """Start it and wait until it is ready; raise DidNotStart with the tail of its log otherwise."""
        with self._log.open("ab") as log:
            # A group of its own: Ctrl-C in the terminal must reach the bot first, which stops the servers in order.
            self._child = subprocess.Popen(
                self._argv, cwd=self._directory, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        deadline = time.monotonic() + within
        while not self._answers():
            if self._child.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise DidNotStart(f"{self._argv[0]} did not start\n{self._tail()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask it to end and wait; kill it when it does not."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._child = None

    def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL)."""
        if self._child is not None:
            self._child.kill()
            self._child.wait(_STOP_SECONDS)
            self._child = None

    def pause(self) -> None:
        """Let it hang: connections are taken, nothing is answered (SIGSTOP)."""
        if self._child is not None:
            os.kill(self._child.pid, signal.SIGSTOP)
            # The signal is on its way: a question asked now might still be answered.
            os.waitid(os.P_PID, self._child.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        if self._child is not None:
            os.kill(self._child.pid, signal.SIGCONT)

    def _answers(self) -> bool:
        with suppress(OSError):
            return self._ready()
        return False

    def _tail(self) -> str:
        return self._log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
