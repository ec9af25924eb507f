"""What a pod's answer after a share means, and what happened to it between two looks, as tables."""

import pytest

from bot.core.ceremony import Noticed, fate_of, noticed, opens_by_itself, well_formed
from bot.core.once import Fate
from bot.core.seal import SealStatus


def seal(progress: int, nonce: str = "n1", *, sealed: bool = True, threshold: int = 3, **more: object) -> SealStatus:
    told = {"initialized": True, "sealed": sealed, "t": threshold, "n": 5, "progress": progress, "nonce": nonce}
    return SealStatus.model_validate(told | more)


FRESH, OPEN = seal(0, ""), seal(0, "", sealed=False)


@pytest.mark.parametrize(
    ("before", "after", "taken", "fate"),
    [
        (FRESH, seal(1), True, Fate.COUNTED),
        (seal(1), seal(2), True, Fate.COUNTED),
        (seal(1), seal(1), True, Fate.REPEATED),
        (seal(2), OPEN, True, Fate.OPENED),
        (seal(2), FRESH, False, Fate.WRONG),
        (seal(1), seal(1), False, Fate.MALFORMED),
        (FRESH, FRESH, False, Fate.MALFORMED),
        # Somebody reset it in between: the share counts as the first of a new attempt.
        (seal(2), seal(1, "n2"), True, Fate.COUNTED),
        # One of one.
        (seal(0, "", threshold=1), seal(0, "", sealed=False, threshold=1), True, Fate.OPENED),
        (seal(0, "", threshold=1), seal(0, "", threshold=1), False, Fate.WRONG),
    ],
)
def test_a_share_has_the_fate_that_the_pods_answer_tells(
    before: SealStatus, after: SealStatus, taken: bool, fate: Fate
) -> None:
    assert fate_of(before, after, taken=taken) is fate


@pytest.mark.parametrize(
    ("before", "now", "what"),
    [
        (FRESH, FRESH, None),
        (seal(2), seal(2), None),
        (seal(2), FRESH, Noticed.BEGUN_ANEW),
        (seal(2), seal(1, "n2"), Noticed.BEGUN_ANEW),
        (seal(1), seal(1, "n2"), Noticed.BEGUN_ANEW),
        (seal(1), seal(2), Noticed.HELPED),
        (seal(2), OPEN, Noticed.OPENED),
        (OPEN, FRESH, Noticed.SEALED),
        (OPEN, OPEN, None),
    ],
)
def test_what_nobody_here_did_is_noticed(before: SealStatus, now: SealStatus, what: Noticed | None) -> None:
    assert noticed(before, now) is what


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (b"ab" * 33, True),
        (b"AB" * 32, True),
        (b"A" * 44, True),
        (b"q80Xy+/z" * 5 + b"abc=", True),
        (b"", False),
        (b"short", False),
        (b'"},{"reset":true', False),
        (b"ab" * 33 + b" ", False),
        (b"ab" * 200, False),
        ("ä".encode() * 33, False),
    ],
)
def test_only_what_could_be_a_share_is_sent_anywhere(share: bytes, expected: bool) -> None:
    assert well_formed(bytearray(share)) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (seal(0, type="shamir"), False),
        (seal(0), False),
        (seal(0, type="awskms"), True),
        (seal(0, type="static", recovery_seal=True), True),
        (seal(0, type="shamir", recovery_seal=True), True),
    ],
)
def test_a_pod_that_opens_by_itself_takes_no_share(status: SealStatus, expected: bool) -> None:
    assert opens_by_itself(status) is expected
