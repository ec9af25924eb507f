"""`!alerts`: what fires now, most urgent first."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from cyclopts import Parameter

from bot.command import Context, command
from bot.core.alerts import Card, Severity, where
from bot.core.facts import Unknown, Verdict
from bot.core.firing import FiringAlert
from bot.core.matchers import all_hold, is_matcher, read
from bot.core.names import UserId
from bot.core.quiet import read as read_hours
from bot.core.quiet import until
from bot.core.silences import Silence
from bot.core.truth import identity
from commands.asking import ask
from commands.parameters import NamespaceOption
from commands.rules import RuleList, rule_list

_STEERS = "InfoInhibitor"
"""An alert that fires to steer others (kube-prometheus); nobody has to do anything about it."""

_VERDICTS = {Severity.CRITICAL: Verdict.BAD, Severity.WARNING: Verdict.WARN, Severity.NONE: Verdict.WARN}
_ORDER = tuple(Severity)


class Show(StrEnum):
    """Which alerts are asked for."""

    FIRING = "firing"
    ALL = "all"
    SILENCED = "silenced"
    ACKED = "acked"
    """Somebody is on it."""


@dataclass(frozen=True, slots=True)
class Burning:
    """Alerts of one name in one namespace that are told or muted together."""

    name: str
    place: str
    """What they have in common of `namespace/thing`; may be empty."""
    severity: Severity
    number: int
    since: datetime
    silenced: bool
    until: datetime | None
    """When the last of their silences ends; None where none is known."""
    inhibited: bool
    card: str = ""
    """The handle of the card that tells of all of them."""
    taken_by: UserId | None = None
    """Who is on it."""


@dataclass(frozen=True, slots=True)
class AlertList:
    """What fires at one moment."""

    as_of: datetime
    zone: str
    show: Show
    wanted: str
    """What was filtered for; empty: nothing was left out."""
    groups: tuple[Burning, ...]
    """Most urgent first."""
    silenced: int
    """How many are left out because they are silenced."""
    inhibited: int
    """How many are left out because another alert outranks them."""
    watchdog: bool
    """Whether the alert fires that always should."""
    alertmanager: Unknown | None
    """Why Alertmanager did not say; then the list is Prometheus's."""
    prometheus: Unknown | None
    """Why Prometheus did not say either."""
    held: tuple[Card, ...] = ()
    """What burns and has no message of its own yet, oldest first."""
    quiet_until: datetime | None = None
    """When the quiet hours end that it is now."""

    @property
    def verdict(self) -> Verdict:
        """The worst of what is not muted; what only Prometheus denies is not known to be well."""
        loud = [group.severity for group in self.groups if not (group.silenced or group.inhibited)]
        if loud:
            return _VERDICTS.get(min(loud, key=_ORDER.index), Verdict.NONE)
        if self.alertmanager:
            return Verdict.UNKNOWN
        return Verdict.OK if not self.groups and self.show in {Show.FIRING, Show.ALL} else Verdict.NONE


@command(
    "alerts",
    summary="What fires now, most urgent first",
    examples=(
        *("!alerts", "!alerts all", "!alerts silenced", "!alerts acked", "!alerts data", "!alerts severity=critical"),
        "!alerts --rules",
    ),
    aliases=("alert", "mon grafana alerts", "mon prometheus alerts"),
)
async def alerts(
    ctx: Context,
    *filter: str,  # noqa: A002 - its usage
    namespace: NamespaceOption = None,
    rules: Annotated[bool, Parameter(negative="")] = False,
) -> AlertList | RuleList:
    """Tell what Alertmanager says fires, or Prometheus where Alertmanager is silent; or the rules that Grafana keeps.

    `all`, `silenced` and `acked` say which; matchers and plain words narrow it down.
    """
    show, words = _show(filter)
    wanted = _Filter(words, namespace)
    if rules:
        return await rule_list(ctx, str(wanted), wanted.holds)
    limit = ctx.settings.limits.probe
    found, silences = await asyncio.gather(
        ask(ctx.neighbours.alertmanager.alerts(), limit), ask(ctx.neighbours.alertmanager.silences(), limit)
    )
    gap = found if isinstance(found, Unknown) else None
    told = await ask(ctx.neighbours.prometheus.alerts(), limit) if isinstance(found, Unknown) else found
    firing = () if isinstance(told, Unknown) else told
    watchdog = ctx.settings.alerts.watchdog
    theirs = [each for each in firing if not ctx.trips.owns(each.labels)]
    alarms = [each for each in theirs if show is Show.ALL or each.name not in {watchdog, _STEERS}]
    narrowed = [each for each in alarms if wanted.holds(each.labels)]
    burning = await ctx.cards.burning()
    cards = {member.fingerprint: card for card in burning for member in card.counted}
    shown = [each for each in narrowed if _is_shown(each, show, cards)]
    left_out = [each for each in narrowed if show is Show.FIRING and not _is_shown(each, show, cards)]
    silenced = sum(bool(each.muting.silenced_by) for each in left_out)
    now = ctx.clock()
    return AlertList(
        as_of=now,
        zone=ctx.settings.timezone,
        show=show,
        wanted=str(wanted),
        groups=_groups(shown, _ends(() if isinstance(silences, Unknown) else silences), cards),
        silenced=silenced,
        inhibited=len(left_out) - silenced,
        watchdog=any(each.name == watchdog for each in firing),
        alertmanager=gap,
        prometheus=told if isinstance(told, Unknown) else None,
        held=_held(burning, wanted) if show in {Show.FIRING, Show.ALL} else (),
        quiet_until=until([read_hours(line) for line in ctx.settings.alerts.quiet], ctx.settings.timezone, now),
    )


