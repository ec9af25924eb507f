"""The simulated API server: takes requests apart, checks them, and hands them to the room they belong to."""

from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from bot.demo.clock import Clock, now_utc
from bot.demo.cluster import discovery, faults, writes
from bot.demo.cluster import exec as execs
from bot.demo.cluster.access import Access, wish_of
from bot.demo.cluster.answers import body_of, refuse, reply
from bot.demo.cluster.controllers import Controllers
from bot.demo.cluster.faults import Faults
from bot.demo.cluster.kinds import METRICS
from bot.demo.cluster.lists import Pages
from bot.demo.cluster.logs import Logs
from bot.demo.cluster.metrics import measured
from bot.demo.cluster.paths import Way, way
from bot.demo.cluster.pods import container_of
from bot.demo.cluster.refusals import Refusal, bad_request, no_such_page
from bot.demo.cluster.store import Object, Store
from bot.demo.cluster.watches import stream
from bot.demo.cluster.writes import Ask
from bot.demo.loopback import HOST

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LONGEST_BODY = 3 * 1024 * 1024


class SimulatedCluster:
    """A cluster on loopback: its objects, what goes wrong with it, and what it was asked."""

    def __init__(self, *, token: str | None = None, clock: Clock = now_utc, interval: float = 0.3) -> None:
        """`interval`: seconds a new pod takes to become ready."""
        self.store = Store(clock)
        self.faults = Faults()
        self.access = Access(token)
        self.logs = Logs(clock)
        self.execs = execs.Execs()
        self.pages = Pages(self.store)
        self.controllers = Controllers(self.store, interval)
        self.request_log: list[tuple[str, str]] = []
        """Method and path of every request, oldest first."""
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def token(self) -> str | None:
        """The bearer token the cluster wants; None: any, or none at all."""
        return self.access.token

    @token.setter
    def token(self, value: str | None) -> None:
        self.access.token = value

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    async def start(self, port: int = 0) -> str:
        """Listen on loopback (0: any free port) and return the base URL."""
        app = web.Application(middlewares=[self._front_door], client_max_size=_LONGEST_BODY)
        app.add_routes([*self.faults.routes(), web.route("*", "/{path:.*}", self._serve)])
        # Watches and followed logs end with their client, hence handler_cancellation.
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.controllers.start()
        return self.url

    async def stop(self) -> None:
        """Drop every connection and let the controllers go; what it knows is kept."""
        await self.controllers.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def seed(self, objects: Iterable[Object]) -> None:
        """Put a world's objects in."""
        self.store.put_all(objects)

    def compact(self) -> None:
        """Forget the past: old watches and continue tokens are refused with 410 from now on."""
        self.store.compact()
        self.pages.forget()

    @web.middleware
    async def _front_door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/_faults":
            return await handler(request)
        self.request_log.append((request.method, request.path))
        fault = self.faults.meeting(request)
        await faults.wait(fault)
        if fault is None or not fault.answers:
            return await handler(request)
        if fault.after_commit:
            await handler(request)
        return await faults.suffer(fault, request)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            user = self.access.user(request.headers.get("Authorization", ""))
            return await self._answer(request, user)
        except Refusal as refusal:
            return refuse(refusal)
        except web.HTTPRequestEntityTooLarge:
            return refuse(Refusal(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728"))

    async def _answer(self, request: web.Request, user: str) -> web.StreamResponse:
        path = request.path.rstrip("/")
        if path in _PAGES:
            return reply(_PAGES[path]())
        if not path.startswith(("/api/", "/apis/")):
            raise no_such_page()
        found = way(path)
        if found.kind is None:
            return await self._group(request, found, user)
        ask = Ask(request, found.kind, found.namespace, found.name, found.sub, user, self.access.admit)
        watching = request.query.get("watch", "").lower() in ("true", "1")
        wish = wish_of(request.method, ask.kind, ask.namespace, ask.name, ask.sub, watching=watching)
        self.access.check(user, wish)
        if not ask.name:
            return await self._collection(ask, watching=watching)
        return await (self._subresource(ask) if ask.sub else self._object(ask))

    async def _group(self, request: web.Request, found: Way, user: str) -> web.Response:
        review = _REVIEWS.get((found.group, found.plural))
        if request.method == "POST" and review is not None:
            return reply(review(self.access, user, await body_of(request)), 201)
        if request.method == "GET" and not found.plural:
            return reply(discovery.resources(found.group, found.version))
        raise no_such_page()

    async def _collection(self, ask: Ask, *, watching: bool) -> web.StreamResponse:
        if ask.request.method == "GET" and watching:
            return await stream(ask.request, self.store, ask.kind, ask.namespace)
        if ask.request.method == "GET" and ask.kind in METRICS:
            return reply(measured(self.store, ask.request, ask.kind, ask.namespace))
        if ask.request.method == "GET":
            return reply(self.pages.list(ask.request, ask.kind, ask.namespace))
        if ask.request.method == "POST" and (ask.namespace or not ask.kind.namespaced):
            return await writes.create(self.store, ask)
        raise _not_allowed()

    async def _object(self, ask: Ask) -> web.StreamResponse:
        if ask.kind.namespaced and not ask.namespace:
            raise no_such_page()
        match ask.request.method:
            case "GET":
                return reply(self.store.peek(ask.kind, ask.place))
            case "PUT":
                return await writes.replace(self.store, ask)
            case "PATCH":
                return await writes.patch(self.store, ask)
            case "DELETE":
                return await writes.delete(self.store, ask)
            case _:
                raise _not_allowed()

    async def _subresource(self, ask: Ask) -> web.StreamResponse:
        if ask.sub == "status" and ask.request.method != "DELETE":
            return await self._object(ask)
        if ask.sub == "scale":
            return await writes.scale(self.store, ask)
        pod = self.store.peek(ask.kind, ask.place)
        if ask.sub == "log" and ask.request.method == "GET":
            return await self.logs.answer(ask.request, pod)
        if ask.sub == "exec":
            return await self._exec(ask, pod)
        raise _not_allowed()

    async def _exec(self, ask: Ask, pod: Object) -> web.StreamResponse:
        argv = ask.request.query.getall("command", [])
        if not argv:
            raise bad_request("you must specify at least one command for the container")
        container_of(pod, ask.request.query.get("container", ""))
        options = {name: True for name in ("stdin", "stdout", "stderr", "tty") if ask.request.query.get(name) == "true"}
        ask.check("CONNECT", {"kind": "PodExecOptions", "command": argv, **options}, None)
        return await execs.answer(ask.request, self.execs.run(ask.namespace, ask.name, argv), self.execs)


_PAGES: dict[str, Callable[[], Object]] = {
    "/version": lambda: discovery.VERSION,
    "/api": discovery.core_versions,
    "/apis": discovery.groups,
}
_REVIEWS: dict[tuple[str, str], Callable[[Access, str, Object], Object]] = {
    ("authorization.k8s.io", "selfsubjectaccessreviews"): Access.review_access,
    ("authentication.k8s.io", "tokenreviews"): Access.review_token,
}


def _not_allowed() -> Refusal:
    message = "the server does not allow this method on the requested resource"
    return Refusal(405, "MethodNotAllowed", message, {})
