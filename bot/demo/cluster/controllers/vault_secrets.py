"""The Vault Secrets Operator in small: brings what OpenBao holds into Secrets, and restarts what uses them.

What it tells of itself follows the operator's own controllers: any changed annotation makes it look again; a static
secret whose value is the same leaves no trace at all, a dynamic one notes when it was had last.
"""

import asyncio
import base64
import hashlib
import uuid
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from bot.demo.cluster.kinds import named
from bot.demo.cluster.store import Change, Object, Store, stamp
from bot.demo.cluster.troubles import TROUBLE, event

STATIC, DYNAMIC = "VaultStaticSecret", "VaultDynamicSecret"
RESTARTED_AT = "vso.secrets.hashicorp.com/restartedAt"
UNSYNCED = "unsynced"
"""The trouble of an object that OpenBao refuses to answer."""
Source = Callable[[str], Awaitable[int]]
"""Mount and path (`secret/messages`) → the version that stands there; raises OutOfReach."""


class OutOfReach(Exception):
    """OpenBao did not tell; the message is its own."""


class VaultSecrets:
    """The operator's part in static and dynamic secrets."""

    def __init__(self, store: Store, interval: float) -> None:
        self.interval = interval
        self.versions: dict[str, int] = {}
        """By mount and path, what OpenBao holds where no `source` says; 1 where nothing was put."""
        self.source: Source = self._counted
        self._store = store

    def concerns(self, change: Change) -> Iterable[tuple[str, str, str]]:
        """Return the object whose annotations or wish changed."""
        if change.kind.kind not in (STATIC, DYNAMIC) or change.type != "MODIFIED" or change.before is None:
            return []
        metadata = change.now["metadata"]
        touched = _notes(change.now) != _notes(change.before)
        if touched or metadata["generation"] != change.now.get("status", {}).get("lastGeneration"):
            return [(change.kind.kind, metadata["namespace"], metadata["name"])]
        return []

    async def reconcile(self, key: tuple[str, str, str]) -> None:
        """Have the value from OpenBao, and put it into its Secret if it is another one."""
        await asyncio.sleep(self.interval)
        found = self._store.find(*key)
        if found is None:
            return
        try:
            version = await self._held(found)
        except OutOfReach as error:
            self._fail(key, found, str(error))
        else:
            self._sync(key, found, mac(place(found), version))

    async def _counted(self, where: str) -> int:
        return self.versions.get(where, 1)

    async def _held(self, obj: Object) -> int:
        if _notes(obj).get(TROUBLE) == UNSYNCED:
            raise OutOfReach("* 1 error occurred:\n\t* permission denied")
        return await self.source(place(obj))

    def _fail(self, key: tuple[str, str, str], obj: Object, said: str) -> None:
        now = self._store.clock()
        api = f"Error making API request.\n\nURL: GET http://openbao.data.svc:8200/v1/{place(obj)}\nErrors:\n\n{said}"
        why = f"Failed to sync the secret, horizon=5.1s, err={api}"
        self._store.put(event(obj, "VaultClientError", f"Failed to read Vault secret: {api}", now))
        self._report(key, {"conditions": conditions(obj, now, why=why)})

    def _sync(self, key: tuple[str, str, str], obj: Object, fingerprint: str) -> None:
        now, before = self._store.clock(), obj["status"].get("secretMAC")
        told: Object = {"secretMAC": fingerprint, "conditions": conditions(obj, now)}
        if obj["kind"] == DYNAMIC:
            told |= _renewed(obj["status"], now, rotated=before != fingerprint)
        if before != fingerprint:
            self._write(obj, fingerprint)
            self._store.put(event(obj, "SecretSynced", "Secret synced", now, normal=True))
            # The first value is nobody's second.
            for target in obj["spec"].get("rolloutRestartTargets", ()) if before else ():
                self._restart(obj, target, now)
        self._report(key, told)

    def _report(self, key: tuple[str, str, str], told: Object) -> None:
        def edit(draft: Object) -> None:
            draft.setdefault("status", {}).update(told, lastGeneration=draft["metadata"]["generation"])

        self._store.change(*key, edit)

    def _write(self, obj: Object, fingerprint: str) -> None:
        name, namespace = obj["spec"]["destination"]["name"], obj["metadata"]["namespace"]
        found = self._store.find("Secret", namespace, name)
        made = found or {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}}
        self._store.put(made | {"data": {"demo": base64.b64encode(fingerprint.encode()).decode()}})

    def _restart(self, obj: Object, target: Object, now: datetime) -> None:
        namespace = obj["metadata"]["namespace"]
        if self._store.find(target["kind"], namespace, target["name"]) is None:
            missing = f"{named(target['kind']).resource} {target['name']!r} not found"
            self._store.put(event(obj, "RolloutRestartFailed", missing, now))
            return

        def edit(draft: Object) -> None:
            metadata = draft["spec"]["template"].setdefault("metadata", {})
            metadata.setdefault("annotations", {})[RESTARTED_AT] = stamp(now)

        self._store.change(target["kind"], namespace, target["name"], edit)


def place(obj: Object) -> str:
    """Return the mount and path that an object reads."""
    return f"{obj['spec']['mount']}/{obj['spec']['path']}"


def mac(where: str, version: int) -> str:
    """Return what the operator keeps of a value to know it again."""
    return base64.b64encode(hashlib.sha256(f"{where} {version}".encode()).digest()).decode()


def conditions(obj: Object, now: datetime, *, why: str = "") -> list[Object]:
    """Return an object's conditions after a sync, or with `why` after one that failed; what stays so keeps its time."""
    before = {each["type"]: each for each in obj.get("status", {}).get("conditions", ())}
    failed = "VaultStaticSecretSyncFailed" if obj["kind"] == STATIC else "SecretSyncError"
    told = {"SecretSynced": "SecretSynced", "Healthy": "Healthy", "Ready": "SecretSynced"}
    status = "False" if why else "True"
    made = []
    for type_, reason in told.items():
        old = before.get(type_, {})
        since = old["lastTransitionTime"] if old.get("status") == status else stamp(now)
        words = "Healthy" if type_ == "Healthy" else "Secret synced, horizon=30s"
        one = {"type": type_, "status": status, "reason": failed if why else reason, "message": why or words}
        made.append(one | {"observedGeneration": obj["metadata"]["generation"], "lastTransitionTime": since})
    return made


def _renewed(status: Object, now: datetime, *, rotated: bool) -> Object:
    lease, rotation = status["secretLease"] | {"requestID": str(uuid.uuid4())}, status["staticCredsMetaData"]
    if rotated:
        rotation |= {"lastVaultRotation": int(now.timestamp()), "ttl": rotation["rotationPeriod"]}
    return {"lastRenewalTime": int(now.timestamp()), "secretLease": lease, "staticCredsMetaData": rotation}


def _notes(obj: Object) -> dict[str, str]:
    found: dict[str, str] = obj["metadata"].get("annotations", {})
    return found
