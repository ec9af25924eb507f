"""How much and how long the door puts up with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one door; the defaults are meant for production, tests make them shorter."""

    body_bytes: int = 16 * 1024 * 1024
    free_bytes: int = 64 * 1024
    """A body up to this waits where its socket's buffer is; only a longer one takes a place."""
    places: int = 16
    """Longer bodies held at once: 16 of 16 MiB is the memory that somebody with the token can take."""
    thread_bytes: int = 256 * 1024
    """Longer bodies are parsed in a thread."""
    header_seconds: float = 5
    """From the first byte of a request, or from the connection's beginning, to the end of its headers."""
    body_seconds: float = 10
    place_seconds: float = 2
    """How long a long body waits for a place before it is sent away with 503."""
    accept_seconds: float = 10
    """For parsing and storing; Alertmanager itself gives up after 10 s with a short group_interval."""
    readiness_seconds: float = 5
    idle_seconds: float = 330
    """Between two requests of somebody who showed the token; Alertmanager lets go first, after 300 s."""
    linger_seconds: float = 0.5
    """How long a refused sender may take to read why, before the connection is cut under what it still sends."""
    stop_seconds: float = 15
    """For requests under way when the door closes."""
