"""Bringing Postgres back: which moment is meant, whether it can be reached, and the Cluster that would do it; pure."""

import copy
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from bot.core.cnpg import Recovery, barman_plugin, server_name
from bot.core.errors import UsageError
from bot.core.facts import Unknown
from bot.core.kinds import Object

FRESH = timedelta(minutes=5)
"""The log is archived at least so often (CloudNativePG's archive_timeout): what is younger may not be there yet."""
_HOW = "write --to 14:05, --to “yesterday 14:05” or --to “2026-05-01 14:05”"
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_DAY = timedelta(days=1)
_LONGEST_NAME = 50
"""CloudNativePG's own limit."""
# What makes the restored database behave as its source does. The rest stays behind: certificates, managed roles and
# services, replicas, environment and everything else that belongs to the source alone.
_TAKEN = (
    *("instances", "imageName", "imageCatalogRef", "imagePullPolicy", "imagePullSecrets", "postgresUID", "postgresGID"),
    *("storage", "walStorage", "tablespaces", "postgresql", "resources", "affinity", "topologySpreadConstraints"),
    *("priorityClassName", "primaryUpdateStrategy", "primaryUpdateMethod", "enableSuperuserAccess", "monitoring"),
)
_OWNER = ("database", "owner", "secret")


@dataclass(frozen=True, slots=True)
class Restore:
    """A Cluster that would be a database as it was."""

    name: str
    at: datetime
    manifest: Object
    left_behind: tuple[str, ...]
    """Parts of the source's spec that are not taken over."""


def moment_of(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Read a past moment in the team's zone: a plain time is today's, or yesterday's where today's is still to come.

    Raises UsageError for what is none.
    """
    words = " ".join(text.split())
    if not words:
        raise UsageError("To which moment?", hint=_HOW)
    today = now.astimezone(zone).date()
    first, _, rest = words.partition(" ")
    days = {"today": today, "yesterday": today - _DAY}
    if first.lower() in days:
        return datetime.combine(days[first.lower()], _time(rest, text), zone).astimezone(UTC)
    if _CLOCK.fullmatch(words):
        found = datetime.combine(today, _time(words, text), zone).astimezone(UTC)
        if found > now:
            found = datetime.combine(today - _DAY, _time(words, text), zone).astimezone(UTC)
        return found
    if len(words) == len("2026-05-01") and words.count("-") == len("--"):
        raise UsageError(f"“{text[:40]}”, but at what time?", hint=_HOW)
    try:
        moment = datetime.fromisoformat(words)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"“{text[:40]}” is no moment", hint=_HOW) from error


def must_be_reachable(at: datetime, reach: Recovery, now: datetime) -> None:
    """Raise UsageError for a moment that is still to come, or before the first that can be brought back."""
    if at > now:
        raise UsageError("That is still to come", hint="--to takes a moment that has been")
    if not isinstance(reach.first, Unknown) and at < reach.first:
        raise UsageError(
            "That is before the first moment that can be brought back", hint="!backup tells how far back it goes"
        )


def restored(cluster: Object, at: datetime) -> Restore | None:
    """Return the Cluster that would be this one as it was at a moment; None where its backups are in no object store.

    It has a name of its own and archives under it, so that it touches neither the source nor the source's backups.
    """
    source = cluster["metadata"]["name"]
    name = f"{source[: _LONGEST_NAME - 14]}-{at:%Y%m%d-%H%M}"
    where = _where(cluster, name)
    if where is None:
        return None
    outside, own = where
    spec = cluster["spec"]
    taken = {key: spec[key] for key in _TAKEN if key in spec}
    initdb = (spec.get("bootstrap") or {}).get("initdb") or (spec.get("bootstrap") or {}).get("recovery") or {}
    recovery = {
        "source": source,
        "recoveryTarget": {"targetTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"},
        **{key: initdb[key] for key in _OWNER if key in initdb},
    }
    manifest: Object = {
        "apiVersion": cluster["apiVersion"],
        "kind": "Cluster",
        "metadata": {"name": name, "namespace": cluster["metadata"]["namespace"]},
        "spec": {
            **taken,
            "bootstrap": {"recovery": recovery},
            "externalClusters": [{"name": source, **outside}],
            **own,
        },
    }
    known = {*_TAKEN, "bootstrap", "externalClusters", "plugins", "backup"}
    others = [each.get("name", "") for each in spec.get("plugins") or () if each is not barman_plugin(cluster)]
    left = (*(key for key in spec if key not in known), *(f"plugin {each}" for each in others))
    return Restore(name, at, manifest, left)


def _where(cluster: Object, name: str) -> tuple[Object, Object] | None:
    """Return where the source's backups are, and where the new Cluster's own would go."""
    if plugin := barman_plugin(cluster):
        store = (plugin.get("parameters") or {}).get("barmanObjectName")
        reads = {"barmanObjectName": store, "serverName": server_name(cluster, plugin)}
        writes = {**plugin, "parameters": {"barmanObjectName": store, "serverName": name}}
        return {"plugin": {"name": plugin["name"], "parameters": reads}}, {"plugins": [writes]}
    backup = cluster["spec"].get("backup") or {}
    inside = backup.get("barmanObjectStore")
    if not inside:
        return None
    kept = inside.get("serverName") or cluster["metadata"]["name"]
    # A copy, since YAML would write what stands in two places as a reference.
    own = copy.deepcopy({**backup, "barmanObjectStore": {**inside, "serverName": name}})
    return {"barmanObjectStore": {**inside, "serverName": kept}}, {"backup": own}


def _time(words: str, text: str) -> time:
    match = _CLOCK.fullmatch(words)
    if match is None:
        raise UsageError(f"“{text[:40]}” is no moment", hint=_HOW)
    try:
        return time(int(match[1]), int(match[2]), int(match[3] or 0))
    except ValueError:
        raise UsageError(f"“{text[:40]}” is no moment", hint=_HOW) from None
