"""Simulated Prometheus, Alertmanager, Loki and Grafana, and the health endpoints of the house's services, over HTTP.

One server on loopback answers for all of them; the path's first two parts say namespace and service.
"""

from bot.demo.monitoring.notifier import Notifier
from bot.demo.monitoring.payloads import Alert, webhook_body
from bot.demo.monitoring.server import SimulatedMonitoring

__all__ = ["Alert", "Notifier", "SimulatedMonitoring", "webhook_body"]
