"""The measurements: each gives figures, with the bot and the others taking turns so that noise meets all of them."""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from benchmarks import alone, faults
from benchmarks.comparison import Fate, Row, fate, faultless, row
from benchmarks.contenders import IN_FLIGHT, Contender, Handed, hand, mark, offer
from benchmarks.faults import Faults
from benchmarks.figures import Bound, Figure, percentile
from benchmarks.stand import Say, Stand, cpu

_SAME = Bound(1.25, ratio=True)
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Size:
    """How often everything is done."""

    starts: int
    messages: int
    """One a second, of each kind."""
    burst: int
    """Webhooks in a burst."""
    cycles: int
    """Of everybody in turn, forwards and backwards."""
    fifties: int
    """Webhooks of 50 alerts."""
    asks: int
    large: int
    """Webhooks of 50 alerts under Synapse's own limits; not more than the ten that it lets pass at once."""
    faults: Faults


QUICK = Size(1, 12, 150, 1, 2, 5, 4, Faults(outage=40, away=5, kill=60, limited=9, cap=20))
FULL = Size(5, 100, 500, 2, 5, 20, 8, Faults(outage=100, away=20, kill=150, limited=30, cap=150))


@dataclass(slots=True)
class Report:
    """What was measured: the bot beside its bounds, and everybody side by side."""

    figures: list[Figure] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    fates: list[Mapping[str, Fate]] = field(default_factory=list)

    @property
    def failed(self) -> list[str]:
        """What does not keep its bound, and what the bot lost or doubled."""
        broken = [figure.what for figure in self.figures if figure.kept is False]
        found = [each["bot"] for each in self.fates if each["bot"].lost or each["bot"].doubled]
        return broken + [f"{each.lost} lost, {each.doubled} doubled" for each in found]

    def compare(self, rows: Iterable[Row], fates: Mapping[str, Fate]) -> None:
        """Add what was measured of everybody."""
        self.rows += [*rows, faultless(fates)]
        self.fates.append(fates)


async def measure(on: Stand, size: Size, say: Say) -> Report:
    """Take all measurements; the last ones leave Synapse's rate limits in force."""
    report = Report()
    say("one message a second …")
    await _paced(on, size.messages, report)
    say("bursts …")
    await _bursts(on, size, report)
    say("webhooks of 50 alerts …")
    await _fifties(on, size.fifties, report)
    say("asking for !status …")
    report.figures += await alone.status(on, size.asks)
    report.figures += alone.weight(on)
    say("restarting the bot …")
    report.figures += await alone.starts(on, size.starts)
    await _faults(on, size.faults, report, say)
    say("webhooks of 50 alerts under Synapse's own rate limits …")
    await on.limit()
    await _large(on, size.large, report)
    await _limited(on, size.faults, report, say)
    return report


@dataclass(slots=True)
class _Turns:
    """What one contender did in its turns."""

    contender: Contender
    alerts: int
    handed: dict[str, Handed] = field(default_factory=dict)
    seen: list[float] = field(default_factory=list)
    """Milliseconds until the last alert of each webhook was seen."""

    async def take(self, on: Stand) -> None:
        """Send one webhook and wait until all of it is seen."""
        name, sent = mark(), time.perf_counter()
        handed = {name: await hand(self.contender.post, name, self.alerts, sent + _PATIENCE)}

        def judged() -> Fate:
            return fate(self.contender, handed, on.watcher.told, self.alerts, sent)

        if not await on.watcher.until(lambda: not judged().missing, _PATIENCE):
            raise TimeoutError(f"{self.contender.name}: {judged().missing} of {self.alerts} never came")
        self.handed |= handed
        self.seen.append(1000 * judged().last)

    def fate(self, on: Stand) -> Fate:
        """Judge all turns together."""
        return fate(self.contender, self.handed, on.watcher.told, self.alerts, 0)


async def _in_turns(on: Stand, names: Iterable[str], count: int, alerts: int) -> dict[str, _Turns]:
    """Let each send once a second, forwards and backwards."""
    turns = {name: _Turns(on.contenders[name], alerts) for name in names}
    order = [*turns, *reversed(turns)]
    pause, begin = 1 / len(turns), time.perf_counter()
    for number in range(count * len(turns)):
        await asyncio.sleep(max(0.0, begin + number * pause - time.perf_counter()))
        await turns[order[number % len(order)]].take(on)
    return turns


async def _paced(on: Stand, count: int, report: Report) -> None:
    """Time a message a second of each until another member sees it."""
    turns = await _in_turns(on, on.contenders, count, 1)
    rows = []
    for percent in (50, 99):
        seen = {name: percentile(each.seen, percent) for name, each in turns.items()}
        what = f"1/s, seen by another client, p{percent}"
        report.figures.append(Figure(what, "ms", seen["bot"], seen["put"], seen["receiver"], _SAME))
        rows.append(row(f"{what}, ms", seen))
    report.compare(rows, {name: each.fate(on) for name, each in turns.items()})


