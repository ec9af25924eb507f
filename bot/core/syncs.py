"""Whether the Vault Secrets Operator has brought each secret into the cluster."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core.kinds import Kind, Object
from bot.core.moments import epoch, moment


@dataclass(frozen=True, slots=True)
class Sync:
    """One VaultStaticSecret or VaultDynamicSecret."""

    namespace: str
    name: str
    synced: bool
    since: datetime | None
    """How long it has been as it is, as far as the object tells."""


def read_syncs(kind: Kind, objects: Iterable[Object]) -> tuple[Sync, ...]:
    """Read VaultStaticSecrets or VaultDynamicSecrets, by namespace and name."""
    found = [_sync(kind, obj) for obj in objects]
    return tuple(sorted(found, key=lambda sync: (sync.namespace, sync.name)))


def _sync(kind: Kind, obj: Object) -> Sync:
    metadata, status = obj["metadata"], obj.get("status") or {}
    conditions = {each.get("type"): each for each in status.get("conditions") or ()}
    # The operator keeps the MAC of the last secret it wrote; newer ones also say when the latest try failed.
    failed = conditions.get("SecretSynced", {}).get("status") == "False"
    renewed = epoch(status.get("lastRenewalTime"))
    brought = bool(status.get("secretMAC")) if kind is Kind.VAULTSTATICSECRETS else renewed is not None
    since = (
        moment(conditions.get("SecretSynced", {}).get("lastTransitionTime"))
        or renewed
        or moment(metadata.get("creationTimestamp"))
    )
    return Sync(metadata.get("namespace", ""), metadata["name"], brought and not failed, since)
