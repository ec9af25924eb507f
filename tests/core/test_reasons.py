"""What a webhook's news is worth, with a reason and without."""

import pytest

from bot.core.alerts import News
from bot.core.reasons import Loudness, Reason, loudness

NOTHING, EDIT, RING = Loudness.NOTHING, Loudness.EDIT, Loudness.RING
# Versions before 0.32 give none; "none" and "unknown" are words that 0.32 has for what it never sends.
ABSENT, UNKNOWN = "", "unknown"
EVERY = (*Reason, ABSENT, UNKNOWN)

# Reason → nothing new, a card opens, one changes by a new alert, one changes otherwise.
TABLE = {
    ABSENT: (NOTHING, RING, RING, EDIT),
    UNKNOWN: (NOTHING, RING, RING, EDIT),
    Reason.FIRST: (NOTHING, RING, RING, EDIT),
    Reason.ADDED: (NOTHING, RING, RING, EDIT),
    Reason.UNMUTED: (NOTHING, RING, RING, EDIT),
    Reason.SOME_RESOLVED: (NOTHING, RING, EDIT, EDIT),
    Reason.ALL_RESOLVED: (NOTHING, RING, EDIT, EDIT),
    Reason.REPEATED: (NOTHING, RING, EDIT, EDIT),
}


def test_every_reason_is_decided_about() -> None:
    assert set(TABLE) == set(EVERY)


@pytest.mark.parametrize("reason", TABLE)
def test_the_reason_decides_between_edit_ring_and_nothing(reason: str) -> None:
    found = (
        loudness(reason, News.NOTHING, fresh=False),
        loudness(reason, News.OPENED, fresh=True),
        loudness(reason, News.CHANGED, fresh=True),
        loudness(reason, News.CHANGED, fresh=False),
    )

    assert found == TABLE[reason]


@pytest.mark.parametrize("reason", EVERY)
def test_an_end_never_rings_and_neither_does_what_is_not_paged(reason: str) -> None:
    assert loudness(reason, News.RESOLVED, fresh=False) is EDIT
    assert loudness(reason, News.OPENED, fresh=False) is EDIT
