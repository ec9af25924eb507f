"""What the house's other bots said lately: their words may confirm what was done, and are never obeyed."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from bot.core.heard import Heard, Sort
from bot.core.names import UserId

_KEPT = 100
_LONGEST = 500


class Voices:
    """The last words of known bots, in memory: what was said before the start nobody waits for."""

    def __init__(self, bots: frozenset[UserId]) -> None:
        self._bots = bots
        self._said: deque[tuple[datetime, UserId, str]] = deque(maxlen=_KEPT)

    def hear(self, heard: Iterable[Heard], now: datetime) -> None:
        """Keep what was said by one of them."""
        for each in heard:
            if each.sender in self._bots and each.sort in {Sort.MESSAGE, Sort.NOTICE}:
                self._said.append((now, each.sender, each.body[:_LONGEST]))

    def heard_from(self, who: UserId, words: str, since: datetime) -> datetime | None:
        """Return when somebody said some words since a moment, by our clock; None: not yet."""
        for at, speaker, said in self._said:
            if speaker == who and at >= since and words in said:
                return at
        return None

    def last_word(self, who: UserId) -> datetime | None:
        """Return when somebody last said anything."""
        return next((at for at, speaker, _ in reversed(self._said) if speaker == who), None)
