"""What a probe found, and how well that is: one value for each kind of probe."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.facts import Unknown, Verdict, worst
from bot.core.keys import Keys
from bot.core.keys import verdict_of as verdict_of_keys
from bot.core.seal import SealStatus

HEALTHY_CLUSTER = "Cluster in healthy state"
"""What CloudNativePG calls the good phase."""
BACKUP_AGE = timedelta(hours=26)
"""A daily backup older than this has missed its turn."""

MESH_LASTS = timedelta(days=60)
"""What `linkerd check` wants of the trust anchors and the issuer."""

_BUSY, _FULL = 0.8, 0.95


@dataclass(frozen=True, slots=True)
class HttpFinding:
    """An address answered."""

    verdict: Verdict
    status: int
    wanted: int
    """The status that means well."""
    shown: str | None
    """The field that tells most about it."""
    number: float | None
    unit: str
    took: timedelta


@dataclass(frozen=True, slots=True)
class ReadyFinding:
    """A workload is there."""

    ready: int
    wanted: int

    @property
    def verdict(self) -> Verdict:
        """Nobody can use what is scaled to nothing; whether that was meant is for people to say."""
        if not self.wanted:
            return Verdict.WARN
        if self.ready >= self.wanted:
            return Verdict.OK
        return Verdict.WARN if self.ready else Verdict.BAD


def verdict_of_archive(archiving: bool | Unknown) -> Verdict:
    """Return how well it is that a write-ahead log reaches its store, or does not."""
    if isinstance(archiving, Unknown):
        return Verdict.UNKNOWN
    return Verdict.OK if archiving else Verdict.BAD


def verdict_of_backup(last: datetime | Unknown, failed: datetime | None, now: datetime) -> Verdict:
    """Return how well it is that a backup succeeded last then, and one failed then."""
    if isinstance(last, Unknown):
        return Verdict.UNKNOWN
    later = failed is not None and failed > last
    return Verdict.WARN if later or now - last > BACKUP_AGE else Verdict.OK


def verdict_of_connections(used: int | Unknown, most: int | Unknown) -> Verdict:
    """Return how well it is that so many connections of so many are used."""
    if isinstance(used, Unknown) or isinstance(most, Unknown):
        return Verdict.UNKNOWN
    share = used / most if most else 1.0
    if share >= _FULL:
        return Verdict.BAD
    return Verdict.WARN if share >= _BUSY else Verdict.OK


@dataclass(frozen=True, slots=True)
class CnpgFinding:
    """A CloudNativePG cluster is there; each part is told by itself, since each may be unknown by itself."""

    phase: str
    ready: int
    instances: int
    archiving: bool | Unknown
    """Whether the write-ahead log reaches the store."""
    last_backup: datetime | Unknown
    last_failure: datetime | None
    connections: int | Unknown
    max_connections: int | Unknown
    as_of: datetime

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """How each part is: phase, instances, archiving, backup, connections."""
        return {
            "phase": Verdict.OK if self.phase == HEALTHY_CLUSTER else Verdict.WARN,
            "instances": self._instances(),
            "archiving": verdict_of_archive(self.archiving),
            "backup": verdict_of_backup(self.last_backup, self.last_failure, self.as_of),
            "connections": verdict_of_connections(self.connections, self.max_connections),
        }

    @property
    def verdict(self) -> Verdict:
        """The worst part."""
        return worst(self.verdicts.values())

    def _instances(self) -> Verdict:
        return ReadyFinding(self.ready, self.instances).verdict if self.instances else Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class ExecFinding:
    """A command ran in a container."""

    output: str
    """What it printed, trimmed."""
    expected: str
    exit_code: int
    took: timedelta

    @property
    def verdict(self) -> Verdict:
        """It is well when it says exactly what it should."""
        return Verdict.OK if self.exit_code == 0 and self.output == self.expected else Verdict.BAD


@dataclass(frozen=True, slots=True)
class NoPodFinding:
    """There are pods, and none of them is ready to run a command in."""

    pods: int

    @property
    def verdict(self) -> Verdict:
        """A service without a ready pod is down."""
        return Verdict.BAD


@dataclass(frozen=True, slots=True)
class SealFinding:
    """The pods of OpenBao, by name, and the Secret with its keys."""

    pods: Mapping[str, SealStatus | Unknown]
    keys: Keys | None = None
    """None: the configuration says that nobody checks it."""

    @property
    def verdict(self) -> Verdict:
        """A sealed pod serves nobody, and one without keys serves until its next restart."""
        checked = [] if self.keys is None else [verdict_of_keys(self.keys)]
        return worst([*map(_opened, self.pods.values()), *checked])


@dataclass(frozen=True, slots=True)
class SpeakerFinding:
    """A workload that talks in the room is there."""

    ready: ReadyFinding
    restarted: datetime | None
    """When its pods were last replaced on somebody's word; None: not known."""
    word: datetime | None
    """When it last said something; None: not since the bot started."""
    as_of: datetime

    @property
    def verdict(self) -> Verdict:
        """Silence is no fault: nobody may have asked it anything."""
        return self.ready.verdict


