"""10,000 alerts at once under Synapse's stock limit of one message in five seconds: `python -m benchmarks.storm`.

Prints how fast they were taken, when the first critical one was seen, when the storm's card counted them all, what
memory that took, and how it ended. Takes about four minutes. Exit code 0 when every bound is kept.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figures import percentile
from benchmarks.stand import memory, peak
from bot.demo.homeserver import Homeserver
from bot.demo.ledgers import Promised, Verdict, judge
from bot.demo.monitoring.payloads import Alert, webhook_body
from bot.demo.ordeal import Sender, sender
from bot.demo.proxy import FaultyProxy
from bot.demo.stage import Stage
from bot.demo.view import View

_GROUPS, _ALERTS = 200, 50
_CRITICAL = (120, 180)
"""The groups that are critical, in the order in which they are told: one alert in a hundred."""
_STAYS = 16
"""Groups that still burn when it is over."""
_AT_ONCE = 20
_NAMESPACES = ("data", "storage", "lasuite", "ory", "matrix", "monitoring", "ingress")
_PATIENCE, _END = 30.0, 240.0
_SETTLED = 10.0
_RECONCILED = 75.0
"""By then the cards were compared once with what Alertmanager says."""
_SEEN_SECONDS, _MEMORY_MIB = 5.0, 150.0


@dataclass(slots=True)
class Run:
    """One storm, and what was seen of it; seconds count from its beginning."""

    stage: Stage
    view: View
    posts: Sender
    began: float = field(default_factory=time.monotonic)
    posted: dict[str, float] = field(default_factory=dict)
    """When each group's webhook was sent."""
    took: list[float] = field(default_factory=list)
    """How long each was answered after."""
    seen: dict[str, float] = field(default_factory=dict)
    """When each group's card was first seen by another member."""
    came: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something new may have been seen."""

    @property
    def now(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    async def post(self, bodies: dict[str, dict[str, Any]]) -> None:
        """Tell of groups, many at once."""
        waiting = iter(bodies.items())

        async def work() -> None:
            for name, body in waiting:
                sent = self.posted[name] = self.now
                status = await self.posts.post(body)
                self.took.append(self.now - sent)
                if status == 200:
                    pods = {each["labels"]["pod"]: each["status"] == "firing" for each in body["alerts"]}
                    self.posts.promised.accepted(name, pods)

        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))

    async def watch(self) -> None:
        """Note what comes into another member's sight, for ever."""
        while True:
            for message in await self.view.look(10):
                for word in message.body.split("\n", 1)[0].split():
                    if message.key.startswith("alert:"):
                        self.seen.setdefault(word, self.now)
            self.came.set()

    async def until_kept(self, seconds: float, *, over: bool) -> float:
        """Wait until everything that was taken is told; return when."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.verdict().missing or over not in {" storm over" in each for each in self.storms()}:
                    self.came.clear()
                    await self.came.wait()
        return self.now

    def storms(self) -> list[str]:
        """Return what the storm's card says now."""
        return list({each.key: each.body for each in self.view.seen if each.key.startswith("storm:")}.values())

    def verdict(self) -> Verdict:
        """Hold what was seen against what was taken."""
        return judge(self.posts.promised, self.view.seen, self.stage.user)


def main() -> int:
    """Run and return the exit code."""
    argparse.ArgumentParser(prog="python -m benchmarks.storm", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="opsbot-storm-") as directory:
        return asyncio.run(_run(Path(directory)))


async def _run(directory: Path) -> int:
    homeserver = Homeserver(directory / "homeserver", stock_rate_limits=True)
    homeserver.start()
    proxy = FaultyProxy(homeserver.url)
    await proxy.start()
    try:
        async with (
            Stage(directory / "stage", homeserver=homeserver, homeserver_url=proxy.url) as stage,
            sender(stage, Promised()) as posts,
        ):
            await stage.start_bot()
            view = View(homeserver, stage.sessions["anna"], stage.room)
            await view.open()
            # As a bot that has been in its room for a while: joining it took one of the ten messages in a row.
            await asyncio.sleep(_SETTLED)
            return await _storm(Run(stage, view, posts), proxy)
    finally:
        await proxy.stop()
        homeserver.stop()