async def _large(on: Stand, count: int, report: Report) -> None:
    """Send webhooks of 50 alerts as Synapse's stock limits have it, beside a PUT of the message they become."""
    turns = await _in_turns(on, ("put", "bot"), count, 50)
    most = max(on.watcher.messages[name] for name in turns["bot"].handed)
    bot, put = (statistics.median(turns[name].seen) for name in ("bot", "put"))
    report.figures += [
        Figure("50 alerts in one webhook, stock rate limits: messages", "", most, 1, bound=Bound(1)),
        Figure("… seen by another client, p50", "ms", bot, put, bound=_SAME),
    ]


@dataclass(frozen=True, slots=True)
class _Burst:
    handed: dict[str, Handed]
    accepted: float
    """Per second, counted to the last answer."""
    delivered: float
    """Per second, counted to the last one seen."""
    cpu: float
    """Milliseconds of the bot's processor time for each."""


async def _bursts(on: Stand, size: Size, report: Report) -> None:
    """Send many webhooks, 20 in flight, and time their acceptance and their delivery."""
    found: dict[str, list[_Burst]] = {name: [] for name in on.contenders}
    for name in [*found, *reversed(found)] * size.cycles:
        found[name].append(await _burst(on, on.contenders[name], size.burst))
        await asyncio.sleep(0.5)

    def medians(part: Callable[[_Burst], float]) -> dict[str, float]:
        return {name: statistics.median(map(part, bursts)) for name, bursts in found.items()}

    accepted, delivered = medians(lambda each: each.accepted), medians(lambda each: each.delivered)
    what, cost = f"{size.burst} webhooks, {IN_FLIGHT} in flight", medians(lambda each: each.cpu)["bot"]
    bounds = Bound(500, at_least=True), Bound(0.9, ratio=True, at_least=True)
    report.figures += [
        Figure(f"{what}: accepted", "/s", accepted["bot"], accepted["put"], accepted["receiver"], bounds[0]),
        Figure("… all delivered", "/s", delivered["bot"], delivered["put"], delivered["receiver"], bounds[1]),
        Figure("… processor time of the bot for each", "ms", cost),
    ]
    rows = [row(f"{what}: accepted, /s", accepted), row("… all delivered, /s", delivered)]
    handed = {
        name: {mark: one for each in bursts for mark, one in each.handed.items()} for name, bursts in found.items()
    }
    report.compare(
        rows, {name: fate(on.contenders[name], each, on.watcher.told, 1, 0) for name, each in handed.items()}
    )


async def _burst(on: Stand, contender: Contender, count: int) -> _Burst:
    used, begin = cpu(on.stage.pid), time.perf_counter()
    handed: dict[str, Handed] = {}
    await offer(contender, count, 1, begin + _PATIENCE, handed)
    accepted = count / (time.perf_counter() - begin)
    await on.watcher.until_seen(handed, _PATIENCE)
    delivered = count / (max(on.watcher.seen[name] for name in handed) - begin)
    return _Burst(handed, accepted, delivered, 1000 * (cpu(on.stage.pid) - used) / count)


async def _fifties(on: Stand, count: int, report: Report) -> None:
    """Send webhooks of 50 alerts, one at a time, and count the messages they become."""
    turns = await _in_turns(on, on.contenders, count, 50)
    fates = {name: each.fate(on) for name, each in turns.items()}
    rows = [
        row(f"{count} webhooks of 50 alerts: messages", {name: each.messages for name, each in fates.items()}),
        row("… all 50 seen, p50, ms", {name: statistics.median(each.seen) for name, each in turns.items()}),
    ]
    report.compare(rows, fates)


async def _faults(on: Stand, size: Faults, report: Report, say: Say) -> None:
    """Let things fail in the middle of bursts."""
    found = await faults.outage(on, size, say)
    what = f"homeserver away for {size.away:.0f} s amid {size.outage} webhooks: answers that were no 2xx"
    rows = [
        row(what, {name: each.failures for name, each in found.items()}),
        row("… last one seen after it was back, s", {name: each.last for name, each in found.items()}),
    ]
    report.compare(rows, found)
    found = await faults.kills(on, size, say)
    what = f"SIGKILL amid {size.kill} webhooks, started again 2 s later: last one seen after the start, s"
    report.compare([row(what, {name: each.last for name, each in found.items()})], found)


async def _limited(on: Stand, size: Faults, report: Report, say: Say) -> None:
    """Let Synapse take a message in five seconds only."""
    found = await faults.limited(on, size, say)
    what = f"{size.limited} webhooks of 10 alerts, stock rate limits: alerts seen within {size.cap:.0f} s"
    rows = [
        row(what, {name: each.alerts - each.missing for name, each in found.items()}),
        row("… messages", {name: each.messages for name, each in found.items()}),
        row("… last one seen, s", {name: each.last for name, each in found.items()}),
    ]
    report.compare(rows, found)
