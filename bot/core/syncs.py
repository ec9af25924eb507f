"""Whether the Vault Secrets Operator has brought each secret into the cluster, since when, and what it says if not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.kinds import Kind, Object
from bot.core.moments import epoch, moment
from bot.core.scrub import scrub

SECRETS = (Kind.VAULTSTATICSECRETS, Kind.VAULTDYNAMICSECRETS)
RESYNC = "ops.sunbeam.pt/resync"
"""The annotation that makes the operator look again: it does so at any change of annotations."""
RESTARTED_AT = "vso.secrets.hashicorp.com/restartedAt"
"""What the operator sets on the pod template of each target when it brought a new value."""
_ERRORS = re.compile(r".*(?:Errors:|\berr=)", re.DOTALL)
_COUNTED = re.compile(r"\* \d+ errors? occurred:")


class Outcome(StrEnum):
    """What came of asking the operator to look again."""

    WAITING = "waiting"
    """Nothing moved yet; of a static secret whose value is the same, nothing ever does."""
    NEW = "new"
    """Another value than before."""
    SAME = "same"
    """It was had again, and is the same."""
    FAILING = "failing"
    """The operator could not bring it, last time."""


@dataclass(frozen=True, slots=True)
class Sync:
    """One VaultStaticSecret or VaultDynamicSecret."""

    namespace: str
    name: str
    synced: bool
    since: datetime | None
    """How long it has been as it is, as far as the object tells."""
    path: str = ""
    """Where it comes from: `secret/messages`, `database/static-creds/messages`."""
    why: str = ""
    """Why it is not synced, in the operator's words, without secrets; empty where it does not say."""
    renewed: datetime | None = None
    """When it was last had from OpenBao; of static ones the operator does not say."""
    ends: datetime | None = None
    """When OpenBao makes it anew: the end of its lease, or the next rotation of its role."""
    targets: tuple[tuple[str, str], ...] = ()
    """Kind and name of what the operator restarts with a new value."""
    fingerprint: str = field(default="", repr=False)
    """Changes with the value, and tells nothing of it."""

    @property
    def place(self) -> str:
        """What to call it in the room: `ory/hydra`."""
        return f"{self.namespace}/{self.name}"


def read_syncs(kind: Kind, objects: Iterable[Object]) -> tuple[Sync, ...]:
    """Read VaultStaticSecrets or VaultDynamicSecrets, by namespace and name."""
    found = [read_sync(kind, obj) for obj in objects]
    return tuple(sorted(found, key=lambda sync: (sync.namespace, sync.name)))


def read_sync(kind: Kind, obj: Object) -> Sync:
    """Read one of them."""
    metadata, status, spec = obj["metadata"], obj.get("status") or {}, obj.get("spec") or {}
    conditions = {each.get("type"): each for each in status.get("conditions") or ()}
    told = conditions.get("SecretSynced", {})
    # The operator keeps the MAC of the last secret it wrote; newer ones also say when the latest try failed.
    failed = told.get("status") == "False"
    renewed = epoch(status.get("lastRenewalTime"))
    fingerprint = str(status.get("secretMAC") or (status.get("secretLease") or {}).get("id") or "")
    static = kind is Kind.VAULTSTATICSECRETS
    # Without `hmacSecretData` there is no MAC, only the condition.
    brought = bool(status.get("secretMAC")) or told.get("status") == "True" if static else renewed is not None
    return Sync(
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        synced=brought and not failed,
        since=moment(told.get("lastTransitionTime")) or renewed or moment(metadata.get("creationTimestamp")),
        path=f"{spec.get('mount', '')}/{spec.get('path', '')}",
        why=reason(str(told.get("message") or "")) if failed else "",
        renewed=renewed,
        ends=_ends(status, renewed),
        targets=tuple((each["kind"], each["name"]) for each in spec.get("rolloutRestartTargets") or ()),
        fingerprint=fingerprint,
    )


def reason(message: str) -> str:
    """Return why a sync failed, without the address and the bullets that OpenBao's client puts around it."""
    said = _COUNTED.sub("", _ERRORS.sub("", message))
    return scrub(" ".join(part for part in said.replace("*", " ").split() if part))


def outcome(before: Sync, now: Sync) -> Outcome:
    """Return what came of it since `before`."""
    if not now.synced:
        return Outcome.FAILING
    if now.fingerprint != before.fingerprint:
        return Outcome.NEW
    # The condition, or the time of the last renewal, shows that it was had again.
    looked = now.renewed != before.renewed or not before.synced
    return Outcome.SAME if looked else Outcome.WAITING


def _ends(status: Object, renewed: datetime | None) -> datetime | None:
    lease, role = status.get("secretLease") or {}, status.get("staticCredsMetaData") or {}
    rotated, period = epoch(role.get("lastVaultRotation")), int(role.get("rotationPeriod") or 0)
    if rotated and period:
        return rotated + timedelta(seconds=period)
    duration = int(lease.get("duration") or 0)
    return renewed + timedelta(seconds=duration) if renewed and duration else None
