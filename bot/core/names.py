"""The names things go by: identifiers with a type of their own, and targets as an operator writes them."""

import re
from dataclasses import dataclass
from typing import NewType

from bot.core.errors import UsageError

RoomId = NewType("RoomId", str)
"""`!opaque:server`, as the homeserver knows the room."""
UserId = NewType("UserId", str)
"""`@local:server`, exact and case-sensitive: the only thing rights are bound to."""
EventId = NewType("EventId", str)
"""`$opaque`, as the homeserver knows the event."""
RequestId = NewType("RequestId", str)
"""Ours, short, in the answer and in every log line of the same request."""
Namespace = NewType("Namespace", str)
"""A Kubernetes namespace."""
Key = NewType("Key", str)
"""Ours, of a message in a room: the same key with a higher revision edits it."""

# RFC 1123 label, as the Kubernetes API demands of namespaces; object names also admit dots.
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Target:
    """What a command is about: a namespace, and one thing in it or all of it."""

    namespace: Namespace
    name: str | None = None

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.name else self.namespace


def target(text: str) -> Target:
    """Read `ns` or `ns/name`; raise UsageError for anything the Kubernetes API could not know."""
    namespace, slash, name = text.partition("/")
    if not _LABEL.fullmatch(namespace) or (slash and not _NAME.fullmatch(name)):
        raise UsageError(f"“{text[:60]}” is not a target", hint="write ns or ns/name, like data/postgres")
    return Target(Namespace(namespace), name or None)
