"""Those who are compared, each behind the same door: a webhook goes in, a status comes out; and it may be killed."""

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.demo.monitoring.payloads import Alert, webhook_body

Post = Callable[[str, int], Awaitable[int]]
"""Hands over a webhook of so many alerts, under a mark, once; returns the status, 0 where there was no answer."""
IN_FLIGHT = 20
_FIRST, _FACTOR, _SPREAD = 0.5, 1.5, 0.5
"""Seconds before the first repetition, what each further one takes longer, and by how much of it chance changes that:
those of Alertmanager 0.25, which goes on until the group's next turn, five minutes later."""


class NotTaken(RuntimeError):
    """A webhook was answered with something else than a 2xx."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One of them."""

    name: str
    post: Post
    each: bool = False
    """Every alert becomes a message, not every webhook."""
    kill: Callable[[], Awaitable[None]] | None = None
    start: Callable[[], Awaitable[None]] | None = None
    """The two together, or neither: the load itself cannot be killed."""

    async def send(self, mark: str, alerts: int = 1) -> None:
        """Hand over a webhook that must be taken at once; raise NotTaken."""
        status = await self.post(mark, alerts)
        if not is_taken(status):
            raise NotTaken(f"{self.name}: {status}")

    def messages(self, alerts: int) -> int:
        """Return in how many messages a webhook is told."""
        return alerts if self.each else 1


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of a webhook that was offered as Alertmanager does it."""

    taken: bool
    refused: bool
    """Answered with 4xx: nobody sends it again."""
    failures: int
    """Answers of 5xx, and no answers."""


async def hand(post: Post, mark: str, alerts: int, until: float) -> Handed:
    """Offer a webhook until it is taken or refused for good, or `until` (by `time.perf_counter`) is over."""
    pause, failures = _FIRST, 0
    while True:
        status = await post(mark, alerts)
        if is_taken(status) or 400 <= status < 500:
            return Handed(is_taken(status), not is_taken(status), failures)
        failures += 1
        wait = pause * random.uniform(1 - _SPREAD, 1 + _SPREAD)
        if time.perf_counter() + wait > until:
            return Handed(taken=False, refused=False, failures=failures)
        await asyncio.sleep(wait)
        pause *= _FACTOR


async def offer(contender: Contender, count: int, alerts: int, until: float, handed: dict[str, Handed]) -> None:
    """Offer many webhooks, 20 in flight; note what became of each, by its mark, as soon as that is known."""
    waiting = iter([mark() for _ in range(count)])

    async def work() -> None:
        for name in waiting:
            handed[name] = Handed(taken=False, refused=False, failures=0)
            handed[name] = await hand(contender.post, name, alerts, until)

    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


def mark() -> str:
    """Return a name that no other message holds."""
    return f"Bench{secrets.token_hex(4)}"


def is_taken(status: int) -> bool:
    """Tell whether a webhook was accepted."""
    return 200 <= status < 300


def webhook(mark: str, alerts: int) -> dict[str, Any]:
    """Return the body that everybody gets."""
    return webhook_body([_alert(mark, number) for number in range(alerts)], receiver="benchmark")


def _alert(mark: str, number: int) -> Alert:
    labels = {"alertname": mark, "namespace": "ory", "pod": f"hydra-{number}", "severity": "warning"}
    # Each in its own words, so that a message that comes twice can be told from two messages.
    words = {"summary": "Hydra answers slowly", "description": f"p99 of hydra-{number} is above one second"}
    return Alert(labels, datetime.now(UTC), words)
