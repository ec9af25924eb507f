"""One line about an object of any kind: kubectl's columns, as few of them as tell how it is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.facts import Verdict
from bot.core.findings import HEALTHY_CLUSTER, ReadyFinding
from bot.core.kinds import Kind, Object
from bot.core.moments import moment
from bot.core.pods import read_pod
from bot.core.syncs import read_syncs
from bot.core.workloads import OWNERS, read_wish


@dataclass(frozen=True, slots=True)
class When:
    """A moment and what is about it: `expires`, `renews`, `last`."""

    word: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Many:
    """So many of something."""

    number: int
    noun: str


Cell = str | When | Many


@dataclass(frozen=True, slots=True)
class Row:
    """An object on one line; names and words are foreign text."""

    namespace: str
    """Empty for what lives in none."""
    name: str
    verdict: Verdict
    """NONE where the kind says nothing about health."""
    cells: tuple[Cell, ...]
    created: datetime | None

    @property
    def place(self) -> str:
        """What to call it in the room: `ory/hydra`."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


Told = tuple[Verdict, tuple[Cell | None, ...]]


def read_row(kind: Kind, obj: Object, now: datetime) -> Row:
    """Read an object of a kind; every field but its name may be missing."""
    metadata = obj["metadata"]
    verdict, cells = _READERS.get(kind, _nothing)(obj, now)
    told = tuple(cell for cell in cells if cell)
    return Row(
        metadata.get("namespace", ""), metadata["name"], verdict, told, moment(metadata.get("creationTimestamp"))
    )


def condition(obj: Object, type_: str) -> Object:
    """Return a condition by its type; empty where the object does not have it."""
    for each in (obj.get("status") or {}).get("conditions") or ():
        if each.get("type") == type_:
            found: Object = each
            return found
    return {}


def _nothing(_obj: Object, _now: datetime) -> Told:
    return Verdict.NONE, ()


def _spec(obj: Object) -> Object:
    return obj.get("spec") or {}


def _status(obj: Object) -> Object:
    return obj.get("status") or {}


def _pod(obj: Object, now: datetime) -> Told:
    pod, status = read_pod(obj, now), _status(obj)
    containers = status.get("containerStatuses") or ()
    ready = f"{sum(bool(each.get('ready')) for each in containers)}/{len(_spec(obj).get('containers') or containers)}"
    restarts = Many(pod.restarts, "restart") if pod.restarts else None
    reason = pod.trouble.reason if pod.trouble else str(status.get("phase") or "Unknown")
    verdict = pod.trouble.verdict if pod.trouble else Verdict.OK if pod.active else Verdict.NONE
    return verdict, (ready, reason, restarts)


def _workload(kind: Kind) -> Callable[[Object, datetime], Told]:
    def read(obj: Object, _now: datetime) -> Told:
        wish = read_wish(kind, obj)
        verdict = ReadyFinding(wish.ready, wish.wanted).verdict if wish.wanted else Verdict.NONE
        return verdict, (f"{wish.ready}/{wish.wanted} ready", "paused" if _spec(obj).get("paused") else None)

    return read


def _replica_set(obj: Object, _now: datetime) -> Told:
    wanted, ready = int(_spec(obj).get("replicas") or 0), int(_status(obj).get("readyReplicas") or 0)
    return ReadyFinding(ready, wanted).verdict if wanted else Verdict.NONE, (f"{ready}/{wanted} ready",)


def _job(obj: Object, _now: datetime) -> Told:
    done = f"{int(_status(obj).get('succeeded') or 0)}/{int(_spec(obj).get('completions') or 1)} done"
    if condition(obj, "Failed").get("status") == "True":
        return Verdict.BAD, (done, str(condition(obj, "Failed").get("reason") or "Failed"))
    if condition(obj, "Complete").get("status") == "True":
        return Verdict.OK, (done,)
    return Verdict.NONE, (done, "suspended" if _spec(obj).get("suspend") else "running")


