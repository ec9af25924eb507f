"""What a pod's seal status means after a share, or between two: counted, repeated, wrong, interfered with; pure.

OpenBao keeps shares in each pod's memory, discards a whole set that does not fit, and takes no notice of a share that
it has already (research §5.6).
"""

import re
from enum import StrEnum

from bot.core.once import Fate
from bot.core.seal import SealStatus

_HEX = re.compile(rb"[0-9a-fA-F]{32,132}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{22,88}={0,2}")


class Noticed(StrEnum):
    """What happened to a pod between two looks, without a share of ours."""

    BEGUN_ANEW = "begun-anew"
    """Its count fell or its attempt is another one: somebody reset it, or the pod restarted."""
    HELPED = "helped"
    """Somebody gave it a share elsewhere."""
    OPENED = "opened"
    """It was opened elsewhere."""
    SEALED = "sealed"
    """It was open, and is sealed again."""


def well_formed(share: bytearray) -> bool:
    """Tell whether these bytes could be a share at all: hex or base64 of 16 bytes or more."""
    return bool(_HEX.fullmatch(share) or _BASE64.fullmatch(share))


def fate_of(before: SealStatus, after: SealStatus, *, taken: bool) -> Fate:
    """Return what became of a share; `taken`: the pod answered 200, else `after` is how it was found then."""
    if not after.sealed:
        return Fate.OPENED
    if not taken:
        # The set is combined when it is complete, and then gone whether or not it fitted.
        whole = before.progress + 1 >= before.threshold
        return Fate.WRONG if whole and after.progress == 0 else Fate.MALFORMED
    if after.progress > before.progress or (before.nonce and after.nonce != before.nonce):
        return Fate.COUNTED
    return Fate.REPEATED


def noticed(before: SealStatus, now: SealStatus) -> Noticed | None:
    """Return what happened to a pod that nobody here gave anything since."""
    if before.sealed and not now.sealed:
        return Noticed.OPENED
    if not before.sealed and now.sealed:
        return Noticed.SEALED
    if before.progress and (now.progress < before.progress or now.nonce != before.nonce):
        return Noticed.BEGUN_ANEW
    return Noticed.HELPED if now.progress > before.progress else None


def opens_by_itself(status: SealStatus) -> bool:
    """Tell whether no share opens a pod: it does that by itself, and its shares are for recovery."""
    return status.recovery_seal or status.type not in {"", "shamir"}
