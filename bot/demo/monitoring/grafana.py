"""A simulated Grafana: health, dashboards, and the rules it keeps itself."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.demo.monitoring.answers import MISSING, Answer
from bot.demo.monitoring.payloads import stamp

_FOLDER = {"folderUid": "infrastructure", "folderTitle": "dashboards-infrastructure"}
_DASHBOARDS = [
    {"uid": "postgres", "title": "PostgreSQL", "type": "dash-db", "url": "/d/postgres/postgresql"} | _FOLDER,
    {"uid": "node", "title": "Node", "type": "dash-db", "url": "/d/node/node"} | _FOLDER,
]


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert rule; it fires since a moment, or does not."""

    title: str
    folder: str = "dashboards-infrastructure"
    group: str = "house"
    labels: dict[str, str] = field(default_factory=dict)
    firing_since: datetime | None = None
    pending: bool = False
    health: str = "ok"
    paused: bool = False

    @property
    def uid(self) -> str:
        """How the provisioning API knows it."""
        return self.title.lower().replace(" ", "-")


class Grafana:
    """Rules to be set, everything else as it is."""

    def __init__(self) -> None:
        self.rules: list[Rule] = [Rule("Mail queue"), Rule("Sync is slow", group="matrix")]
        self.token: str | None = None
        """What a question must carry, where it is set."""

    def handle(self, request: web.Request, path: str) -> Answer:
        """Answer one request of the API; `path` has no leading slash."""
        if self.token and path != "api/health" and request.headers.get("Authorization") != f"Bearer {self.token}":
            return Answer({"message": "Unauthorized", "statusCode": 401}, status=401)
        match path:
            case "api/health":
                return Answer({"database": "ok", "version": "12.4.0", "commit": "0"})
            case "api/search":
                return Answer(_DASHBOARDS)
            case "api/v1/provisioning/alert-rules":
                return Answer([{"uid": rule.uid, "title": rule.title, "labels": rule.labels} for rule in self.rules])
            case "api/prometheus/grafana/api/v1/rules":
                return Answer({"status": "success", "data": {"groups": self._groups()}})
            case _:
                return MISSING

    def _groups(self) -> list[dict[str, Any]]:
        groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for rule in self.rules:
            groups.setdefault((rule.folder, rule.group), []).append(_as_json(rule))
        return [
            {"name": group, "file": folder, "folderUid": "f", "interval": 60, "rules": rules}
            for (folder, group), rules in groups.items()
        ]


def _as_json(rule: Rule) -> dict[str, Any]:
    labels = {"alertname": rule.title, "grafana_folder": rule.folder, **rule.labels}
    alert = {"labels": labels, "annotations": {}, "value": "1e+00", "state": "Alerting"}
    firing = [alert | {"activeAt": stamp(rule.firing_since)}] if rule.firing_since else []
    return {
        "type": "alerting",
        "name": rule.title,
        "uid": rule.uid,
        "query": '[{"refId":"A"}]',
        "duration": 300,
        "labels": rule.labels,
        "annotations": {},
        "state": "firing" if firing else "pending" if rule.pending else "inactive",
        "health": rule.health,
        "isPaused": rule.paused,
        "alerts": firing,
        "totals": {"alerting": len(firing)} if firing else {},
    }
