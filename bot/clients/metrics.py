"""What the bot counts about itself, in a registry of its own; no label ever holds text from outside or a secret."""

import platform

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""Of what `Metrics.render` returns."""

_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PATIENT = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics:
    """All metrics of one bot, named `opsbot_…`; the process's own (memory, descriptors) come along as `process_…`."""

    def __init__(self, version: str = "") -> None:
        # It would double the lines; this is the package's only switch, and it is not annotated.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._alert_path()
        self._room_path()
        self._commands()
        self._process(version)

    def render(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self._registry)

    def _alert_path(self) -> None:
        self.webhooks = self._counter("webhooks_total", "Webhooks answered, by how it ended", "result")
        self.webhook_seconds = self._histogram(
            "webhook_seconds", "Time to answer a webhook whose token is known", _QUICK
        )
        self.alerts_accepted = self._counter("alerts_accepted_total", "Alerts of webhooks that were stored")
        self.reconciled = self._counter(
            "reconciled_total", "Cards put right by what Alertmanager said when asked", "how"
        )
        self.auditor_breaches = self._counter(
            "auditor_breaches_total", "Promised messages that were lost or late when looked at", "what"
        )
        self.watchdog_silent = self._gauge("watchdog_silent", "Whether the Watchdog is overdue: 1 or 0")
        self.http_refusals = self._counter(
            "http_refusals_total", "Requests refused before they reached anything", "reason"
        )
        self.pages = self._counter("pages_total", "Messages that ring the people on call, less a card's first")
        self.second_channel = self._counter("second_channel_total", "Attempts by the second channel", "result")
        # Of a counter that is not there yet no increase can be told: the first failure would go unseen.
        for what in ("lost", "late"):
            self.auditor_breaches.labels(what)
        for result in ("sent", "failed"):
            self.second_channel.labels(result)

    def _room_path(self) -> None:
        self.outbox_depth = self._gauge("outbox_depth", "Messages that wait to be sent")
        self.outbox_oldest_seconds = self._gauge("outbox_oldest_seconds", "Age of the oldest message that waits")
        self.messages_sent = self._counter("messages_sent_total", "Attempts to send a message", "result")
        self.send_seconds = self._histogram("send_seconds", "Time the homeserver took for one message", _QUICK)
        self.sync_age_seconds = self._gauge(
            "sync_age_seconds", "Time since the last sync that worked, or since the start"
        )
        self.sync_failures = self._counter("sync_failures_total", "Syncs that failed")
        self.inbox_unreadable = self._counter("inbox_unreadable_total", "Events that could not be read")

    def _commands(self) -> None:
        self.commands = self._counter("commands_total", "Commands answered", "command", "verdict")
        self.command_seconds = self._histogram(
            "command_seconds", "From hearing a command to its answer", _PATIENT, "command"
        )
        self.gate_refusals = self._counter("gate_refusals_total", "Commands refused by the gate", "reason")
        self.leaks = self._counter("leaks_total", "Secrets that somebody typed into a room", "what", "removed")
        self.audit_head = Info("opsbot_audit_head", "Last link of the audit chain", registry=self._registry)

    def _process(self, version: str) -> None:
        self.neighbour_requests = self._counter(
            "neighbour_requests_total", "Requests to a neighbour", "neighbour", "result"
        )
        self.loop_lag_seconds = self._gauge("loop_lag_seconds", "How late the event loop last turned")
        self.build = Info("opsbot_build", "What is running", registry=self._registry)
        self.build.info({"version": version, "python": platform.python_version()})

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"opsbot_{name}", words, labels, registry=self._registry)

    def _gauge(self, name: str, words: str) -> Gauge:
        return Gauge(f"opsbot_{name}", words, registry=self._registry)

    def _histogram(self, name: str, words: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"opsbot_{name}", words, labels, buckets=buckets, registry=self._registry)
