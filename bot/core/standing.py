"""How things stand with the alerts: what nobody is on, what somebody is, what is muted and for how long; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.alerts import Card, Severity
from bot.core.facts import Unknown
from bot.core.paging import muted
from bot.core.silences import Silence, State


@dataclass(frozen=True, slots=True)
class Standing:
    """What burns, sorted by what is done about it, and the silences of Alertmanager."""

    as_of: datetime
    zone: str
    open: tuple[Card, ...]
    """Nobody is on it; the most urgent before the others, then the oldest."""
    acked: tuple[Card, ...]
    silenced: tuple[Card, ...]
    ending: tuple[Silence, ...] | Unknown = ()
    """The silences that end today, the first before the others."""

    @property
    def critical(self) -> int:
        """How many of the open ones are critical."""
        return sum(card.severity is Severity.CRITICAL for card in self.open)


@dataclass(frozen=True, slots=True)
class Digest:
    """How things stand in the morning."""

    standing: Standing
    sparkle: bool
    went: tuple[Card, ...] = ()
    """What came and went while it was quiet, and is told nowhere else; oldest first."""


@dataclass(frozen=True, slots=True)
class QuietOver:
    """The quiet hours are over: what came and went in them, and how much of it still burns."""

    went: tuple[Card, ...]
    burning: int
    as_of: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Board:
    """How things stand at any time, as numbers."""

    standing: Standing


@dataclass(frozen=True, slots=True)
class BoardNotPinned:
    """The board is there, but may not be pinned."""


def standing(cards: Iterable[Card], silences: Iterable[Silence] | Unknown, now: datetime, zone: str) -> Standing:
    """Sort what burns; a card that is muted counts as muted, whoever is on it."""
    urgency = list(Severity)
    burning = sorted(cards, key=lambda card: (urgency.index(card.severity), card.opened_at))
    quiet = [card for card in burning if muted(card, now)]
    loud = [card for card in burning if not muted(card, now)]
    return Standing(
        now,
        zone,
        tuple(card for card in loud if card.taken is None),
        tuple(card for card in loud if card.taken),
        tuple(quiet),
        silences if isinstance(silences, Unknown) else _ending(silences, now, zone),
    )


def _ending(silences: Iterable[Silence], now: datetime, zone: str) -> tuple[Silence, ...]:
    today = now.astimezone(ZoneInfo(zone)).date()
    found = (each for each in silences if each.state is State.ACTIVE)
    return tuple(
        sorted(
            (each for each in found if each.ends_at.astimezone(ZoneInfo(zone)).date() == today),
            key=lambda each: each.ends_at,
        )
    )
