"""What the process itself must not leave behind: a core dump holds every secret that passed through memory."""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def leave_no_dump() -> None:
    """Forbid core dumps, and other processes of our user to look into our memory (Linux)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
