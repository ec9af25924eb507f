"""Why a webhook was sent, and whether its news is nothing, an edit or a ring; pure."""

from enum import StrEnum

from bot.core.alerts import News


class Reason(StrEnum):
    """Alertmanager's own words for it, since 0.32 (notify/notify.go, NotifyReason); any other counts as none."""

    FIRST = "first notification"
    ADDED = "new alerts added"
    SOME_RESOLVED = "some alerts resolved"
    ALL_RESOLVED = "all alerts resolved"
    REPEATED = "repeat interval elapsed"
    UNMUTED = "some alerts unmuted"


class Loudness(StrEnum):
    """What is done about a webhook's news."""

    NOTHING = "nothing"
    EDIT = "edit"
    """Its card tells it, silently."""
    RING = "ring"
    """Whoever is on call hears of it, unless something keeps the card from ringing at all."""


# What an alert that is new to us means then: it was told before, and its webhook got lost. It burns since a while, the
# room did ring, and rings again in its turn; nothing began just now.
_NO_NEWS = frozenset({Reason.SOME_RESOLVED, Reason.ALL_RESOLVED, Reason.REPEATED})


def loudness(reason: str, news: News, *, fresh: bool) -> Loudness:
    """Decide what a webhook's news is worth.

    `fresh`: something that is to be paged burns and did not burn on the card before. What opens a card rings whatever
    the reason: the sender may have told it before, but nobody here heard.
    """
    if news is News.NOTHING:
        return Loudness.NOTHING
    if not fresh or (news is News.CHANGED and reason in _NO_NEWS):
        return Loudness.EDIT
    return Loudness.RING
