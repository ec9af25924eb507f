"""What can go wrong, by what the reader should do about it; vendors' errors are translated to these in `bot.clients`.

No message here may hold a secret or a server's own text: the words are ours, the cause is chained for the log.
"""


class OpsError(Exception):
    """Any failure that has words for the room."""


class UsageError(OpsError):
    """The line could not be understood; `hint` is what to type instead, `near` are likely meanings."""

    def __init__(self, problem: str, *, hint: str = "", near: tuple[str, ...] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint
        self.near = near


class NotBegun(OpsError):
    """An action was cut off before it changed anything, and so long ago that it is not begun now."""


class NeighbourError(OpsError):
    """A neighbour (the homeserver, Kubernetes, OpenBao …) did not do what it was asked."""

    def __init__(self, neighbour: str, reason: str) -> None:
        super().__init__(f"{neighbour}: {reason}")
        self.neighbour = neighbour
        self.reason = reason


class Unreachable(NeighbourError):
    """No answer: refused connection, time-out, cut or unreadable answer, 5xx. Whether it was done is not known."""


class Denied(NeighbourError):
    """A definite no: 401 or 403. Nothing was done; asking again does not help."""


class Missing(NeighbourError):
    """A definite "there is no such thing": 404."""


class Rejected(NeighbourError):
    """A definite no for another reason (400, 409, 413, 422 …). Nothing was done."""


class Conflict(Rejected):
    """409: it changed since it was read, or there is one of this name already. Nothing was done."""


class RateLimited(NeighbourError):
    """Asked too often; nothing was done. Ask again after `retry_after` seconds (already capped)."""

    def __init__(self, neighbour: str, retry_after: float) -> None:
        super().__init__(neighbour, f"asked to wait {retry_after:.1f} s")
        self.retry_after = retry_after


class LoggedOut(NeighbourError):
    """The homeserver no longer knows our token; `soft`: the device is kept, log in again with the same device id."""

    def __init__(self, *, soft: bool) -> None:
        super().__init__("homeserver", "the access token is not known any more")
        self.soft = soft


class StoreFailed(OpsError):
    """The database could not commit (disk full, read-only, locked). Nothing may be promised or done."""


class Sealed(NeighbourError):
    """OpenBao is sealed: it answers nothing but its seal status, and nothing was done."""

    def __init__(self) -> None:
        super().__init__("openbao", "sealed")