def _cron_job(obj: Object, _now: datetime) -> Told:
    suspended = "suspended" if _spec(obj).get("suspend") else None
    running = Many(len(_status(obj).get("active") or ()), "job") if _status(obj).get("active") else None
    return Verdict.NONE, (
        str(_spec(obj).get("schedule", "")),
        suspended,
        running,
        _when("last", obj, "lastScheduleTime"),
    )


def _service(obj: Object, _now: datetime) -> Told:
    ports = ",".join(f"{each.get('port')}/{each.get('protocol', 'TCP')}" for each in _spec(obj).get("ports") or ())
    return Verdict.NONE, (str(_spec(obj).get("type", "ClusterIP")), str(_spec(obj).get("clusterIP") or ""), ports)


def _ingress(obj: Object, _now: datetime) -> Told:
    hosts = ",".join(str(each.get("host") or "*") for each in _spec(obj).get("rules") or ())
    return Verdict.NONE, (str(_spec(obj).get("ingressClassName") or ""), hosts)


def _claim(obj: Object, _now: datetime) -> Told:
    phase = str(_status(obj).get("phase") or "Unknown")
    verdict = {"Bound": Verdict.OK, "Lost": Verdict.BAD}.get(phase, Verdict.WARN)
    size = str((_status(obj).get("capacity") or {}).get("storage", ""))
    return verdict, (phase, size, str(_spec(obj).get("storageClassName") or ""))


def _node(obj: Object, _now: datetime) -> Told:
    ready = condition(obj, "Ready").get("status")
    pressed = [each for each in _PRESSURES if condition(obj, each).get("status") == "True"]
    cordoned = "cordoned" if _spec(obj).get("unschedulable") else None
    verdict = Verdict.BAD if ready != "True" else Verdict.WARN if pressed or cordoned else Verdict.OK
    told = {"True": "Ready", "False": "NotReady"}.get(str(ready), "silent")
    version = str((_status(obj).get("nodeInfo") or {}).get("kubeletVersion", ""))
    return verdict, (told, *pressed, cordoned, version)


_PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")


def _namespace(obj: Object, _now: datetime) -> Told:
    phase = str(_status(obj).get("phase") or "")
    return Verdict.WARN if phase == "Terminating" else Verdict.NONE, (phase,)


def _certificate(obj: Object, now: datetime) -> Told:
    verdict, told = _ready(obj)
    ends = moment(_status(obj).get("notAfter"))
    expired = ends is not None and ends <= now
    expires = When("expired" if expired else "expires", ends) if ends else None
    issuer = str((_spec(obj).get("issuerRef") or {}).get("name", ""))
    return Verdict.BAD if expired else verdict, (told, expires, _when("renews", obj, "renewalTime"), issuer)


def _ready(obj: Object) -> tuple[Verdict, str]:
    """Return how the condition Ready is; without it nobody has looked yet."""
    ready = condition(obj, "Ready")
    match ready.get("status"):
        case "True":
            return Verdict.OK, "Ready"
        case "False":
            return Verdict.BAD, str(ready.get("reason") or "not ready")
    return Verdict.UNKNOWN, "not known"


def _certificate_request(obj: Object, _now: datetime) -> Told:
    if condition(obj, "Denied").get("status") == "True":
        return Verdict.BAD, ("denied",)
    verdict, told = _ready(obj)
    pending = told == "Pending"
    return Verdict.WARN if pending else verdict, (told, str((_spec(obj).get("issuerRef") or {}).get("name", "")))


def _issuer(obj: Object, _now: datetime) -> Told:
    verdict, told = _ready(obj)
    return verdict, (told,)


def _acme(obj: Object, _now: datetime) -> Told:
    state = str(_status(obj).get("state") or "pending")
    verdict = {"valid": Verdict.OK, "invalid": Verdict.BAD, "errored": Verdict.BAD, "expired": Verdict.BAD}
    return verdict.get(state, Verdict.WARN), (state, str(_spec(obj).get("dnsName") or ""))


