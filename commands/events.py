"""`!events`: what Kubernetes noted lately, warnings first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.command import Context, command
from bot.core.events import Event, fold
from bot.core.facts import Verdict
from bot.core.kinds import Kind
from bot.core.names import Target
from bot.core.permissions import looks
from commands.existing import NEEDED, must_exist
from commands.parameters import NamespaceOption, back, known_places, meant, place
from commands.surveys import Unasked, survey

OF_NODES = "default"
"""The namespace in which Kubernetes notes what happens to nodes."""


LATELY = timedelta(hours=1)
"""So long Kubernetes itself keeps events, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class EventReport:
    """What was noted lately, folded by reason and object: warnings first, the newest first."""

    as_of: datetime
    target: Target | None
    within: timedelta
    events: tuple[Event, ...]
    gaps: tuple[Unasked, ...]

    @property
    def warnings(self) -> tuple[Event, ...]:
        """Those that are warnings."""
        return tuple(event for event in self.events if event.warning)

    @property
    def verdict(self) -> Verdict:
        """A warning is one; where not all could be asked, none being seen means nothing."""
        if self.warnings:
            return Verdict.WARN
        return Verdict.UNKNOWN if self.gaps else Verdict.OK


@command(
    "events",
    summary="What Kubernetes noted, warnings first",
    examples=("!events", "!events lasuite", "!events ory/hydra --since 10m"),
    needs=(*looks(Kind.EVENTS), NEEDED),
)
async def events(
    ctx: Context, where: str | None = None, *, namespace: NamespaceOption = None, since: str = "1h"
) -> EventReport:
    """Tell what was noted lately in all namespaces, in one, or about what begins with a name."""
    return await noted(ctx, meant(place(where, namespace), known_places(ctx.settings)), back(since))


async def noted(ctx: Context, target: Target | None, within: timedelta) -> EventReport:
    """Return what was noted about a target; raise UsageError for a namespace that is not there."""
    spaces = (target.namespace,) if target else (OF_NODES, *ctx.settings.namespaces)
    found = await survey(ctx.neighbours.kubernetes, (Kind.EVENTS,), spaces, ctx.settings.limits.probe)
    now = ctx.clock()
    told = fold(found.found.get(Kind.EVENTS, ()), now, within)
    if target and not told and not found.unasked:
        await must_exist(ctx, target.namespace)
    name = (target.name if target else None) or ""
    return EventReport(now, target, within, tuple(each for each in told if each.name.startswith(name)), found.unasked)
