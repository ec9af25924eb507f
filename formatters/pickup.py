"""How far it is with bringing secrets anew and with what is restarted for them, line by line."""

from collections.abc import Iterator

from bot.core.syncs import Outcome
from commands.following import RolloutState
from commands.pickup import Pickup, SyncState
from formatters.document import Code, Glyph, Item, Line, Mark, line
from formatters.restart import evidence


def pickup_items(pickup: Pickup) -> Iterator[Item]:
    """Yield a line for each secret, then for each workload."""
    for sync in pickup.syncs:
        yield Item(line(Mark(sync_glyph(sync)), " ", Code(sync.place), f" {sync_words(sync)}"))
    yield from rollout_items(pickup)


def rollout_items(pickup: Pickup) -> Iterator[Item]:
    """Yield a line for each workload that is restarted, or should have been."""
    for state in pickup.rollouts:
        yield Item(_rollout(state), tuple(evidence(state.stuck)) if state.stuck else ())
    for place in pickup.idle:
        yield Item(line(Mark(Glyph.WARN), " ", Code(place), " was not seen to restart"))


def sync_glyph(sync: SyncState) -> Glyph:
    """Return the sign for how far one is."""
    if not sync.over:
        return Glyph.RUNNING
    if sync.unknown:
        return Glyph.UNKNOWN
    return {Outcome.FAILING: Glyph.FAILED, Outcome.WAITING: Glyph.INFO}.get(sync.outcome, Glyph.OK)


def sync_words(sync: SyncState) -> str:
    """Say how far one is."""
    if sync.unknown:
        return f"could not be asked: {sync.unknown.reason}"
    match sync.outcome:
        case Outcome.NEW:
            return "has the new value"
        case Outcome.SAME:
            return "in step, the value is the same"
        case Outcome.FAILING:
            return f"not synced: {sync.why or 'the operator does not say why'}"
        case Outcome.WAITING:
            return "shows nothing new" if sync.over else "asked for anew"


def restarted(pickup: Pickup) -> str:
    """Say how many pods of the workloads are renewed: "1/2"; empty where none is restarted."""
    wanted = sum(each.wanted for each in pickup.rollouts)
    return f"{sum(each.updated for each in pickup.rollouts)}/{wanted}" if wanted else ""


def _rollout(state: RolloutState) -> Line:
    number = f"{state.updated}/{state.wanted}"
    if state.stuck:
        return line(Mark(Glyph.FAILED), " ", Code(state.place), f" stuck {number}: ", Code(state.stuck.reason))
    if state.unknown and not state.done:
        return line(Mark(Glyph.UNKNOWN), " ", Code(state.place), f" {state.unknown.reason}")
    glyph = Glyph.OK if state.done else Glyph.RUNNING
    return line(Mark(glyph), " ", Code(state.place), f" {'restarted' if state.done else 'rolling'} {number}")
