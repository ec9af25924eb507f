"""What a CloudNativePG Cluster says about its log archive and backups; what it leaves empty is unknown, never fine."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core.facts import Unknown
from bot.core.kinds import Object
from bot.core.moments import moment

BARMAN_CLOUD = "barman-cloud.cloudnative-pg.io"
"""The backup plugin's name in a Cluster."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """How far a cluster's backups reach, by whoever keeps count of them."""

    first: datetime | Unknown
    """The earliest moment that it can be brought back to."""
    last: datetime | Unknown
    """When a backup succeeded last."""
    failed: datetime | None
    """When one failed last."""
    kept: str | Unknown
    """How long they are kept, as it is written: `30d`."""


def archiving(cluster: Object) -> bool | Unknown:
    """Return whether the write-ahead log reaches the store, from the condition ContinuousArchiving."""
    for condition in (cluster.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "ContinuousArchiving" and condition.get("status") in ("True", "False"):
            return bool(condition["status"] == "True")
    return Unknown("the cluster does not say")


def recovery(cluster: Object, stores: Iterable[Object] | Unknown) -> Recovery:
    """Return what can be brought back.

    With the plugin the Cluster's own fields stay empty and the ObjectStore knows (research §5.2); else the Cluster.
    """
    plugin = barman_plugin(cluster)
    if plugin is None:
        status = cluster.get("status") or {}
        return Recovery(
            first=_told(status.get("firstRecoverabilityPoint")),
            last=_told(status.get("lastSuccessfulBackup")),
            failed=moment(status.get("lastFailedBackup")),
            kept=_kept(cluster["spec"].get("backup") or {}),
        )
    if isinstance(stores, Unknown):
        return Recovery(stores, stores, None, stores)
    store = _store(plugin, stores)
    windows = (store.get("status") or {}).get("serverRecoveryWindow") or {}
    window = windows.get(server_name(cluster, plugin)) or {}
    return Recovery(
        first=_told(window.get("firstRecoverabilityPoint")),
        last=_told(window.get("lastSuccessfulBackupTime")),
        failed=moment(window.get("lastFailedBackupTime")),
        kept=_kept(store.get("spec") or {}),
    )


def barman_plugin(cluster: Object) -> Object | None:
    """Return the Cluster's entry of the backup plugin, where it is backed up by it."""
    plugins: Iterable[Object] = cluster["spec"].get("plugins") or ()
    return next((each for each in plugins if each.get("name") == BARMAN_CLOUD and each.get("enabled", True)), None)


def server_name(cluster: Object, plugin: Object) -> str:
    """Return the name under which the plugin keeps a Cluster's backups."""
    return str((plugin.get("parameters") or {}).get("serverName") or cluster["metadata"]["name"])


def _store(plugin: Object, stores: Iterable[Object]) -> Object:
    name = (plugin.get("parameters") or {}).get("barmanObjectName")
    return next((each for each in stores if each["metadata"]["name"] == name), {})


def _kept(holder: Object) -> str | Unknown:
    return str(holder.get("retentionPolicy") or "") or Unknown("no policy is set")


def _told(text: object) -> datetime | Unknown:
    return moment(text) or Unknown("none is known")