@dataclass(frozen=True, slots=True)
class TargetsFinding:
    """What Prometheus reaches of what it should scrape."""

    up: int
    down: tuple[str, ...]
    """`namespace/job` of what it does not reach."""

    @property
    def verdict(self) -> Verdict:
        """What is not scraped has no alerts either; and a Prometheus that knows no target sees nothing at all."""
        if self.down:
            return Verdict.WARN
        return Verdict.OK if self.up else Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class MeshFinding:
    """How Linkerd is; each part may be unknown by itself."""

    control: Mapping[str, ReadyFinding | Unknown]
    """Its Deployments."""
    ends: Mapping[str, datetime | Unknown]
    """When its certificates end."""
    meshed: int | Unknown
    """Pods that have a proxy."""
    bare: tuple[str, ...]
    """`namespace/pod` of those that should have one and do not."""
    as_of: datetime

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """How each part is: control plane, certificates, proxies."""
        proxies = Verdict.WARN if self.bare else Verdict.OK
        return {
            "control plane": worst(verdict_of(each) for each in self.control.values()),
            "certificates": worst([Verdict.OK, *map(self._lasting, self.ends.values())]),
            "proxies": Verdict.UNKNOWN if isinstance(self.meshed, Unknown) else proxies,
        }

    @property
    def verdict(self) -> Verdict:
        """The worst part."""
        return worst(self.verdicts.values())

    def _lasting(self, end: datetime | Unknown) -> Verdict:
        if isinstance(end, Unknown):
            return Verdict.UNKNOWN
        left = end - self.as_of
        return Verdict.BAD if left <= timedelta(0) else Verdict.WARN if left < MESH_LASTS else Verdict.OK


@dataclass(frozen=True, slots=True)
class PathFinding:
    """An alert of our own is on its way, came back, or did not."""

    took: timedelta | None
    """From Alertmanager's word that it has it to our webhook; None: it is not back."""
    waited: timedelta
    over: bool
    """Whether nobody waits any longer."""

    @property
    def verdict(self) -> Verdict:
        """What does not come back within the wait does not reach anybody in time."""
        if self.took is not None:
            return Verdict.OK
        return Verdict.BAD if self.over else Verdict.UNKNOWN


Finding = (
    HttpFinding
    | ReadyFinding
    | SpeakerFinding
    | CnpgFinding
    | ExecFinding
    | NoPodFinding
    | SealFinding
    | TargetsFinding
    | MeshFinding
    | PathFinding
    | Unknown
)


def verdict_of(finding: Finding) -> Verdict:
    """Return how well a finding is; what could not be asked is unknown."""
    return Verdict.UNKNOWN if isinstance(finding, Unknown) else finding.verdict


def _opened(pod: SealStatus | Unknown) -> Verdict:
    if isinstance(pod, Unknown):
        return Verdict.UNKNOWN
    return Verdict.OK if pod.serves else Verdict.BAD
