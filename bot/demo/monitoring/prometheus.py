"""A simulated Prometheus: no query language, but selectors, sums and comparisons over a table of samples."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.demo.clock import Clock
from bot.demo.monitoring.answers import MISSING, Answer
from bot.demo.monitoring.matchers import all_hold, parse
from bot.demo.monitoring.payloads import Alert, stamp

_SELECTOR = r"(?P<name>[a-zA-Z_:][\w:]*)?\s*(?P<matchers>\{[^{}]*\})?"
_QUERY = re.compile(
    r"\s*(?:(?P<how>sum|max|min|avg|count)\s*(?:by\s*\((?P<by>[^)]*)\)\s*)?\(\s*)?"
    + _SELECTOR
    + r"\s*(?P<close>\)\s*(?:by\s*\((?P<by_after>[^)]*)\))?)?"
    + r"\s*(?:(?P<compare>==|!=|>=|<=|>|<)\s*(?P<bound>-?[\d.]+))?\s*"
)
_NARROWED = re.compile(r"\((?P<inner>[^()]*)\) and on \([^)]*\) (?P<labels>label_replace\(.*)")
_LABEL = re.compile(r', "(\w+)", ("(?:\\.|[^"\\])*"), "", ""\)')
_HOWS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "avg": lambda values: sum(values) / len(values),
    "count": len,
}
_COMPARES: dict[str, Callable[[float, float], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One series, and its value now."""

    name: str
    labels: dict[str, str]
    value: float
    hourly: float = 0.0
    """By how much it has grown each hour."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An alerting rule; what it fires is what fires in Alertmanager under its name."""

    alert: str
    expr: str
    labels: dict[str, str]


class Prometheus:
    """A table of samples and the API that asks it; `ALERTS` follows what fires."""

    def __init__(self, clock: Clock, firing: Callable[[], list[Alert]]) -> None:
        self.samples: list[Sample] = _house()
        self.rules: list[Rule] = list(_RULES)
        self.answers: dict[str, list[dict[str, Any]]] = {}
        """Results of whole queries that no selector can say, by their text."""
        self._clock = clock
        self._firing = firing

    def set(self, name: str, value: float, hourly: float = 0.0, **labels: str) -> None:
        """Give a series a value, and how fast it grew to it; series of that name with these labels are replaced."""
        pairs = labels.items()
        self.samples = [each for each in self.samples if each.name != name or not pairs <= each.labels.items()]
        self.samples.append(Sample(name, labels, value, hourly))

    async def handle(self, request: web.Request, path: str) -> Answer:
        """Answer one request of the API; `path` has no leading slash."""
        asked = dict(request.query)
        if request.method == "POST":
            asked |= {name: str(value) for name, value in (await request.post()).items()}
        if path in ("-/ready", "-/healthy"):
            return Answer(text="Prometheus Server is Ready.\n")
        if path in ("api/v1/query", "api/v1/query_range"):
            return self._query(asked.get("query", ""), _moments(asked) if path.endswith("range") else None)
        told: dict[str, Callable[[], dict[str, Any]]] = {
            "api/v1/alerts": lambda: {"alerts": [_alert(alert) for alert in self._firing()]},
            "api/v1/rules": lambda: {"groups": [{"name": "house", "rules": [*map(self._rule, self.rules)]}]},
            "api/v1/targets": lambda: {"activeTargets": [_target(each) for each in self.samples if each.name == "up"]},
            "api/v1/status/buildinfo": lambda: {"version": "3.9.1", "revision": "0", "goVersion": "go1.26"},
        }
        return _success(told[path]()) if path in told else MISSING

    def _rule(self, rule: Rule) -> dict[str, Any]:
        alerts = [_alert(alert) for alert in self._firing() if alert.labels.get("alertname") == rule.alert]
        told = {"type": "alerting", "name": rule.alert, "query": rule.expr, "duration": 120}
        return told | {"labels": rule.labels, "alerts": alerts}

    def _query(self, query: str, moments: list[float] | None) -> Answer:
        """Answer what an expression is now, or was at these moments."""
        kind = "vector" if moments is None else "matrix"
        if query in self.answers:
            return _success({"resultType": kind, "result": self.answers[query]})
        parsed = _QUERY.fullmatch(_narrow(query))
        if parsed is None or not (parsed["name"] or parsed["matchers"]) or bool(parsed["how"]) != bool(parsed["close"]):
            error = f'invalid parameter "query": parse error: unexpected input: {query}'
            return Answer({"status": "error", "errorType": "bad_data", "error": error}, status=400)
        now = self._clock().timestamp()
        found: dict[tuple[tuple[str, str], ...], list[Any]] = {}
        for moment in moments or [now]:
            for labels, value in self._evaluate(parsed, (now - moment) / 3600):
                found.setdefault(tuple(labels.items()), []).append([moment, f"{value:.15g}"])
        shown = [
            {"metric": dict(labels)} | ({"value": values[0]} if moments is None else {"values": values})
            for labels, values in found.items()
        ]
        return _success({"resultType": kind, "result": shown})

    def _evaluate(self, query: re.Match[str], hours_ago: float) -> list[tuple[dict[str, str], float]]:
        matchers = parse(query["matchers"] or "")
        found = [
            ({"__name__": each.name} | each.labels, each.value - each.hourly * hours_ago)
            for each in (*self.samples, *map(_firing_sample, self._firing()))
            if query["name"] in (None, each.name) and all_hold(matchers, each.labels)
        ]
        if query["how"]:
            found = _aggregated(found, query["how"], query["by"] or query["by_after"] or "")
        if query["compare"]:
            found = [row for row in found if _COMPARES[query["compare"]](row[1], float(query["bound"]))]
        return found


