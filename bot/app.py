"""Joins everything: opens the neighbours, runs the tasks, shuts down in order."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from bot.clients.alertmanager import AlertmanagerApi
from bot.clients.grafana import GrafanaApi
from bot.clients.http import Http
from bot.clients.kubernetes import Kubernetes
from bot.clients.loki import LokiApi
from bot.clients.matrix import Matrix
from bot.clients.metrics import Metrics
from bot.clients.openbao import OpenBao
from bot.clients.openbao_account import Account
from bot.clients.openbao_database import StaticRoles
from bot.clients.openbao_kv import KeyValues
from bot.clients.openbao_threads import Threads
from bot.clients.plot import Plotter
from bot.clients.prometheus import PrometheusApi
from bot.clients.second import SecondChannel
from bot.clients.store import meta
from bot.clients.store.audit import AuditLog
from bot.clients.store.cards import CardFile
from bot.clients.store.database import Database
from bot.clients.store.oncall import Roster
from bot.clients.store.proposals import DeedFile
from bot.clients.store.renewal import Orders
from bot.clients.system import System
from bot.clients.unsealing import Unsealing
from bot.command import Command, Context, Neighbours
from bot.config import Cluster, Settings
from bot.config.secrets import secret, tokens
from bot.core.errors import OpsError, StoreFailed, Unreachable
from bot.core.facts import Unknown
from bot.core.health import Check, OutboxState, Readiness, SelfReport
from bot.core.names import RoomId
from bot.core.policy import Role
from bot.core.trips import Trips
from bot.flow.auditor import Auditor
from bot.flow.bulletin import Bulletin
from bot.flow.cards import Cards
from bot.flow.chat import Chat
from bot.flow.clock import ClockWatch
from bot.flow.desk import Desk
from bot.flow.execute import Executor
from bot.flow.gate import Gate
from bot.flow.heartbeat import Heartbeat
from bot.flow.intake import Intake
from bot.flow.leaks import Leaks
from bot.flow.letters import Letters, Mail
from bot.flow.listen import Listener
from bot.flow.live import Live, LiveAnswers
from bot.flow.once import OncePages
from bot.flow.outbox import Outbox
from bot.flow.pager import Pager
from bot.flow.reconcile import Reconciler
from bot.flow.rooms import Rooms
from bot.flow.routes import Routes
from bot.flow.sealwatch import SealWatch
from bot.flow.silences import Silences
from bot.flow.storm import Storms
from bot.flow.voices import Voices
from bot.flow.watch import Watch
from bot.flow.watchdog import Watchdog
from bot.flow.whispers import Whispers
from bot.web import once
from bot.web.server import Door
from commands import COMMANDS
from formatters import FORMATTERS
from formatters.render import render

log = structlog.get_logger("app")

VERSION = version("sunbeam-opsbot")
_LATE = timedelta(seconds=120)
"""A sync or a parcel older than this, and the bot is not ready (design §7)."""
_SLOWEST = 10.0
"""Longest pause, in seconds, before a homeserver that is away is tried again."""
_REFUSED = 60.0
"""The same, when it answers and will not have us: only a person can mend that, and logins are counted."""


class App:
    """One bot: everything it is made of, and the tasks that run it."""

    def __init__(
        self, settings: Settings, system: System | None = None, commands: tuple[Command, ...] = COMMANDS
    ) -> None:
        self.settings = settings
        self.system = system or System()
        self.metrics = Metrics(VERSION)
        self._started = self.system.now()
        self._render = partial(render, formatters=FORMATTERS)
        self._list = commands
        self._commands = {command.verb: command for command in commands}
        self._neighbours()
        self._flow()

    def _neighbours(self) -> None:
        """Make the clients; nothing is connected yet."""
        settings, limit = self.settings, self.settings.limits.probe
        self.database = Database(settings.state)
        matrix = settings.matrix
        self.matrix = Matrix(
            matrix.homeserver,
            matrix.user,
            device_id=matrix.device_id,
            state=settings.state,
            access_token=_reader(matrix.access_token, matrix.access_token_file),
            password=_reader(matrix.password, matrix.password_file),
            encryption=matrix.encryption,
            confides=settings.openbao.shares_by_dm,
            now=self.system.now,
            count=self._count,
        )
        self.http = Http(count=self._count)
        self.second = SecondChannel(
            _lines(settings.alerts.second_channel, settings.alerts.second_channel_file), count=self._count
        )
        self.threads = Threads(limit=limit, count=self._count)
        pods = OpenBao(self.http, settings.openbao.pods, limit=limit)
        account = self._account_at(pods)
        self.neighbours = Neighbours(
            kubernetes=self._cluster(settings.kubernetes),
            clusters={name: self._cluster(where) for name, where in settings.clusters.items()},
            openbao=pods,
            kv=KeyValues(account, settings.openbao.mount),
            roles=StaticRoles(account),
            unsealing=Unsealing(self.http),
            prometheus=PrometheusApi(self.http, settings.prometheus.url, limit=limit),
            alertmanager=AlertmanagerApi(self.http, settings.alertmanager.url, limit=limit),
            loki=LokiApi(self.http, settings.loki.url, limit=limit),
            grafana=GrafanaApi(
                self.http, settings.grafana.url, token=_reader(None, settings.grafana.token_file), limit=limit
            ),
            plotter=Plotter(settings.state / "matplotlib"),
            matrix=self.matrix,
            second=self.second,
            http=self.http,
        )

    def _cluster(self, where: Cluster) -> Kubernetes:
        limit = self.settings.limits.probe
        return Kubernetes(kubeconfig=where.kubeconfig, context=where.context, limit=limit, count=self._count)

    def _account_at(self, pods: OpenBao) -> Account:
        """Return our account at OpenBao; nobody is logged in yet."""
        auth = self.settings.openbao.auth
        static = auth.method == "token"
        file = auth.token_file if static else auth.jwt_file
        return Account(
            pods,
            self.threads,
            role=None if static else auth.role,
            credential=lambda: secret(None, file) or "",
            now=self.system.now,
        )

    def _flow(self) -> None:
        """Join what happens."""
        settings = self.settings
        desk = Desk(settings, self.database, self.matrix, self.system, self.metrics, self._render)
        self.rooms = Rooms(desk)
        self.outbox = Outbox(desk)
        self.storms = Storms(desk, self.outbox)
        self.cards = Cards(desk, self.storms)
        routes = Routes(desk, self.rooms)
        self.watchdog = Watchdog(desk, self.outbox, self.rooms, routes)
        self.clock = ClockWatch(desk, self.watchdog)
        self.trips = Trips()
        self.intake = Intake(desk, self.outbox, self.cards, self.watchdog, routes, self.trips)
        self.pager = Pager(desk, self.outbox, self.cards, self.second)
        self.sealwatch = SealWatch(desk, self.outbox, self.cards, self.rooms, self.neighbours.openbao)
        self.bulletin = Bulletin(desk, self.outbox, self.rooms, self.cards, self.neighbours.alertmanager)
        self.gate = Gate(desk, self.outbox, self.rooms, self._commands)
        self.live = LiveAnswers(desk, self.outbox)
        self.pages = OncePages(desk)
        letters, whispers = Letters(desk), Whispers(desk, self.rooms, self.pages)
        mail = Mail(self.pages, letters)
        leaks = Leaks(desk, self.outbox, self.rooms, letters, whispers)
        self.executor = Executor(desk, self.outbox, self.cards, self.live, mail, self.context, self._commands)
        self.chat = Chat(desk, self.outbox, self.gate, self.executor, leaks, self._list)
        self.voices = Voices(frozenset(settings.bots))
        self.listener = Listener(
            desk,
            self.rooms,
            self.voices,
            self.chat.wake,
            self.chat.unrecorded,
            self.outbox.pouring,
            whispers.keep,
        )
        self.reconciler = Reconciler(
            desk, self.outbox, self.cards, self.rooms, routes, self.trips, self.neighbours.alertmanager
        )
        self.silences = Silences(desk, self.outbox, self.cards, self.rooms, self.neighbours.alertmanager)
        self.auditor = Auditor(desk, self.outbox, self.cards, self.storms, lambda: self.listener.age)
        self.heartbeat = Heartbeat(desk, self.http, self.readiness, lambda: self.watchdog.overdue)
        self.watch = Watch(desk, self.outbox, self.gate, self.rooms, self.report)
        self.door = Door(
            settings.web.listen,
            tokens=partial(tokens, settings.web.webhook_token, settings.web.webhook_token_file),
            rooms=self.rooms.find,
            accept=self.intake.accept,
            overflow=self._overflow,
            readiness=self.readiness,
            metrics=self.metrics,
            pages={once.PREFIX: self._once().answer},
        )

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; raise StoreFailed when the database cannot be opened at all."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with AsyncExitStack() as opened:
            await self.database.open()
            opened.push_async_callback(self.database.close)
            await self.rooms.recall()
            # The door opens first: an alert must find it open whatever else is slow to come up.
            port = await self.door.start()
            opened.push_async_callback(self.door.stop)
            log.info("app.listening", port=port, version=VERSION)
            for client in (self.http, self.neighbours.kubernetes, self.matrix):
                opened.push_async_callback(client.close)
            for cluster in self.neighbours.clusters.values():
                opened.push_async_callback(cluster.close)
            opened.callback(self.threads.close)
            await self.http.open()
            await self._serve(stop)
        log.info("app.stopped")

    async def _serve(self, stop: asyncio.Event) -> None:
        tasks = asyncio.create_task(self._tasks(), name="tasks")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait({tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if tasks.done():
                # Only a fault of ours ends the tasks: say it, and let whoever started us start us again.
                tasks.result()
        finally:
            stopping.cancel()
            tasks.cancel()
            await asyncio.wait({tasks}, timeout=10)

    async def _tasks(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.watch.run(), name="watch")
            tasks.create_task(self.clock.run(), name="clock")
            # Before there is a homeserver: while it is away, pages go by the second channel.
            tasks.create_task(self.pager.run(), name="pager")
            tasks.create_task(self.sealwatch.run(), name="sealwatch")
            tasks.create_task(self.storms.run(self.cards.release), name="storms")
            await self._connect()
            tasks.create_task(self.outbox.run(self.rooms.all), name="outbox")
            tasks.create_task(self.chat.run(), name="chat")
            tasks.create_task(self.listener.run(self._account(), self.matrix.open), name="listen")
            tasks.create_task(self.reconciler.run(), name="reconcile")
            tasks.create_task(self.silences.run(), name="silences")
            tasks.create_task(self.auditor.run(), name="auditor")
            tasks.create_task(self.watchdog.run(), name="watchdog")
            tasks.create_task(self.heartbeat.run(), name="heartbeat")
            tasks.create_task(self.bulletin.run(), name="bulletin")
            tasks.create_task(self._warm_up(), name="warm-up")

    async def _connect(self) -> None:
        """Log in and find our rooms, for as long as that takes: alerts are accepted meanwhile."""
        failures = 0
        while True:
            try:
                await self.matrix.open()
                await self.rooms.settle()
            except OpsError as error:
                failures += 1
                slowest = _SLOWEST if isinstance(error, Unreachable) else _REFUSED
                pause = min(slowest, 0.5 * 2 ** min(failures, 8)) * (0.5 + self.system.jitter() / 2)
                log.warning("app.homeserver_away", reason=str(error), pause=round(pause, 1))
                await self.system.sleep(pause)
            else:
                log.info("app.connected", rooms=len(self.rooms.all))
                return

    async def _warm_up(self) -> None:
        """Load what is slow to load, so that the first command does not wait for it."""
        try:
            await self.neighbours.kubernetes.open()
        except OpsError as error:
            log.warning("app.kubernetes_away", reason=str(error))

    def _account(self) -> str:
        return f"{self.settings.matrix.homeserver} {self.settings.matrix.user} {self.matrix.device_id}"

    def context(self, live: Live) -> Context:
        """Return what a command may touch."""
        request = live.request
        return Context(
            request=request,
            settings=self.settings,
            neighbours=self.neighbours,
            role=self.gate.role(request.sender) or Role.VIEWER,
            commands=self._list,
            audit=AuditLog(self.database),
            cards=CardFile(self.database),
            roster=Roster(self.database),
            deeds=DeedFile(self.database),
            orders=Orders(self.database),
            report=self.report,
            clock=self.system.now,
            render=self._render,
            show=partial(self.live.show, live),
            sleep=self.system.sleep,
            trips=self.trips,
            heard_from=self.voices.heard_from,
            last_word=self.voices.last_word,
            stopped=live.stopped,
            running=self.live.running,
            end=self.live.end,
            stop=partial(self.live.stop, request),
        )

    async def report(self) -> SelfReport:
        """Return the bot's own health."""
        known = {*self.settings.people, *self.settings.bots, self.settings.matrix.user}
        try:
            waiting, oldest = await self.outbox.state()
            broken = await self._writable()
        except StoreFailed as error:
            waiting, oldest, broken = 0, timedelta(0), Unknown(str(error))
        return SelfReport(
            version=VERSION,
            started=self._started,
            outbox=OutboxState(waiting, oldest),
            sync_age=self.listener.age,
            database=broken,
            strangers=tuple(sorted(self.rooms.members() - known)),
        )

    async def readiness(self) -> Readiness:
        """Return what `/readyz` says: database writable, sync and oldest parcel younger than 120 s."""
        report = await self.report()
        age, oldest = report.sync_age, report.outbox.oldest
        return Readiness(
            {
                "database": Check(report.database is None, report.database.reason if report.database else "writable"),
                "sync": Check(
                    age is not None and age < _LATE,
                    f"{age.total_seconds():.0f} s old" if age is not None else "not yet",
                ),
                "outbox": Check(
                    oldest < _LATE, f"{report.outbox.waiting} waiting, oldest {oldest.total_seconds():.0f} s"
                ),
            }
        )

    async def _writable(self) -> Unknown | None:
        try:
            # Another value each time: SQLite writes nothing where nothing changes.
            await self.database.write(lambda tx: meta.put(tx, "probed", self.system.now().isoformat()))
        except StoreFailed as error:
            return Unknown(str(error))
        return None

    def _once(self) -> once.Once:
        nonce = partial(self.system.new_id, 26)
        return once.Once(self.pages.find, self.pages.submit, self._time_of_day, nonce, self.settings.web.public_url)

    def _time_of_day(self, at: datetime) -> str:
        return at.astimezone(ZoneInfo(self.settings.timezone)).strftime("%H:%M")

    def _count(self, neighbour: str, result: str) -> None:
        self.metrics.neighbour_requests.labels(neighbour, result).inc()

    def _overflow(self, room: RoomId) -> None:
        log.error("app.webhook_too_large", room=room, hint="set max_alerts in Alertmanager's webhook_configs")


def _reader(value: Any, file: Any) -> Callable[[], str] | None:
    """Return a function that reads a secret when it is needed; None when none is configured."""
    if value is None and file is None:
        return None
    return lambda: secret(value, file) or ""


def _lines(value: Any, file: Any) -> Callable[[], tuple[str, ...]] | None:
    """Return a function that reads a secret of several lines when it is needed; None when none is configured."""
    return None if value is None and file is None else lambda: tokens(value, file)