async def _storm(run: Run, proxy: FaultyProxy) -> int:
    groups = _groups()
    # Alertmanager knows them too, as it would: the bot asks it every minute, and has all of them to compare.
    run.stage.monitoring.alertmanager.alerts |= {each.fingerprint: each for group in groups.values() for each in group}
    bodies = {name: webhook_body(group) for name, group in groups.items()}
    before, asked = memory(run.stage.pid), len(proxy.asked)
    watching = asyncio.create_task(run.watch())
    try:
        run.began = time.monotonic()
        await run.post(bodies)
        taken = run.now
        counted = await run.until_kept(_PATIENCE, over=False)
        messages = run.verdict().events
        await asyncio.sleep(max(0.0, _RECONCILED - run.now))
        print(f"{_GROUPS * _ALERTS:,} alerts in {_GROUPS} webhooks, {_AT_ONCE} at once: taken in {taken:.1f} s")
        print(f"… answered within {1000 * percentile(run.took, 99):.0f} ms (p99), {_answers(run)}")
        waits = [run.seen.get(name, 999.0) - run.posted[name] for name in _critical(groups)]
        print(f"critical ones seen {' and '.join(f'{wait:.1f} s' for wait in waits)} after they were posted")
        print(f"all counted after {counted:.1f} s, by {messages} messages")
        ended = await _end(run, groups)
        attempts = proxy.sends(asked)
        refused = sum(each.status == 429 for each in attempts)
        print(f"over, and a card for all that still burn, after {ended:.0f} s: {run.verdict().events} messages")
        print(f"{len(attempts)} attempts to send, {refused} of them answered 429")
        most = peak(run.stage.pid)
        print(f"resident memory {before:.0f} MiB before, {most:.0f} MiB at most")
        print(f"breaches: {run.verdict().breaches or 'none'}")
    finally:
        watching.cancel()
    kept = min(waits) <= _SEEN_SECONDS and most <= _MEMORY_MIB and set(run.posts.statuses) == {200}
    return 0 if kept and not run.verdict().breaches else 1


async def _end(run: Run, groups: dict[str, list[Alert]]) -> float:
    """Let all end but a few that had no card yet, and wait for the calm."""
    now = datetime.now(UTC)
    hidden = [name for name in groups if name not in run.seen]
    over = {name: [replace(each, ends_at=now) for each in groups[name]] for name in hidden[_STAYS:]}
    run.stage.monitoring.alertmanager.alerts |= {each.fingerprint: each for group in over.values() for each in group}
    await run.post({name: webhook_body(group) for name, group in over.items()})
    return await run.until_kept(_END, over=True)


def _answers(run: Run) -> str:
    others = {status for status in run.posts.statuses if status != 200}
    return f"not with 200 but {others}" if others else "all with 200"


def _critical(groups: dict[str, list[Alert]]) -> list[str]:
    return [name for number, name in enumerate(groups) if number in _CRITICAL]


def _groups() -> dict[str, list[Alert]]:
    return {f"Storm{number}": [_alert(number, pod) for pod in range(_ALERTS)] for number in range(_GROUPS)}


def _alert(number: int, pod: int) -> Alert:
    """Return an alert as long as those of kube-prometheus are."""
    namespace = _NAMESPACES[number % len(_NAMESPACES)]
    labels = {
        "alertname": f"Storm{number}",
        "severity": "critical" if number in _CRITICAL else "warning",
        "namespace": namespace,
        "pod": f"g{number}-{pod}end",
        "container": "app",
        "job": "kube-state-metrics",
        "instance": f"10.42.{number}.{pod}:8080",
        "prometheus": "monitoring/kube-prometheus-stack-prometheus",
    }
    notes = {
        "summary": "Pod is not ready for longer than fifteen minutes",
        "description": f"Pod {namespace}/{labels['pod']} has been in a non-ready state for longer than 15 minutes.",
        "runbook_url": "https://runbooks.prometheus-operator.dev/runbooks/kubernetes/kubepodnotready",
    }
    return Alert(labels, datetime.now(UTC), notes, generator_url="http://prometheus.example.org/graph?g0.expr=up")


if __name__ == "__main__":
    sys.exit(main())
