"""The word before a silence ends that still holds something back; pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.firing import FiringAlert
from bot.core.names import Key
from bot.core.silences import Silence, State

NOTICE = timedelta(minutes=15)
"""How long before."""
_SHORT = timedelta(minutes=30)
"""Whoever silences for less than this still knows it when it ends."""


@dataclass(frozen=True, slots=True)
class SilenceEnds:
    """A silence is about to end, and what it holds back is about to be told again."""

    silence: Silence
    at: datetime
    alerts: tuple[FiringAlert, ...]
    as_of: datetime
    zone: str

    @property
    def key(self) -> Key:
        """The key of the message: one for each end that a silence is given."""
        return Key(f"ending:{self.silence.id}:{int(self.at.timestamp())}")


def ending(
    silences: Iterable[Silence], muted: Iterable[FiringAlert], caps: Mapping[str, datetime], now: datetime, zone: str
) -> Iterator[SilenceEnds]:
    """Return the silences that end soon, where nothing else mutes the same for longer.

    `caps`: the real end of those that are renewed until then.
    """
    active = [each for each in silences if each.state is State.ACTIVE]
    ends = {each.id: caps.get(each.id, each.ends_at) for each in active}
    muted = tuple(muted)
    for silence in active:
        end = ends[silence.id]
        if not now < end <= now + NOTICE or end - silence.starts_at < _SHORT:
            continue
        loud = tuple(
            alert for alert in muted if _last_of(alert, ends) == end and silence.id in alert.muting.silenced_by
        )
        if loud:
            yield SilenceEnds(silence, end, loud, now, zone)


def _last_of(alert: FiringAlert, ends: Mapping[str, datetime]) -> datetime | None:
    return max((ends[each] for each in alert.muting.silenced_by if each in ends), default=None)
