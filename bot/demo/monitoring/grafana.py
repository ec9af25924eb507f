"""A simulated Grafana: health, dashboards, and the rules it keeps itself."""

from typing import Any

from bot.demo.monitoring.answers import MISSING, Answer

_FOLDER = {"folderUid": "infrastructure", "folderTitle": "dashboards-infrastructure"}
_DASHBOARDS = [
    {"uid": "postgres", "title": "PostgreSQL", "type": "dash-db", "url": "/d/postgres/postgresql"} | _FOLDER,
    {"uid": "node", "title": "Node", "type": "dash-db", "url": "/d/node/node"} | _FOLDER,
]


class Grafana:
    """Rules to be set, everything else as it is."""

    def __init__(self) -> None:
        self.rules: list[dict[str, Any]] = []
        """Rules as /api/v1/provisioning/alert-rules has them."""

    def handle(self, path: str) -> Answer:
        """Answer one request of the API; `path` has no leading slash."""
        match path:
            case "api/health":
                return Answer({"database": "ok", "version": "12.4.0", "commit": "0"})
            case "api/search":
                return Answer(_DASHBOARDS)
            case "api/v1/provisioning/alert-rules":
                return Answer(self.rules)
            case "api/prometheus/grafana/api/v1/rules":
                groups = [{"name": "demo", "file": "demo", "interval": 60, "rules": self.rules}] if self.rules else []
                return Answer({"status": "success", "data": {"groups": groups}})
            case _:
                return MISSING
