"""What restarting a workload means: how dangerous it is, and what of the house feels it; pure."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.kinds import Kind, Object
from bot.core.policy import Risk
from bot.core.rollouts import wanted


class Part(StrEnum):
    """What a workload is to the house and to the bot, where that matters for a restart."""

    DATABASE = "database"
    OPENBAO = "openbao"
    """It comes back sealed."""
    HOMESERVER = "homeserver"
    """While it restarts, the bot cannot say a word."""
    MYSELF = "myself"
    """The bot."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Blast:
    """What a restart of one workload touches."""

    place: str
    """`ory/hydra`."""
    word: str
    """`Deployment`."""
    pods: int
    part: Part
    gap: bool
    """Whether nothing of it serves for a while: a single pod, or all replaced at once."""
    keeps_state: bool
    """Whether it has a volume of its own."""
    waiting: int
    """How many services say that they depend on it."""

    @property
    def risk(self) -> Risk:
        """How much harm the restart can do."""
        if self.part is Part.OPENBAO or (self.part is Part.DATABASE and self.gap):
            return Risk.DANGEROUS
        if self.keeps_state or self.part is not Part.OTHER:
            return Risk.AFFECTING
        return Risk.REVERSIBLE


def blast(kind: Kind, obj: Object, word: str, part: Part, waiting: int) -> Blast:
    """Read what a workload's restart touches from the object itself."""
    metadata, pods = obj["metadata"], wanted(kind, obj)
    part = Part.DATABASE if kind is Kind.CLUSTERS else part
    strategy = ((obj.get("spec") or {}).get("strategy") or {}).get("type")
    # A Deployment of one makes the new pod before it takes the old one, unless told to recreate.
    at_once = strategy == "Recreate" or (pods <= 1 and kind is not Kind.DEPLOYMENTS)
    place = f"{metadata['namespace']}/{metadata['name']}"
    return Blast(place, word, pods, part, at_once, _keeps_state(kind, obj), waiting)


def _keeps_state(kind: Kind, obj: Object) -> bool:
    spec = obj.get("spec") or {}
    if kind is Kind.CLUSTERS or spec.get("volumeClaimTemplates"):
        return True
    volumes = ((spec.get("template") or {}).get("spec") or {}).get("volumes") or ()
    return kind is Kind.STATEFULSETS or any("persistentVolumeClaim" in volume for volume in volumes)
