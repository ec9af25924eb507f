"""Deletes what was owned by what is gone."""

from collections.abc import Iterable

from bot.demo.cluster.kinds import KINDS, named
from bot.demo.cluster.store import Change, Object, Store


class Garbage:
    """The garbage collector: background propagation only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def concerns(self, change: Change) -> Iterable[tuple[str, str, str]]:
        """Return the dependents of a deleted object."""
        if change.type != "DELETED":
            return []
        uid = change.now["metadata"]["uid"]
        return [_key(obj) for kind in KINDS for obj in self._store.select(kind, "", [lambda obj: _owned(obj, uid)])]

    async def reconcile(self, key: tuple[str, str, str]) -> None:
        """Delete one dependent, if it is still there."""
        kind, namespace, name = key
        if self._store.find(kind, namespace, name):
            self._store.delete(named(kind).plural, namespace, name)


def _owned(obj: Object, uid: str) -> bool:
    references = obj["metadata"].get("ownerReferences") or []
    return any(reference["uid"] == uid for reference in references)


def _key(obj: Object) -> tuple[str, str, str]:
    return (obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
