"""The objects of the cluster, with the bookkeeping a real API server keeps: versions, uids, generations, history."""

import copy
import secrets
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.demo.clock import Clock, now_utc
from bot.demo.cluster import kinds, refusals, selectors
from bot.demo.cluster.kinds import Kind

Object = dict[str, Any]
Objects = list[Object]
Place = tuple[str, str]
"""Namespace ('' for a cluster-wide kind) and name."""

_KEPT_CHANGES = 5000
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Change:
    """One write: what an object became, and what it was before (None for a new one)."""

    version: int
    type: str
    """ADDED, MODIFIED or DELETED."""
    kind: Kind
    now: Object
    before: Object | None


Listener = Callable[[Change], None]


def stamp(moment: datetime) -> str:
    """Return a moment as Kubernetes writes it: RFC 3339, whole seconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def suffix(length: int = 5) -> str:
    """Return the random end of a generated name."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


class Store:
    """Objects by kind and place; every write is versioned, remembered and told to the listeners."""

    def __init__(self, clock: Clock = now_utc) -> None:
        self.clock = clock
        self.version = 1000
        self._objects: dict[Kind, dict[Place, Object]] = {kind: {} for kind in kinds.KINDS}
        self._history: deque[Change] = deque(maxlen=_KEPT_CHANGES)
        self._compacted = self.version
        self._listeners: list[Listener] = []

    def get(self, kind: str, namespace: str, name: str) -> Object:
        """Return a copy of one object (namespace '' for cluster-wide kinds); raise Refusal 404."""
        return copy.deepcopy(self.peek(kinds.named(kind), (namespace, name)))

    def find(self, kind: str, namespace: str, name: str) -> Object | None:
        """Return a copy of one object, or None."""
        return copy.deepcopy(self._objects[kinds.named(kind)].get((namespace, name)))

    def list(self, kind: str, namespace: str = "", labels: str = "") -> Objects:
        """Return copies of the objects of a kind, of one namespace or of all, by namespace and name."""
        return copy.deepcopy(self.select(kinds.named(kind), namespace, [selectors.labels(labels)]))

    def put(self, obj: Object) -> Object:
        """Create or replace an object as it stands, status included; return a copy with its bookkeeping."""
        kind = kinds.of(obj)
        return copy.deepcopy(self.save(kind, copy.deepcopy(obj)))

    def put_all(self, objects: Iterable[Object]) -> None:
        """Put objects in order."""
        for obj in objects:
            self.put(obj)

    def change(self, kind: str, namespace: str, name: str, edit: Callable[[Object], object]) -> Object:
        """Edit an object in place through `edit`; return a copy of what became of it; raise Refusal 404."""
        draft = self.get(kind, namespace, name)
        edit(draft)
        return copy.deepcopy(self.save(kinds.named(kind), draft))

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Remove an object at once, finalizers or not; raise Refusal 404."""
        self.remove(kinds.named(kind), (namespace, name))

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` every change from now on; return what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def compact(self) -> None:
        """Forget the history, so that watches from an old version are refused with 410."""
        self._history.clear()
        self._compacted = self.version

    def since(self, version: int) -> Iterable[Change]:
        """Return the changes after a version, oldest first; raise Refusal 410 when they are not all kept."""
        oldest = self._history[0].version - 1 if self._history else self._compacted
        if version < min(oldest, self.version):
            raise refusals.expired(f"too old resource version: {version} ({oldest})")
        return [change for change in self._history if change.version > version]

    def peek(self, kind: Kind, place: Place) -> Object:
        """Return the stored object itself, to be read only; raise Refusal 404."""
        found = self._objects[kind].get(place)
        if found is None:
            raise refusals.not_found(kind.resource, place[1])
        return found

    def select(self, kind: Kind, namespace: str, tests: Iterable[selectors.Test]) -> Objects:
        """Return the stored objects themselves, to be read only, in the order of their keys."""
        tests = tuple(tests)
        found = [(place, obj) for place, obj in self._objects[kind].items() if not namespace or place[0] == namespace]
        return [obj for _, obj in sorted(found, key=lambda pair: pair[0]) if all(test(obj) for test in tests)]

    def save(self, kind: Kind, obj: Object, *, dry: bool = False) -> Object:
        """Take over `obj` as the new state and return it; a write that changes nothing makes no new version.

        `dry`: only return what would become of it.
        """
        place = self._place(kind, obj)
        before = self._objects[kind].get(place)
        self._keep_identity(kind, obj, before)
        if before is not None and _without_version(before) == _without_version(obj):
            return before
        if dry:
            return obj
        if before is not None and obj["metadata"].get("deletionTimestamp") and not obj["metadata"].get("finalizers"):
            self.remove(kind, place)
            return obj
        self._objects[kind][place] = obj
        self._record("MODIFIED" if before else "ADDED", kind, obj, before)
        return obj

    def remove(self, kind: Kind, place: Place) -> Object:
        """Remove an object and return its last state; raise Refusal 404."""
        before = self.peek(kind, place)
        del self._objects[kind][place]
        gone = copy.deepcopy(before)
        self._record("DELETED", kind, gone, before)
        return gone

    def _place(self, kind: Kind, obj: Object) -> Place:
        metadata = obj.setdefault("metadata", {})
        return (metadata.setdefault("namespace", "default") if kind.namespaced else "", metadata["name"])

    def _keep_identity(self, kind: Kind, obj: Object, before: Object | None) -> None:
        metadata = obj["metadata"]
        old = before["metadata"] if before else {}
        metadata["uid"] = old.get("uid") or metadata.get("uid") or str(uuid.uuid4())
        created = old.get("creationTimestamp") or metadata.get("creationTimestamp") or stamp(self.clock())
        metadata["creationTimestamp"] = created
        if "spec" in obj and "status" in kind.subresources:
            metadata["generation"] = _generation(obj, before)

    def _record(self, type_: str, kind: Kind, obj: Object, before: Object | None) -> None:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        change = Change(self.version, type_, kind, obj, before)
        self._history.append(change)
        for listener in tuple(self._listeners):
            listener(change)


def _generation(obj: Object, before: Object | None) -> int:
    if before is None:
        return int(obj["metadata"].get("generation", 1))
    old = int(before["metadata"].get("generation", 1))
    return old + 1 if _wish(obj) != _wish(before) else old


def _wish(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}


def _without_version(obj: Object) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
    return {**obj, "metadata": metadata}