def _moments(asked: dict[str, str]) -> list[float]:
    start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
    return [start + number * step for number in range(int((end - start) / step) + 1)]


def _narrow(query: str) -> str:
    """Return a selector that was narrowed from outside, as in `(up) and on (job) label_replace(…)`, narrowed inside."""
    outside = _NARROWED.fullmatch(query)
    if outside is None:
        return query
    name, _, within = outside["inner"].partition("{")
    pairs = [f"{label}={value}" for label, value in _LABEL.findall(outside["labels"])]
    return f"{name}{{{', '.join(filter(None, (within.rstrip('}'), *pairs)))}}}"


def _aggregated(rows: list[tuple[dict[str, str], float]], how: str, by: str) -> list[tuple[dict[str, str], float]]:
    names = [name.strip() for name in by.split(",") if name.strip()]
    groups: dict[tuple[tuple[str, str], ...], list[float]] = {}
    for labels, value in rows:
        groups.setdefault(tuple((name, labels[name]) for name in names if name in labels), []).append(value)
    return [(dict(key), float(_HOWS[how](values))) for key, values in groups.items()]


def _success(content: dict[str, Any]) -> Answer:
    return Answer({"status": "success", "data": content})


def _alert(alert: Alert) -> dict[str, Any]:
    shown = {"labels": alert.labels, "annotations": alert.annotations, "state": "firing"}
    return shown | {"activeAt": stamp(alert.starts_at), "value": "1e+00"}


def _firing_sample(alert: Alert) -> Sample:
    return Sample("ALERTS", {"alertstate": "firing"} | alert.labels, 1.0)


def _target(up: Sample) -> dict[str, Any]:
    health = "up" if up.value else "down"
    return {"labels": up.labels, "health": health, "scrapePool": up.labels.get("job", ""), "lastError": ""}


_CONNECTIONS = (
    *(("gitea", "gitea_db", "idle", 9), ("kratos", "kratos_db", "idle", 5), ("hydra", "hydra_db", "active", 4)),
    *(("people", "people_db", "idle", 12), ("docs", "docs_db", "idle", 8), ("drive", "drive_db", "idle", 6)),
    *(("messages", "messages_db", "idle in transaction", 3), ("messages", "messages_db", "idle", 8)),
    *(("meet", "meet_db", "idle", 4), ("streaming_replica", "", "active", 2)),
)
_DISKS = ((1, 0.97, 0.04), (2, 0.61, 0.01))
"""Pod, how full, and by how much more each hour."""
_RULES = (
    Rule("VolumeFull", "volume_used_ratio > 0.95", {"severity": "critical"}),
    Rule("ConnectionsHigh", "cnpg_backends_total > 10", {"severity": "warning"}),
    Rule("TargetDown", "up == 0", {"severity": "warning"}),
)
_JOBS = (
    *(("data", "postgres"), ("data", "opensearch"), ("storage", "seaweedfs-filer"), ("devtools", "gitea")),
    *(("monitoring", "prometheus"), ("monitoring", "alertmanager"), ("monitoring", "loki"), ("ingress", "pingora")),
)


def _house() -> list[Sample]:
    pod = {"namespace": "data", "pod": "postgres-1", "job": "data/postgres"}
    used = [
        Sample(
            "cnpg_backends_total", pod | {"usename": user, "datname": name, "application_name": user, "state": state}, n
        )
        for user, name, state, n in _CONNECTIONS
    ]
    waiting = {"usename": "messages", "datname": "messages_db", "state": "idle in transaction"}
    return [
        *used,
        Sample("cnpg_pg_settings_setting", pod | {"name": "max_connections"}, 100),
        Sample("cnpg_backends_max_tx_duration_seconds", pod | waiting, 94),
        Sample("cnpg_pg_stat_archiver_seconds_since_last_archival", pod, 41),
        *(
            Sample("volume_used_ratio", {"namespace": "data", "pod": f"postgres-{number}"}, ratio, hourly)
            for number, ratio, hourly in _DISKS
        ),
        Sample("cnpg_collector_up", pod | {"cluster": "postgres"}, 1),
        *(Sample("up", {"namespace": ns, "job": job, "instance": f"{job}.{ns}.svc"}, 1) for ns, job in _JOBS),
    ]
