"""CloudNativePG in small: a Cluster whose restart annotation changed gets its instances anew, and a Backup is taken."""

import asyncio
import copy
from collections.abc import Iterable

from bot.demo.cluster.pods import is_ready, pod, ready
from bot.demo.cluster.store import Change, Object, Store, stamp
from bot.demo.cluster.troubles import TROUBLE, TROUBLES, events

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_HEALTHY = "Cluster in healthy state"
_RESTARTING = "Primary instance is being restarted without a switchover"
_SUPERVISED = "Waiting for user action"
_ENDINGS = {
    "backup-fails": ("failed", "exit status 4: object store refused the credentials"),
    "wal-fails": ("walArchivingFailing", "WAL archiving is failing"),
}
"""Troubles of a Cluster that its backups run into."""
_REMEMBERED = {"completed": "lastSuccessfulBackupTime", "failed": "lastFailedBackupTime"}
"""What the object store remembers of how backups ended."""


class Databases:
    """The operator's part in both."""

    def __init__(self, store: Store, interval: float) -> None:
        self.interval = interval
        self._store = store

    def concerns(self, change: Change) -> Iterable[tuple[str, str, str]]:
        """Return the Cluster whose restart was asked for, or the Backup that nobody began."""
        if change.type == "DELETED":
            return []
        metadata = change.now["metadata"]
        key = (change.kind.kind, metadata.get("namespace", ""), metadata["name"])
        if change.kind.kind == "Cluster" and self._stale(change.now):
            return [key]
        begun = change.now.get("status", {}).get("phase")
        return [key] if change.kind.kind == "Backup" and not begun else []

    async def reconcile(self, key: tuple[str, str, str]) -> None:
        """Restart a Cluster's instances, or take a Backup."""
        found = self._store.find(*key)
        if found is None:
            return
        if key[0] == "Backup":
            await self._back_up(found)
        else:
            await self._restart(found)

    async def _restart(self, cluster: Object) -> None:
        if cluster["spec"].get("primaryUpdateStrategy") == "supervised":
            self._phase(cluster, _SUPERVISED)
            return
        self._phase(cluster, _RESTARTING)
        # The primary comes last.
        stale = sorted(self._stale(cluster), key=lambda each: each["metadata"]["labels"].get("role") == "primary")
        for instance in stale:
            await self._renew(cluster, instance)
        if all(is_ready(each) for each in self._instances(cluster)):
            self._phase(cluster, _HEALTHY)

    async def _renew(self, cluster: Object, old: Object) -> None:
        namespace, name = old["metadata"]["namespace"], old["metadata"]["name"]
        self._store.delete("pods", namespace, name)
        template = {"spec": copy.deepcopy(old["spec"]), "metadata": {"annotations": {RESTARTED_AT: _asked(cluster)}}}
        now = self._store.clock()
        come = self._store.put(pod(template, cluster, name, now, old["metadata"]["labels"]))
        self._phase(cluster, _RESTARTING)
        await asyncio.sleep(self.interval)
        trouble = cluster["metadata"].get("annotations", {}).get(TROUBLE, "")
        self._store.put(TROUBLES.get(trouble, ready)(come, self._store.clock()))
        self._store.put_all(events(come, trouble, self._store.clock()))
        self._phase(cluster, _RESTARTING)

    def _phase(self, cluster: Object, phase: str) -> None:
        serving = sum(map(is_ready, self._instances(cluster)))
        where = (cluster["metadata"]["namespace"], cluster["metadata"]["name"])
        self._store.change(
            "clusters", *where, lambda draft: draft["status"].update(phase=phase, readyInstances=serving)
        )

    def _instances(self, cluster: Object) -> list[Object]:
        label = f"cnpg.io/cluster={cluster['metadata']['name']}"
        return self._store.list("pods", cluster["metadata"]["namespace"], label)

    def _stale(self, cluster: Object) -> list[Object]:
        """Return the instances that were not restarted for the present reason; none when nobody ever asked."""
        asked = _asked(cluster)
        if not asked:
            return []
        return [each for each in self._instances(cluster) if _asked(each) != asked]

    async def _back_up(self, backup: Object) -> None:
        where = (backup["metadata"]["namespace"], backup["metadata"]["name"])
        cluster = self._store.find("Cluster", where[0], backup["spec"]["cluster"]["name"])
        started = self._store.clock()
        if cluster is None:
            self._report(where, {"phase": "failed", "error": "the cluster is not there"})
            return
        for phase in ("started", "running", "finalizing"):
            self._report(where, {"phase": phase, "startedAt": stamp(started)})
            await asyncio.sleep(self.interval)
        trouble = cluster["metadata"].get("annotations", {}).get(TROUBLE, "")
        ending, error = _ENDINGS.get(trouble, ("completed", ""))
        now = self._store.clock()
        told: Object = {"phase": ending, "stoppedAt": stamp(now), "backupId": f"{started:%Y%m%dT%H%M%S}"}
        self._report(where, told | ({"error": error} if error else {}))
        if ending in _REMEMBERED:
            self._remember(cluster, _REMEMBERED[ending])

    def _report(self, where: tuple[str, str], told: Object) -> None:
        self._store.change("backups", *where, lambda draft: draft.setdefault("status", {}).update(told))

    def _remember(self, cluster: Object, what: str) -> None:
        """Write into the object store what the Barman Cloud plugin would."""
        plugin = next(iter(cluster["spec"].get("plugins") or ()), None)
        if plugin is None:
            return
        name = plugin["parameters"]["barmanObjectName"]
        store = self._store.find("ObjectStore", cluster["metadata"]["namespace"], name)
        if store is not None:
            window = store.setdefault("status", {}).setdefault("serverRecoveryWindow", {})
            window.setdefault(cluster["metadata"]["name"], {})[what] = stamp(self._store.clock())
            self._store.put(store)


def _asked(obj: Object) -> str:
    return str(obj["metadata"].get("annotations", {}).get(RESTARTED_AT, ""))
