"""Clock, ids and sleep: the only file that may ask the machine for them; everybody else is handed a System."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

# Crockford's base32: no letter that a person at 2 a.m. takes for another.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return secrets.token_hex(8)


def _new_id(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


@dataclass(frozen=True, slots=True)
class System:
    """What the machine tells; tests hand in functions that are stepped."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """Wall clock, aware UTC; may jump."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds since the machine started; never jumps, and comparable between processes of one boot."""
    boot: str = _boot_id()
    """Which boot `monotonic` counts from."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    new_id: Callable[[int], str] = _new_id
    """A random id of so many characters."""
    new_secret: Callable[[int], bytes] = secrets.token_bytes
    """So many bytes that nobody can guess: what a generated value is made of."""
    new_code: Callable[[], str] = lambda: f"{secrets.randbelow(10_000):04d}"
    """Four digits for a prompt."""
    jitter: Callable[[], float] = lambda: secrets.randbelow(1000) / 1000
    """Between 0 and 1, to spread repeated attempts."""
