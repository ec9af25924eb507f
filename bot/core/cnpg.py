"""What a CloudNativePG Cluster says about its log archive and backups; what it leaves empty is unknown, never fine."""

from collections.abc import Iterable
from datetime import datetime

from bot.core.facts import Unknown
from bot.core.kinds import Object
from bot.core.moments import moment

BARMAN_CLOUD = "barman-cloud.cloudnative-pg.io"
"""The backup plugin's name in a Cluster."""


def archiving(cluster: Object) -> bool | Unknown:
    """Return whether the write-ahead log reaches the store, from the condition ContinuousArchiving."""
    for condition in (cluster.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "ContinuousArchiving" and condition.get("status") in ("True", "False"):
            return bool(condition["status"] == "True")
    return Unknown("the cluster does not say")


def backups(cluster: Object, stores: Iterable[Object] | Unknown) -> tuple[datetime | Unknown, datetime | None]:
    """Return when the last backup succeeded and when one last failed.

    With the plugin the Cluster's own fields stay empty and the ObjectStore knows (research §5.2); else the Cluster.
    """
    plugin = next((each for each in cluster["spec"].get("plugins") or () if each.get("name") == BARMAN_CLOUD), None)
    if plugin is None:
        status = cluster.get("status") or {}
        return _told(status.get("lastSuccessfulBackup")), moment(status.get("lastFailedBackup"))
    if isinstance(stores, Unknown):
        return stores, None
    window = _window(cluster, plugin.get("parameters") or {}, stores)
    return _told(window.get("lastSuccessfulBackupTime")), moment(window.get("lastFailedBackupTime"))


def _window(cluster: Object, parameters: Object, stores: Iterable[Object]) -> Object:
    server = parameters.get("serverName") or cluster["metadata"]["name"]
    for store in stores:
        if store["metadata"]["name"] == parameters.get("barmanObjectName"):
            windows = (store.get("status") or {}).get("serverRecoveryWindow") or {}
            window: Object = windows.get(server) or {}
            return window
    return {}


def _told(text: object) -> datetime | Unknown:
    return moment(text) or Unknown("none is known")
