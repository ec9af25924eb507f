"""`!db` and `!db connections`: how Postgres is, and who uses its connections."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.command import Context, command
from bot.core.connections import IDLE_IN_TRANSACTION, Application, Count, applications, name_of
from bot.core.errors import Missing
from bot.core.facts import Unknown, Verdict, worst
from bot.core.findings import CnpgFinding, verdict_of, verdict_of_connections
from bot.core.graphs import Window
from bot.core.kinds import Kind
from bot.core.permissions import Need, looks
from bot.core.promql import quoted
from commands.asking import ask
from commands.cnpg import cnpg, instances_of
from commands.databases import find_database, find_databases
from commands.finding import Found
from commands.parameters import NamespaceOption

if TYPE_CHECKING:
    from bot.clients.prometheus import Sample

_BEFORE = timedelta(hours=1)
_WHO = "usename, application_name"


@dataclass(frozen=True, slots=True)
class Database:
    """One Postgres cluster."""

    place: str
    finding: CnpgFinding | Unknown
    primary: str
    """The pod that takes writes; empty: it does not say."""
    becomes: str
    """The pod that is to be the primary, where that is another."""

    @property
    def verdict(self) -> Verdict:
        """How it is; on its way from one primary to another, something to look at."""
        return worst((verdict_of(self.finding), Verdict.WARN if self.becomes else Verdict.OK))


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """The Postgres clusters that were asked for."""

    databases: tuple[Database, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of them."""
        return worst(each.verdict for each in self.databases)


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of the answer that is missing, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """Who uses the connections of one Postgres cluster."""

    place: str
    applications: tuple[Application, ...] | Unknown
    """Most first."""
    most: int | Unknown
    """How many there may be."""
    gaps: tuple[Gap, ...]
    """What could not be asked about who leaks."""

    @property
    def used(self) -> int | Unknown:
        """How many are used."""
        if isinstance(self.applications, Unknown):
            return self.applications
        return sum(each.used for each in self.applications)

    @property
    def verdict(self) -> Verdict:
        """How full it is; who leaks is something to look at, and so is not knowing it."""
        leaks = not isinstance(self.applications, Unknown) and any(each.leaks for each in self.applications)
        found = (Verdict.WARN if leaks else Verdict.OK, Verdict.UNKNOWN if self.gaps else Verdict.OK)
        return worst((verdict_of_connections(self.used, self.most), *found))


@command(
    "db",
    summary="How Postgres is: instances, archive, backup, connections",
    examples=("!db", "!db data/postgres"),
    aliases=("database",),
    needs=(*looks(Kind.CLUSTERS, Kind.OBJECTSTORES), Need("get", Kind.CLUSTERS)),
)
async def db(ctx: Context, where: str | None = None, *, namespace: NamespaceOption = None) -> DatabaseReport:
    """Tell it of every Postgres cluster, or of those that are meant."""
    found = await find_databases(ctx, where, namespace)
    findings = await asyncio.gather(
        *(ask(cnpg(ctx, each.namespace, each.name), ctx.settings.limits.probe) for each in found)
    )
    return DatabaseReport(tuple(map(_database, found, findings)))


@command(
    "db connections",
    summary="Who uses the connections of Postgres, and who leaks them",
    examples=("!db connections", "!db connections data/postgres"),
    aliases=("db conn",),
    needs=looks(Kind.CLUSTERS),
)
async def db_connections(
    ctx: Context, where: str | None = None, *, namespace: NamespaceOption = None
) -> ConnectionReport:
    """Tell used and most, by application and state, from CloudNativePG's own exporter in Prometheus.

    Of the primary alone, where one is known: each instance has its own connections.
    """
    found = await find_database(ctx, where, namespace)
    pods = _primary(found)
    counts, longest, limit, before = await asyncio.gather(
        _samples(ctx, f"sum by ({_WHO}, state) (cnpg_backends_total{{{pods}}})"),
        _samples(ctx, f"max by ({_WHO}, state) (cnpg_backends_max_tx_duration_seconds{{{pods}}})"),
        _samples(ctx, f'max(cnpg_pg_settings_setting{{name="max_connections",{pods}}})'),
        ask(_an_hour_ago(ctx, f"sum by ({_WHO}) (cnpg_backends_total{{{pods}}})"), ctx.settings.limits.probe),
    )
    most = limit if isinstance(limit, Unknown) else int(limit[0].value)
    if isinstance(counts, Unknown):
        used: tuple[Application, ...] | Unknown = counts
    else:
        used = applications(
            map(_count, counts),
            {} if isinstance(longest, Unknown) else _longest(longest),
            None if isinstance(before, Unknown) else before,
            None if isinstance(most, Unknown) else most,
        )
    asked = {"open transactions": longest, "an hour ago": before}
    gaps = tuple(Gap(what, answer.reason) for what, answer in asked.items() if isinstance(answer, Unknown))
    return ConnectionReport(found.place, used, most, gaps)


def _database(found: Found, finding: CnpgFinding | Unknown) -> Database:
    status = found.obj.get("status") or {}
    primary, target = str(status.get("currentPrimary") or ""), str(status.get("targetPrimary") or "")
    return Database(found.place, finding, primary, target if target != primary else "")


def _primary(found: Found) -> str:
    """Return what selects the series of the primary, or of all instances where none is known."""
    primary = str((found.obj.get("status") or {}).get("currentPrimary") or "")
    if not primary:
        return instances_of(found.namespace, found.name)
    return f"namespace={quoted(found.namespace)},pod={quoted(primary)}"


async def _samples(ctx: Context, expr: str) -> "tuple[Sample, ...] | Unknown":
    async def numbers() -> "tuple[Sample, ...]":
        found = tuple(each for each in await ctx.neighbours.prometheus.query(expr) if math.isfinite(each.value))
        if not found:
            raise Missing("prometheus", "no such series")
        return found

    return await ask(numbers(), ctx.settings.limits.probe)


async def _an_hour_ago(ctx: Context, expr: str) -> Mapping[str, int]:
    """Return how many each had an hour ago; raise Missing where Prometheus does not know."""
    then = ctx.clock() - _BEFORE
    series = await ctx.neighbours.prometheus.query_range(expr, Window(then, then, timedelta(minutes=1)))
    found: dict[str, int] = {}
    for each in series:
        name = _name(each.labels)
        found[name] = found.get(name, 0) + sum(int(value) for _, value in each.points[:1] if math.isfinite(value))
    if not found:
        raise Missing("prometheus", "no such series")
    return found


def _count(sample: "Sample") -> Count:
    return Count(_name(sample.labels), sample.labels.get("state", ""), int(sample.value))


def _name(labels: Mapping[str, str]) -> str:
    return name_of(labels.get("usename", ""), labels.get("application_name", ""))


def _longest(samples: "tuple[Sample, ...]") -> Mapping[str, timedelta]:
    found: dict[str, timedelta] = {}
    for each in samples:
        if each.labels.get("state", "").startswith(IDLE_IN_TRANSACTION):
            name = _name(each.labels)
            found[name] = max(found.get(name, timedelta(0)), timedelta(seconds=each.value))
    return found
