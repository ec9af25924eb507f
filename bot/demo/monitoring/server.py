"""The simulated monitoring and health endpoints of a whole house, on one port: the path says whose they are."""

from email.utils import format_datetime
from typing import Any

from aiohttp import web

from bot.demo.clock import Clock, now_utc
from bot.demo.loopback import HOST
from bot.demo.monitoring import services
from bot.demo.monitoring.alertmanager import Alertmanager
from bot.demo.monitoring.answers import MISSING, Answer
from bot.demo.monitoring.grafana import Grafana
from bot.demo.monitoring.loki import Loki
from bot.demo.monitoring.prometheus import Prometheus
from bot.demo.monitoring.services import Place


class SimulatedMonitoring:
    """Everything that is asked over plain HTTP: `/{namespace}/{service}/…`."""

    def __init__(self, *, clock: Clock = now_utc) -> None:
        self._clock = clock
        self.alertmanager = Alertmanager(clock)
        self.prometheus = Prometheus(clock, self.alertmanager.firing)
        self.loki = Loki(clock)
        self.grafana = Grafana()
        self.down: set[Place] = set()
        """Namespace and service of what does not answer at all: the connection is cut."""
        self.request_log: list[tuple[str, str]] = []
        """Method and path of every request, oldest first."""
        self.port = 0
        self._answers: dict[str, Answer] = {}
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> str:
        """Listen on loopback (0: any free port) and return the base URL."""
        app = web.Application()
        app.add_routes([web.post("/_control", self._control), web.route("*", "/{path:.*}", self._serve)])
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, port).start()
        self.port = self._runner.addresses[0][1]
        return f"http://{HOST}:{self.port}"

    async def stop(self) -> None:
        """Drop every connection; what it knows is kept."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def url(self, namespace: str, service: str) -> str:
        """Return the base URL that stands for a service's own."""
        return f"http://{HOST}:{self.port}/{namespace}/{service}"

    def answer(
        self, prefix_path: str, status: int = 200, *, json: Any = None, text: str = "", delay: float = 0.0
    ) -> None:
        """Answer every path that begins so (`/data/opensearch/_cluster`) with this; the longest prefix counts."""
        self._answers[prefix_path] = Answer(json, text, status, delay)

    def heal(self) -> None:
        """Take back every `down` and every `answer`."""
        self.down.clear()
        self._answers.clear()

    async def _serve(self, request: web.Request) -> web.Response:
        self.request_log.append((request.method, request.path))
        namespace, service, path = [*request.path.lstrip("/").split("/", 2), "", ""][:3]
        if (namespace, service) in self.down:
            return _cut(request)
        response = await (await self._find(request, (namespace, service), path)).give()
        response.headers["Date"] = format_datetime(self._clock(), usegmt=True)
        return response

    async def _find(self, request: web.Request, place: Place, path: str) -> Answer:
        set_answers = [prefix for prefix in self._answers if request.path.startswith(prefix)]
        if set_answers:
            return self._answers[max(set_answers, key=len)]
        match place:
            case ("monitoring", "alertmanager"):
                return await self.alertmanager.handle(request, path)
            case ("monitoring", "prometheus"):
                return await self.prometheus.handle(request, path)
            case ("monitoring", "loki"):
                return await self.loki.handle(request, path)
            case ("monitoring", "grafana"):
                return self.grafana.handle(request, path)
            case _:
                return services.answer(place, path) or MISSING

    async def _control(self, request: web.Request) -> web.Response:
        """Do what another process asks: keys `heal`, `down`, `up`, `answer`, `fire`, `resolve` of a JSON object."""
        asked: dict[str, Any] = await request.json()
        if asked.get("heal"):
            self.heal()
        self.down |= {_place(text) for text in asked.get("down", [])}
        self.down -= {_place(text) for text in asked.get("up", [])}
        for row in asked.get("answer", []):
            self.answer(row.pop("path"), **row)
        for row in asked.get("fire", []):
            self.alertmanager.fire(row["labels"], row.get("annotations"))
        for labels in asked.get("resolve", []):
            self.alertmanager.resolve(labels)
        return web.json_response({"down": sorted("/".join(place) for place in self.down)})


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _place(text: str) -> Place:
    namespace, _, service = text.partition("/")
    return namespace, service
