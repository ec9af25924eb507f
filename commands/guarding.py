"""What a workload is to the house; and OpenBao, which may not go while nobody knows that its unseal keys are kept."""

from collections.abc import Iterable

from bot.command import Context
from bot.core.errors import UsageError
from bot.core.facts import Unknown, Verdict
from bot.core.keys import verdict_of
from bot.core.restarts import Part
from commands.vault import keys_state

_WAY_OUT = {
    Verdict.BAD: "put the keys back into their Secret, let keys-check look (every half hour), then ask again",
    Verdict.UNKNOWN: "let keys-check run, then ask again · !vault status shows what it found",
}


def part_of(ctx: Context, place: str) -> Part:
    """Return what a workload is to the house."""
    workloads = ctx.settings.workloads
    known = {
        workloads.homeserver: Part.HOMESERVER,
        workloads.openbao: Part.OPENBAO,
        workloads.myself: Part.MYSELF,
    }
    return known.get(place, Part.OTHER)


async def spare_openbao(ctx: Context, places: Iterable[str]) -> None:
    """Raise UsageError where OpenBao's pods would be replaced and its keys are not known to be kept (COE-2026-001).

    With `openbao.keys_report: null` nobody checks them, and the second person's code has to do.
    """
    place = next((each for each in places if part_of(ctx, each) is Part.OPENBAO), None)
    keys = await keys_state(ctx) if place else None
    if keys is None or verdict_of(keys) is Verdict.OK:
        return
    if isinstance(keys, Unknown):
        why = f"whether its keys are kept is not known: {keys.reason}"
    else:
        why = f"its keys Secret is {keys.state.value.upper()}, and it comes back sealed: for good"
    raise UsageError(f"{place} is left alone: {why}", hint=_WAY_OUT[verdict_of(keys)])
