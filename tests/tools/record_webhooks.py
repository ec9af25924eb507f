"""Writes tests/data/webhooks anew: `python -m tests.tools.record_webhooks ALERTMANAGER PROMETHEUS`, both as paths."""

import json
import queue
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.real.servers import Alertmanager, Prometheus, alert, bearer

DIRECTORY = Path(__file__).parents[1] / "data" / "webhooks"
_WAIT_SECONDS = 15.0
_TOKEN = "not-a-secret"
_NOTES = {"summary": "It has not answered for 2 min.", "runbook_url": "https://runbooks.example.org/PostgresDown"}
_ODD = {
    "summary": 'Größe > 80 % & "quoted" \\ <b>bold</b> @room 🔥',
    "description": "first line\nsecond line\ttab \u202eturned\u202c \u200bnothing",
}
_RULE = {
    "alert": "DiskFull",
    # Needs no target, and so brings no address of this machine into the labels.
    "expr": "vector(0.04) < 0.1",
    "labels": {"severity": "warning", "namespace": "storage"},
    "annotations": {"summary": "Only {{ $value | humanizePercentage }} left"},
}

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tape:
    """An Alertmanager, and what it sent."""

    server: Alertmanager
    bodies: "queue.Queue[Body]"

    def next(self) -> Body:
        """Wait for the next webhook's body."""
        return self.bodies.get(timeout=_WAIT_SECONDS)

    def after(self, *alerts: Mapping[str, Any]) -> Body:
        """Post alerts and return the webhook that they cause."""
        self.server.post(*alerts)
        return self.next()


def record(binary: Path, directory: Path) -> Mapping[str, Body]:
    """Return the bodies that an Alertmanager sends, by name; blocks for three seconds."""
    one, two = _labels("postgres-1"), _labels("postgres-2")
    odd = {**_labels("pod-ü"), "alertname": "Fülle “voll”", "path": 'C:\\temp "x"', "severity": "Warning"}
    with _alertmanager(binary, directory / "grouped") as tape:
        found = {
            "firing": tape.after(alert(one, _NOTES)),
            "one-of-two-resolved": tape.after(alert(one, _NOTES, ended=True), alert(two, _NOTES)),
            "resolved": tape.after(alert(two, _NOTES, ended=True)),
            "odd-text": tape.after(alert(odd, _ODD)),
        }
    with _alertmanager(binary, directory / "truncated", max_alerts=3) as tape:
        found["truncated"] = tape.after(*(alert(_labels(f"postgres-{number}"), _NOTES) for number in range(10)))
    with _alertmanager(binary, directory / "ungrouped", group_by=()) as tape:
        # Everything is one group then, with no label in common.
        found["ungrouped"] = tape.after(alert({"alertname": "Watchdog", "severity": "none"}), alert(one, _NOTES))
    return found


def record_rule(binary: Path, prometheus: Path, directory: Path) -> Body:
    """Return the body that a rule of Prometheus leads to."""
    directory.mkdir(parents=True)
    with _alertmanager(binary, directory / "alertmanager") as tape:
        url = tape.server.url
        server = Prometheus(prometheus, directory, target="127.0.0.1:9", rules=[_RULE], alertmanager_url=url)
        server.start()
        try:
            return tape.next()
        finally:
            server.stop()


def _labels(pod: str) -> dict[str, str]:
    return {"alertname": "PostgresDown", "severity": "critical", "namespace": "data", "pod": pod}


@contextmanager
def _alertmanager(binary: Path, directory: Path, **settings: Any) -> Iterator[Tape]:
    directory.mkdir(parents=True)
    with _catcher() as (url, bodies):
        server = Alertmanager(binary, directory, url, bearer(_TOKEN), **settings)
        server.start()
        try:
            yield Tape(server, bodies)
        finally:
            server.stop()


@contextmanager
def _catcher() -> Iterator[tuple[str, "queue.Queue[Body]"]]:
    caught: queue.Queue[Body] = queue.Queue()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            caught.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/alerts/ops", caught
        server.shutdown()


def main() -> None:
    """Write one file for each body."""
    alertmanager, prometheus = (Path(word).resolve() for word in sys.argv[1:])
    with tempfile.TemporaryDirectory() as directory:
        found = {
            **record(alertmanager, Path(directory) / "posted"),
            "from-prometheus": record_rule(alertmanager, prometheus, Path(directory) / "rule"),
        }
    for name, body in found.items():
        # ASCII, so that what is invisible can be seen in the file.
        (DIRECTORY / f"{name}.json").write_text(f"{json.dumps(body, indent=2)}\n", encoding="ascii")


if __name__ == "__main__":
    main()