def _held(burning: Iterable[Card], wanted: "_Filter") -> tuple[Card, ...]:
    held = [card for card in burning if card.held]
    return tuple(card for card in held if any(wanted.holds(member.labels) for member in card.members))


class _Filter:
    """What an alert must be to be shown: every matcher, and every plain word somewhere in its labels."""

    def __init__(self, words: tuple[str, ...], namespace: str | None) -> None:
        self._typed = (*words, *((f"-n {namespace}",) if namespace else ()))
        typed = [word for word in words if is_matcher(word)]
        # Braces may reach over several words; then all of them are matchers.
        braces = any(word.startswith("{") for word in words)
        self._matchers = read(words if braces else typed) if typed else ()
        self._words = [] if braces else [word.casefold() for word in words if not is_matcher(word)]
        self._namespace = namespace

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Say whether an alert of these labels is meant."""
        if self._namespace is not None and labels.get("namespace", "") != self._namespace:
            return False
        values = [value.casefold() for value in labels.values()]
        return all_hold(self._matchers, labels) and all(any(word in value for value in values) for word in self._words)

    def __str__(self) -> str:
        return " ".join(self._typed)


def _show(words: tuple[str, ...]) -> tuple[Show, tuple[str, ...]]:
    first = words[0].lower() if words else ""
    return (Show(first), words[1:]) if first in set(Show) else (Show.FIRING, words)


def _is_shown(alert: FiringAlert, show: Show, cards: Mapping[str, Card]) -> bool:
    match show:
        case Show.SILENCED:
            return bool(alert.muting.silenced_by)
        case Show.ACKED:
            card = cards.get(identity(alert))
            return card is not None and card.taken is not None
        case Show.FIRING:
            return not (alert.muting.silenced_by or alert.muting.inhibited_by)
        case _:
            return True


def _ends(silences: Iterable[Silence]) -> dict[str, datetime]:
    return {silence.id: silence.ends_at for silence in silences}


def _groups(
    alerts: Iterable[FiringAlert], ends: Mapping[str, datetime], cards: Mapping[str, Card]
) -> tuple[Burning, ...]:
    together: dict[tuple[object, ...], list[FiringAlert]] = {}
    for alert in alerts:
        muting = bool(alert.muting.silenced_by), bool(alert.muting.inhibited_by)
        card = cards.get(identity(alert))
        together.setdefault((alert.name, alert.namespace, card and card.key, *muting), []).append(alert)
    groups = (_burning(group, ends, cards.get(identity(group[0]))) for group in together.values())
    return tuple(sorted(groups, key=_urgency))


def _burning(group: list[FiringAlert], ends: Mapping[str, datetime], card: Card | None) -> Burning:
    ids = {each for alert in group for each in alert.muting.silenced_by}
    return Burning(
        name=group[0].name,
        place=where(group),
        severity=min((alert.severity for alert in group), key=_ORDER.index),
        number=len(group),
        since=min(alert.starts_at for alert in group),
        silenced=bool(ids),
        until=max((ends[each] for each in ids if each in ends), default=None),
        inhibited=bool(group[0].muting.inhibited_by),
        card=card.handle if card else "",
        taken_by=card.taken.by if card and card.taken else None,
    )


def _urgency(group: Burning) -> tuple[bool, int, float, str, str]:
    muted = group.silenced or group.inhibited
    return muted, _ORDER.index(group.severity), -group.since.timestamp(), group.name, group.place
