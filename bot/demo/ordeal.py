"""An ordeal for the first promise: alerts and commands rain, the homeserver fails, the bot is killed over and over."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import aiohttp

from bot.demo.ledgers import Promised, Verdict, judge
from bot.demo.monitoring.payloads import Alert, webhook_body
from bot.demo.stage import Stage
from bot.demo.view import View

_OK = range(200, 300)
_SERVER_ERROR = 500
_RETRY_SECONDS = 0.2
_SEVERITIES = ("critical", "warning", "warning", "info")
_SENDERS = 4
_LIVES = 2.5
"""The longest life, in starts: else a slow machine kills only what has not begun."""


class NotTaken(AssertionError):
    """The bot answered a webhook with a definite no."""


@dataclass(slots=True)
class Sender:
    """Posts groups of alerts as Alertmanager does: again until it is answered 2xx, and notes what was."""

    url: str
    token: str
    promised: Promised
    statuses: list[int] = field(default_factory=list)
    """What was answered, oldest first; 0 for no answer."""
    _session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open."""
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=aiohttp.ClientTimeout(total=10),
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        assert self._session
        await self._session.close()

    async def tell(self, group: str, pods: dict[str, bool], *, severity: str = "warning") -> None:
        """Tell of a group until it was heard; raise NotTaken for a 4xx, after which Alertmanager would give up."""
        body = webhook_body(alerts(group, pods, severity), receiver="ordeal")
        while (status := await self.post(body)) not in _OK:
            if 0 < status < _SERVER_ERROR:
                raise NotTaken(f"{group}: HTTP {status}")
            await asyncio.sleep(_RETRY_SECONDS)
        self.promised.accepted(group, pods)

    async def post(self, body: dict[str, Any]) -> int:
        """Post once and return the status, 0 for no answer."""
        assert self._session
        status = 0
        try:
            async with self._session.post(self.url, json=body) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            pass
        self.statuses.append(status)
        return status


@dataclass
class Ordeal:
    """One run; `promised` is the first ledger, `view` the second."""

    stage: Stage
    seed: int
    kills: int
    life: tuple[float, float] = (0.3, 4.0)
    """Shortest and longest time, in seconds, between two kills; starting takes the first of it, and where that is slow
    the longest is longer."""
    pace: float = 0.5
    """Seconds between two commands, and between two steps of a group's story."""
    promised: Promised = field(default_factory=Promised)
    drained: float = 0.0
    """Seconds from the last kill's restart until everything was there."""

    def __post_init__(self) -> None:
        assert self.stage.homeserver
        self._chance = random.Random(self.seed)  # noqa: S311 - repeatable chance, no secret
        self.view = View(self.stage.homeserver, self.stage.sessions["anna"], self.stage.room)
        self._over = asyncio.Event()

    async def run(self, *, within: float = 60.0) -> Verdict:
        """Start the bot, kill it as often as wished, let everything come, at most `within` seconds, and judge."""
        await self.view.open()
        started = time.monotonic()
        await self.stage.start_bot()
        starting = time.monotonic() - started
        async with sender(self.stage, self.promised) as posts, asyncio.TaskGroup() as tasks:
            for number in range(_SENDERS):
                tasks.create_task(self._rain(posts, number))
            tasks.create_task(self._ask())
            await self._kill(max(self.life[1], _LIVES * starting))
            self._over.set()
        return await self._settle(within)

    async def _kill(self, longest: float) -> None:
        for _ in range(self.kills):
            await asyncio.sleep(self._chance.uniform(self.life[0], longest))
            await self.stage.kill_bot()
            await self.stage.start_bot(ready=False)

    async def _rain(self, posts: Sender, number: int) -> None:
        """Tell stories of groups, one after the other, until the kills are over and the last is told."""
        chance = random.Random(self.seed * 1000 + number)  # noqa: S311 - see above
        told = 0
        while not self._over.is_set():
            told += 1
            severity = chance.choice(_SEVERITIES)
            for pods in _story(chance, f"p{number}x{told}"):
                await posts.tell(f"Ordeal{number}x{told}", pods, severity=severity)
                await asyncio.sleep(chance.uniform(0, self.pace))

    async def _ask(self) -> None:
        """Ask and announce in turn, straight to the homeserver, as a person who does not see that the bot is away."""
        told = 0
        while not self._over.is_set():
            told += 1
            words = f"!audit {1 + told % 3}" if told % 2 else f"!announce word{told}end --yes"
            event = await self.view.say(words)
            self.promised.commands[event] = words
            if words.startswith("!announce"):
                self.promised.announcements.append(f"word{told}end")
            await asyncio.sleep(self.pace)

    async def _settle(self, within: float) -> Verdict:
        started = time.monotonic()
        while (verdict := self._judge()).missing and time.monotonic() - started < within:
            await self.view.look(1.0)
        self.drained = time.monotonic() - started
        # What is doubled comes late: by the attempt after the one that was thought lost.
        for _ in range(3):
            await self.view.look(0.5)
        return self._judge() if not verdict.missing else verdict

    def _judge(self) -> Verdict:
        return judge(self.promised, self.view.seen, self.stage.user)


@asynccontextmanager
async def sender(stage: Stage, promised: Promised) -> AsyncIterator[Sender]:
    """Give a sender that knows the way to a stage's bot."""
    async with Sender(f"{stage.url}/alerts/ops", stage.webhook_token, promised) as posts:
        yield posts


async def storm(posts: Sender, *, groups: int, rounds: int, critical: int) -> None:
    """Tell of many groups at once, one more alert of each in every round; the last `critical` groups are urgent."""
    for told in range(1, rounds + 1):
        for number in range(groups):
            severity = "critical" if number >= groups - critical else "warning"
            pods = {f"g{number}-{pod}end": True for pod in range(told)}
            await posts.tell(f"Storm{number}", pods, severity=severity)


def _story(chance: random.Random, name: str) -> Iterator[dict[str, bool]]:
    """Return what is told of a group, step by step: pods begin to fire, some stop, at the end all or not all."""
    pods = {f"{name}-{letter}end": True for letter in "abcd"[: chance.randint(1, 4)]}
    for count in range(1, len(pods) + 1):
        yield dict(list(pods.items())[:count])
    for pod in list(pods)[: chance.randint(0, len(pods))]:
        pods[pod] = False
        yield dict(pods)


_BEGAN = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def alerts(group: str, pods: dict[str, bool], severity: str) -> list[Alert]:
    """Return the alerts of a group: its pods, and whether each fires."""
    labels = {"alertname": group, "namespace": "data", "severity": severity}
    return [
        Alert({**labels, "pod": pod}, _BEGAN, ends_at=None if fires else datetime.now(UTC))
        for pod, fires in pods.items()
    ]
