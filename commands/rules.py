"""`!alerts --rules`: the alert rules that Grafana keeps itself, and how each stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.command import Context
from bot.core.alerts import Severity
from bot.core.facts import Verdict, worst
from bot.core.rules import FIRING, INACTIVE, GrafanaRule

_ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True)
class RuleList:
    """Grafana's rules at one moment."""

    as_of: datetime
    zone: str
    wanted: str
    """What was filtered for; empty: nothing was left out."""
    rules: tuple[GrafanaRule, ...]
    """Those that fire first, then those of which nothing is known, then those that may fire soon."""

    @property
    def verdict(self) -> Verdict:
        """The worst of all; a rule that cannot be evaluated is not known to be quiet."""
        return worst(map(_verdict, self.rules)) if self.rules else Verdict.NONE


async def rule_list(ctx: Context, wanted: str, holds: Callable[[Mapping[str, str]], bool]) -> RuleList:
    """Ask Grafana for its rules; `holds` says of a rule's names and labels whether it is meant."""
    found = await ctx.neighbours.grafana.rules()
    meant = [rule for rule in found if holds(_named(rule))]
    return RuleList(ctx.clock(), ctx.settings.timezone, wanted, tuple(sorted(meant, key=_urgency)))


def _named(rule: GrafanaRule) -> dict[str, str]:
    return {"alertname": rule.name, "grafana_folder": rule.folder, "rule_group": rule.group, **rule.labels}


def _verdict(rule: GrafanaRule) -> Verdict:
    if rule.state == FIRING:
        return Verdict.BAD if rule.severity is Severity.CRITICAL else Verdict.WARN
    return Verdict.OK if rule.is_sound or rule.paused else Verdict.UNKNOWN


def _urgency(rule: GrafanaRule) -> tuple[int, int, str]:
    if rule.state == FIRING:
        return 0, _ORDER.index(rule.severity), rule.name
    return 1 if not rule.is_sound else 2 if rule.state != INACTIVE else 3, 0, rule.name
