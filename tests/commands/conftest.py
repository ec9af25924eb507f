"""A house for handlers: the simulated cluster and monitoring on loopback, real clients, and a context to ask with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from bot.clients.alertmanager import AlertmanagerApi
from bot.clients.grafana import GrafanaApi
from bot.clients.http import Http
from bot.clients.kubernetes import Kubernetes
from bot.clients.loki import LokiApi
from bot.clients.openbao import OpenBao
from bot.clients.openbao_account import Account
from bot.clients.openbao_database import StaticRoles
from bot.clients.openbao_kv import KeyValues
from bot.clients.openbao_threads import Threads
from bot.clients.plot import Plotter
from bot.clients.prometheus import PrometheusApi
from bot.clients.store.cards import CardFile
from bot.clients.store.database import Database
from bot.clients.store.renewal import Orders
from bot.clients.unsealing import Unsealing
from bot.command import ActionContext, Context, Neighbours, Request
from bot.config import Settings
from bot.core.catalogue import relocate
from bot.core.health import OutboxState, SelfReport
from bot.core.names import EventId, RequestId, RoomId, UserId
from bot.core.policy import Role
from bot.core.sbbb import SBBB
from bot.core.trips import Trips
from bot.demo.cluster import Object, SimulatedCluster, kubeconfig
from bot.demo.cluster.troubles import TROUBLE
from bot.demo.monitoring import SimulatedMonitoring
from bot.demo.world import inhabit, sbbb

TOKEN = "obviously-a-test-token-0123456789"
PODS = ("openbao-0",)
ANNA = UserId("@anna:example.org")


@dataclass
class House:
    """The neighbours and the context; change `objects` before `open`, or the running cluster after it."""

    directory: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    cluster: SimulatedCluster = field(init=False)
    monitoring: SimulatedMonitoring = field(default_factory=SimulatedMonitoring)
    settings: dict[str, Any] = field(default_factory=dict)
    """Keys of the configuration that differ."""
    bao_pods: tuple[str, ...] = PODS
    bao_urls: tuple[str, ...] = ()
    """Real pods, instead of those that only tell their seal."""
    jwt: str = TOKEN
    """What the bot logs in to OpenBao with."""
    report: SelfReport | None = None
    shown: list[Any] = field(default_factory=list)
    """How far commands said they were."""
    trips: Trips = field(default_factory=Trips)
    voices: dict[tuple[UserId, str], datetime] = field(default_factory=dict)
    """What bots said, and when."""
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    inverse: list[str] = field(default_factory=list)
    """The words that the last action left to take it back."""
    opened: datetime = field(init=False)
    """When the house was made."""
    ctx: Context = field(init=False)

    def __post_init__(self) -> None:
        self.opened = self.now
        self.cluster = SimulatedCluster(token=TOKEN, clock=lambda: self.now, interval=0.02)
        self.database = Database(self.directory / "state")
        self.objects: list[Object] = sbbb(self.now)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Context]:
        """Start the servers, seed the world, connect the clients."""
        async with AsyncExitStack() as stack:
            await self.database.open()
            stack.push_async_callback(self.database.close)
            await self.cluster.start()
            stack.push_async_callback(self.cluster.stop)
            await self.monitoring.start()
            stack.push_async_callback(self.monitoring.stop)
            inhabit(self.cluster, self.objects)
            for pod in self.bao_pods:
                self.seal(pod, sealed=False)
            http = await stack.enter_async_context(Http())
            kubernetes = self._kubernetes()
            stack.push_async_callback(kubernetes.close)
            threads = Threads(limit=timedelta(seconds=5))
            stack.callback(threads.close)
            self.ctx = self._context(http, kubernetes, threads)
            yield self.ctx

    def sicken(self, kind: str, namespace: str, name: str, trouble: str) -> None:
        """Let every new pod of a workload get into a trouble."""
        store = self.cluster.store
        store.change(kind, namespace, name, lambda draft: draft["metadata"]["annotations"].update({TROUBLE: trouble}))

    def seal(self, pod: str, *, sealed: bool = True, progress: int = 0) -> None:
        """Let a pod of OpenBao say how sealed it is."""
        told = {"type": "shamir", "initialized": True, "sealed": sealed, "t": 3, "n": 5, "progress": progress}
        self.monitoring.answer(f"/data/{pod}/v1/sys/seal-status", json=told | {"nonce": "", "version": "2.5.1"})

    def _kubernetes(self) -> Kubernetes:
        path = self.directory / "kubeconfig"
        path.write_text(kubeconfig(self.cluster.url, TOKEN))
        return Kubernetes(kubeconfig=path)

    def _context(self, http: Http, kubernetes: Kubernetes, threads: Threads) -> Context:
        url = self.monitoring.url
        pods = OpenBao(http, self.bao_urls or tuple(url("data", pod) for pod in self.bao_pods))
        account = Account(pods, threads, role="opsbot", credential=lambda: self.jwt, now=lambda: self.now)
        settings = Settings.model_validate(_settings(self.monitoring) | self.settings)
        neighbours = Neighbours(
            kubernetes=kubernetes,
            clusters={},
            openbao=pods,
            kv=KeyValues(account, "secret"),
            roles=StaticRoles(account),
            unsealing=Unsealing(http),
            prometheus=PrometheusApi(http, settings.prometheus.url),
            alertmanager=AlertmanagerApi(http, settings.alertmanager.url),
            loki=LokiApi(http, settings.loki.url),
            grafana=GrafanaApi(http, settings.grafana.url),
            plotter=Plotter(self.directory / "matplotlib"),
            matrix=cast("Any", None),
            second=cast("Any", None),
            http=http,
        )
        request = Request(RequestId("r1"), EventId("$1"), RoomId("!abc:example.org"), ANNA, self.now, self.now)
        return Context(
            request=request,
            settings=settings,
            neighbours=neighbours,
            role=Role.VIEWER,
            commands=(),
            audit=cast("Any", None),
            report=self._report,
            render=cast("Any", None),
            clock=lambda: self.now,
            cards=CardFile(self.database),
            roster=cast("Any", None),
            deeds=cast("Any", None),
            show=self._show,
            sleep=self._sleep,
            trips=self.trips,
            heard_from=lambda user, words, _: self.voices.get((user, words)),
            last_word=lambda user: max((at for (who, _), at in self.voices.items() if who == user), default=None),
            stopped=self.stopped,
            running=lambda _: 1,
            end=lambda _: 0,
            stop=lambda: 0,
            orders=Orders(self.database),
        )

    async def _sleep(self, seconds: float) -> None:
        """Let time pass: much of it for the clock, little for the machine."""
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(seconds / 400)

    async def _show(self, result: Any) -> None:
        self.shown.append(result)

    async def _report(self) -> SelfReport:
        well = SelfReport("0.1.0", self.now, OutboxState(0, timedelta(0)), timedelta(seconds=1), None, ())
        return self.report or well


def acting(ctx: Context, **given: Any) -> ActionContext:
    """Return the context of an action; what it has sent, changed or left is not looked at unless given."""
    looking = {name: getattr(ctx, name) for name in Context.__dataclass_fields__}
    unheard: dict[str, Any] = {name: _unheard for name in ActionContext.__dataclass_fields__ if name not in looking}
    facts: dict[str, Any] = {"action": RequestId("act1"), "again": False, "decided": ctx.clock(), "target": ""}
    return ActionContext(**looking, **unheard | facts | given)


def _unheard(*_: Any, **__: Any) -> None:
    pass


def _settings(monitoring: SimulatedMonitoring) -> dict[str, Any]:
    def move(namespace: str, service: str, url: str) -> str:
        return monitoring.url(namespace, service) + (urlsplit(url).path or "/")

    return {
        "matrix": {"homeserver": "http://127.0.0.1:1", "user": "@opsbot:example.org", "password": "not-a-secret"},
        "rooms": {"ops": "!abc:example.org"},
        "web": {"webhook_token": TOKEN},
        "people": {ANNA: {"role": "viewer"}},
        "ingress": {"url": monitoring.url("ingress", "pingora")},
        "services": relocate(SBBB, move),
        **{
            name: {"url": monitoring.url("monitoring", name)}
            for name in ("alertmanager", "prometheus", "loki", "grafana")
        },
    }


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house at rest, not yet open."""
    return House(tmp_path)