def _cluster(obj: Object, now: datetime) -> Told:
    verdict, cells = _workload(Kind.CLUSTERS)(obj, now)
    phase = str(_status(obj).get("phase") or "no phase told")
    if phase != HEALTHY_CLUSTER and verdict is Verdict.OK:
        verdict = Verdict.WARN
    primary = _status(obj).get("currentPrimary")
    return verdict, (*cells, phase, f"primary {primary}" if primary else None)


def _backup(obj: Object, _now: datetime) -> Told:
    phase = str(_status(obj).get("phase") or "pending")
    verdict = {"completed": Verdict.OK, "failed": Verdict.BAD, "walArchivingFailing": Verdict.BAD}
    cluster = str((_spec(obj).get("cluster") or {}).get("name", ""))
    return verdict.get(phase, Verdict.NONE), (phase, cluster, _when("ended", obj, "stoppedAt"))


def _scheduled_backup(obj: Object, _now: datetime) -> Told:
    suspended = bool(_spec(obj).get("suspend"))
    last, next_ = _when("last", obj, "lastScheduleTime"), _when("next", obj, "nextScheduleTime")
    cells = (str(_spec(obj).get("schedule", "")), "suspended" if suspended else None, last, next_)
    return Verdict.WARN if suspended else Verdict.NONE, cells


def _object_store(obj: Object, _now: datetime) -> Told:
    windows = (_status(obj).get("serverRecoveryWindow") or {}).items()
    return Verdict.NONE, tuple(cell for server, window in sorted(windows) for cell in _window(server, window or {}))


def _window(server: str, window: Object) -> Iterator[Cell]:
    first, last = moment(window.get("firstRecoverabilityPoint")), moment(window.get("lastSuccessfulBackupTime"))
    yield server
    if last:
        yield When("backed up", last)
    if first:
        yield When("back to", first)


def _sync(kind: Kind) -> Callable[[Object, datetime], Told]:
    def read(obj: Object, _now: datetime) -> Told:
        (sync,) = read_syncs(kind, (obj,))
        since = When("synced" if sync.synced else "failed", sync.since) if sync.since else None
        last = When("renewed", sync.renewed) if sync.renewed else since
        return Verdict.OK if sync.synced else Verdict.WARN, (None if sync.synced else "not synced", sync.path, last)

    return read


def _when(word: str, obj: Object, field: str) -> When | None:
    at = moment(_status(obj).get(field))
    return When(word, at) if at else None


_READERS: Mapping[Kind, Callable[[Object, datetime], Told]] = {
    Kind.PODS: _pod,
    **{kind: _workload(kind) for kind in OWNERS},
    Kind.REPLICASETS: _replica_set,
    Kind.JOBS: _job,
    Kind.CRONJOBS: _cron_job,
    Kind.SERVICES: _service,
    Kind.INGRESSES: _ingress,
    Kind.PERSISTENTVOLUMECLAIMS: _claim,
    Kind.NODES: _node,
    Kind.NAMESPACES: _namespace,
    Kind.CERTIFICATES: _certificate,
    Kind.CERTIFICATEREQUESTS: _certificate_request,
    Kind.ISSUERS: _issuer,
    Kind.CLUSTERISSUERS: _issuer,
    Kind.ORDERS: _acme,
    Kind.CHALLENGES: _acme,
    Kind.CLUSTERS: _cluster,
    Kind.BACKUPS: _backup,
    Kind.SCHEDULEDBACKUPS: _scheduled_backup,
    Kind.OBJECTSTORES: _object_store,
    Kind.VAULTSTATICSECRETS: _sync(Kind.VAULTSTATICSECRETS),
    Kind.VAULTDYNAMICSECRETS: _sync(Kind.VAULTDYNAMICSECRETS),
}
