"""Alertmanager and Prometheus as the distribution builds them: child processes on loopback, with quick clocks."""

import http.client
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bot.demo.loopback import HOST, Process, claim, free_port, request

Json = Mapping[str, Any]
GROUP_WAIT, GROUP_INTERVAL = 0.2, 0.5
"""Seconds until the first webhook of a group, and between one and the next."""


class ServerRefused(RuntimeError):
    """The server answered a call of the tests with an error."""


def bearer(token: str) -> Json:
    """Return the http_config that presents a token as Bearer."""
    return {"authorization": {"type": "Bearer", "credentials": token}}


def basic(token: str) -> Json:
    """Return the http_config that presents a token as the password of Basic."""
    return {"basic_auth": {"username": "alertmanager", "password": token}}


def alert(labels: Mapping[str, str], annotations: Mapping[str, str] | None = None, *, ended: bool = False) -> Json:
    """Return an alert as Prometheus posts it, begun this moment, or ended this moment."""
    now = datetime.now(UTC).isoformat()
    return {
        "labels": dict(labels),
        "annotations": dict(annotations or {}),
        **({"endsAt": now} if ended else {"startsAt": now}),
    }


class Alertmanager:
    """One Alertmanager with its directory, posting everything to one webhook; `start` and `stop` block."""

    def __init__(
        self,
        binary: Path,
        directory: Path,
        webhook_url: str,
        http_config: Json,
        *,
        port: int = 0,
        group_by: Sequence[str] = ("alertname",),
        max_alerts: int = 0,
        gossip: tuple[int, int] | None = None,
    ) -> None:
        """`gossip`: the port of its own and the other's, for one of a pair."""
        self.port = port or free_port()
        self._directory = directory
        self._gossip = gossip
        webhook = {"url": webhook_url, "http_config": http_config, "send_resolved": True, "max_alerts": max_alerts}
        self._settings = {
            "route": {
                "receiver": "ops",
                "group_by": list(group_by),
                "group_wait": f"{int(GROUP_WAIT * 1000)}ms",
                "group_interval": f"{int(GROUP_INTERVAL * 1000)}ms",
                "repeat_interval": "4h",
            },
            "receivers": [{"name": "ops", "webhook_configs": [webhook]}],
        }
        self._process = Process(
            [str(binary), *self._flags()],
            directory,
            log=directory / "alertmanager.log",
            ready=lambda: request(self.port, "GET", "/-/ready")[0] == 200,
        )

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it is ready (0.1 s); raise DidNotStart with the tail of its log."""
        claim(self.port)
        (self._directory / "alertmanager.yml").write_text(yaml.safe_dump(self._settings))
        self._process.start(within=15)

    def stop(self) -> None:
        """End it; one of a pair by force, because it waits ten seconds for the other to hear that it leaves."""
        if self._gossip:
            self._process.kill()
        self._process.stop()

    def forget_what_it_told(self) -> None:
        """Lose the notification log, as an Alertmanager without a volume does when it is started anew."""
        self.stop()
        (self._directory / "data" / "nflog").unlink(missing_ok=True)
        self.start()

    def post(self, *alerts: Json) -> None:
        """Take in alerts, as from Prometheus; those that ended are told by their `endsAt`."""
        self._call("POST", "/api/v2/alerts", list(alerts))

    def silence(self, alertname: str) -> str:
        """Silence an alert for an hour and return the silence's id."""
        now = datetime.now(UTC)
        body = {
            "matchers": [{"name": "alertname", "value": alertname, "isRegex": False, "isEqual": True}],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "anna",
            "comment": "a test",
        }
        return str(self._call("POST", "/api/v2/silences", body)["silenceID"])

    def expire(self, silence: str) -> None:
        """End a silence."""
        self._call("DELETE", f"/api/v2/silence/{silence}")

    def peers(self) -> int:
        """Return how many Alertmanagers of its cluster it knows and has settled with; 0 before that."""
        cluster = self._call("GET", "/api/v2/status")["cluster"]
        return len(cluster["peers"]) if cluster["status"] == "ready" else 0

    def webhooks(self) -> tuple[int, int]:
        """Return how many requests it sent to the webhook, and how many of them failed."""
        names = ("alertmanager_notification_requests_total", "alertmanager_notification_requests_failed_total")
        sent, failed = (self._counter(f'{name}{{integration="webhook"}}') for name in names)
        return sent, failed

    def _counter(self, name: str) -> int:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/metrics")
            lines = connection.getresponse().read().decode().splitlines()
        finally:
            connection.close()
        return next((int(float(line.split()[-1])) for line in lines if line.startswith(name)), 0)

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        status, answer = request(self.port, method, path, body)
        if status != 200:
            raise ServerRefused(f"{method} {path}: {status}")
        return answer

    def _flags(self) -> list[str]:
        own, other = self._gossip or (None, None)
        cluster = [
            f"--cluster.listen-address={HOST}:{own}",
            f"--cluster.advertise-address={HOST}:{own}",
            f"--cluster.peer={HOST}:{other}",
            "--cluster.gossip-interval=20ms",
            # Nobody waits for the other, so that both send: what else happens only when their gossip is cut.
            "--cluster.peer-timeout=0s",
        ]
        return [
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            f"--web.listen-address={HOST}:{self.port}",
            # Else the name of the machine stands in every webhook.
            "--web.external-url=http://alertmanager.example.org",
            *(cluster if self._gossip else ["--cluster.listen-address="]),
        ]


class Prometheus:
    """One Prometheus with its directory, looking every second; `start` and `stop` block."""

    def __init__(
        self,
        binary: Path,
        directory: Path,
        *,
        target: str,
        rules: Sequence[Json],
        alertmanager_url: str,
        port: int = 0,
    ) -> None:
        """`target` is host:port of what serves `/metrics`; it becomes the job `demo`."""
        self.port = port or free_port()
        self._directory = directory
        self._rules = {"groups": [{"name": "demo", "rules": list(rules)}]}
        self._settings = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "external_labels": {"cluster": "demo"}},
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "demo", "static_configs": [{"targets": [target]}]}],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": [alertmanager_url.removeprefix("http://")]}]}]
            },
        }
        self._process = Process(
            [
                str(binary),
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                f"--web.listen-address={HOST}:{self.port}",
                "--web.external-url=http://prometheus.example.org",
                # Alertmanager believes that an alert is over when it was not repeated for four times as long.
                "--rules.alert.resend-delay=1s",
            ],
            directory,
            log=directory / "prometheus.log",
            ready=lambda: request(self.port, "GET", "/-/ready")[0] == 200,
        )

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it is ready; raise DidNotStart with the tail of its log."""
        claim(self.port)
        (self._directory / "prometheus.yml").write_text(yaml.safe_dump(self._settings))
        (self._directory / "rules.yml").write_text(yaml.safe_dump(self._rules))
        self._process.start(within=30)

    def stop(self) -> None:
        """End it."""
        self._process.stop()
