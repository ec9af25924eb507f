"""How sealed an OpenBao pod is and what it does among the others, as the pod itself tells it."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from bot.core.facts import Unknown, Verdict

SHAMIR = "shamir"
"""The seal that people open with their shares."""


class SealStatus(BaseModel):
    """One pod's answer of `sys/seal-status`; shares are counted in that pod's memory alone (research §5.6)."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    type: str = ""
    """`shamir`, or how it unseals by itself."""
    initialized: bool
    sealed: bool
    threshold: int = Field(alias="t", ge=0)
    """How many shares open it."""
    shares: int = Field(alias="n", ge=0)
    """How many there are."""
    progress: int = Field(ge=0)
    """How many were given since it was sealed, or since the last attempt failed."""
    nonce: str = ""
    """Of the running attempt; a new one means that somebody began anew."""
    version: str = ""
    migration: bool = False
    recovery_seal: bool = False
    """Whether it unseals by itself and the shares are for recovery only."""

    @property
    def serves(self) -> bool:
        """Whether it answers more than this."""
        return self.initialized and not self.sealed

    @property
    def opens_itself(self) -> bool:
        """Whether shares do not unseal it: a key of the machine, a cloud or another OpenBao does."""
        return self.recovery_seal or self.type not in {"", SHAMIR}


class HaRole(StrEnum):
    """What a pod that serves does among the others."""

    ACTIVE = "active"
    STANDBY = "standby"


class Health(BaseModel):
    """One pod's answer of `sys/health`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    initialized: bool
    sealed: bool
    standby: bool

    @property
    def role(self) -> HaRole | None:
        """What it does; None while it does not serve, for then it calls itself standby too."""
        if self.sealed or not self.initialized:
            return None
        return HaRole.STANDBY if self.standby else HaRole.ACTIVE


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod, asked about both."""

    seal: SealStatus
    role: HaRole | Unknown | None

    @property
    def verdict(self) -> Verdict:
        """A pod that does not serve is down, whatever the others do."""
        return Verdict.OK if self.seal.serves else Verdict.BAD
