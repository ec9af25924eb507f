"""A simulated Alertmanager: its v2 API over alerts and silences; `notifier.py` tells the webhook."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import yaml
from aiohttp import web

from bot.demo.clock import Clock
from bot.demo.monitoring.answers import MISSING, Answer
from bot.demo.monitoring.matchers import Matcher, all_hold, from_json, parse
from bot.demo.monitoring.payloads import RECEIVER, Alert, fingerprint, stamp

Listener = Callable[[Alert], None]

_UNKNOWN_SILENCE = "silence not found"


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence; it is never deleted, only ended."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    updated_at: datetime

    def state(self, now: datetime) -> str:
        """Return `pending`, `active` or `expired`."""
        if now >= self.ends_at:
            return "expired"
        return "active" if now >= self.starts_at else "pending"

    def as_json(self, now: datetime) -> dict[str, Any]:
        """Return it as the API has it."""
        return {
            "id": self.id,
            "status": {"state": self.state(now)},
            "updatedAt": stamp(self.updated_at),
            "matchers": [matcher.as_json() for matcher in self.matchers],
            "startsAt": stamp(self.starts_at),
            "endsAt": stamp(self.ends_at),
            "createdBy": self.created_by,
            "comment": self.comment,
        }


class Alertmanager:
    """What fires, what is silenced, and the API that tells; `listeners` hear of every alert that changes."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.alerts: dict[str, Alert] = {}
        """By fingerprint; resolved ones too."""
        self.silences: dict[str, Silence] = {}
        self.listeners: list[Listener] = []
        self.started = clock() - timedelta(days=1)
        self.webhooks = ["<secret>"]
        """The addresses that its configuration names, as its API shows them."""

    def fire(
        self, labels: dict[str, str], annotations: dict[str, str] | None = None, starts_at: datetime | None = None
    ) -> Alert:
        """Let an alert fire (again); one that fires already keeps its start."""
        old = self.alerts.get(fingerprint(labels))
        kept = old.starts_at if old is not None and old.ends_at is None else None
        start = starts_at or kept or self.clock()
        return self._keep(Alert(dict(labels), start, dict(annotations or {}), generator_url=_graph(labels)))

    def resolve(self, labels: dict[str, str]) -> Alert:
        """Let a firing alert be over; raise KeyError for one that never fired."""
        return self._keep(replace(self.alerts[fingerprint(labels)], ends_at=self.clock()))

    def silence(self, labels: dict[str, str], span: timedelta, *, by: str = "ben", why: str = "") -> str:
        """Silence what has these labels from now on, as somebody does on its own pages; return the silence's id."""
        now = self.clock()
        matchers = tuple(Matcher(name, value) for name, value in labels.items())
        silence = Silence(str(uuid.uuid4()), matchers, now, now + span, by, why, now)
        self.silences[silence.id] = silence
        return silence.id

    def restart(self) -> None:
        """Forget every alert, as a restart does; silences are kept."""
        self.alerts.clear()
        self.started = self.clock()

    def firing(self) -> list[Alert]:
        """Return the alerts that are not over, oldest first."""
        now = self.clock()
        still = [alert for alert in self.alerts.values() if alert.ends_at is None or alert.ends_at > now]
        return sorted(still, key=lambda alert: alert.starts_at)

    def silenced_by(self, labels: dict[str, str]) -> list[str]:
        """Return the ids of the active silences that cover a label set."""
        now = self.clock()
        active = [silence for silence in self.silences.values() if silence.state(now) == "active"]
        return [silence.id for silence in active if all_hold(silence.matchers, labels)]

    async def handle(self, request: web.Request, path: str) -> Answer:
        """Answer one request of the API; `path` has no leading slash."""
        if path in ("-/ready", "-/healthy"):
            return Answer(text="OK")
        if path.startswith("api/v2/silence/"):
            return self._one_silence(request.method, path.rpartition("/")[2])
        if (request.method, path) == ("POST", "api/v2/alerts"):
            return self._take(await request.json())
        if (request.method, path) == ("POST", "api/v2/silences"):
            return self._silence(await request.json())
        return self._look(request, path) if request.method == "GET" else MISSING

    def _look(self, request: web.Request, path: str) -> Answer:
        try:
            match path:
                case "api/v2/alerts":
                    answer = Answer([self._as_json(alert) for alert in self._wanted(request)])
                case "api/v2/alerts/groups":
                    answer = self._groups(request)
                case "api/v2/silences":
                    answer = self._silences(request)
                case "api/v2/status":
                    answer = Answer(self._status())
                case "api/v2/receivers":
                    answer = Answer([{"name": RECEIVER}])
                case _:
                    answer = MISSING
        except (ValueError, re.error) as error:
            return Answer(text=str(error), status=400)
        return answer

    def _keep(self, alert: Alert) -> Alert:
        self.alerts[alert.fingerprint] = alert
        for listener in self.listeners:
            listener(alert)
        return alert

    def _wanted(self, request: web.Request) -> list[Alert]:
        matchers = [matcher for text in request.query.getall("filter", []) for matcher in parse(text)]
        show = {name: request.query.get(name, "true") != "false" for name in ("active", "silenced")}
        receiver = request.query.get("receiver", RECEIVER)
        if not re.fullmatch(receiver, RECEIVER):
            return []
        found = [alert for alert in self.firing() if all_hold(matchers, alert.labels)]
        return [alert for alert in found if show["silenced" if self.silenced_by(alert.labels) else "active"]]

    def _groups(self, request: web.Request) -> Answer:
        groups: dict[tuple[tuple[str, str], ...], list[Alert]] = {}
        for alert in self._wanted(request):
            groups.setdefault(tuple(sorted(alert.group.items())), []).append(alert)
        shown = [
            {"labels": dict(key), "receiver": {"name": RECEIVER}, "alerts": [self._as_json(each) for each in alerts]}
            for key, alerts in sorted(groups.items())
        ]
        return Answer(shown)

    def _as_json(self, alert: Alert) -> dict[str, Any]:
        silenced = self.silenced_by(alert.labels)
        state = {"state": "suppressed" if silenced else "active", "silencedBy": silenced, "inhibitedBy": []}
        return {
            "fingerprint": alert.fingerprint,
            "labels": alert.labels,
            "annotations": alert.annotations,
            "startsAt": stamp(alert.starts_at),
            "endsAt": stamp(alert.ends_at or self.clock()),
            "updatedAt": stamp(self.clock()),
            "generatorURL": alert.generator_url,
            "receivers": [{"name": RECEIVER}],
            "status": state | {"mutedBy": []},
        }

    def _take(self, posted: list[dict[str, Any]]) -> Answer:
        for row in posted:
            if not row.get("labels"):
                return Answer(text="at least one label pair required", status=400)
            start = datetime.fromisoformat(row["startsAt"]) if row.get("startsAt") else None
            alert = self.fire(row["labels"], row.get("annotations"), start)
            end = datetime.fromisoformat(row["endsAt"]) if row.get("endsAt") else None
            if end is not None and end <= self.clock():
                self.resolve(alert.labels)
        return Answer(text="")

    def _silences(self, request: web.Request) -> Answer:
        wanted = [matcher for text in request.query.getall("filter", []) for matcher in parse(text)]
        now = self.clock()
        # A filter is met by a silence that has a matcher of that name and value.
        return Answer(
            [
                silence.as_json(now)
                for silence in self.silences.values()
                if all_hold(wanted, {matcher.name: matcher.value for matcher in silence.matchers})
            ]
        )

    def _silence(self, body: dict[str, Any]) -> Answer:
        matchers = tuple(from_json(row) for row in body.get("matchers") or [])
        now = self.clock()
        if not matchers:
            return Answer({"code": 612, "message": "matchers in body should have at least 1 items"}, status=422)
        if all(matcher.holds({}) for matcher in matchers):
            return Answer(text="invalid silence: at least one matcher must not match the empty string", status=400)
        starts, ends = (datetime.fromisoformat(body[name]) for name in ("startsAt", "endsAt"))
        if ends <= starts or ends <= now:
            what = "start time must be before end time" if ends <= starts else "end time can't be in the past"
            return Answer(text=f"failed to create silence: {what}", status=400)
        identity = body.get("id") or ""
        if identity and identity not in self.silences:
            return Answer(text=_UNKNOWN_SILENCE, status=404)
        made = Silence("", matchers, starts, ends, body.get("createdBy", ""), body.get("comment", ""), now)
        return Answer({"silenceID": self._put(identity, made)})

    def _put(self, identity: str, made: Silence) -> str:
        """Keep a silence and return its id: one that is over, or that would mute something else, is not changed."""
        now, old = made.updated_at, self.silences.get(identity)
        if old and old.state(now) == "active" and _to_the_second(old) == _to_the_second(made):
            self.silences[identity] = replace(made, id=identity)
            return identity
        if old and old.state(now) != "expired":
            self.silences[identity] = replace(old, ends_at=now, updated_at=now)
        identity = str(uuid.uuid4())
        self.silences[identity] = replace(made, id=identity, starts_at=max(made.starts_at, now))
        return identity

    def _one_silence(self, method: str, identity: str) -> Answer:
        silence = self.silences.get(identity)
        if silence is None:
            # 0.25 answers 500 when an unknown one is to be ended, newer versions 404.
            return Answer(text=_UNKNOWN_SILENCE, status=500 if method == "DELETE" else 404)
        now = self.clock()
        if method == "DELETE":
            self.silences[identity] = replace(silence, ends_at=min(silence.ends_at, now), updated_at=now)
            return Answer(text="")
        return Answer(silence.as_json(now))

    def _status(self) -> dict[str, Any]:
        return {
            "cluster": {"name": "01DEMO", "status": "ready", "peers": []},
            "config": {"original": self._config()},
            "uptime": stamp(self.started),
            "versionInfo": {"version": "0.31.1", "branch": "HEAD", "revision": "0", "goVersion": "go1.26"},
        }

    def _config(self) -> str:
        receiver = {"name": RECEIVER, "webhook_configs": [{"url": url} for url in self.webhooks]}
        return yaml.safe_dump({"route": {"receiver": RECEIVER}, "receivers": [receiver]}, sort_keys=False)


def _to_the_second(silence: Silence) -> tuple[tuple[Matcher, ...], int]:
    # As Alertmanager compares them (silence.go, canUpdate).
    return silence.matchers, int(silence.starts_at.timestamp())


def _graph(labels: dict[str, str]) -> str:
    return f"http://prometheus.demo.test/graph?g0.expr={labels.get('alertname', '')}&g0.tab=1"
